//! How long calls took: of each namespace, hour and day a histogram. Its counts are one value, because a
//! batch touches nearly every bucket of it, and each bucket as a row of its own was most of what
//! booking wrote.

use super::columns::{from_text, to_text};
use super::events::EventRow;
use super::reports::Span;
use super::{StoreError, Tx, args, loaded};
use crate::model::histogram;
use crate::model::period::{DAY, HOUR, start_of};
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// How many calls fell into each bucket of [`histogram::bucket`].
pub type Counts = BTreeMap<i64, i64>;

/// Granularity in seconds, namespace, and the first second: the table's key.
type Group = (u64, String, u64);

/// The calls of one booking, by namespace and hour.
#[derive(Debug, Default)]
pub struct Latencies<'a>(HashMap<(&'a str, u64), Counts>);

fn add(counts: &mut Counts, more: &Counts) {
    for (bucket, more) in more {
        let count = counts.entry(*bucket).or_default();
        *count = count.saturating_add(*more);
    }
}

impl<'a> Latencies<'a> {
    /// Counts an event in.
    pub fn add(&mut self, row: &'a EventRow) {
        let at = Timestamp::from_nanos(loaded(row.started_at));
        let millis = loaded(row.duration_ms);
        let group = (row.namespace.as_str(), start_of(HOUR, at).secs());
        let counts = self.0.entry(group).or_default();
        let count = counts.entry(histogram::bucket(millis)).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds the counts to those in the database.
    ///
    /// # Errors
    /// Where the database refuses or holds something unreadable.
    pub async fn store(self, tx: &mut Tx) -> Result<(), StoreError> {
        let mut groups: BTreeMap<Group, Counts> = BTreeMap::new();
        for ((namespace, hour), counts) in self.0 {
            for granularity in [HOUR, DAY] {
                let start = start_of(granularity, Timestamp::from_secs(hour)).secs();
                let group = (granularity, namespace.to_owned(), start);
                add(groups.entry(group).or_default(), &counts);
            }
        }
        let head = "INSERT INTO latencies (granularity, namespace, starts_at, counts)";
        let rows = groups
            .keys()
            .map(|(granularity, namespace, start)| args![*granularity, namespace, *start, "{}"])
            .collect();
        // Changes nothing, but locks the rows, in the order of their keys, before they are read.
        let tail = "ON CONFLICT (granularity, namespace, starts_at)
            DO UPDATE SET counts = latencies.counts
            RETURNING granularity, namespace, starts_at, counts";
        let before: Vec<(i64, String, i64, String)> = tx.many(head, rows, tail).await?;
        for (granularity, namespace, start, text) in before {
            let group = (loaded(granularity), namespace, loaded(start));
            if let Some(counts) = groups.get_mut(&group) {
                add(counts, &read(&text)?);
            }
        }
        let rows = groups
            .into_iter()
            .map(|((granularity, namespace, start), counts)| {
                args![granularity, namespace, start, to_text(&counts)]
            })
            .collect();
        let tail = "ON CONFLICT (granularity, namespace, starts_at)
            DO UPDATE SET counts = excluded.counts";
        tx.execute_many(head, rows, tail).await?;
        Ok(())
    }
}

fn read(text: &str) -> Result<Counts, StoreError> {
    from_text("latencies", text)
}

/// How many requests of a namespace fell into which bucket.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn of_namespace(
    tx: &mut Tx,
    namespace: &str,
    span: Span,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = "SELECT counts FROM latencies
        WHERE granularity = $1 AND namespace = $2 AND starts_at >= $3";
    let values = args![span.granularity, namespace, span.start.secs()];
    let rows: Vec<(String,)> = tx.all(sql, values).await?;
    let mut sum = Counts::new();
    for (text,) in rows {
        add(&mut sum, &read(&text)?);
    }
    Ok(sum.into_iter().collect())
}

/// The same by granularity, start and bucket, of intervals that start from `start` to `end`.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn by_interval(
    tx: &mut Tx,
    namespace: &str,
    granularity: u64,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<((u64, u64, i64), i64)>, StoreError> {
    let sql = "SELECT starts_at, counts FROM latencies
        WHERE granularity = $1 AND namespace = $2 AND starts_at >= $3 AND starts_at < $4";
    let values = args![granularity, namespace, start.secs(), end.secs()];
    let rows: Vec<(i64, String)> = tx.all(sql, values).await?;
    let mut counts = Vec::new();
    for (start, text) in rows {
        let start = loaded(start);
        let of_interval = read(&text)?.into_iter();
        counts.extend(of_interval.map(|(bucket, count)| ((granularity, start, bucket), count)));
    }
    Ok(counts)
}
