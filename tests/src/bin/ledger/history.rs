//! The sums of many events over ninety days, put straight into the tables: what reports are made of.

use crate::population::{Key, MODELS, Population};
use crate::server::{Kind, Server};
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far back they go.
pub const DAYS: u64 = 90;
const DAY: u64 = 86_400;
/// Minutes are kept this long, and latencies by hours: see `domain/housekeeping/sums.rs`.
const DAYS_OF_MINUTES: u64 = 2;
const DAYS_OF_LATENCIES: u64 = 8;

/// How many rows there were made.
#[derive(Debug, Default)]
pub struct Made {
    /// Of `rollups`.
    pub rollups: u64,
    /// Of all other tables.
    pub others: u64,
}

/// Fills the tables with what `events` events would have left, spread evenly.
pub async fn fill(
    server: &Server,
    population: &Population,
    keys: &[Key],
    events: u64,
) -> anyhow::Result<Made> {
    let pool = Pool::open(server).await?;
    let today = today()?;
    let mut list = String::new();
    for (number, key) in keys.iter().enumerate() {
        let separator = if number == 0 { "" } else { ", " };
        let namespace = Population::namespace(key.namespace);
        let organization = population.organization(key.namespace);
        write!(
            list,
            "{separator}('{}', '{namespace}', '{organization}', {number})",
            key.id
        )?;
    }
    pool.run("CREATE TABLE bench_keys (key_id TEXT, namespace TEXT, organization TEXT, n BIGINT)")
        .await?;
    pool.run(&format!("INSERT INTO bench_keys VALUES {list}"))
        .await?;
    pool.run("CREATE TABLE bench_models (model TEXT, n BIGINT)")
        .await?;
    for (number, model) in MODELS.iter().enumerate() {
        pool.run(&format!(
            "INSERT INTO bench_models VALUES ('{model}', {number})"
        ))
        .await?;
    }
    let mut made = Made::default();
    let pairs = u64::try_from(keys.len())? * 2;
    let a_day = events / (pairs * DAYS).max(1);
    for (granularity, days, each) in [
        (DAY, DAYS, a_day),
        (3_600, DAYS, a_day / 24),
        (60, DAYS_OF_MINUTES, a_day / 1_440),
    ] {
        // Where a key is not used every minute its minutes are fewer.
        let every = if granularity == 60 {
            (1_440 / a_day.max(1)).max(1)
        } else {
            1
        };
        for day in 0..days {
            let start = today - day * DAY;
            let sql = format!(
                "INSERT INTO rollups (granularity, key_id, starts_at, model, namespace,
                    organization, requests, input_tokens, cached_input_tokens, cache_write_tokens,
                    output_tokens, reasoning_tokens, cost, latency_ms)
                {} SELECT {granularity}, k.key_id, {start} + s.n * {granularity}, m.model,
                    k.namespace, k.organization, r.n, r.n * 900, r.n * 100, 0, r.n * 300, 0,
                    r.n * 800000, r.n * 1500
                FROM bench_keys AS k CROSS JOIN bench_models AS m CROSS JOIN steps AS s
                    CROSS JOIN (SELECT {} AS n) AS r
                WHERE (m.n = k.n % 8 OR m.n = (k.n + 1) % 8) AND (s.n + k.n) % {every} = 0",
                steps(DAY / granularity),
                each.max(1),
            );
            made.rollups += pool.run(&sql).await?;
        }
    }
    let counts: Vec<String> = (20..40).map(|bucket| format!(r#""{bucket}":50"#)).collect();
    let counts = format!("{{{}}}", counts.join(","));
    for (granularity, days) in [(DAY, DAYS), (3_600, DAYS_OF_LATENCIES)] {
        for day in 0..days {
            let start = today - day * DAY;
            let sql = format!(
                "INSERT INTO latencies (granularity, namespace, starts_at, counts)
                {} SELECT {granularity}, k.namespace, {start} + s.n * {granularity}, '{counts}'
                FROM (SELECT DISTINCT namespace FROM bench_keys) AS k CROSS JOIN steps AS s",
                steps(DAY / granularity)
            );
            made.others += pool.run(&sql).await?;
        }
    }
    let users = population.users;
    for day in 0..DAYS {
        let start = today - day * DAY;
        let sql = format!(
            "INSERT INTO user_rollups (granularity, namespace, starts_at, end_user, model,
                organization, requests, tokens, cost)
            {} SELECT {DAY}, k.namespace, {start}, 'user-' || CAST(s.n AS TEXT) || '@example.com',
                m.model, k.organization, 10, 12000, 8000000
            FROM (SELECT DISTINCT namespace, organization FROM bench_keys) AS k
                CROSS JOIN bench_models AS m CROSS JOIN steps AS s
            WHERE m.n = s.n % 8 OR m.n = (s.n + 1) % 8",
            steps(users)
        );
        made.others += pool.run(&sql).await?;
        let sql = format!(
            "INSERT INTO peaks (key_id, starts_at, requests, tokens)
            SELECT key_id, {start}, 12, 15000 FROM bench_keys"
        );
        made.others += pool.run(&sql).await?;
    }
    made.others += seal(&pool, today).await?;
    pool.run("DROP TABLE bench_keys").await?;
    pool.run("DROP TABLE bench_models").await?;
    pool.run("ANALYZE").await?;
    pool.close().await;
    Ok(made)
}

