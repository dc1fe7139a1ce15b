//! Segments and their entries, read a page at a time.

use super::Link;
use crate::model::audit::{ChainHash, ChangeRow, SegmentKind};
use crate::model::period::{HOUR, start_of};
use crate::store::events::{self, EventRow};
use crate::store::record::{columns, select};
use crate::store::{Args, StoreError, Tx, args, loaded};
use paddock_core::timestamp::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// Most segments read at once.
const MOST_SEGMENTS: u64 = 512;
/// Entries of the segments read at once: one more segment is read where they are fewer.
const ENOUGH_ENTRIES: u64 = 2_000;

/// The beginning and the end of a chain, and the newest segment that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Number and hash of the newest segment.
    pub head: (u64, ChainHash),
    /// Number and hash of the newest segment dropped by retention; zeros if there is none.
    pub anchor: (u64, ChainHash),
}

/// The chain of an organization.
pub async fn chain(tx: &mut Tx, organization: &str) -> Result<Option<Chain>, StoreError> {
    let sql = "SELECT sequence, hash, anchor_sequence, anchor_hash FROM audit_chains
        WHERE organization = $1";
    let row = tx.optional(sql, args![organization]).await?;
    Ok(row.map(|(sequence, hash, anchor, dropped)| Chain {
        head: (sequence, hash),
        anchor: (anchor, dropped),
    }))
}

/// Every organization that has a chain, or what should be in one.
pub async fn organizations(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT organization FROM audit_chains UNION SELECT organization FROM audit_segments
        UNION SELECT organization FROM audit_changes ORDER BY 1";
    tx.all(sql, args![]).await
}

/// The next links of a chain after number `after`: some, or none if there are none.
pub async fn links(tx: &mut Tx, organization: &str, after: u64) -> Result<Vec<Link>, StoreError> {
    let sql =
        select::<Link>("WHERE organization = $1 AND sequence > $2 ORDER BY sequence LIMIT $3");
    let rows = tx.all(sql, args![organization, after, MOST_SEGMENTS]);
    Ok(enough(rows.await?))
}

/// A place in the order of hours, organizations and numbers.
pub type SegmentPosition = (u64, String, u64);

