//! The ledger's days: made ahead, filled, moved into and dropped, on PostgreSQL; and databases from
//! before there were any.

use crate::support::{Backend, Event, Gateway, TestApp};
use paddock_ledger::rules::housekeeping::{HousekeepingReport, keep};
use paddock_ledger::rules::verification::verify;
use paddock_ledger::store::latencies::Counts;
use paddock_ledger::store::{Args, Store};
use paddock_server::config::PolicyOptions;
use serde_json::{Value, json};
use sqlx::migrate::{Migration, Migrator};
use std::path::Path;

const DAY: u64 = 86_400;

async fn round(app: &TestApp) -> HousekeepingReport {
    keep(
        &app.app.store,
        &app.app.config.terms,
        app.app.config.audit_retention,
        app.now(),
    )
    .await
    .unwrap()
}

async fn rows<T: paddock_ledger::store::Row>(app: &TestApp, sql: &str) -> Vec<T> {
    let mut tx = app.app.store.read().await.unwrap();
    tx.all(sql.to_owned(), Args::new()).await.unwrap()
}

/// In which partition each event is, oldest first.
async fn places(app: &TestApp) -> Vec<String> {
    let sql = "SELECT tableoid::regclass::TEXT FROM events ORDER BY id";
    let rows: Vec<(String,)> = rows(app, sql).await;
    rows.into_iter().map(|(place,)| place).collect()
}

async fn call(app: &TestApp, gateway: &Gateway) -> Value {
    let event = gateway.event(
        app,
        Event {
            cost: 5,
            ..Event::default()
        },
    );
    gateway
        .sync(app, 0, std::slice::from_ref(&event), json!([]))
        .await;
    event
}

