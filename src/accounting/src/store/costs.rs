//! What groups of keys, models and users cost over some days: always from rollups, never from
//! events.

use super::reports::{Sums, TOKENS};
use super::{Args, StoreError, Tx, args};
use crate::domain::period::{DAY, start_of};
use paddock_core::timestamp::Timestamp;

/// Whose usage: of the whole installation where neither is given.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Only of this organization.
    pub organization: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<String>,
}

/// Whole UTC days: the first moment, and the first moment after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// First moment.
    pub start: Timestamp,
    /// First moment after them.
    pub end: Timestamp,
}

impl Reach {
    /// Leads to days of it in `rollups` or `user_rollups` by an index: SQLite by itself would rather
    /// read all days in the order of the groups.
    fn index(&self, tx: &Tx, table: &str) -> String {
        let of = match (&self.namespace, &self.organization) {
            (Some(_), _) if table == "user_rollups" => return String::new(),
            (Some(_), _) => "namespace",
            (None, Some(_)) => "organization",
            (None, None) => "day",
        };
        tx.indexed_by(&format!("{table}_by_{of}"))
    }

    /// Conditions for a statement that has `values` already.
    fn conditions(&self, values: &mut Args) -> String {
        let mut text = String::new();
        let parts = [
            ("organization", &self.organization),
            ("namespace", &self.namespace),
        ];
        for (column, name) in parts {
            if let Some(name) = name {
                values.push(name.into());
                text.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        text
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

/// Sums by key, namespace and model.
///
/// # Errors
/// Where the database refuses.
pub async fn by_key(
    tx: &mut Tx,
    reach: &Reach,
    days: Days,
) -> Result<Vec<KeyModelSums>, StoreError> {
    let mut values = args![days.start.secs(), days.end.secs()];
    let conditions = reach.conditions(&mut values);
    let index = reach.index(tx, "rollups");
    // The number and not a parameter, for the index of days.
    let sql = format!(
        "SELECT key_id, namespace, model, CAST(SUM(requests) AS BIGINT),
            CAST(SUM({TOKENS}) AS BIGINT), CAST(SUM(cost) AS BIGINT)
        FROM rollups {index}
        WHERE granularity = 86400 AND starts_at >= $1 AND starts_at < $2{conditions}
        GROUP BY key_id, namespace, model ORDER BY key_id, namespace, model"
    );
    let rows: Vec<(String, String, String, i64, i64, i64)> = tx.all(sql, values).await?;
    let sums = |(key, namespace, model, requests, tokens, cost)| KeyModelSums {
        key,
        namespace,
        model,
        sums: Sums::new((requests, tokens, cost, 0)),
    };
    Ok(rows.into_iter().map(sums).collect())
}

/// Sums by one column of the rollups, and model.
async fn grouped(
    tx: &mut Tx,
    (table, column): (&str, &str),
    reach: &Reach,
    days: Days,
) -> Result<Vec<(String, String, Sums)>, StoreError> {
    let mut values = args![days.start.secs(), days.end.secs()];
    let conditions = reach.conditions(&mut values);
    let index = reach.index(tx, table);
    let tokens = if table == "rollups" { TOKENS } else { "tokens" };
    let days = if table == "rollups" {
        "granularity = 86400 AND "
    } else {
        ""
    };
    let sql = format!(
        "SELECT {column}, model, CAST(SUM(requests) AS BIGINT), CAST(SUM({tokens}) AS BIGINT),
            CAST(SUM(cost) AS BIGINT)
        FROM {table} {index} WHERE {days}starts_at >= $1 AND starts_at < $2{conditions}
        GROUP BY {column}, model ORDER BY {column}, model"
    );
    let rows: Vec<(String, String, i64, i64, i64)> = tx.all(sql, values).await?;
    let sums = |(group, model, requests, tokens, cost)| {
        (group, model, Sums::new((requests, tokens, cost, 0)))
    };
    Ok(rows.into_iter().map(sums).collect())
}

/// Sums by namespace and model.
///
/// # Errors
/// Where the database refuses.
pub async fn by_namespace(
    tx: &mut Tx,
    reach: &Reach,
    days: Days,
) -> Result<Vec<(String, String, Sums)>, StoreError> {
    grouped(tx, ("rollups", "namespace"), reach, days).await
}

/// Sums by end user and model; the user is empty where none was named.
///
/// # Errors
/// Where the database refuses.
pub async fn by_user(
    tx: &mut Tx,
    reach: &Reach,
    days: Days,
) -> Result<Vec<(String, String, Sums)>, StoreError> {
    grouped(tx, ("user_rollups", "end_user"), reach, days).await
}

/// Rollups of one interval, and the time they are taken from: whole seconds.
pub type Piece = (u64, u64, u64);

/// What one key used over a time: the sums of `pieces`.
#[derive(Clone, Debug, sqlx::FromRow)]
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

/// The next keys after `after` (a key and its namespace) that used anything in the pieces of time:
/// at most `limit`.
///
/// # Errors
/// Where the database refuses.
pub async fn totals_of_keys(
    tx: &mut Tx,
    reach: &Reach,
    pieces: &[Piece],
    after: (&str, &str),
    limit: u64,
) -> Result<Vec<KeyTotals>, StoreError> {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
        return Ok(Vec::new());
    };
    // Whole days around it: whoever used anything has a sum of a day there, and days are found by an
    // index of their own, so that of minutes and hours those keys alone are looked at.
    let days = (
        start_of(DAY, Timestamp::from_secs(first.1)).secs(),
        last.2.div_ceil(DAY).saturating_mul(DAY),
    );
    let mut values = args![after.0, after.1, limit, days.0, days.1];
    let conditions = reach.conditions(&mut values);
    let mut parts = Vec::with_capacity(pieces.len());
    for (granularity, start, end) in pieces {
        values.extend(args![*start, *end]);
        let last = values.len();
        let first = last.saturating_sub(1);
        // On SQLite a cross join is done in the order it is written.
        parts.push(format!(
            "SELECT r.key_id, r.namespace, requests, output_tokens, cost,
                input_tokens + cached_input_tokens + cache_write_tokens AS input_tokens
            FROM users CROSS JOIN rollups AS r WHERE r.granularity = {granularity}
                AND r.key_id = users.key_id AND r.namespace = users.namespace
                AND r.starts_at >= ${first} AND r.starts_at < ${last}"
        ));
    }
    let index = reach.index(tx, "rollups");
    let sql = format!(
        "WITH users AS (SELECT DISTINCT key_id, namespace FROM rollups {index}
            WHERE granularity = 86400 AND starts_at >= $4 AND starts_at < $5
                AND (key_id, namespace) > ($1, $2){conditions})
        SELECT key_id, namespace, CAST(SUM(requests) AS BIGINT) AS requests,
            CAST(SUM(input_tokens) AS BIGINT) AS input_tokens,
            CAST(SUM(output_tokens) AS BIGINT) AS output_tokens,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM ({}) AS pieces
        GROUP BY key_id, namespace ORDER BY key_id, namespace LIMIT $3",
        parts.join(" UNION ALL ")
    );
    tx.all(sql, values).await
}