/// Where a list goes on.
#[derive(Clone, Copy, Debug)]
pub enum At<'a> {
    /// With the segment at this place.
    From(&'a SegmentPosition),
    /// With the segment behind this place.
    After(&'a SegmentPosition),
}

/// Which segments are listed.
#[derive(Clone, Debug, Default)]
pub struct SegmentFilter {
    /// Only of this organization.
    pub organization: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only of this kind.
    pub kind: Option<SegmentKind>,
    /// From this hour on.
    pub from: Timestamp,
    /// Before this hour.
    pub until: Timestamp,
    /// Newest first.
    pub descending: bool,
}

/// The next segments in the order of their hours: some, or none if there are none.
pub async fn listed(
    tx: &mut Tx,
    filter: &SegmentFilter,
    at: Option<At<'_>>,
) -> Result<Vec<Link>, StoreError> {
    let mut values = args![filter.from.secs(), filter.until.secs()];
    let mut sql = select::<Link>("WHERE hour >= $1 AND hour < $2");
    let mut also = |text: &str, more: Args| {
        let mut text = text.to_owned();
        for value in more {
            values.push(value);
            text = text.replacen('?', &format!("${}", values.len()), 1);
        }
        sql.push_str(&text);
    };
    if let Some(organization) = &filter.organization {
        also(" AND organization = ?", args![organization]);
    }
    if let Some(namespace) = &filter.namespace {
        also(" AND namespace = ?", args![namespace]);
    }
    if let Some(kind) = filter.kind {
        also(" AND kind = ?", args![kind.name()]);
    }
    let order = if filter.descending { "DESC" } else { "ASC" };
    if let Some(at) = at {
        let comparison = match (at, filter.descending) {
            (At::From(_), false) => ">=",
            (At::After(_), false) => ">",
            (At::From(_), true) => "<=",
            (At::After(_), true) => "<",
        };
        let (At::From((hour, organization, sequence)) | At::After((hour, organization, sequence))) =
            at;
        let text = format!(" AND (hour, organization, sequence) {comparison} (?, ?, ?)");
        also(&text, args![*hour, organization, *sequence]);
    }
    let order = format!(" ORDER BY hour {order}, organization {order}, sequence {order} LIMIT ?");
    also(&order, args![MOST_SEGMENTS]);
    Ok(enough(tx.all(sql, values).await?))
}

/// The first of these links that have enough entries together.
fn enough(rows: Vec<Link>) -> Vec<Link> {
    let mut entries: u64 = 0;
    let is_due = |link: &Link| {
        let is_due = entries < ENOUGH_ENTRIES;
        entries = entries.saturating_add(link.segment.entries);
        is_due
    };
    rows.into_iter().take_while(is_due).collect()
}

/// What is in some segments.
#[derive(Debug, Default)]
pub struct Contents {
    calls: HashMap<(i64, String, String, u64), Vec<EventRow>>,
    changes: HashMap<(String, u64), ChangeRow>,
}

impl Contents {
    /// The calls of a segment, in the order of their ids.
    pub fn calls(&mut self, link: &Link) -> Vec<EventRow> {
        let segment = &link.segment;
        let key = (
            segment.batch,
            segment.organization.clone(),
            segment.namespace.clone(),
            segment.hour.secs(),
        );
        let mut calls = self.calls.remove(&key).unwrap_or_default();
        calls.sort_by(|a, b| a.id.cmp(&b.id));
        calls
    }

    /// The change of a segment.
    pub fn change(&mut self, link: &Link) -> Option<ChangeRow> {
        let key = (link.segment.organization.clone(), link.sequence);
        self.changes.remove(&key)
    }
}

/// What is in segments, in the transaction they were read in.
pub async fn contents(tx: &mut Tx, links: &[Link]) -> Result<Contents, StoreError> {
    let mut contents = Contents::default();
    let of = |kind: SegmentKind| links.iter().filter(move |link| link.segment.kind == kind);
    let hour = Duration::from_secs(HOUR);
    let rows = of(SegmentKind::Calls).map(|link| {
        let segment = &link.segment;
        args![
            segment.batch,
            &segment.namespace,
            &segment.organization,
            segment.hour,
            segment.hour.plus(hour),
            &segment.ids.0,
            &segment.ids.1,
        ]
    });
    let head = format!("SELECT {} FROM (", events::all_columns().join(", "));
    // On SQLite a cross join is done in the order it is written.
    let tail = ") AS wanted CROSS JOIN events WHERE audit_batch = wanted.column1
        AND namespace = wanted.column2 AND organization = wanted.column3
        AND started_at >= wanted.column4 AND started_at < wanted.column5
        AND events.id >= wanted.column6 AND events.id <= wanted.column7";
    for row in tx.many::<EventRow>(&head, rows.collect(), tail).await? {
        let hour = start_of(HOUR, Timestamp::from_nanos(loaded(row.started_at))).secs();
        let (organization, namespace) = (row.organization.clone(), row.namespace.clone());
        let key = (row.audit_batch, organization, namespace, hour);
        contents.calls.entry(key).or_default().push(row);
    }
    let rows =
        of(SegmentKind::Changes).map(|link| args![&link.segment.organization, link.sequence]);
    let head = format!("SELECT {} FROM (", columns::<ChangeRow>().join(", "));
    let tail = ") AS wanted CROSS JOIN audit_changes WHERE organization = wanted.column1
        AND sequence = wanted.column2";
    for row in tx.many::<ChangeRow>(&head, rows.collect(), tail).await? {
        let key = (row.organization.clone(), row.sequence);
        contents.changes.insert(key, row);
    }
    Ok(contents)
}
