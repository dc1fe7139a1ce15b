//! Databases from before sums were in the order of time, spend was by day alone, latencies were
//! histograms, and PostgreSQL compared texts byte by byte.

use crate::support::{Backend, taken_over};
use paddock_ledger::rules::housekeeping::keep;
use paddock_ledger::store::latencies::Counts;
use paddock_ledger::store::{Args, Tx};

const DAY: u64 = 86_400;

/// What the service of that time would have booked: two keys of two organizations, forty days until
/// `today`.
fn history(today: u64) -> Vec<String> {
    let mut statements = Vec::new();
    for day in 0..40 {
        let start = today - day * DAY;
        for (key, namespace, organization) in
            [("key_1", "web", "acme"), ("Key_2", "Web-2", "other")]
        {
            for (granularity, starts) in [(DAY, 1), (3_600, 2), (60, 3)] {
                for n in 0..starts {
                    let at = start + n * granularity;
                    statements.push(format!(
                        "INSERT INTO rollups (granularity, key_id, starts_at, model, namespace,
                            organization, requests, input_tokens, cached_input_tokens,
                            cache_write_tokens, output_tokens, reasoning_tokens, cost, latency_ms)
                        VALUES ({granularity}, '{key}', {at}, 'm', '{namespace}', '{organization}',
                            {}, 1, 2, 3, 4, 5, 6, 7)",
                        6 / starts
                    ));
                }
            }
            statements.push(format!(
                "INSERT INTO user_rollups (namespace, starts_at, end_user, model, organization,
                    requests, tokens, cost)
                VALUES ('{namespace}', {start}, 'ann', 'm', '{organization}', 6, 60, 600)"
            ));
        }
    }
    for (period, start, amount) in [
        ("monthly", today - 14 * DAY, 9),
        ("daily", today - DAY, 5),
        ("daily", today, 4),
    ] {
        statements.push(format!(
            "INSERT INTO spend VALUES ('namespace:web', '{period}', {start}, {amount})"
        ));
    }
    for (bucket, requests) in [(7, 2), (31, 3)] {
        statements.push(format!(
            "INSERT INTO latencies VALUES ({DAY}, 'web', {today}, {bucket}, {requests})"
        ));
    }
    for name in ["acme", "Zoo", "zebra"] {
        statements.push(format!(
            "INSERT INTO organizations (name, created_at, updated_at, revision)
            VALUES ('{name}', 1, 1, 1)"
        ));
    }
    statements
}

async fn is_taken_over(backend: Backend) {
    // The other one keeps the database's folder.
    let [app, _other] = taken_over(backend, 23, |now| history(now / DAY * DAY)).await;
    let sums = async |table: &str| {
        let mut tx = app.app.store.read().await.unwrap();
        let sql = format!(
            "SELECT granularity, COUNT(*), CAST(SUM(requests) AS BIGINT) FROM {table}
            GROUP BY granularity ORDER BY granularity"
        );
        tx.all::<(i64, i64, i64)>(sql, Args::new()).await.unwrap()
    };
    let (minutes, hours, days) = ((60, 240, 480), (3_600, 160, 480), (86_400, 80, 480));
    assert_eq!(sums("rollups").await, [minutes, hours, days]);
    assert_eq!(sums("user_rollups").await, [days]);
    let report = async |query: &str| {
        let path = format!("/v1/cost-attribution?period=all&{query}");
        app.get(&path).await.expect(200)
    };
    let queries = [
        "group_by=team",
        "group_by=user&organization=acme",
        "group_by=key&namespace=Web-2",
    ];
    let mut before = Vec::new();
    for query in queries {
        before.push(report(query).await);
    }
    assert_eq!(before[0]["web"]["request_count"], 240);
    assert_eq!(before[1]["ann"]["request_count"], 240);
    assert_eq!(before[2]["Key_2"]["request_count"], 240);
    let kept = keep(
        &app.app.store,
        &app.app.config.terms,
        app.app.config.audit_retention,
        app.now(),
    )
    .await;
    // From 2026-02-01 to 2026-03-12: eight of five days and three of fifteen.
    assert_eq!(kept.unwrap().made_blocks, 11);
    let blocks: Vec<(i64, i64)> = sums("user_rollups")
        .await
        .into_iter()
        .map(|(granularity, rows, _)| (granularity, rows))
        .collect();
    assert_eq!(blocks, [(86_400, 80), (432_000, 16), (1_296_000, 6)]);
    for (query, before) in queries.into_iter().zip(before) {
        assert_eq!(report(query).await, before, "{query}");
    }
    let mut tx = app.app.store.read().await.unwrap();
    spend_latencies_and_order_are_those_of_today(&mut tx).await;
    let sql = "SELECT COUNT(*), CAST(SUM(requests) AS BIGINT) FROM peaks";
    let peaks: (i64, i64) = tx.one(sql, Args::new()).await.unwrap();
    assert_eq!(peaks, (74, 148), "of the minutes that went");
}

async fn spend_latencies_and_order_are_those_of_today(tx: &mut Tx) {
    let sql = "SELECT period, amount FROM spend ORDER BY starts_at";
    let spend: Vec<(String, i64)> = tx.all(sql, Args::new()).await.unwrap();
    let day = |amount| ("daily".to_owned(), amount);
    assert_eq!(spend, [day(5), day(4)], "a month is the sum of its days");
    let sql = "SELECT namespace, counts FROM latencies";
    let (namespace, counts): (String, String) = tx.one(sql, Args::new()).await.unwrap();
    let counts: Counts = serde_json::from_str(&counts).unwrap();
    assert_eq!(
        (namespace.as_str(), counts),
        ("web", Counts::from([(7, 2), (31, 3)]))
    );
    let sql = "SELECT name FROM organizations WHERE name IN ('acme', 'Zoo', 'zebra') ORDER BY name";
    let names: Vec<(String,)> = tx.all(sql, Args::new()).await.unwrap();
    let names: Vec<&str> = names.iter().map(|(name,)| name.as_str()).collect();
    assert_eq!(names, ["Zoo", "acme", "zebra"], "byte by byte");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_of_sqlite_are_taken_over() {
    is_taken_over(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_of_postgresql_are_taken_over() {
    is_taken_over(Backend::Postgres).await;
}
