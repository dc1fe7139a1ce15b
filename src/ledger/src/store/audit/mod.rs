//! The audit's chains, their segments and what was changed.

mod orphans;
mod read;
mod retention;

pub use orphans::{Orphans, calls as orphan_calls, changes as orphan_changes};
pub use read::{
    At, Chain, Contents, SegmentFilter, SegmentPosition, chain, contents, links, listed,
    organizations,
};
pub use retention::{Expired, drop_oldest, dropped_until, expired, oldest_batch};

use super::columns::{Bind, Column, Columns, Row, Seconds, Sink};
use super::record::{columns, record};
use super::{StoreError, Tx, args};
use crate::model::audit::{ChainHash, ChangeRow, Segment, SegmentKind};
use std::collections::{BTreeMap, BTreeSet};

/// A link of a chain, as it is stored.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its number.
    pub sequence: u64,
    /// What it links.
    pub segment: Segment,
    /// The hash it is stored with.
    pub hash: ChainHash,
}

record! { Link in "audit_segments" { sequence, segment, hash } }

record! {
    ChangeRow in "audit_changes" {
        organization, sequence, namespace, changed_at, actor, actor_name, action, resource_type,
        resource_id, before, after, client_address, user_agent, request_id, actor_email,
    }
}

impl Bind for Segment {
    fn bind(&self, to: &mut impl Sink) {
        self.organization.bind(to);
        self.kind.name().bind(to);
        self.namespace.bind(to);
        Seconds(self.hour).bind(to);
        self.recorded_at.bind(to);
        self.batch.bind(to);
        self.entries.bind(to);
        self.ids.0.bind(to);
        self.ids.1.bind(to);
        ChainHash(self.digest).bind(to);
    }

    fn null(_: &mut impl Sink) {}
}

/// What is unreadable becomes something else, and so no longer has the hash it should have.
impl Row for Segment {
    fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
        Ok(Segment {
            organization: columns.read()?,
            kind: SegmentKind::parse(&columns.read::<String>()?),
            namespace: columns.read()?,
            hour: columns.read::<Seconds>()?.0,
            recorded_at: columns.read()?,
            batch: columns.read()?,
            entries: columns.read()?,
            ids: columns.read()?,
            digest: columns.read::<ChainHash>()?.0,
        })
    }

    fn names(_: &'static str, names: &mut Vec<&'static str>) {
        names.extend([
            "organization",
            "kind",
            "namespace",
            "hour",
            "recorded_at",
            "batch",
        ]);
        names.extend(["entries", "first_id", "last_id", "digest"]);
    }
}

impl Bind for ChainHash {
    fn bind(&self, to: &mut impl Sink) {
        to.text(Some(&self.to_hex()));
    }

    fn null(to: &mut impl Sink) {
        to.text(None);
    }
}

impl Column for ChainHash {
    type Cell = String;

    fn load(cell: Option<String>) -> Option<Self> {
        cell.map(|text| ChainHash::from_hex(&text).unwrap_or(ChainHash::ORIGIN))
    }
}

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
pub async fn append(tx: &mut Tx, segments: Vec<Segment>) -> Result<Vec<u64>, StoreError> {
    let organizations: BTreeSet<&str> = segments
        .iter()
        .map(|segment| segment.organization.as_str())
        .collect();
    let mut heads = lock(tx, &organizations).await?;
    let mut sequences = Vec::with_capacity(segments.len());
    let mut rows = Vec::with_capacity(segments.len());
    for segment in segments {
        // Locked above, so it is there.
        let Some(head) = heads.get_mut(&segment.organization) else {
            continue;
        };
        head.sequence = head.sequence.saturating_add(1);
        head.hash = segment.hash(head.hash, head.sequence);
        sequences.push(head.sequence);
        let (sequence, hash) = (head.sequence, head.hash);
        rows.push(args![Link {
            sequence,
            segment,
            hash
        }]);
    }
    let insert = format!(
        "INSERT INTO audit_segments ({})",
        columns::<Link>().join(", ")
    );
    tx.execute_many(&insert, rows, "").await?;
    let rows = heads.into_iter().map(|(organization, head)| {
        args![
            organization,
            head.sequence,
            head.hash,
            0_i64,
            ChainHash::ORIGIN
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
    let origin = ChainHash::ORIGIN;
    let rows = organizations
        .iter()
        .map(|name| args![name, 0_i64, origin, 0_i64, origin]);
    // The update changes nothing, but takes the row's lock on PostgreSQL.
    let tail = "ON CONFLICT (organization) DO UPDATE SET sequence = audit_chains.sequence
        RETURNING organization, sequence, hash";
    let rows: Vec<(String, u64, String)> = tx.many(INSERT_CHAIN, rows.collect(), tail).await?;
    rows.into_iter()
        .map(|(organization, sequence, hash)| {
            let hash = ChainHash::from_hex(&hash).ok_or(StoreError::Corrupt {
                what: "hash of the audit",
                value: hash,
            })?;
            Ok((organization, Head { sequence, hash }))
        })
        .collect()
}

/// Stores the change of a segment that was appended.
pub(crate) async fn insert_change(tx: &mut Tx, change: &ChangeRow) -> Result<(), StoreError> {
    tx.insert(change).await
}
