//! Every change is recorded in its own transaction: who, from where, what before and after.

use crate::support::{ADMIN, TestApp, on_both_databases};
use axum::body::Body;
use axum::http::Request;
use paddock_ledger::store::Args;
use serde_json::{Value, json};

type Entry = (
    String,
    i64,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
);

/// Every change there is, in the order of the chains: organization, sequence, namespace, action,
/// resource, actor, before, after.
async fn changes(app: &TestApp) -> Vec<Entry> {
    let mut tx = app.app.store.read().await.unwrap();
    let sql = "SELECT organization, sequence, namespace, action, resource_id, actor, before, after
        FROM audit_changes ORDER BY organization, sequence";
    tx.all(sql, Args::new()).await.unwrap()
}

fn json_of(text: &Option<String>) -> Value {
    serde_json::from_str(text.as_deref().unwrap()).unwrap()
}

on_both_databases! {
    async fn every_change_is_recorded_with_what_was_before(app) {
        let organization = json!({ "name": "acme", "monthly_quota_usd": 100 });
        app.post("/v1/organizations", organization).await.expect(201);
        app.patch("/v1/organizations/acme", json!({ "rpm": 500 })).await.expect(200);
        let namespace = json!({ "name": "web", "organization": "acme", "monthly_quota_usd": 50 });
        app.post("/v1/namespaces", namespace).await.expect(201);
        app.patch("/v1/namespaces/web", json!({ "daily_quota_usd": 5 })).await.expect(200);
        let settings = json!({ "auto_throttle_at_percent": 90 });
        app.put("/v1/namespaces/web/settings", settings).await.expect(200);
        let quota = json!({ "namespace": "web", "user_id": "bob", "monthly_limit_usd": 1 });
        app.post("/v1/team/quotas", quota).await.expect(201);
        let quota = json!({ "namespace": "web", "user_id": "bob", "monthly_limit_usd": null });
        app.post("/v1/team/quotas", quota).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "web", "rpm": 60 })).await;
        let id = key["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/keys/{id}");
        app.patch(&path, json!({ "name": "k2" })).await.expect(200);
        app.patch(&format!("{path}/limits"), json!({ "rpm": 30 })).await.expect(200);
        let rotated = app.post(&format!("{path}/rotate"), json!({})).await.expect(201);
        app.post(&format!("{path}/disable"), Value::Null).await.expect(200);
        app.post(&format!("{path}/disable"), Value::Null).await.expect(200);
        app.post(&format!("{path}/enable"), Value::Null).await.expect(200);
        app.delete(&path).await.expect(200);
        app.make_key(json!({ "name": "last", "namespace": "web" })).await;
        app.delete("/v1/namespaces/web").await.expect(200);
        app.delete("/v1/organizations/acme").await.expect(200);
        let price = json!({ "input": 1, "output": 2, "upstream": "openai" });
        app.put("/v1/prices/new-model", price.clone()).await.expect(201);
        app.put("/v1/prices/new-model", price).await.expect(200);
        app.make_key(json!({ "name": "alone" })).await;

        let found = changes(app).await;
        let actions: Vec<(&str, i64, &str)> = found
            .iter()
            .map(|entry| (entry.0.as_str(), entry.1, entry.3.as_str()))
            .collect();
        assert_eq!(actions, [
            ("*", 1, "price.update"),
            ("*", 2, "price.update"),
            ("acme", 1, "organization.create"),
            ("acme", 2, "organization.update"),
            ("acme", 3, "namespace.create"),
            ("acme", 4, "namespace.update"),
            ("acme", 5, "namespace.settings.update"),
            ("acme", 6, "quota.update"),
            ("acme", 7, "quota.update"),
            ("acme", 8, "key.create"),
            ("acme", 9, "key.update"),
            ("acme", 10, "key.limits.update"),
            ("acme", 11, "key.rotate"),
            ("acme", 12, "key.disable"),
            ("acme", 13, "key.enable"),
            ("acme", 14, "key.delete"),
            ("acme", 15, "key.create"),
            ("acme", 16, "key.delete"),
            ("acme", 17, "namespace.delete"),
            ("acme", 18, "organization.delete"),
            ("default", 1, "namespace.create"),
            ("default", 2, "key.create"),
        ]);
        assert!(found.iter().all(|entry| entry.5 == "operator"));
        assert_eq!((&found[0].6, json_of(&found[1].6)["output_usd_per_million"].as_f64()), (&None, Some(2.0)));
        let (before, after) = (json_of(&found[5].6), json_of(&found[5].7));
        assert_eq!(found[5].2, "web");
        assert_eq!(before["limits"]["daily_quota_usd"], Value::Null);
        assert_eq!(after["limits"]["daily_quota_usd"], 5.0);
        assert_eq!(json_of(&found[6].7)["settings"]["auto_throttle_at_percent"], 90);
        assert_eq!((json_of(&found[8].6)["monthly_limit_usd"].as_f64(), &found[8].7), (Some(1.0), &None));
        assert_eq!(found[9].4, id);
        assert_eq!(json_of(&found[11].6)["limits"]["rate_limit_per_minute"], 60);
        assert_eq!(json_of(&found[11].7)["limits"]["rate_limit_per_minute"], 30);
        assert_eq!(json_of(&found[12].7)["secrets"].as_array().unwrap().len(), 2);
        assert_eq!(json_of(&found[13].7)["enabled"], false);
        assert_eq!((&found[15].7, json_of(&found[15].6)["name"].as_str()), (&None, Some("k2")));
        // Secrets are nowhere, neither in clear nor as what they are looked up by.
        let all = format!("{found:?}");
        for answer in [&key, &rotated] {
            let secret = answer["key"].as_str().unwrap();
            let digest = paddock_core::secret::digest(secret.as_bytes()).to_hex();
            assert!(!all.contains(secret) && !all.contains(&digest));
        }
    }

    async fn a_change_says_who_made_it_and_from_where(app) {
        let body = json!({ "name": "boss", "namespace": "team", "role": "admin" });
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let key = app.make_key(body).await;
        let request = Request::post("/v1/keys")
            .header("authorization", format!("Bearer {}", key["key"].as_str().unwrap()))
            .header("x-forwarded-for", "6.6.6.6, 10.1.2.3")
            .header("user-agent", "curl/8")
            .header("x-request-id", "abc-123")
            .body(Body::from(json!({ "name": "k", "namespace": "team" }).to_string()));
        app.send(request.unwrap()).await.expect(201);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT actor, actor_name, client_address, user_agent, request_id, changed_at
            FROM audit_changes ORDER BY sequence DESC LIMIT 1";
        let row: (String, String, String, String, String, i64) =
            tx.one(sql, Args::new()).await.unwrap();
        let id = key["id"].as_str().unwrap().to_owned();
        let now = i64::try_from(app.now().nanos()).unwrap();
        let texts = ["boss", "10.1.2.3", "curl/8", "abc-123"].map(str::to_owned);
        let [name, address, agent, request] = texts;
        assert_eq!(row, (id, name, address, agent, request, now));
    }

    async fn what_is_refused_or_undone_is_not_recorded(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 1 })).await.expect(201);
        let wide = json!({ "name": "k", "namespace": "team", "monthly_quota_usd": 2 });
        app.post("/v1/keys", wide).await.expect(400);
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(409);
        app.call(ADMIN, "PATCH", "/v1/namespaces/team", json!({ "rpm": 1 })).await.expect(400);
        assert_eq!(changes(app).await.len(), 1);
        // Nothing is changed that could not be recorded.
        let mut tx = app.app.store.write().await.unwrap();
        tx.execute("ALTER TABLE audit_changes RENAME TO away", Args::new()).await.unwrap();
        tx.commit().await.unwrap();
        app.patch("/v1/namespaces/team", json!({ "daily_quota_usd": 1 })).await.expect(500);
        let mut tx = app.app.store.write().await.unwrap();
        tx.execute("ALTER TABLE away RENAME TO audit_changes", Args::new()).await.unwrap();
        let sql = "SELECT sequence, (SELECT COUNT(*) FROM audit_segments),
            (SELECT COUNT(*) FROM namespaces WHERE daily_quota IS NULL) FROM audit_chains";
        let row: (i64, i64, i64) = tx.one(sql, Args::new()).await.unwrap();
        assert_eq!(row, (1, 1, 1));
    }

    async fn changes_at_once_leave_no_gap_in_the_chain(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let make = |n: usize| app.post("/v1/keys", json!({ "name": format!("k{n}"), "namespace": "team" }));
        let (a, b, c, d, e) = tokio::join!(make(1), make(2), make(3), make(4), make(5));
        assert!([a, b, c, d, e].iter().all(|answer| answer.status == 201));
        let found = changes(app).await;
        assert_eq!(found.iter().map(|entry| entry.1).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    }
}
