//! The stored objects that a request names, and those that an answer makes the caller's.

use crate::identity::Caller;
use crate::made;
use crate::refusal::clip;
use crate::store::SharedStore;
use crate::stored::{MOST_STORED, StoredId, StoredKind};

/// A stored object that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedObject {
    pub(crate) id: StoredId,
    /// As the caller wrote it, clipped.
    pub(crate) shown: String,
    pub(crate) param: Option<&'static str>,
}

impl NamedObject {
    /// One that the path names.
    pub(crate) fn in_path(id: &str) -> NamedObject {
        NamedObject {
            id: StoredId::of(id),
            shown: clip(id).into_owned(),
            param: None,
        }
    }

    /// Those that the body names: one more than are allowed, where it names too many.
    pub(crate) fn in_body<T: AsRef<str>>(ids: &[T]) -> Vec<NamedObject> {
        let ids = ids.iter().map(AsRef::as_ref);
        let named = ids.take(MOST_STORED.saturating_add(1));
        let named = named.map(|id| NamedObject {
            param: match StoredKind::of(id) {
                StoredKind::Response => Some("previous_response_id"),
                StoredKind::Conversation => Some("conversation"),
                StoredKind::CachedContent => Some("cachedContent"),
                StoredKind::File | StoredKind::Batch | StoredKind::Other => None,
            },
            ..NamedObject::in_path(id)
        });
        named.collect()
    }
}

/// What an answer stores is the caller's from now on, for all workers of this Envoy.
pub(crate) fn claim<S: SharedStore>(ids: &[StoredId], caller: &Caller, store: &mut S) {
    for id in ids {
        made::note(store, *id, &caller.namespace().policy);
    }
}
