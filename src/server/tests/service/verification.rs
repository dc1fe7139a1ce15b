//! What is summed up is what was booked, and whatever is not is told.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_ledger::rules::verification::{Difference, Summary, verify};
use serde_json::{Value, json};

async fn check(app: &TestApp) -> (Summary, Vec<Difference>) {
    let mut differences = Vec::new();
    let mut tell = |difference| differences.push(difference);
    let summary = verify(&app.app.store, &mut tell).await.unwrap();
    assert_eq!(
        summary.differences,
        u64::try_from(differences.len()).unwrap()
    );
    (summary, differences)
}

async fn run(app: &TestApp, sql: &str) {
    let mut tx = app.app.store.write().await.unwrap();
    tx.execute(sql.to_owned(), Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Calls of two months, two namespaces, users and nobody, shared users included: 48.
async fn life(app: &TestApp) {
    let gateway = Gateway::new("one", 1);
    for time in [
        "2026-02-28T23:59:30Z",
        "2026-03-01T00:00:10Z",
        "2026-03-15T12:34:56Z",
    ] {
        app.set_time(time);
        let mut events: Vec<Value> = Vec::new();
        for n in 0..16 {
            let event = Event {
                key: ["key_1", "key_2"][n % 2],
                namespace: ["team", "other"][n / 8],
                model: ["gpt-4.1", "free"][n / 2 % 2],
                cost: if n / 2 % 2 == 0 { 12_345 } else { 0 },
                duration_ms: 10 + 100 * u64::try_from(n).unwrap(),
                ..Event::default()
            };
            let mut event = gateway.event(app, event);
            if n % 3 == 0 {
                event["user"] = json!(["bob", "x\ny"][n % 2]);
                event["user_shared"] = json!(n % 2 == 1);
            }
            events.push(event);
        }
        gateway.sync(app, 0, &events, json!([])).await;
        gateway.sync(app, 0, &events[3..], json!([])).await;
    }
}

on_both_databases! {
    async fn sums_are_those_of_the_events(app) {
        assert_eq!(check(app).await, (Summary::default(), Vec::new()));
        life(app).await;
        let (summary, differences) = check(app).await;
        assert_eq!(differences, []);
        assert_eq!((summary.days, summary.events), (3, 48));
    }

    async fn the_command_says_what_is_wrong_and_whether_all_is_right(app) {
        life(app).await;
        let report = async || {
            let mut text = Vec::new();
            let is_right = paddock_server::verify::report(&app.app.store, &mut text).await.unwrap();
            (is_right, String::from_utf8(text).unwrap())
        };
        let (is_right, text) = report().await;
        assert!(is_right && text.contains("sums: 48 calls of 3 days, 0 differences"), "{text}");
        assert!(text.contains("audit of default: 48 entries, 0 problems; head 6 "), "{text}");
        run(app, "UPDATE spend SET amount = 7 WHERE scope = 'user:team/bob' AND period = 'daily'").await;
        let (is_right, text) = report().await;
        assert!(!is_right && text.contains("spend user:team/bob 2026-03-15T00:00:00Z: is 7, the events say"), "{text}");
        run(app, "DELETE FROM audit_segments WHERE sequence = 2").await;
        assert!(report().await.1.contains("audit of default, segment 2: the segments 2 to 2 are gone"));
        let missing = "/nowhere/paddock.db";
        assert!(paddock_ledger::store::Store::open_existing(missing).await.is_err());
    }

    async fn every_difference_is_told(app) {
        life(app).await;
        let tables = ["rollups", "latencies", "spend", "user_rollups"];
        for table in tables {
            run(app, &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        let one = "(SELECT MAX(starts_at) FROM rollups WHERE granularity = 60)";
        let hour = "(SELECT MAX(starts_at) FROM rollups WHERE granularity = 3600)";
        for (sql, kind, expected) in [
            (format!("UPDATE rollups SET requests = requests + 1 WHERE granularity = 60 AND starts_at = {one}"), "rollup", 8),
            (format!("UPDATE rollups SET cost = cost - 1 WHERE granularity = 3600 AND starts_at = {hour} AND key_id = 'key_1'"), "rollup", 4),
            ("UPDATE rollups SET reasoning_tokens = 0 WHERE granularity = 86400 AND model = 'free' AND key_id = 'key_2' AND namespace = 'team'".to_owned(), "rollup", 3),
            (format!("DELETE FROM rollups WHERE granularity = 60 AND starts_at = {one} AND key_id = 'key_1' AND namespace = 'team'"), "rollup", 2),
            ("DELETE FROM rollups WHERE granularity = 3600 AND key_id = 'key_1' AND namespace = 'team'".to_owned(), "rollup", 12),
            ("INSERT INTO rollups SELECT 60, 0, namespace, 'stray', model, organization, requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost, latency_ms FROM rollups WHERE granularity = 86400 AND starts_at = (SELECT MIN(starts_at) FROM rollups WHERE granularity = 86400) AND key_id = 'key_1' AND namespace = 'team' AND model = 'free'".to_owned(), "rollup", 1),
            ("UPDATE latencies SET counts = REPLACE(counts, '\"13\":1', '\"13\":2') WHERE granularity = 3600".to_owned(), "latency", 3),
            ("DELETE FROM user_rollups WHERE model = 'free' AND namespace = 'other'".to_owned(), "user", 3),
            ("DELETE FROM spend WHERE scope = 'user:team/bob'".to_owned(), "spend", 3),
            ("INSERT INTO spend VALUES ('key:nobody', 'daily', 1773532800, 5)".to_owned(), "spend", 1),
            ("UPDATE spend SET amount = amount - 1 WHERE scope = 'organization:default' AND period = 'daily'".to_owned(), "spend", 3),
        ] {
            run(app, &sql).await;
            let (_, differences) = check(app).await;
            assert_eq!(differences.len(), expected, "{sql}: {differences:#?}");
            assert!(differences.iter().any(|difference| difference.kind == kind), "{sql}");
            assert!(differences[0].to_string().contains("the events say"));
            for table in tables {
                run(app, &format!("DELETE FROM {table}")).await;
                run(app, &format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
            }
            assert_eq!(check(app).await.1, []);
        }
        run(app, "DELETE FROM events WHERE id = (SELECT MIN(id) FROM events)").await;
        assert!(!check(app).await.1.is_empty());
    }
}
