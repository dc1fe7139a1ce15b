//! Whose the stored objects are that the tenants of a worker use.

use super::BoundedMap;
use crate::policy::NamespacePolicy;
use crate::stored::{MOST_STORED, StoredId};
use crate::timestamp::Timestamp;
use crate::wire::StoredAnswer;
use core::time::Duration;

/// Stored objects that are remembered of one namespace: of those last learned at least half, so that
/// all of one request are known once the service has answered.
const OF_NAMESPACE: usize = 4 * MOST_STORED;
/// Namespaces of which stored objects are remembered.
const NAMESPACES: usize = 256;
/// How long the service is not asked again for what is the namespace's.
const OWN_FOR: Duration = Duration::from_secs(600);
/// How long it is not asked again for what is not: as long as an event may be on its way.
const NOT_OWN_FOR: Duration = Duration::from_secs(2);

/// Whose something stored is, to a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Its own.
    Own,
    /// Another's.
    Others,
    /// Nobody has seen it made.
    Unknown,
}

/// What the service has said lately.
#[derive(Debug)]
pub(super) struct StoredObjects {
    namespaces: BoundedMap<String, OfNamespace>,
}

#[derive(Debug)]
struct OfNamespace {
    /// When the namespace was created: another may have been given its name meanwhile.
    created_at: Timestamp,
    objects: BoundedMap<StoredId, (Ownership, Timestamp)>,
}

impl Default for StoredObjects {
    fn default() -> Self {
        StoredObjects {
            namespaces: BoundedMap::new(NAMESPACES),
        }
    }
}

impl StoredObjects {
    pub(super) fn ownership(
        &mut self,
        namespace: &NamespacePolicy,
        id: &StoredId,
        now: Timestamp,
    ) -> Option<Ownership> {
        let known = self.namespaces.get_mut(&namespace.name)?;
        let (ownership, until) = known.objects.get(id)?;
        let is_same = known.created_at == namespace.created_at;
        (is_same && now < *until).then_some(*ownership)
    }

    pub(super) fn learn(
        &mut self,
        namespace: &NamespacePolicy,
        ids: &[StoredId],
        answer: &StoredAnswer,
        now: Timestamp,
    ) {
        let (name, created_at) = (&namespace.name, namespace.created_at);
        let known = self.namespaces.get(name);
        if known.is_none_or(|known| known.created_at != created_at) {
            let objects = BoundedMap::new(OF_NAMESPACE);
            let none = OfNamespace {
                created_at,
                objects,
            };
            self.namespaces.insert(name.clone(), none);
        }
        let Some(known) = self.namespaces.get_mut(name) else {
            return;
        };
        for id in ids {
            let (ownership, lasting) = match id {
                id if answer.own.contains(id) => (Ownership::Own, OWN_FOR),
                id if answer.others.contains(id) => (Ownership::Others, NOT_OWN_FOR),
                _ => (Ownership::Unknown, NOT_OWN_FOR),
            };
            known.objects.insert(*id, (ownership, now.plus(lasting)));
        }
    }
}
