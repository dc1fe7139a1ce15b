//! Usage reports: always from rollups, never from events.

use super::columns::Seconds;
use super::intervals::{self, RollupInterval, Whose};
use super::record::record;
use super::{StoreError, Tx, args};
use crate::model::period::{DAY, MINUTE, end_of_tomorrow, start_of};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;

pub(super) const TOKENS: &str =
    "input_tokens + cached_input_tokens + cache_write_tokens + output_tokens";

/// The same of an event `e`.
pub(super) const TOKENS_OF_EVENT: &str = "e.input_tokens + e.cached_input_tokens \
    + e.cache_write_5m_tokens + e.cache_write_1h_tokens + e.output_tokens";

/// Whose usage.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Of one key, by its id, in its namespace.
    Key {
        /// The key's id.
        id: String,
        /// The namespace's name.
        namespace: String,
    },
    /// Of all keys of a namespace, by its name.
    Namespace(String),
}

impl Subject {
    fn whose(&self) -> Whose<'_> {
        let (namespace, key) = match self {
            Subject::Key { id, namespace } => (namespace, Some(id.as_str())),
            Subject::Namespace(name) => (name, None),
        };
        Whose {
            organization: None,
            namespace: Some(namespace),
            key,
        }
    }
}

/// From which rollups, and which of them.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The rollups' interval in seconds.
    pub granularity: u64,
    /// The first interval's start.
    pub start: Timestamp,
}

/// Sums of some requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many.
    pub requests: u64,
    /// Prompt and completion tokens.
    pub tokens: u64,
    /// What they cost.
    pub cost: Money,
    /// Milliseconds they took together.
    pub latency_ms: u64,
}

record! { Sums { requests, tokens, cost, latency_ms } }

impl Sums {
    /// The sum of both.
    pub fn plus(self, other: Sums) -> Sums {
        Sums {
            requests: self.requests.saturating_add(other.requests),
            tokens: self.tokens.saturating_add(other.tokens),
            cost: self.cost.saturating_add(other.cost),
            latency_ms: self.latency_ms.saturating_add(other.latency_ms),
        }
    }

    /// What is left without those others, which are a part of these; their latencies are not told.
    pub fn minus(self, part: Sums) -> Sums {
        Sums {
            requests: self.requests.saturating_sub(part.requests),
            tokens: self.tokens.saturating_sub(part.tokens),
            cost: self.cost.saturating_sub(part.cost),
            latency_ms: 0,
        }
    }
}

/// Sums by model over some intervals of time, dearest first.
pub async fn by_model(
    tx: &mut Tx,
    subject: &Subject,
    intervals: &[RollupInterval],
) -> Result<Vec<(String, Sums)>, StoreError> {
    let mut values = args![];
    let columns = format!("model, requests, {TOKENS} AS tokens, cost, latency_ms");
    let rows = intervals::rows(
        ("rollups", &columns),
        subject.whose(),
        intervals,
        "",
        &mut values,
    );
    let sql = format!(
        "SELECT model, CAST(SUM(requests) AS BIGINT), CAST(SUM(tokens) AS BIGINT),
            CAST(SUM(cost) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT)
        FROM ({rows}) AS intervals GROUP BY model ORDER BY SUM(cost) DESC, model"
    );
    tx.all(sql, values).await
}

/// Sums by interval, oldest first; intervals without requests are left out.
pub async fn series(
    tx: &mut Tx,
    subject: &Subject,
    span: Span,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
    let mut values = args![];
    let columns = format!("starts_at, requests, {TOKENS} AS tokens, cost, latency_ms");
    let interval = (
        span.granularity,
        span.start.secs(),
        end_of_tomorrow(now).secs(),
    );
    let rows = intervals::rows_within(tx, &columns, subject.whose(), interval, &mut values);
    let sql = format!(
        "SELECT starts_at, CAST(SUM(requests) AS BIGINT), CAST(SUM(tokens) AS BIGINT),
            CAST(SUM(cost) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT)
        FROM ({rows}) AS steps GROUP BY starts_at ORDER BY starts_at"
    );
    let rows: Vec<(Seconds, Sums)> = tx.all(sql, values).await?;
    Ok(rows
        .into_iter()
        .map(|(start, sums)| (start.0, sums))
        .collect())
}

/// The most requests and the most tokens of any one minute since `start`. Of days whose minutes are
/// gone, what is kept of a key's whole days.
pub async fn peaks(
    tx: &mut Tx,
    subject: &Subject,
    start: Timestamp,
    now: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let mut values = args![];
    let columns = format!("starts_at, requests, {TOKENS} AS tokens");
    let interval = (MINUTE, start.secs(), end_of_tomorrow(now).secs());
    let rows = intervals::rows_within(tx, &columns, subject.whose(), interval, &mut values);
    let sql = format!(
        "SELECT CAST(COALESCE(MAX(requests), 0) AS BIGINT),
            CAST(COALESCE(MAX(tokens), 0) AS BIGINT)
        FROM (SELECT SUM(requests) AS requests, SUM(tokens) AS tokens
            FROM ({rows}) AS steps GROUP BY starts_at) AS minutes"
    );
    let (requests, tokens): (u64, u64) = tx.one(sql, values).await?;
    let Subject::Key { id, .. } = subject else {
        return Ok((requests, tokens));
    };
    let sql = "SELECT COALESCE(MAX(requests), 0), COALESCE(MAX(tokens), 0) FROM peaks
        WHERE key_id = $1 AND starts_at >= $2";
    let day = start_of(DAY, start).secs();
    let older: (u64, u64) = tx.one(sql, args![id, day]).await?;
    Ok((requests.max(older.0), tokens.max(older.1)))
}

/// What namespaces spent in each interval of `granularity` seconds from `start` to `end`: the
/// namespace, the interval's first second, the cost. Each interval is looked up for each namespace.
pub async fn costs_of_namespaces(
    tx: &mut Tx,
    namespaces: impl IntoIterator<Item = &str>,
    (granularity, start, end): (u64, Timestamp, Timestamp),
) -> Result<Vec<(String, u64, Money)>, StoreError> {
    let (start, end) = (start.secs(), end.secs());
    // On SQLite a cross join is done in the order it is written.
    let head = format!(
        "WITH RECURSIVE steps (place) AS (SELECT CAST({start} AS BIGINT)
            UNION ALL SELECT place + {granularity} FROM steps WHERE place + {granularity} < {end})
        SELECT t.namespace, t.starts_at, CAST(SUM(t.cost) AS BIGINT) FROM ("
    );
    let tail = format!(
        ") AS wanted CROSS JOIN steps CROSS JOIN rollups AS t
        WHERE t.granularity = {granularity} AND t.starts_at = steps.place
            AND t.namespace = wanted.column1
        GROUP BY t.namespace, t.starts_at"
    );
    let rows = namespaces.into_iter().map(|name| args![name]).collect();
    tx.many(&head, rows, &tail).await
}
