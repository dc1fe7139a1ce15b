//! Costs by tag: each call has the tags that its key and namespace had when it was made.

use crate::support::{Backend, Event, Gateway, TestApp, on_both_databases, taken_over};
use paddock_ledger::rules::housekeeping::keep;
use paddock_ledger::rules::verification;
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;
const DAY: u64 = 86_400;

async fn differences(app: &TestApp) -> Vec<String> {
    let mut found = Vec::new();
    let tell = &mut |difference: verification::Difference| found.push(difference.to_string());
    verification::verify(&app.app.store, tell).await.unwrap();
    found
}

async fn run(app: &TestApp, sql: &str) {
    let mut tx = app.app.store.write().await.unwrap();
    tx.execute(sql.to_owned(), Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Dollars by tag in a period.
async fn by_tag(app: &TestApp, query: &str) -> Value {
    let path = format!("/v1/cost-attribution?group_by=tag&{query}");
    let groups = app.get(&path).await.expect(200);
    let groups = groups.as_object().unwrap().iter();
    groups
        .map(|(tag, cost)| (tag.clone(), cost["total"].clone()))
        .collect()
}

async fn round(app: &TestApp) -> u64 {
    let config = &app.app.config;
    let kept = keep(
        &app.app.store,
        &config.terms,
        config.audit_retention,
        app.now(),
    );
    kept.await.unwrap().made_blocks
}

on_both_databases! {
    async fn changing_tags_changes_no_past_bill(app) {
        app.set_time("2026-02-10T10:00:00Z");
        app.post("/v1/namespaces", json!({ "name": "team", "tags": { "center": "a" } })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team", "tags": ["red"] })).await;
        let id = key["id"].as_str().unwrap();
        let gateway = Gateway::new("one", 1);
        let event = |cost| gateway.event(app, Event { key: id, cost, ..Event::default() });
        gateway.sync(app, 0, &[event(CENT)], json!([])).await;
        let late = event(2 * CENT);
        app.advance(10);
        app.patch("/v1/namespaces/team", json!({ "tags": { "center": "b" } })).await.expect(200);
        app.patch(&format!("/v1/keys/{id}"), json!({ "tags": ["blue", "center:b"] })).await.expect(200);
        // A call of before that is booked now, and one of now.
        gateway.sync(app, 0, &[late, event(4 * CENT)], json!([])).await;
        app.advance(10);
        app.patch("/v1/namespaces/team", json!({ "tags": null })).await.expect(200);
        app.patch(&format!("/v1/keys/{id}"), json!({ "tags": null })).await.expect(200);
        gateway.sync(app, 0, &[event(8 * CENT)], json!([])).await;
        let expected = json!({
            "red": 0.03, "center:a": 0.03, "blue": 0.04, "center:b": 0.04, "(none)": 0.08,
        });
        assert_eq!(by_tag(app, "").await, expected);
        assert_eq!(differences(app).await, [""; 0]);
        // Neither a deletion, nor a namespace of the same name, nor blocks of days change it.
        app.delete(&format!("/v1/keys/{id}")).await.expect(200);
        app.delete("/v1/namespaces/team").await.expect(200);
        app.set_time("2026-03-15T10:00:00Z");
        app.post("/v1/namespaces", json!({ "name": "team", "tags": ["new"] })).await.expect(201);
        assert!(round(app).await > 0);
        assert_eq!(by_tag(app, "period=previous_month").await, expected);
        assert_eq!(by_tag(app, "period=all&namespace=team&organization=default").await, expected);
        gateway.sync(app, 0, &[event(16 * CENT)], json!([])).await;
        assert_eq!(by_tag(app, "").await, json!({ "new": 0.16 }));
        assert_eq!(differences(app).await, [""; 0]);
    }

    async fn a_correction_has_the_tags_of_its_call(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "tags": ["old"] })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event { cost: 5 * CENT, ..Event::default() });
        gateway.sync(app, 0, std::slice::from_ref(&event), json!([])).await;
        app.advance(10);
        app.patch("/v1/namespaces/team", json!({ "tags": ["new"] })).await.expect(200);
        let correct = |reference: &str, field: &str, value: &Value| {
            json!({ field: value, "amount_usd": -0.02, "reason": "r", "reference": reference })
        };
        app.post("/v1/corrections", correct("a", "event_id", &event["id"])).await.expect(201);
        app.post("/v1/corrections", correct("b", "namespace", &json!("team"))).await.expect(201);
        assert_eq!(by_tag(app, "").await, json!({ "old": 0.03, "new": -0.02 }));
        assert_eq!(differences(app).await, [""; 0]);
    }

    async fn tags_that_were_altered_are_found(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "tags": ["red"] })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event { cost: CENT, ..Event::default() });
        gateway.sync(app, 0, &[event], json!([])).await;
        assert_eq!(differences(app).await, [""; 0]);
        for (sql, back) in [
            ("UPDATE tag_sets SET namespace_tags = '[\"blue\"]'", "UPDATE tag_sets SET namespace_tags = '[\"red\"]'"),
            ("UPDATE tag_rollups SET cost = cost + 1", "UPDATE tag_rollups SET cost = cost - 1"),
        ] {
            run(app, sql).await;
            let found = differences(app).await;
            assert!(found.len() == 1 && found[0].starts_with("tag "), "{sql}: {found:?}");
            run(app, back).await;
            assert_eq!(differences(app).await, [""; 0]);
        }
    }
}

