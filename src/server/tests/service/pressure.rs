//! The service under pressure: what waits is bounded, nothing is lost, and policy arrives all the same.

use crate::support::{Backend, Event, GATEWAY, Gateway, TestApp, on_both_databases};
use paddock_core::secret;
use paddock_ledger::rules::verification;
use paddock_ledger::store::{Args, Store, Tx, credits};
use serde_json::{Value, json};
use std::time::Duration;

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    let mut tx = app.app.store.read().await.unwrap();
    tx.one::<(i64,)>(sql, Args::new()).await.unwrap().0
}

async fn differences(app: &TestApp) -> Vec<String> {
    let mut found = Vec::new();
    let tell = &mut |difference: verification::Difference| found.push(difference.to_string());
    verification::verify(&app.app.store, tell).await.unwrap();
    found
}

/// A transaction behind which every booking waits.
async fn in_the_way(app: &TestApp) -> Tx {
    let mut tx = app.app.store.write().await.unwrap();
    credits::wait_for_bookings(&mut tx).await.unwrap();
    tx
}

fn message(gateway: &Gateway, revision: u64, events: &[Value]) -> Value {
    json!({ "gateway": gateway.name, "revision": revision, "leases": [],
        "batch": { "number": 1, "events": events } })
}

async fn metric(app: &TestApp, line: &str) -> bool {
    let text = app.get("/metrics").await.body;
    text.as_str()
        .unwrap()
        .lines()
        .any(|metric| metric.starts_with(line))
}

on_both_databases! {
    async fn a_full_queue_refuses_loses_nothing_and_keeps_no_policy_back(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let id = key["id"].as_str().unwrap().to_owned();
        let gateways: Vec<Gateway> = (0..7).map(|n| Gateway::new(&format!("g{n}"), n)).collect();
        let first = Gateway::new("first", 9);
        let revision = first.sync(app, 0, &[], json!([])).await.changes.revision;
        let mut messages = Vec::new();
        for gateway in &gateways {
            let event = gateway.event(app, Event { cost: 5, ..Event::default() });
            messages.push(message(gateway, revision, &[event]));
        }
        app.post(&format!("/v1/keys/{id}/disable"), json!({})).await.expect(200);
        let longest = messages.iter().map(|message| message.to_string().len()).max().unwrap();
        let app = &app.impatient(4 * longest + longest / 2).await;
        let blocking = in_the_way(app).await;
        let mut full = 0;
        let call = |message: &Value| app.call(GATEWAY, "POST", "/gateway/v1/sync", message.clone());
        let mut answers = vec![call(&messages[0]).await];
        answers.extend(futures_util::future::join_all(messages[1..].iter().map(call)).await);
        for answer in answers {
            assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (503, "1"), "{}", answer.body);
            let told = answer.body["error"]["message"].as_str().unwrap();
            full += usize::from(told.starts_with("Too many"));
            // Whatever becomes of usage, the key is disabled.
            assert_eq!(answer.body["changes"]["keys"][0]["enabled"], false, "{}", answer.body["changes"]);
        }
        // One is being booked, and four wait.
        assert_eq!(full, 2);
        assert!(metric(app, "paddock_ledger_messages_refused_total 2").await);
        drop(blocking);
        for _ in 0..100 {
            if count(app, "SELECT COUNT(*) FROM events").await == 5 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for message in messages {
            let mut answer = app.call(GATEWAY, "POST", "/gateway/v1/sync", message.clone()).await;
            // It may wait for a moment on a slow machine.
            while answer.status == 503 {
                answer = app.call(GATEWAY, "POST", "/gateway/v1/sync", message.clone()).await;
            }
            assert_eq!(answer.expect(200)["acknowledged"], 1);
        }
        assert_eq!(count(app, "SELECT COUNT(*) FROM events").await, 7);
        assert_eq!(differences(app).await, [""; 0]);
    }

    async fn an_event_that_the_database_refuses_holds_up_no_other_and_no_policy(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 1 })).await.expect(201);
        let poison = match app.app.store {
            Store::Sqlite { .. } => "CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.model = 'poison'
                BEGIN SELECT RAISE(ABORT, 'poison'); END",
            Store::Postgres(_) => "ALTER TABLE events ADD CONSTRAINT poison CHECK (model <> 'poison')",
        };
        let mut tx = app.app.store.write().await.unwrap();
        tx.execute(poison.to_owned(), Args::new()).await.unwrap();
        tx.commit().await.unwrap();
        let gateway = Gateway::new("one", 1);
        let need = json!([{ "scope": "namespace:team", "amount": 5 }]);
        let lease = gateway.lend(app, need).await.leases.remove(0);
        let revision = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        app.patch("/v1/namespaces/team", json!({ "enabled": false })).await.expect(200);
        let events: Vec<Value> = (0..9)
            .map(|n| {
                let model = if n % 4 == 2 { "poison" } else { "gpt-4.1" };
                gateway.event(app, Event { model, cost: 5, leases: vec![lease.id], ..Event::default() })
            })
            .collect();
        let report = json!([{ "scope": "namespace:team", "id": lease.id, "returned": 0, "left": 0 }]);
        let answer = gateway.sync(app, revision, &events, report).await;
        assert_eq!(answer.acknowledged, Some(7));
        assert!(!answer.changes.namespaces[0].enabled);
        assert_eq!((answer.leases.len(), answer.leases[0].spent.nanos()), (1, 35));
        assert_eq!(count(app, "SELECT COUNT(*) FROM events").await, 7);
        assert_eq!(count(app, "SELECT COUNT(*) FROM rejected_events WHERE body LIKE '%poison%'").await, 2);
        for line in ["paddock_ledger_events_set_aside_total 2", "paddock_ledger_events_total 7"] {
            assert!(metric(app, line).await, "{line}");
        }
        assert_eq!(differences(app).await, [""; 0]);
        // Sent again, nothing is booked or kept twice.
        assert_eq!(gateway.sync(app, revision, &events, json!([])).await.acknowledged, Some(7));
        assert_eq!(count(app, "SELECT COUNT(*) FROM rejected_events").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gateway_gives_back_is_written_at_once() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::start(backend).await;
        let gateway = Gateway::new("one", 1);
        let mut needs = Vec::new();
        for n in 0..200 {
            let name = format!("team-{n}");
            let body = json!({ "name": name, "monthly_quota_usd": 1 });
            app.post("/v1/namespaces", body).await.expect(201);
            needs.push(json!({ "scope": format!("namespace:{name}"), "amount": 5 }));
        }
        let lent = gateway.lend(&app, json!(needs)).await.leases;
        let report = |lease: &paddock_core::wire::Lease, idle: bool| json!({ "scope": lease.scope, "id": lease.id, "returned": lease.lent, "left": 0, "idle": idle });
        // Half of them are given back and closed, the other half given back and kept; one is another's.
        let mut reports: Vec<Value> = lent
            .iter()
            .enumerate()
            .map(|(at, lease)| report(lease, at % 2 == 0))
            .collect();
        reports.push(reports[1].clone());
        let stolen = gateway.sync(&app, 0, &[], json!(reports)).await.leases;
        let mut kept: Vec<i64> = stolen.iter().map(|lease| lease.id).collect();
        kept.sort_unstable();
        kept.dedup();
        assert_eq!(kept.len(), 100);
        let open = "SELECT COUNT(*) FROM leases WHERE closed_at IS NULL AND returned = lent";
        assert_eq!(count(&app, open).await, 100);
    }
}

