//! How long calls took: of each namespace, hour and day a histogram. Its counts are one value, because a
//! batch touches nearly every bucket of it, and each bucket as a row of its own was most of what
//! booking wrote.

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
        let before: Vec<(u64, String, u64, Counts)> = tx.many(head, rows, tail).await?;
        for (granularity, namespace, start, more) in before {
            if let Some(counts) = groups.get_mut(&(granularity, namespace, start)) {
                add(counts, &more);
            }
        }
        let rows = groups
            .into_iter()
            .map(|((granularity, namespace, start), counts)| {
                args![granularity, namespace, start, counts]
            })
            .collect();
        let tail = "ON CONFLICT (granularity, namespace, starts_at)
            DO UPDATE SET counts = excluded.counts";
        tx.execute_many(head, rows, tail).await?;
        Ok(())
    }
}

/// How many requests of a namespace fell into which bucket.
pub async fn of_namespace(
    tx: &mut Tx,
    namespace: &str,
    span: Span,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = "SELECT counts FROM latencies
        WHERE granularity = $1 AND namespace = $2 AND starts_at >= $3";
    let values = args![span.granularity, namespace, span.start.secs()];
    let mut sum = Counts::new();
    for counts in tx.all::<Counts>(sql, values).await? {
        add(&mut sum, &counts);
    }
    Ok(sum.into_iter().collect())
}

/// The same by granularity, start and bucket, of intervals that start from `start` to `end`.
pub async fn by_interval(
    tx: &mut Tx,
    namespace: &str,
    granularity: u64,
    (start, end): (Timestamp, Timestamp),
) -> Result<Vec<((u64, u64, i64), i64)>, StoreError> {
    let sql = "SELECT starts_at, counts FROM latencies
        WHERE granularity = $1 AND namespace = $2 AND starts_at >= $3 AND starts_at < $4";
    let values = args![granularity, namespace, start.secs(), end.secs()];
    let mut counts = Vec::new();
    for (start, of_interval) in tx.all::<(u64, Counts)>(sql, values).await? {
        let of_interval = of_interval.into_iter();
        counts.extend(of_interval.map(|(bucket, count)| ((granularity, start, bucket), count)));
    }
    Ok(counts)
}