async fn is_whole(app: &TestApp) {
    let report = app.get("/v1/audit/verify").await.expect(200);
    assert_eq!(report["valid"], true, "{report:#}");
    let mut differences = Vec::new();
    let mut tell = |difference| differences.push(difference);
    verify(&app.app.store, &mut tell).await.unwrap();
    assert_eq!(differences, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_day_has_a_partition_and_is_dropped_with_it() {
    let app = TestApp::start(Backend::Postgres).await;
    let options = PolicyOptions {
        audit_retention_days: Some(32),
        ..PolicyOptions::default()
    };
    let app = &app.replica(options).await;
    let gateway = Gateway::new("one", 1);
    let first = call(app, &gateway).await;
    assert_eq!(places(app).await, ["events_20260315"]);
    // So far ahead that nobody has made the day's partition.
    app.advance(20 * DAY);
    let second = call(app, &gateway).await;
    assert_eq!(places(app).await, ["events_20260315", "events_other"]);
    is_whole(app).await;
    round(app).await;
    let places_now = ["events_20260315", "events_20260404"];
    assert_eq!(places(app).await, places_now);
    is_whole(app).await;
    // What was booked is known wherever it is.
    gateway.sync(app, 0, &[first, second], json!([])).await;
    assert_eq!(places(app).await, places_now);
    app.advance(13 * DAY);
    let kept = round(app).await;
    assert_eq!((kept.dropped_entries, kept.deleted_events), (1, 0));
    assert!(kept.dropped_days >= 1, "{kept:?}");
    assert_eq!(places(app).await, ["events_20260404"]);
    let old = "SELECT to_regclass('events_20260315')::TEXT";
    assert_eq!(rows::<(Option<String>,)>(app, old).await, [(None,)]);
    is_whole(app).await;
    assert_eq!(round(app).await.dropped_days, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_stays_as_long_as_a_segment_has_calls_of_it() {
    let app = TestApp::start(Backend::Postgres).await;
    let options = PolicyOptions {
        audit_retention_days: Some(40),
        ..PolicyOptions::default()
    };
    let app = &app.replica(options).await;
    let gateway = Gateway::new("one", 1);
    let late = gateway.event(
        app,
        Event {
            cost: 5,
            ..Event::default()
        },
    );
    call(app, &gateway).await;
    app.advance(30 * DAY);
    gateway.sync(app, 0, &[late], json!([])).await;
    app.advance(11 * DAY);
    let kept = round(app).await;
    assert_eq!((kept.dropped_entries, places(app).await.len()), (1, 2));
    is_whole(app).await;
    app.advance(30 * DAY);
    assert_eq!(round(app).await.dropped_entries, 1);
    assert_eq!(places(app).await.len(), 0);
    is_whole(app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_make_partitions_at_once_while_gateways_report() {
    let app = TestApp::start(Backend::Postgres).await;
    app.advance(40 * DAY);
    let gateways: Vec<Gateway> = (0..3).map(|n| Gateway::new(&format!("g{n}"), n)).collect();
    let replicas = async {
        tokio::join!(
            app.replica(PolicyOptions::default()),
            app.replica(PolicyOptions::default()),
            app.replica(PolicyOptions::default())
        )
    };
    let calls = async {
        for gateway in &gateways {
            for _ in 0..10 {
                call(&app, gateway).await;
            }
        }
    };
    tokio::join!(replicas, calls);
    round(&app).await;
    assert_eq!(places(&app).await, vec!["events_20260424"; 30]);
    let days = "SELECT relname::TEXT FROM pg_class WHERE relname ~ '^events_2026[0-9]+$'";
    assert_eq!(rows::<(String,)>(&app, days).await.len(), 18, "each once");
    is_whole(&app).await;
}

/// A database as it was before there were partitions, with a call of two days ago and one of a day that
/// is to come.
async fn old_database(app: &TestApp) -> String {
    let (server, host) = app.url.split_once('?').unwrap();
    let name = format!("{}_old", server.rsplit_once('/').unwrap().1);
    let url = format!("{server}_old?{host}");
    let pool = sqlx::PgPool::connect(&app.url).await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(sql).execute(&pool).await.unwrap();
    pool.close().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/migrations");
    let all = Migrator::new(folder).await.unwrap();
    let old: Vec<Migration> = all.iter().filter(|one| one.version < 18).cloned().collect();
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    Migrator::with_migrations(old).run(&pool).await.unwrap();
    for (id, batch) in [
        ("00000000-0000-7000-8000-000000000001", 1),
        ("ffffffff-0000-7000-8000-000000000001", 2),
    ] {
        let sql = format!(
            "INSERT INTO events VALUES ('{id}', 'one', 5, 1, 'key_1', 'team', 'default', NULL, 'm', 'm',
            '/', FALSE, 200, 'complete', FALSE, 1, 0, 0, 0, 1, 0, 5, '[]', '', '', '', FALSE, NULL, {batch})"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&pool)
            .await
            .unwrap();
    }
    for namespace in ["a", "b"] {
        for key in ["key_1", "key_2"] {
            let sql = format!(
                "INSERT INTO latencies VALUES (3600, '{namespace}', 0, '{key}', 'm', 7, 3)"
            );
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(&pool)
                .await
                .unwrap();
        }
    }
    pool.close().await;
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_from_before_is_taken_over_by_two_replicas_at_once() {
    let app = TestApp::start(Backend::Postgres).await;
    let url = old_database(&app).await;
    let (one, two) = tokio::join!(Store::open(&url), Store::open(&url));
    let (one, _) = (one.unwrap(), two.unwrap());
    let mut tx = one.read().await.unwrap();
    let sql = "SELECT tableoid::regclass::TEXT FROM events ORDER BY id";
    let places: Vec<(String,)> = tx.all(sql, Args::new()).await.unwrap();
    let places: Vec<&str> = places.iter().map(|(place,)| place.as_str()).collect();
    assert_eq!(places, ["events_before", "events_other"]);
    let sql = "SELECT namespace, counts FROM latencies ORDER BY namespace";
    let sums: Vec<(String, String)> = tx.all(sql, Args::new()).await.unwrap();
    let counts = |(namespace, text): &(String, String)| {
        let counts: Counts = serde_json::from_str(text).unwrap();
        (namespace.clone(), counts)
    };
    let sums: Vec<(String, Counts)> = sums.iter().map(counts).collect();
    let expected = Counts::from([(7, 6)]);
    assert_eq!(
        sums,
        [
            ("a".to_owned(), expected.clone()),
            ("b".to_owned(), expected)
        ]
    );
    drop(tx);
    assert!(one.is_ready().await.unwrap());
}
