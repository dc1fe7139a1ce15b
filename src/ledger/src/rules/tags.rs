//! Tags of calls: those that their keys and namespaces had when they were made.

use crate::model::tag_set::TagSet;
use crate::rules::ledger::Message;
use crate::store::tags::{self, TagHistory, Tagged};
use crate::store::{StoreError, Tx};
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The tags of a key and of its namespace.
type Both = (Option<String>, Option<String>);

/// Gives the events of messages that are to be booked the tags of their moments.
pub async fn attach(tx: &mut Tx, messages: &mut [Message]) -> Result<(), StoreError> {
    let events = || messages.iter().flat_map(|message| &message.batch.events);
    let Some(from) = events().map(|event| event.applies_at).min() else {
        return Ok(());
    };
    if !tags::is_any(tx).await? {
        return Ok(());
    }
    let keys: BTreeSet<&str> = events().map(|event| event.row.key_id.as_str()).collect();
    let keys = tags::history(tx, Tagged::Key, &keys, from).await?;
    let names: BTreeSet<&str> = events().map(|event| event.row.namespace.as_str()).collect();
    let names = tags::history(tx, Tagged::Namespace, &names, from).await?;
    // Calls of one key have the same set, nearly always.
    let mut sets: HashMap<Both, Option<Arc<TagSet>>> = HashMap::new();
    for event in messages
        .iter_mut()
        .flat_map(|message| &mut message.batch.events)
    {
        if event.row.is_refused() {
            continue;
        }
        let of_key = in_force(&keys, &event.row.key_id, event.applies_at);
        let of_namespace = in_force(&names, &event.row.namespace, event.applies_at);
        if of_key.is_none() && of_namespace.is_none() {
            continue;
        }
        let both = (of_key.cloned(), of_namespace.cloned());
        let set = sets.entry(both.clone());
        let set = set.or_insert_with(|| TagSet::new(both.0, both.1).map(Arc::new));
        if let Some(set) = set {
            event.row.set_tags(&set.id);
        }
        event.tags = set.clone();
    }
    Ok(())
}

fn in_force<'a>(history: &'a TagHistory, name: &str, at: Timestamp) -> Option<&'a String> {
    let changes = history.get(name)?.iter();
    let (_, tags) = changes.rev().find(|(since, _)| *since <= at)?;
    tags.as_ref()
}