/// A question of a gateway that has the catalog.
fn whose(key: &str, catalog_revision: u64) -> Value {
    json!({ "key": secret::digest(key.as_bytes()), "catalog_revision": catalog_revision })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_keys_is_a_few_queries_and_holds_up_no_known_one() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::start(backend).await;
        app.post("/v1/namespaces", json!({ "name": "team" }))
            .await
            .expect(201);
        let key = app
            .make_key(json!({ "name": "k", "namespace": "team" }))
            .await;
        let gateway = Gateway::new("one", 1);
        let catalog = gateway.resolve(&app, json!({})).await.catalog.unwrap();
        // On PostgreSQL none is answered until all wait.
        let mut tx = app.app.store.write().await.unwrap();
        if matches!(backend, Backend::Postgres) {
            let lock = "LOCK TABLE key_secrets IN ACCESS EXCLUSIVE MODE";
            tx.execute(lock, Args::new()).await.unwrap();
        }
        let before = app.app.key_lookups.queries();
        let unknown: Vec<String> = (0..3_000).map(|n| format!("nobody-{n}")).collect();
        let flood = unknown
            .iter()
            .map(|key| gateway.resolve(&app, whose(key, catalog.revision)));
        let known = gateway.resolve(&app, whose(key["key"].as_str().unwrap(), catalog.revision));
        let release = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(tx);
        };
        let (flood, known, ()) =
            tokio::join!(futures_util::future::join_all(flood), known, release);
        let revision = known.revision;
        assert_eq!(known.key.unwrap().id, key["id"].as_str().unwrap());
        assert!(
            flood
                .iter()
                .all(|answer| answer.key.is_none() && answer.revision == revision)
        );
        let queries = app.app.key_lookups.queries() - before;
        match backend {
            // One that waits from the start, and the rest by the thousand.
            Backend::Postgres => assert!(queries <= 5, "{queries}"),
            Backend::Sqlite => assert!(queries <= 3_001, "{queries}"),
        }
    }
}
