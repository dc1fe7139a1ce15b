//! What a tenant is told of itself, and what of others.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

async fn ask(app: &TestApp, key: &Value, path: &str) -> Value {
    let key = key["key"].as_str().unwrap();
    app.call(key, "GET", path, Value::Null).await.expect(200)
}

async fn spend(app: &TestApp, gateway: &Gateway, key: &Value, cost: i64) {
    let namespace = key["namespace"].as_str().unwrap();
    let event = Event {
        key: key["id"].as_str().unwrap(),
        namespace,
        cost,
        ..Event::default()
    };
    let mut event = gateway.event(app, event);
    event["organization"] = key["organization"].clone();
    gateway.sync(app, 0, &[event], json!([])).await;
}

on_both_databases! {
    async fn a_key_learns_who_it_is_and_what_limits_it(app) {
        let team = json!({ "name": "team", "monthly_quota_usd": 10, "rate_limit_per_minute": 60,
            "soft_limits": ["rate_limit_per_minute"], "allowed_models": ["gpt-4.1", "claude-sonnet-4.5"] });
        app.post("/v1/namespaces", team).await.expect(201);
        let key = app.make_key(json!({ "name": "copywriter", "namespace": "team", "monthly_quota_usd": 5,
            "allowed_models": ["gpt-4.1"], "expires_in": 30 })).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &key, 40 * CENT).await;
        let told = ask(app, &key, "/v1/whoami").await;
        assert_eq!(told["key"]["name"], "copywriter");
        assert_eq!(told["key"]["expires_at"], "2026-04-14T12:00:00Z");
        assert_eq!((&told["role"], &told["namespace"], &told["organization"]),
            (&json!("developer"), &json!("team"), &json!("default")));
        assert_eq!(told["rights"]["can_view_analytics"], true);
        assert_eq!(told["rights"]["can_create_api_keys"], false);
        let budget = |limit: f64, set_by: &str| json!([{ "period": "monthly", "limit_usd": limit,
            "spent_usd": 0.4, "remaining_usd": limit - 0.4, "resets_at": "2026-04-01T00:00:00Z",
            "set_by": set_by, "soft": false }]);
        let scopes = told["scopes"].as_array().unwrap();
        assert_eq!(scopes[0]["scope"], format!("key:{}", key["id"].as_str().unwrap()));
        assert_eq!((&scopes[0]["budgets"], &scopes[0]["rates"]), (&budget(5.0, "key"), &json!([])));
        assert_eq!((&scopes[1]["scope"], &scopes[1]["budgets"]),
            (&json!("namespace:team"), &budget(10.0, "namespace")));
        let rate = json!([{ "limit": "rate_limit_per_minute", "value": 60, "soft": true }]);
        assert_eq!(scopes[1]["rates"], rate);
        // Nothing is limited where nobody has set a limit.
        assert_eq!((&scopes[2]["budgets"], &scopes[2]["rates"]), (&json!([]), &json!([])));
        let models = told["models"].as_array().unwrap();
        assert_eq!(models.len(), 1);
        assert_eq!(models[0]["model"], "gpt-4.1");
        assert!(models[0]["input_usd_per_million"].is_number(), "{told:#}");
        let operator = app.get("/v1/whoami").await.expect(200);
        assert_eq!((&operator["role"], &operator["key"]), (&json!("operator"), &Value::Null));
        app.call("pdk_nobody", "GET", "/v1/whoami", Value::Null).await.expect(401);
    }

    async fn what_others_spend_is_not_told(app) {
        let organization = json!({ "name": "acme", "monthly_quota_usd": 100 });
        app.post("/v1/organizations", organization).await.expect(201);
        for name in ["quiet", "busy"] {
            app.post("/v1/namespaces", json!({ "name": name, "organization": "acme" })).await.expect(201);
        }
        let quiet = app.make_key(json!({ "name": "k", "namespace": "quiet" })).await;
        let busy = app.make_key(json!({ "name": "k", "namespace": "busy" })).await;
        let admin = app.make_key(json!({ "name": "a", "namespace": "quiet", "role": "admin" })).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &busy, 700 * CENT).await;
        spend(app, &gateway, &quiet, 100 * CENT).await;
        // What is left is theirs all the same: a call must fit into it.
        let balance = ask(app, &quiet, "/v1/account/balance").await;
        assert_eq!(balance,
            json!({ "balance": 92.0, "monthly_limit": 100.0, "used": 1.0, "currency": "USD" }));
        let path = format!("/v1/keys/{}/status", quiet["id"].as_str().unwrap());
        let status = ask(app, &quiet, &path).await;
        assert_eq!((&status["budget_used_usd"], &status["budget_remaining_usd"]),
            (&json!(1.0), &json!(92.0)));
        let of_organization = async |key: &Value| {
            let told = ask(app, key, "/v1/whoami").await;
            let budget = &told["scopes"][2]["budgets"][0];
            (budget["spent_usd"].clone(), budget["remaining_usd"].clone())
        };
        assert_eq!(of_organization(&quiet).await, (Value::Null, json!(92.0)));
        assert_eq!(of_organization(&admin).await, (json!(8.0), json!(92.0)));
    }

    async fn where_nothing_is_limited_the_balance_is_null(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        app.post("/v1/namespaces", json!({ "name": "other" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let other = app.make_key(json!({ "name": "k", "namespace": "other" })).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &other, 300 * CENT).await;
        let balance = ask(app, &key, "/v1/account/balance").await;
        assert_eq!(balance,
            json!({ "balance": null, "monthly_limit": null, "used": 0.0, "currency": "USD" }));
    }

    async fn a_role_that_may_not_see_spending_is_told_the_limits_alone(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 10 })).await.expect(201);
        let narrowed = json!({ "can_view_analytics": false, "monthly_quota_usd": 3 });
        app.put("/v1/organizations/default/roles/developer", narrowed).await.expect(200);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let told = ask(app, &key, "/v1/whoami").await;
        let budget = &told["scopes"][0]["budgets"][0];
        assert_eq!((&budget["limit_usd"], &budget["set_by"], &budget["spent_usd"]),
            (&json!(3.0), &json!("role"), &Value::Null), "{told:#}");
    }

    async fn an_old_secret_ends_when_its_owner_says(app) {
        let made = app.make_key(json!({ "name": "k", "expires_in": 5 })).await;
        let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
        let rotate = async |days: u64| {
            let body = json!({ "expires_in": days });
            app.post(&format!("{path}/rotate"), body).await.expect(201)
        };
        let works = async |secret: &Value, status: u16| {
            let secret = secret.as_str().unwrap();
            app.call(secret, "GET", "/v1/whoami", Value::Null).await.expect(status);
        };
        // Now.
        let rotated = rotate(0).await;
        assert_eq!((&rotated["secondary"], &rotated["secondary_expires_at"]), (&Value::Null, &Value::Null));
        assert_eq!(rotated["primary_expires_at"], "2026-06-13T12:00:00Z");
        works(&made["key"], 401).await;
        works(&rotated["primary"], 200).await;
        // Later, and then now.
        let again = rotate(7).await;
        works(&rotated["primary"], 200).await;
        let gateway = Gateway::new("one", 1);
        let before = gateway.sync(app, 0, &[], json!([])).await.changes;
        let key = app.post(&format!("{path}/revoke-secondary"), json!({})).await.expect(200);
        assert_eq!(key["secondary"], Value::Null);
        works(&rotated["primary"], 401).await;
        works(&again["primary"], 200).await;
        let after = gateway.sync(app, before.revision, &[], json!([])).await.changes;
        assert!(after.revision > before.revision, "gateways hear of it");
        // A second time there is nothing to do.
        app.post(&format!("{path}/revoke-secondary"), json!({})).await.expect(200);
        let audit = app.get("/v1/audit?action=key.revoke_secondary").await.expect(200);
        assert_eq!(audit["data"].as_array().unwrap().len(), 1, "{audit:#}");
        let other = app.make_key(json!({ "name": "elsewhere" })).await;
        app.call(other["key"].as_str().unwrap(), "POST", &format!("{path}/revoke-secondary"), json!({}))
            .await.expect(403);
    }
}
