//! The audit's chains, their segments and what was changed.

mod read;
mod retention;
mod strays;

pub use read::{
    At, Chain, ChangeRow, Contents, Link, NamespaceContext, Scope, chain, contents, links, listed,
    organizations,
};
pub use retention::{Expired, drop_oldest, dropped_until, expired, oldest_batch};
pub use strays::{Strays, calls as stray_calls, changes as stray_changes};

use super::{Args, StoreError, Tx, args, loaded};
use crate::model::audit::{ChainHash, ChangeEntry, Segment};
use std::collections::{BTreeMap, BTreeSet};

/// The newest link of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub sequence: u64,
    /// Its hash.
    pub hash: ChainHash,
}

/// Puts segments at the end of their organizations' chains, in the order given; their numbers. The
/// chains are locked from here to the end of the transaction, always in the same order.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn append(tx: &mut Tx, segments: Vec<Segment>) -> Result<Vec<u64>, StoreError> {
    let organizations: BTreeSet<&str> = segments
        .iter()
        .map(|segment| segment.organization.as_str())
        .collect();
    let mut heads = lock(tx, &organizations).await?;
    let mut sequences = Vec::with_capacity(segments.len());
    let mut rows = Vec::with_capacity(segments.len());
    for segment in &segments {
        // Locked above, so it is there.
        let Some(head) = heads.get_mut(&segment.organization) else {
            continue;
        };
        head.sequence = head.sequence.saturating_add(1);
        head.hash = segment.hash(head.hash, head.sequence);
        sequences.push(head.sequence);
        rows.push(values(segment, head));
    }
    let insert = "INSERT INTO audit_segments (organization, sequence, kind, namespace, hour, \
        recorded_at, batch, entries, first_id, last_id, digest, hash)";
    tx.execute_many(insert, rows, "").await?;
    let rows = heads.into_iter().map(|(organization, head)| {
        let origin = ChainHash::ORIGIN.to_hex();
        args![
            organization,
            head.sequence,
            head.hash.to_hex(),
            0_i64,
            origin
        ]
    });
    let tail = "ON CONFLICT (organization) DO UPDATE
        SET sequence = excluded.sequence, hash = excluded.hash";
    tx.execute_many(INSERT_CHAIN, rows.collect(), tail).await?;
    Ok(sequences)
}

const INSERT_CHAIN: &str = "INSERT INTO audit_chains (organization, sequence, hash, \
    anchor_sequence, anchor_hash)";

/// Locks chains, and makes those that are not there.
async fn lock(
    tx: &mut Tx,
    organizations: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Head>, StoreError> {
    let origin = ChainHash::ORIGIN.to_hex();
    let rows = organizations
        .iter()
        .map(|name| args![*name, 0_i64, &origin, 0_i64, &origin]);
    // The update changes nothing, but takes the row's lock on PostgreSQL.
    let tail = "ON CONFLICT (organization) DO UPDATE SET sequence = audit_chains.sequence
        RETURNING organization, sequence, hash";
    let rows: Vec<(String, i64, String)> = tx.many(INSERT_CHAIN, rows.collect(), tail).await?;
    rows.into_iter()
        .map(|(organization, sequence, hash)| {
            let head = Head {
                sequence: loaded(sequence),
                hash: hash_of(hash)?,
            };
            Ok((organization, head))
        })
        .collect()
}

fn hash_of(text: String) -> Result<ChainHash, StoreError> {
    ChainHash::from_hex(&text).ok_or(StoreError::Corrupt {
        what: "hash of the audit",
        value: text,
    })
}

fn values(segment: &Segment, head: &Head) -> Args {
    args![
        &segment.organization,
        head.sequence,
        segment.kind.name(),
        &segment.namespace,
        segment.hour.secs(),
        segment.recorded_at,
        segment.batch,
        segment.entries,
        &segment.ids.0,
        &segment.ids.1,
        hex::encode(segment.digest),
        head.hash.to_hex(),
    ]
}

/// Stores the entry of a change's segment.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn insert_change(
    tx: &mut Tx,
    sequence: u64,
    entry: &ChangeEntry<'_>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit_changes (organization, sequence, namespace, changed_at, actor,
        actor_name, action, resource_type, resource_id, before, after, client_address, user_agent,
        request_id, actor_email) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
        $14, $15)";
    let values = args![
        entry.organization,
        sequence,
        entry.namespace,
        entry.changed_at,
        entry.actor,
        entry.actor_name,
        entry.action,
        entry.resource_type,
        entry.resource_id,
        entry.before.clone(),
        entry.after.clone(),
        entry.client_address,
        entry.user_agent,
        entry.request_id,
        entry.actor_email.map(str::to_owned),
    ];
    tx.execute(sql, values).await?;
    Ok(())
}
