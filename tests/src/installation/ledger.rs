//! The ledger as the database has it.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

/// One booked call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Made by the filter.
    pub id: String,
    /// Whose it is.
    pub namespace: String,
    /// What the client saw as `x-request-id`.
    pub request_id: String,
    /// What the client called itself.
    pub user_agent: String,
    /// Nano-dollars.
    pub cost: i64,
    /// How it ended.
    pub outcome: String,
}

const QUERY: &str = "SELECT id, namespace, request_id, user_agent, cost, outcome FROM events \
    WHERE outcome <> 'refused'";

type Row = (String, String, String, String, i64, String);

/// All that is booked; refused calls are not.
pub async fn read(url: &str) -> anyhow::Result<Vec<Entry>> {
    let rows: Vec<Row> = if url.starts_with("postgres") {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::query_as(QUERY).fetch_all(&mut connection).await?
    } else {
        let path = url.trim_start_matches("sqlite://");
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let mut connection = options.connect().await?;
        sqlx::query_as(QUERY).fetch_all(&mut connection).await?
    };
    let entry = |(id, namespace, request_id, user_agent, cost, outcome)| Entry {
        id,
        namespace,
        request_id,
        user_agent,
        cost,
        outcome,
    };
    Ok(rows.into_iter().map(entry).collect())
}
