//! Blocks of days: see [`crate::model::day_blocks`].

use super::columns::Seconds;
use super::record::record;
use super::{StoreError, Tx, args};
use crate::model::period::DAY;
use paddock_core::timestamp::Timestamp;

/// The tables that have blocks: the columns of their groups, and those that are summed up.
const TABLES: [(&str, &str, &[&str]); 3] = [
    (
        "rollups",
        "namespace, key_id, model, organization",
        &[
            "requests",
            "input_tokens",
            "cached_input_tokens",
            "cache_write_tokens",
            "output_tokens",
            "reasoning_tokens",
            "cost",
            "latency_ms",
        ],
    ),
    (
        "user_rollups",
        "namespace, end_user, model, organization",
        &["requests", "tokens", "cost"],
    ),
    (
        "tag_rollups",
        "namespace, tag_set, model, organization",
        &["requests", "tokens", "cost"],
    ),
];

/// Until when days are sealed: the beginning where none is. A booking must ask after it has stored its
/// events, since sealing waits for them ([`super::credits::wait_for_bookings`]).
pub async fn sealed_until(tx: &mut Tx) -> Result<Timestamp, StoreError> {
    let sql = "SELECT sealed_until FROM blocks";
    Ok(tx.one::<Seconds>(sql, args![]).await?.0)
}

/// Keeps other replicas from sealing days until this transaction ends.
pub async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = "UPDATE blocks SET sealed_until = sealed_until";
    tx.execute(sql, args![]).await?;
    Ok(())
}

/// Notes that the blocks that end until a moment are made.
pub async fn seal(tx: &mut Tx, until: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE blocks SET sealed_until = $1";
    tx.execute(sql, args![until.secs()]).await?;
    Ok(())
}

/// The first day that anything was booked on.
pub async fn first_day(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    let mut first: Option<Timestamp> = None;
    for (table, ..) in TABLES {
        let sql = format!("SELECT MIN(starts_at) FROM {table} WHERE granularity = 86400");
        let day: Option<Seconds> = tx.one(sql, args![]).await?;
        first = [first, day.map(|day| day.0)].into_iter().flatten().min();
    }
    Ok(first)
}

/// Makes the block of `length` seconds that begins at `start` out of its days, or out of blocks of
/// `parts` seconds. It must not be there.
pub async fn make(
    tx: &mut Tx,
    (start, length): (Timestamp, u64),
    parts: u64,
) -> Result<(), StoreError> {
    for (table, groups, sums) in TABLES {
        let totals = sums.iter().map(|sum| format!("CAST(SUM({sum}) AS BIGINT)"));
        // The numbers and not parameters: PostgreSQL has to know how many rows there will be.
        let sql = format!(
            "INSERT INTO {table} (granularity, starts_at, {groups}, {})
            SELECT {length}, {start}, {groups}, {} FROM {table}
            WHERE granularity = {parts} AND starts_at >= {start} AND starts_at < {start} + {length}
            GROUP BY {groups} ORDER BY {groups}",
            sums.join(", "),
            totals.collect::<Vec<String>>().join(", "),
            start = start.secs(),
        );
        tx.execute(sql, args![]).await?;
    }
    Ok(())
}

/// The blocks of `length` seconds that there are, by their first second.
pub async fn present(tx: &mut Tx, length: u64) -> Result<Vec<Timestamp>, StoreError> {
    let starts = TABLES
        .map(|(table, ..)| format!("SELECT starts_at FROM {table} WHERE granularity = {length}"));
    let starts: Vec<Seconds> = tx.all(starts.join(" UNION "), args![]).await?;
    Ok(starts.into_iter().map(|start| start.0).collect())
}

/// A group whose block is not what its days sum up to.
#[derive(Clone, Debug)]
pub struct UnevenBlock {
    /// Its namespace.
    pub namespace: String,
    /// Its key, its user or its set of tags.
    pub name: String,
    /// Its model.
    pub model: String,
    /// The sums of its days: each by its name, on one line.
    pub expected: String,
    /// Those of its block.
    pub found: String,
}

record! { UnevenBlock { namespace, name, model, expected, found } }

/// Groups of a block whose sums are not those of its days, which count as nothing where they are not
/// sealed: of keys, of users and of tags.
pub async fn uneven(
    tx: &mut Tx,
    (start, length): (Timestamp, u64),
    is_sealed: bool,
) -> Result<[Vec<UnevenBlock>; TABLES.len()], StoreError> {
    let mut uneven = [const { Vec::new() }; TABLES.len()];
    for ((table, groups, sums), uneven) in TABLES.into_iter().zip(&mut uneven) {
        let total = |granularity: u64, sum: &str| {
            format!(
                "CAST(SUM(CASE WHEN granularity = {granularity} THEN {sum} ELSE 0 END) AS BIGINT)"
            )
        };
        let line = |granularity: u64| {
            let each = sums
                .iter()
                .map(|sum| format!("'{sum} ' || {}", total(granularity, sum)));
            each.collect::<Vec<String>>().join(" || ', ' || ")
        };
        let differ = sums
            .iter()
            .map(|sum| format!("{} <> {}", total(DAY, sum), total(length, sum)));
        let (differ, start) = (differ.collect::<Vec<String>>().join(" OR "), start.secs());
        let days = match is_sealed {
            true => start.saturating_add(length),
            false => start,
        };
        let name = groups.split(", ").nth(1).unwrap_or_default();
        let sql = format!(
            "SELECT namespace, {name} AS name, model, {} AS expected, {} AS found
            FROM (SELECT * FROM {table} WHERE granularity = {length} AND starts_at = {start}
                UNION ALL SELECT * FROM {table} WHERE granularity = 86400
                    AND starts_at >= {start} AND starts_at < {days}) AS sums
            GROUP BY {groups} HAVING {differ} ORDER BY {groups}",
            line(DAY),
            line(length),
        );
        *uneven = tx.all(sql, args![]).await?;
    }
    Ok(uneven)
}
