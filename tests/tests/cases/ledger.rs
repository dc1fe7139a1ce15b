//! The ledger's lines, as the database has them.

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Row};
use std::collections::BTreeMap;

/// What tokens are called in cases, and in which column they are.
pub const TOKENS: [(&str, &str); 6] = [
    ("input", "input_tokens"),
    ("cached_input", "cached_input_tokens"),
    ("cache_write_5m", "cache_write_5m_tokens"),
    ("cache_write_1h", "cache_write_1h_tokens"),
    ("output", "output_tokens"),
    ("reasoning", "reasoning_tokens"),
];

/// One booked call.
#[derive(Clone, Debug)]
pub struct Line {
    pub namespace: String,
    pub outcome: String,
    pub estimated: bool,
    pub tokens: BTreeMap<&'static str, i64>,
    /// Images, seconds and the like.
    pub units: BTreeMap<String, i64>,
    /// Nano-dollars.
    pub cost: i64,
    pub user: Option<String>,
    pub requested_model: String,
}

/// All that is booked, oldest first; refused calls are not.
pub async fn read(file: &str) -> Vec<Line> {
    let query = "SELECT * FROM events WHERE outcome <> 'refused' ORDER BY started_at, id";
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let rows = sqlx::query(query).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(line).collect()
}

fn line(row: &SqliteRow) -> Line {
    Line {
        namespace: row.get("namespace"),
        outcome: row.get("outcome"),
        estimated: row.get("estimated"),
        tokens: TOKENS.map(|(name, column)| (name, row.get(column))).into(),
        units: units(row.get("details")),
        cost: row.get("cost"),
        user: row.get("end_user"),
        requested_model: row.get("requested_model"),
    }
}

/// What is counted beside tokens, in the details of an event.
fn units(details: Option<String>) -> BTreeMap<String, i64> {
    let details: Value = serde_json::from_str(&details.unwrap_or_default()).unwrap_or_default();
    serde_json::from_value(details["units"].clone()).unwrap_or_default()
}

impl Line {
    /// In a line of a message.
    pub fn describe(&self) -> String {
        let tokens = self.tokens.iter().filter(|(_, count)| **count != 0);
        let tokens: Vec<_> = tokens
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let estimated = if self.estimated { ", estimated" } else { "" };
        let tokens = tokens.join(", ");
        format!(
            "{}{estimated}, {} nanos, tokens {{{tokens}}}, units {:?}",
            self.outcome, self.cost, self.units
        )
    }
}