/// Sums days up to blocks as housekeeping does, of which the service had nothing to make yet: see
/// `domain/housekeeping/blocks.rs`.
async fn seal(pool: &Pool, today: u64) -> anyhow::Result<u64> {
    let sealed = today - today % (5 * DAY);
    pool.run(&format!("UPDATE blocks SET sealed_until = {sealed}"))
        .await?;
    let mut made = 0;
    for length in [5 * DAY, 15 * DAY] {
        let (start, end) = (
            format!("starts_at / {length} * {length}"),
            sealed - sealed % length,
        );
        let first = today - DAYS * DAY;
        for (table, groups, sums) in [
            (
                "rollups",
                "namespace, key_id, model, organization",
                "requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, \
                    reasoning_tokens, cost, latency_ms",
            ),
            (
                "user_rollups",
                "namespace, end_user, model, organization",
                "requests, tokens, cost",
            ),
        ] {
            let totals: Vec<String> = sums
                .split(", ")
                .map(|sum| format!("SUM({})", sum.trim()))
                .collect();
            let sql = format!(
                "INSERT INTO {table} (granularity, starts_at, {groups}, {sums})
                SELECT {length}, {start}, {groups}, {} FROM {table}
                WHERE granularity = {DAY} AND starts_at >= {first} AND starts_at < {end}
                GROUP BY {start}, {groups} ORDER BY {start}, {groups}",
                totals.join(", ")
            );
            made += pool.run(&sql).await?;
        }
    }
    Ok(made)
}

/// Whole numbers from 0, as the table `steps`.
fn steps(count: u64) -> String {
    format!(
        "WITH RECURSIVE steps AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM steps WHERE n < {})",
        count.saturating_sub(1)
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is filled in is of the last days"
)]
fn today() -> anyhow::Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(now - now % DAY)
}

enum Pool {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

impl Pool {
    async fn open(server: &Server) -> anyhow::Result<Pool> {
        let url = &server.database_url;
        Ok(match server.kind {
            Kind::Sqlite => {
                let options: sqlx::sqlite::SqliteConnectOptions = url.parse()?;
                let options = options.busy_timeout(Duration::from_secs(60));
                let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
                Pool::Sqlite(pool.connect_with(options).await?)
            }
            Kind::Postgres => Pool::Postgres(sqlx::PgPool::connect(url).await?),
        })
    }

    async fn run(&self, sql: &str) -> anyhow::Result<u64> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        let done = match self {
            Pool::Sqlite(pool) => query.execute(pool).await.map(|done| done.rows_affected()),
            Pool::Postgres(pool) => query.execute(pool).await.map(|done| done.rows_affected()),
        };
        done.with_context(|| sql.chars().take(80).collect::<String>())
    }

    async fn close(self) {
        match self {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}
