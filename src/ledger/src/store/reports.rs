//! Usage reports: always from rollups, never from events.

use super::pieces::{self, Piece, Whose};
use super::{StoreError, Tx, args, loaded};
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

impl Sums {
    pub(super) fn new((requests, tokens, cost, latency_ms): (i64, i64, i64, i64)) -> Sums {
        Sums {
            requests: loaded(requests),
            tokens: loaded(tokens),
            cost: Money::from_nanos(cost),
            latency_ms: loaded(latency_ms),
        }
    }

    /// These and those.
    pub fn plus(self, other: Sums) -> Sums {
        Sums {
            requests: self.requests.saturating_add(other.requests),
            tokens: self.tokens.saturating_add(other.tokens),
            cost: self.cost.saturating_add(other.cost),
            latency_ms: self.latency_ms.saturating_add(other.latency_ms),
        }
    }
}

/// Sums by model over some pieces of time, dearest first.
///
/// # Errors
/// Where the database refuses.
pub async fn by_model(
    tx: &mut Tx,
    subject: &Subject,
    pieces: &[Piece],
) -> Result<Vec<(String, Sums)>, StoreError> {
    let mut values = args![];
    let columns = format!("model, requests, {TOKENS} AS tokens, cost, latency_ms");
    let rows = pieces::rows(
        ("rollups", &columns),
        subject.whose(),
        pieces,
        "",
        &mut values,
    );
    let sql = format!(
        "SELECT model, CAST(SUM(requests) AS BIGINT), CAST(SUM(tokens) AS BIGINT),
            CAST(SUM(cost) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT)
        FROM ({rows}) AS pieces GROUP BY model ORDER BY SUM(cost) DESC, model"
    );
    let rows: Vec<(String, i64, i64, i64, i64)> = tx.all(sql, values).await?;
    let sums = |(model, requests, tokens, cost, latency)| {
        (model, Sums::new((requests, tokens, cost, latency)))
    };
    Ok(rows.into_iter().map(sums).collect())
}

/// Sums by interval, oldest first; intervals without requests are left out.
///
/// # Errors
/// Where the database refuses.
pub async fn series(
    tx: &mut Tx,
    subject: &Subject,
    span: Span,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
    let mut values = args![];
    let columns = format!("starts_at, requests, {TOKENS} AS tokens, cost, latency_ms");
    let piece = (
        span.granularity,
        span.start.secs(),
        end_of_tomorrow(now).secs(),
    );
    let rows = pieces::rows_within(tx, &columns, subject.whose(), piece, &mut values);
    let sql = format!(
        "SELECT starts_at, CAST(SUM(requests) AS BIGINT), CAST(SUM(tokens) AS BIGINT),
            CAST(SUM(cost) AS BIGINT), CAST(SUM(latency_ms) AS BIGINT)
        FROM ({rows}) AS steps GROUP BY starts_at ORDER BY starts_at"
    );
    let rows: Vec<(i64, i64, i64, i64, i64)> = tx.all(sql, values).await?;
    let sums = |(start, requests, tokens, cost, latency)| {
        let start = Timestamp::from_secs(loaded(start));
        (start, Sums::new((requests, tokens, cost, latency)))
    };
    Ok(rows.into_iter().map(sums).collect())
}

/// The most requests and the most tokens of any one minute since `start`. Of days whose minutes are
/// gone, what is kept of a key's whole days.
///
/// # Errors
/// Where the database refuses.
pub async fn peaks(
    tx: &mut Tx,
    subject: &Subject,
    start: Timestamp,
    now: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let mut values = args![];
    let columns = format!("starts_at, requests, {TOKENS} AS tokens");
    let piece = (MINUTE, start.secs(), end_of_tomorrow(now).secs());
    let rows = pieces::rows_within(tx, &columns, subject.whose(), piece, &mut values);
    let sql = format!(
        "SELECT CAST(COALESCE(MAX(requests), 0) AS BIGINT),
            CAST(COALESCE(MAX(tokens), 0) AS BIGINT)
        FROM (SELECT SUM(requests) AS requests, SUM(tokens) AS tokens
            FROM ({rows}) AS steps GROUP BY starts_at) AS minutes"
    );
    let (requests, tokens): (i64, i64) = tx.one(sql, values).await?;
    let Subject::Key { id, .. } = subject else {
        return Ok((loaded(requests), loaded(tokens)));
    };
    let sql = "SELECT COALESCE(MAX(requests), 0), COALESCE(MAX(tokens), 0) FROM peaks
        WHERE key_id = $1 AND starts_at >= $2";
    let day = start_of(DAY, start).secs();
    let older: (i64, i64) = tx.one(sql, args![id, day]).await?;
    Ok((loaded(requests.max(older.0)), loaded(tokens.max(older.1))))
}
