//! Tags of keys and namespaces as they were, and the sets that calls had.

use super::record::{columns, record};
use super::{StoreError, Tx, args};
use crate::model::tag_set::TagSet;
use paddock_core::timestamp::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

record! { TagSet in "tag_sets" { id, key_tags, namespace_tags } }

/// What has tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tagged {
    /// A key, by its id.
    Key,
    /// A namespace, by its name.
    Namespace,
}

impl Tagged {
    const fn name(self) -> &'static str {
        match self {
            Tagged::Key => "key",
            Tagged::Namespace => "namespace",
        }
    }
}

/// Notes the tags that something has from `since` on. The first ones of something new hold from ever.
pub(super) async fn note(
    tx: &mut Tx,
    (kind, name): (Tagged, &str),
    tags: Option<&Value>,
    since: Timestamp,
    is_new: bool,
) -> Result<(), StoreError> {
    let sql = "SELECT tags FROM tag_history WHERE kind = $1 AND name = $2
        ORDER BY since DESC LIMIT 1";
    let last: Option<(Option<Value>,)> = tx.optional(sql, args![kind.name(), name]).await?;
    let since = match last {
        None if tags.is_none() => return Ok(()),
        Some((last,)) if last.as_ref() == tags => return Ok(()),
        None if is_new => Timestamp::EPOCH,
        _ => since,
    };
    let sql = "INSERT INTO tag_history (kind, name, since, tags) VALUES ($1, $2, $3, $4)
        ON CONFLICT (kind, name, since) DO UPDATE SET tags = excluded.tags";
    tx.execute(sql, args![kind.name(), name, since, tags])
        .await?;
    Ok(())
}

/// When tags changed, and to which: by what they are of, the latest last.
pub type TagHistory = HashMap<String, Vec<(Timestamp, Option<String>)>>;

/// What is known of the tags of keys or namespaces from `from` on.
pub async fn history(
    tx: &mut Tx,
    kind: Tagged,
    names: &BTreeSet<&str>,
    from: Timestamp,
) -> Result<TagHistory, StoreError> {
    let head = "SELECT name, since, tags FROM tag_history AS h WHERE kind = $1
        AND since >= COALESCE((SELECT MAX(since) FROM tag_history AS e
            WHERE e.kind = h.kind AND e.name = h.name AND e.since <= $2), 0) AND name";
    let fixed = args![kind.name(), from];
    let rows: Vec<(String, Timestamp, Option<String>)> =
        tx.among(head, fixed, names, "ORDER BY name, since").await?;
    let mut history = TagHistory::new();
    for (name, since, tags) in rows {
        history.entry(name).or_default().push((since, tags));
    }
    Ok(history)
}

/// Whether anything ever had tags.
pub async fn is_any(tx: &mut Tx) -> Result<bool, StoreError> {
    let sql = "SELECT name FROM tag_history LIMIT 1";
    Ok(tx.optional::<String>(sql, args![]).await?.is_some())
}

/// Stores those sets that are new.
pub async fn insert_sets(tx: &mut Tx, sets: &BTreeMap<&str, &TagSet>) -> Result<(), StoreError> {
    let rows = sets.values().map(|set| args![*set]).collect();
    let head = format!("INSERT INTO tag_sets ({})", columns::<TagSet>().join(", "));
    tx.execute_many(&head, rows, "ON CONFLICT (id) DO NOTHING")
        .await?;
    Ok(())
}

/// The sets of these ids.
pub async fn sets(tx: &mut Tx, ids: &BTreeSet<&str>) -> Result<Vec<TagSet>, StoreError> {
    let head = format!(
        "SELECT {} FROM tag_sets WHERE id",
        columns::<TagSet>().join(", ")
    );
    tx.among(&head, args![], ids, "").await
}

/// The next sets after an id: at most `limit`.
pub async fn next_sets(tx: &mut Tx, after: &str, limit: u64) -> Result<Vec<TagSet>, StoreError> {
    let sql = format!(
        "SELECT {} FROM tag_sets WHERE id > $1 ORDER BY id LIMIT $2",
        columns::<TagSet>().join(", ")
    );
    tx.all(sql, args![after, limit]).await
}
