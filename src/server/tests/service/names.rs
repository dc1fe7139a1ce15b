//! Names are not used again: whose a name was, theirs is what was used under it.

use crate::support::{Answer, Event, Gateway, TestApp, on_both_databases, taken_over};
use paddock_ledger::store::Store;
use serde_json::{Value, json};

async fn admin_of(app: &TestApp, organization: &str) -> String {
    let namespace = format!("{organization}-home");
    let body = json!({ "name": namespace, "organization": organization });
    app.post("/v1/namespaces", body).await.expect(201);
    let key = json!({ "name": "admin", "namespace": namespace, "role": "admin" });
    app.make_key(key).await["key"].as_str().unwrap().to_owned()
}

async fn make(app: &TestApp, key: &str, name: &str) -> Answer {
    app.call(
        key,
        "POST",
        "/v1/namespaces",
        json!({ "name": name, "monthly_quota_usd": 10 }),
    )
    .await
}

on_both_databases! {
    async fn a_deleted_namespaces_name_stays_its_organizations(app) {
        let (x, y) = (admin_of(app, "x").await, admin_of(app, "y").await);
        make(app, &x, "reuse").await.expect(201);
        let key = app.make_key(json!({ "name": "old", "namespace": "reuse" })).await;
        let gateway = Gateway::new("one", 1);
        let mut event = gateway.event(app, Event {
            key: key["id"].as_str().unwrap(), namespace: "reuse", cost: 42_500, ..Event::default()
        });
        event["organization"] = json!("x");
        event["user"] = json!("secretuser");
        gateway.sync(app, 0, &[event], json!([])).await;
        app.call(&x, "DELETE", "/v1/namespaces/reuse", Value::Null).await.expect(200);

        let refused = make(app, &y, "reuse").await.expect(409);
        assert_eq!(refused["error"]["code"], "already_exists");
        app.post("/v1/namespaces", json!({ "name": "reuse", "organization": "y" })).await.expect(409);
        for path in ["/v1/namespaces/reuse/usage?period=all", "/v1/team/usage?namespace=reuse"] {
            let told = app.call(&y, "GET", path, Value::Null).await;
            assert!(!told.body.to_string().contains("secretuser") && told.status != 200, "{:#}", told.body);
        }
        // A key without a namespace gets one of another name.
        let made = app.call(&y, "POST", "/v1/keys", json!({ "name": "reuse" })).await.expect(201);
        assert_eq!(made["namespace"], "reuse-2");
        // Its own organization may have it again, with what it spent: a cap is not evaded by deletion.
        make(app, &x, "reuse").await.expect(201);
        let usage = app.call(&x, "GET", "/v1/namespaces/reuse/usage?period=all", Value::Null).await;
        let usage = usage.expect(200);
        assert_eq!((&usage["request_count"], &usage["total_spent"]), (&json!(1), &json!(0.0000425)));
    }

    async fn a_deleted_organizations_name_is_nobodys(app) {
        admin_of(app, "gone").await;
        app.delete("/v1/namespaces/gone-home").await.expect(200);
        app.delete("/v1/organizations/gone").await.expect(200);
        app.post("/v1/organizations", json!({ "name": "gone" })).await.expect(409);
        let refused = app.post("/v1/namespaces", json!({ "name": "n", "organization": "gone" })).await;
        let message = refused.expect(409)["error"]["message"].to_string();
        assert!(message.contains("was deleted"), "{message}");
        app.get("/v1/namespaces/n").await.expect(404);
    }

    async fn names_of_before_are_whose_they_were(app) {
        let backend = match app.app.store {
            Store::Sqlite { .. } => Backend::Sqlite,
            Store::Postgres(_) => Backend::Postgres,
        };
        let [app, _first] = taken_over(backend, 29, |second| {
            let day = second / 86_400 * 86_400;
            let rollup = |name: &str, organization: &str, day: u64| format!(
                "INSERT INTO rollups (granularity, starts_at, namespace, key_id, model, organization,
                    requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
                    reasoning_tokens, cost, latency_ms)
                VALUES (86400, {day}, '{name}', 'key_1', 'm', '{organization}', 1, 1, 0, 0, 1, 0, 5, 9)"
            );
            vec![
                "INSERT INTO organizations (name, created_at, updated_at, revision) VALUES ('x', 1, 1, 1)".to_owned(),
                rollup("moved", "y", day - 86_400),
                rollup("moved", "x", day),
                rollup("deleted", "y", day),
            ]
        }).await;
        for (name, organization, status) in [("deleted", "x", 409), ("moved", "y", 409), ("moved", "x", 201)] {
            let body = json!({ "name": name, "organization": organization });
            let made = app.post("/v1/namespaces", body).await;
            assert_eq!(made.status, status, "{name} {organization}: {:#}", made.body);
        }
    }
}
