//! What groups of keys, models and users cost over some days: always from rollups, never from
//! events.

use super::intervals::{self, Whose};
use super::record::record;
use super::reports::{Sums, TOKENS};
use super::{StoreError, Tx, args};
use paddock_core::timestamp::Timestamp;

pub use super::intervals::RollupInterval;

/// Whose usage: of the whole installation if neither is given.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Only of this organization.
    pub organization: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<String>,
}

/// A time, mostly whole UTC days: the first moment, and the first moment after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// First moment.
    pub start: Timestamp,
    /// First moment after it.
    pub end: Timestamp,
}

impl Reach {
    pub(super) fn whose(&self) -> Whose<'_> {
        Whose {
            organization: self.organization.as_deref(),
            namespace: self.namespace.as_deref(),
            key: None,
        }
    }
}

/// Sums of one key and model.
#[derive(Clone, Debug)]
pub struct KeyModelSums {
    /// The key's id.
    pub key: String,
    /// The namespace it was served in.
    pub namespace: String,
    /// The model.
    pub model: String,
    /// The sums; without latencies.
    pub sums: Sums,
}

record! { KeyModelSums { key, namespace, model, sums } }

/// Sums by key, namespace and model.
pub async fn by_key(
    tx: &mut Tx,
    reach: &Reach,
    intervals: &[RollupInterval],
) -> Result<Vec<KeyModelSums>, StoreError> {
    let mut values = args![];
    let columns = format!("key_id, namespace, model, requests, {TOKENS} AS tokens, cost");
    let rows = intervals::rows(
        ("rollups", &columns),
        reach.whose(),
        intervals,
        "",
        &mut values,
    );
    let sql = format!(
        "SELECT key_id, namespace, model, CAST(SUM(requests) AS BIGINT),
            CAST(SUM(tokens) AS BIGINT), CAST(SUM(cost) AS BIGINT), CAST(0 AS BIGINT)
        FROM ({rows}) AS intervals
        GROUP BY key_id, namespace, model ORDER BY key_id, namespace, model"
    );
    tx.all(sql, values).await
}

/// Sums by one column of a table, and model.
async fn grouped(
    tx: &mut Tx,
    (table, column): (&str, &str),
    reach: &Reach,
    intervals: &[RollupInterval],
) -> Result<Vec<(String, String, Sums)>, StoreError> {
    let mut values = args![];
    let tokens = match table {
        "rollups" => TOKENS,
        _ => "tokens",
    };
    let columns = format!("{column}, model, requests, {tokens} AS tokens, cost");
    let rows = intervals::rows((table, &columns), reach.whose(), intervals, "", &mut values);
    let sql = format!(
        "SELECT {column}, model, CAST(SUM(requests) AS BIGINT), CAST(SUM(tokens) AS BIGINT),
            CAST(SUM(cost) AS BIGINT), CAST(0 AS BIGINT)
        FROM ({rows}) AS intervals GROUP BY {column}, model ORDER BY {column}, model"
    );
    tx.all(sql, values).await
}

/// Sums by namespace and model.
pub async fn by_namespace(
    tx: &mut Tx,
    reach: &Reach,
    intervals: &[RollupInterval],
) -> Result<Vec<(String, String, Sums)>, StoreError> {
    grouped(tx, ("rollups", "namespace"), reach, intervals).await
}

/// Sums by end user and model; the user is empty if none was named.
pub async fn by_user(
    tx: &mut Tx,
    reach: &Reach,
    intervals: &[RollupInterval],
) -> Result<Vec<(String, String, Sums)>, StoreError> {
    grouped(tx, ("user_rollups", "end_user"), reach, intervals).await
}

/// What one key used over a time.
#[derive(Clone, Debug)]
pub struct KeyTotals {
    /// The key's id.
    pub key_id: String,
    /// The namespace it was served in.
    pub namespace: String,
    /// How many requests.
    pub requests: i64,
    /// Prompt tokens.
    pub input_tokens: i64,
    /// Tokens of answers.
    pub output_tokens: i64,
    /// Nano-dollars.
    pub cost: i64,
}

record! {
    KeyTotals { key_id, namespace, requests, input_tokens, output_tokens, cost }
}

/// The next keys after `after` (a key and its namespace) that used anything in the intervals of time:
/// at most `limit`.
pub async fn totals_of_keys(
    tx: &mut Tx,
    reach: &Reach,
    intervals: &[RollupInterval],
    after: (&str, &str),
    limit: u64,
) -> Result<Vec<KeyTotals>, StoreError> {
    let mut values = args![after.0, after.1, limit];
    let columns = "key_id, namespace, requests, output_tokens, cost, \
        input_tokens + cached_input_tokens + cache_write_tokens AS input_tokens";
    let further = " AND (key_id, namespace) > ($1, $2)";
    let rows = intervals::rows(
        ("rollups", columns),
        reach.whose(),
        intervals,
        further,
        &mut values,
    );
    let sql = format!(
        "SELECT key_id, namespace, CAST(SUM(requests) AS BIGINT) AS requests,
            CAST(SUM(input_tokens) AS BIGINT) AS input_tokens,
            CAST(SUM(output_tokens) AS BIGINT) AS output_tokens,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM ({rows}) AS intervals
        GROUP BY key_id, namespace ORDER BY key_id, namespace LIMIT $3"
    );
    tx.all(sql, values).await
}
