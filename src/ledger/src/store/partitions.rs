//! The partitions of the ledger's events on PostgreSQL: one a UTC day, by the time in the events' ids,
//! so that a day is dropped at once. An id of a day without a partition goes into `events_other`,
//! until there is one. On SQLite there is one table, and a day is dropped in intervals.

use super::{Store, StoreError, Tx, args};
use crate::ids;
use crate::model::period::{DAY, start_of};
use paddock_core::timestamp::Timestamp;
use std::time::Duration;

/// Days that have a partition before they begin: more than a service should be away.
const AHEAD: u64 = 7;
/// How long a change of the partitions may hold up bookings before it is left for later.
const PATIENCE: &str = "SET LOCAL lock_timeout = '500ms'";
/// The advisory lock of a change of partitions.
const LOCK: i64 = 0x0070_6164_646f_636b;

/// A partition of some days.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Partition {
    name: String,
    /// The first id that belongs to it; empty if there is none.
    from: String,
    /// The first id behind it.
    until: String,
}

/// What every id of a moment or later is not less than: the first 48 bits of a UUID of version 7 are
/// milliseconds (RFC 9562).
pub fn first_id(at: Timestamp) -> String {
    let millis = at.millis();
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

/// Makes the partitions of yesterday, today and the days ahead that are missing; how many. Several
/// replicas may do so at once.
///
/// # Errors
/// The database is too busy for a moment: what is missing is made later, and what
/// comes until then waits in `events_other`.
pub async fn prepare(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    if matches!(store, Store::Sqlite { .. }) {
        return Ok(0);
    }
    let mut made: u64 = 0;
    let today = start_of(DAY, now).secs();
    let mut start = Timestamp::from_secs(today.saturating_sub(DAY));
    let end = Timestamp::from_secs(today.saturating_add(DAY.saturating_mul(AHEAD)));
    let mut present = partitions(&mut store.read().await?).await?;
    while start <= end {
        let next = start.plus(Duration::from_secs(DAY));
        let day = Partition {
            name: format!(
                "events_{}",
                start
                    .to_rfc3339()
                    .get(..10)
                    .unwrap_or_default()
                    .replace('-', "")
            ),
            from: first_id(start),
            until: first_id(next),
        };
        start = next;
        if overlaps(&present, &day) {
            continue;
        }
        let mut tx = store.write().await?;
        lock(&mut tx).await?;
        // Another replica may have made it meanwhile.
        present = partitions(&mut tx).await?;
        if !overlaps(&present, &day) {
            make(&mut tx, &day).await?;
            tx.commit().await?;
            made = made.saturating_add(1);
        }
    }
    Ok(made)
}

fn overlaps(present: &[Partition], day: &Partition) -> bool {
    let overlaps = |one: &Partition| one.from < day.until && day.from < one.until;
    present.iter().any(overlaps)
}

async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute(PATIENCE, args![]).await?;
    tx.all::<(i64,)>(
        "SELECT 1::BIGINT FROM pg_advisory_xact_lock($1)",
        args![LOCK],
    )
    .await?;
    Ok(())
}

async fn partitions(tx: &mut Tx) -> Result<Vec<Partition>, StoreError> {
    let sql = "SELECT relname::TEXT, COALESCE(pg_get_expr(relpartbound, oid), '') FROM pg_class
        WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'events'::regclass)
        ORDER BY 1";
    let rows: Vec<(String, String)> = tx.all(sql, args![]).await?;
    Ok(rows
        .into_iter()
        .filter_map(|(name, bound)| read(name, &bound))
        .collect())
}

/// From `FOR VALUES FROM (MINVALUE) TO ('0190…')`; `None` of the default partition.
fn read(name: String, bound: &str) -> Option<Partition> {
    let (from, until) = bound
        .strip_prefix("FOR VALUES FROM (")?
        .split_once(") TO (")?;
    let id = |text: &str| text.trim_matches(['\'', ')']).to_owned();
    Some(Partition {
        name,
        from: if from == "MINVALUE" {
            String::new()
        } else {
            id(from)
        },
        until: id(until),
    })
}

