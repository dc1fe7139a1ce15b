//! What stands in columns of several tables: limits, moments, words, JSON as text.

use super::{StoreError, loaded};
use paddock_core::money::Money;
use paddock_core::policy::Limits;
use paddock_core::timestamp::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The six columns of [`Limits`].
#[derive(sqlx::FromRow)]
pub(super) struct LimitColumns {
    requests_per_minute: Option<i64>,
    burst: Option<i64>,
    tokens_per_minute: Option<i64>,
    max_concurrency: Option<i64>,
    monthly_quota: Option<i64>,
    daily_quota: Option<i64>,
}

impl From<LimitColumns> for Limits {
    fn from(row: LimitColumns) -> Limits {
        Limits {
            requests_per_minute: row.requests_per_minute.map(loaded),
            burst: row.burst.map(loaded),
            tokens_per_minute: row.tokens_per_minute.map(loaded),
            max_concurrency: row.max_concurrency.map(loaded),
            monthly_quota: row.monthly_quota.map(Money::from_nanos),
            daily_quota: row.daily_quota.map(Money::from_nanos),
        }
    }
}

/// A moment as it is stored.
pub(super) fn moment(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(loaded(nanos))
}

/// A value as JSON text.
pub(super) fn to_text<T: Serialize>(value: &T) -> String {
    // Lists, maps and names of strings cannot fail to serialize.
    serde_json::to_string(value).unwrap_or_default()
}

/// A value from JSON text.
pub(super) fn from_text<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt {
        what,
        value: text.chars().take(80).collect(),
    })
}

/// The name of an enum's variant as it is in JSON, without quotes.
pub(super) fn to_word<T: Serialize>(value: &T) -> String {
    to_text(value).trim_matches('"').to_owned()
}

/// A variant from its name in JSON.
pub(super) fn from_word<T: DeserializeOwned>(
    what: &'static str,
    word: &str,
) -> Result<T, StoreError> {
    from_text(what, &format!("\"{word}\""))
}
