//! The ledger, read from the service's database.

use super::{Gateway, Tenant, eventually};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Row};
use std::process::Command;

/// Nano-dollars of a token of gpt-4.1: $2.50 and $8.00 per million.
pub const INPUT: i64 = 2_500;
pub const OUTPUT: i64 = 8_000;

/// One event.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: String,
    pub key_id: String,
    pub model: String,
    pub requested_model: String,
    pub endpoint: String,
    pub stream: bool,
    pub status: i64,
    pub outcome: String,
    pub estimated: bool,
    pub batch: bool,
    pub input: i64,
    pub cached: i64,
    pub write_5m: i64,
    pub write_1h: i64,
    pub output: i64,
    pub reasoning: i64,
    /// Nano-dollars.
    pub cost: i64,
    pub request_id: String,
    /// The upstream that served it and in which attempt, where its model lists deployments.
    pub served: Option<(String, u64)>,
    /// Images, seconds, characters and searches; null if there were none.
    pub units: Value,
    /// Nanoseconds since 1970, by Envoy's clock.
    pub started_at: i64,
}

fn units(row: &SqliteRow) -> Value {
    let details: Option<String> = row.get("details");
    let details = details.map(|details| serde_json::from_str::<Value>(&details).unwrap());
    details.unwrap_or_default()["units"].clone()
}

fn served(row: &SqliteRow) -> Option<(String, u64)> {
    let details: Option<String> = row.get("details");
    let details: Value = serde_json::from_str(&details?).unwrap();
    let upstream = details["upstream"].as_str()?.to_owned();
    Some((upstream, details["attempt"].as_u64().unwrap()))
}

impl Line {
    fn read(row: &SqliteRow) -> Line {
        Line {
            id: row.get("id"),
            key_id: row.get("key_id"),
            model: row.get("model"),
            requested_model: row.get("requested_model"),
            endpoint: row.get("endpoint"),
            stream: row.get("stream"),
            status: row.get("status"),
            outcome: row.get("outcome"),
            estimated: row.get("estimated"),
            units: units(row),
            served: served(row),
            batch: row.get("batch"),
            input: row.get("input_tokens"),
            cached: row.get("cached_input_tokens"),
            write_5m: row.get("cache_write_5m_tokens"),
            write_1h: row.get("cache_write_1h_tokens"),
            output: row.get("output_tokens"),
            reasoning: row.get("reasoning_tokens"),
            cost: row.get("cost"),
            request_id: row.get("request_id"),
            started_at: row.get("started_at"),
        }
    }

    /// Input tokens, output tokens, cost and whether they are an estimate.
    pub fn charge(&self) -> (i64, i64, i64, bool) {
        (self.input, self.output, self.cost, self.estimated)
    }
}

/// What a call of gpt-4.1 costs.
pub fn cost(input: u64, output: u64) -> i64 {
    i64::try_from(input).unwrap() * INPUT + i64::try_from(output).unwrap() * OUTPUT
}

/// The sum of what lines cost.
pub fn sum(lines: &[Line]) -> i64 {
    lines.iter().map(|line| line.cost).sum()
}

impl Gateway {
    /// What the ledger has of a tenant's namespace by now, oldest first; of refused calls those
    /// alone that were refused for their content.
    pub fn lines(&self, tenant: &Tenant) -> Vec<Line> {
        let query = "SELECT * FROM events WHERE namespace = $1
            AND (outcome <> 'refused' OR category IS NOT NULL) ORDER BY started_at, id";
        let options = SqliteConnectOptions::new()
            .filename(&self.database)
            .read_only(true);
        let rows = self.runtime.block_on(async {
            let mut connection = options.connect().await?;
            sqlx::query(query)
                .bind(&tenant.namespace)
                .fetch_all(&mut connection)
                .await
        });
        rows.unwrap().iter().map(Line::read).collect()
    }

    /// What `paddock verify` says of the ledger, beside the running service, and whether all is right.
    pub fn verify(&self) -> (bool, String) {
        let mut command = Command::new(paddock_local::binary("paddock").unwrap());
        command.arg("verify").arg("--database-url");
        let output = command.arg(&self.database).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        (output.status.success(), format!("{text}{errors}"))
    }

    /// The tenant's lines, once there are as many as `count`, which there must be exactly.
    #[track_caller]
    pub fn ledger(&self, tenant: &Tenant, count: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        eventually(&format!("{count} lines of {tenant:?}"), || {
            lines = self.lines(tenant);
            (lines.len() >= count).then_some(())
        });
        assert_eq!(lines.len(), count, "{lines:#?}");
        lines
    }

    /// Changes the service's database behind its back.
    pub fn alter(&self, statement: &'static str) {
        let options = SqliteConnectOptions::new()
            .filename(&self.database)
            .busy_timeout(std::time::Duration::from_secs(20));
        let altered = self.runtime.block_on(async {
            let mut connection = options.connect().await?;
            sqlx::query(statement).execute(&mut connection).await
        });
        altered.unwrap();
    }

    /// The tenant's lines after all that was queued up to now has come: the queue keeps its order,
    /// so a later event of somebody else says so.
    #[track_caller]
    pub fn settled_ledger(&self, tenant: &Tenant) -> Vec<Line> {
        let marker = self.tenant("marker", serde_json::json!({}));
        eventually("the marker is served", || {
            (self.send(&marker.chat()).status == 200).then_some(())
        });
        self.ledger(&marker, 1);
        self.lines(tenant)
    }
}
