//! Whose the stored objects are that the tenants of a worker use.

use super::BoundedMap;
use crate::stored::{MOST_STORED, StoredId};
use crate::timestamp::Timestamp;
use crate::wire::{StoredAnswer, StoredQuestion};
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
    namespaces: BoundedMap<String, BoundedMap<StoredId, (Ownership, Timestamp)>>,
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
        namespace: &str,
        id: &StoredId,
        now: Timestamp,
    ) -> Option<Ownership> {
        let (ownership, until) = self.namespaces.get_mut(namespace)?.get(id)?;
        (now < *until).then_some(*ownership)
    }

    pub(super) fn learn(
        &mut self,
        question: &StoredQuestion,
        answer: &StoredAnswer,
        now: Timestamp,
    ) {
        let namespace = question.namespace.as_str();
        if self.namespaces.get(namespace).is_none() {
            let none = BoundedMap::new(OF_NAMESPACE);
            self.namespaces.insert(namespace.to_owned(), none);
        }
        let Some(objects) = self.namespaces.get_mut(namespace) else {
            return;
        };
        for id in &question.ids {
            let (ownership, lasting) = match id {
                id if answer.own.contains(id) => (Ownership::Own, OWN_FOR),
                id if answer.others.contains(id) => (Ownership::Others, NOT_OWN_FOR),
                _ => (Ownership::Unknown, NOT_OWN_FOR),
            };
            objects.insert(*id, (ownership, now.plus(lasting)));
        }
    }

    /// Forgets what a namespace has that is gone: another may be given its name.
    pub(super) fn forget(&mut self, namespace: &str) {
        self.namespaces.remove(namespace);
    }
}
