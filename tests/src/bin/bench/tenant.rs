//! Who asks: a namespace, and keys in it with every limit there is, none of which the load reaches;
//! and an organization and end users with theirs.

use crate::scenario::MODELS;
use anyhow::{Context, bail, ensure};
use paddock_core::secret;
use paddock_local::Stack;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The highest rate there is, in requests or tokens a minute: checked and charged, never reached.
pub const RATE: u64 = 100_000_000;
/// So many keys are written in one transaction.
const BATCH: u64 = 10_000;
/// What was answered is booked within this.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many keys there are.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// In policy.
    pub all: u64,
    /// Of these, used in turn by the load.
    pub in_use: u64,
}

impl Keys {
    /// The secrets of those in use.
    pub fn secrets(self) -> Arc<[String]> {
        (0..self.in_use).map(secret_of).collect()
    }
}

/// The same key in every run, in the form that the service gives keys.
fn secret_of(number: u64) -> String {
    let mut entropy = [7; 32];
    if let Some(place) = entropy.first_chunk_mut() {
        *place = number.to_be_bytes();
    }
    secret::write(&entropy)
}

/// Makes all of them in a Paddock. The answer is the secrets of those in use.
pub async fn make(stack: &Stack, four_levels: bool, keys: Keys) -> anyhow::Result<Arc<[String]>> {
    let limits = json!({"rpm": RATE, "tpm": RATE, "monthly_quota_usd": 500_000});
    let with = |fields: Value| {
        let mut all = limits.clone();
        if let (Some(all), Value::Object(fields)) = (all.as_object_mut(), fields) {
            all.extend(fields);
        }
        all
    };
    let mut namespace = with(json!({"name": "bench", "allowed_models": MODELS}));
    if let Some(fields) = namespace.as_object_mut().filter(|_| four_levels) {
        let organization = with(json!({"name": "bench"}));
        manage(stack, "/v1/organizations", &organization).await?;
        fields.insert("organization".into(), json!("bench"));
        fields.insert("user_monthly_quota_usd".into(), json!(100_000));
    }
    manage(stack, "/v1/namespaces", &namespace).await?;
    let key = with(json!({"name": "bench", "namespace": "bench"}));
    let key = manage(stack, "/v1/keys", &key).await?;
    let id = key.get("id").and_then(Value::as_str);
    copy(stack, id.context("the new key has no id")?, keys.all).await?;
    Ok(keys.secrets())
}

/// Writes keys like the one of that id into the ledger's database: a million of them by the
/// management API would take an hour.
async fn copy(stack: &Stack, id: &str, count: u64) -> anyhow::Result<()> {
    let mut database = open(stack).await?;
    // `digests` is a JSON array, whose positions are the keys' numbers after the first.
    let number = "printf('%07d', $1 + digests.key)";
    let own = |column: &str, known: &[(&str, String)]| {
        let known = known.iter().find(|(name, _)| *name == column);
        known.map_or_else(|| format!("model.{column}"), |(_, value)| value.clone())
    };
    let id_of =
        |column| format!("substr(model.{column}, 1, length(model.{column}) - 7) || {number}");
    let mut statements = Vec::new();
    for (table, key, known) in [
        (
            "keys",
            "id",
            vec![
                ("id", id_of("id")),
                ("name", format!("model.name || {number}")),
            ],
        ),
        (
            "key_secrets",
            "key_id",
            vec![
                ("key_id", id_of("key_id")),
                ("digest", "digests.value".to_owned()),
            ],
        ),
    ] {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(table)
            .fetch_all(&mut database)
            .await?;
        let values: Vec<String> = columns.iter().map(|column| own(column, &known)).collect();
        statements.push(format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table} AS model, json_each($3) AS digests
            WHERE model.{key} = $2",
            columns.join(", "),
            values.join(", "),
        ));
    }
    let mut first = 0;
    while first < count {
        let end = first.saturating_add(BATCH).min(count);
        let digests: Vec<String> = (first..end)
            .map(|number| secret::digest(secret_of(number).as_bytes()).to_hex())
            .collect();
        let digests = json!(digests).to_string();
        for statement in &statements {
            let written = sqlx::query(sqlx::AssertSqlSafe(statement.clone()))
                .bind(i64::try_from(first)?)
                .bind(id)
                .bind(&digests)
                .execute(&mut database)
                .await?;
            ensure!(
                written.rows_affected() == end.saturating_sub(first),
                "{} of {} keys were written",
                written.rows_affected(),
                end.saturating_sub(first)
            );
        }
        first = end;
    }
    Ok(())
}

/// How many requests the ledger has, once it has as many as `answered` or has had the time.
pub async fn booked(stack: &Stack, answered: usize) -> anyhow::Result<usize> {
    let mut database = open(stack).await?;
    let begun = Instant::now();
    loop {
        let booked: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM events WHERE status = 200")
            .fetch_one(&mut database)
            .await?;
        let booked = usize::try_from(booked)?;
        if booked >= answered || begun.elapsed() > PATIENCE {
            return Ok(booked);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

async fn open(stack: &Stack) -> anyhow::Result<SqliteConnection> {
    let options: SqliteConnectOptions = stack.database_url().parse()?;
    let options = options.busy_timeout(Duration::from_secs(60));
    options.connect().await.context("cannot open the ledger")
}

async fn manage(stack: &Stack, path: &str, body: &Value) -> anyhow::Result<Value> {
    let service = stack.service_url().context("there is no service")?;
    let answer = paddock_local::client()?
        .build()?
        .post(format!("{service}{path}"))
        .bearer_auth(stack.admin_key())
        .json(body)
        .send()
        .await?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("POST {path} was answered with {status}: {text}");
    }
    Ok(serde_json::from_str(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_form_of_the_services() {
        let keys = Keys { all: 3, in_use: 2 };
        let secrets = keys.secrets();
        assert_eq!(secrets.len(), 2);
        assert_ne!(secrets[0], secrets[1]);
        for secret in secrets.iter() {
            assert_eq!(secret.len(), secrets[0].len());
            assert_eq!(secret::form(secret.as_bytes()), secret::Form::Valid);
        }
    }
}