/// Makes a partition and moves into it what has waited for it.
async fn make(tx: &mut Tx, day: &Partition) -> Result<(), StoreError> {
    let Partition { name, from, until } = day;
    for sql in [
        // Before what it may hold is looked at, so that nothing comes in between.
        "LOCK TABLE events_other IN ACCESS EXCLUSIVE MODE".to_owned(),
        format!("CREATE TABLE {name} (LIKE events INCLUDING DEFAULTS)"),
        format!(
            "WITH moved AS (DELETE FROM events_other WHERE id >= '{from}' AND id < '{until}'
                RETURNING *) INSERT INTO {name} SELECT * FROM moved"
        ),
        format!(
            "ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ('{from}') TO ('{until}')"
        ),
    ] {
        tx.execute(sql, args![]).await?;
    }
    Ok(())
}

/// Drops the partitions in which every event has a batch number below `batch`; how many.
///
/// # Errors
/// The database is too busy for a moment.
pub async fn drop_below(store: &Store, batch: i64) -> Result<u64, StoreError> {
    if matches!(store, Store::Sqlite { .. }) {
        return Ok(0);
    }
    let mut dropped: u64 = 0;
    let present = partitions(&mut store.read().await?).await?;
    let newest = first_id(ids::moment_of_audit_batch(batch));
    for Partition { name, until, .. } in present {
        // One that has not begun is empty too.
        if until > newest || !is_below(&mut store.read().await?, &name, batch).await? {
            continue;
        }
        let mut tx = store.write().await?;
        lock(&mut tx).await?;
        tx.execute("LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE", args![])
            .await?;
        // Something may have been booked into it, or another replica may have dropped it.
        let present = partitions(&mut tx).await?;
        let is_there = present.iter().any(|one| one.name == name);
        if is_there && is_below(&mut tx, &name, batch).await? {
            tx.execute(format!("DROP TABLE {name}"), args![]).await?;
            tx.commit().await?;
            dropped = dropped.saturating_add(1);
        }
    }
    Ok(dropped)
}

/// Whether every event of a partition has a batch number below `batch`: two looks into an index.
async fn is_below(tx: &mut Tx, partition: &str, batch: i64) -> Result<bool, StoreError> {
    let sql = format!("SELECT MAX(audit_batch) FROM {partition}");
    let (newest,): (Option<i64>,) = tx.one(sql, args![]).await?;
    Ok(newest.is_none_or(|newest| newest < batch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use paddock_core::ids::EventIds;

    #[test]
    fn ids_lie_between_the_first_of_their_day_and_of_the_next() {
        let (day, next) = (
            Timestamp::from_secs(1_773_532_800),
            Timestamp::from_secs(1_773_619_200),
        );
        let mut ids = EventIds::new([0; 6]);
        for millis in [day.millis(), next.millis() - 1] {
            let id = ids.next(millis).to_string();
            assert!(first_id(day) <= id && id < first_id(next), "{id}");
        }
        assert!(ids.next(day.millis() - 1).to_string() < first_id(day));
    }

    #[test]
    fn bounds_are_read_as_postgresql_writes_them() {
        let read = |bound| read("p".to_owned(), bound).map(|one| (one.from, one.until));
        let whole = "FOR VALUES FROM ('019cf-a') TO ('019cf-b')";
        assert_eq!(
            read(whole),
            Some(("019cf-a".to_owned(), "019cf-b".to_owned()))
        );
        let first = "FOR VALUES FROM (MINVALUE) TO ('019cf-b')";
        assert_eq!(read(first), Some((String::new(), "019cf-b".to_owned())));
        assert_eq!(read("DEFAULT"), None);
    }
}