/// What is booked already is under the tags of the day of the migration.
async fn is_taken_over(backend: Backend) {
    let [app, _other] = taken_over(backend, 34, |now| {
        let today = now / DAY * DAY;
        let mut statements = vec![
            "INSERT INTO organizations (name, created_at, updated_at, revision) VALUES ('acme', 1, 1, 1)".to_owned(),
            "INSERT INTO namespaces (name, organization, priority, unknown_price, failure_mode, enabled,
                tags, created_at, updated_at, revision)
            VALUES ('web', 'acme', 'standard', 'refuse', 'closed', TRUE, '{\"center\":\"a\"}', 1, 1, 1)".to_owned(),
            "INSERT INTO retired_keys (id, name, namespace, tags, retired_at)
            VALUES ('key_1', 'k', 'web', '[\"red\"]', 1)".to_owned(),
        ];
        for (key, day) in [("key_1", today), ("key_2", today - 40 * DAY), ("key_3", today)] {
            let namespace = if key == "key_3" { "gone" } else { "web" };
            for granularity in [DAY, 3_600] {
                statements.push(format!(
                    "INSERT INTO rollups (granularity, starts_at, namespace, key_id, model, organization,
                        requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
                        reasoning_tokens, cost, latency_ms)
                    VALUES ({granularity}, {day}, '{namespace}', '{key}', 'm', 'acme', 1, 1, 2, 3, 4, 5, {CENT}, 7)"
                ));
            }
        }
        statements
    })
    .await;
    assert_eq!(
        by_tag(&app, "period=all").await,
        json!({ "red": 0.01, "center:a": 0.02, "(none)": 0.01 })
    );
    let path = "/v1/cost-attribution?group_by=tag&period=all";
    assert_eq!(
        app.get(path).await.expect(200)["center:a"]["tokens"],
        json!(20)
    );
    let change = json!({ "tags": { "center": "b" } });
    app.patch("/v1/namespaces/web", change).await.expect(200);
    assert!(round(&app).await > 0);
    assert_eq!(
        by_tag(&app, "period=all").await,
        json!({ "red": 0.01, "center:a": 0.02, "(none)": 0.01 })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_of_sqlite_are_taken_over() {
    is_taken_over(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_of_postgresql_are_taken_over() {
    is_taken_over(Backend::Postgres).await;
}
