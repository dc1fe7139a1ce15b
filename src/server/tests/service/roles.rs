//! `/v1/organizations/{name}/roles`: an organization narrows its roles.

use crate::support::{Gateway, TestApp, on_both_databases};
use paddock_core::policy::Role;
use serde_json::{Value, json};

async fn acme(app: &TestApp) -> [String; 3] {
    let body = json!({ "name": "web", "organization": "acme", "monthly_quota_usd": 100 });
    app.post("/v1/namespaces", body).await.expect(201);
    let mut keys = Vec::new();
    for role in ["admin", "developer", "viewer"] {
        let body = json!({ "name": role, "namespace": "web", "role": role });
        keys.push(app.make_key(body).await["key"].as_str().unwrap().to_owned());
    }
    keys.try_into().unwrap()
}

on_both_databases! {
    async fn an_override_is_answered_told_and_taken_back(app) {
        let [admin, developer, _] = acme(app).await;
        let gateway = Gateway::new("g", 1);
        let since = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        let path = "/v1/organizations/acme/roles/developer";
        let body = json!({
            "models": ["gpt4"], "monthly_limit_usd": 5, "allowed_endpoints": ["chat:create"],
            "can_view_analytics": false,
        });
        let role = app.call(&admin, "PUT", path, body).await.expect(200);
        assert_eq!(role["overridden"], json!([
            "models", "monthly_quota_usd", "allowed_endpoints", "can_view_analytics",
        ]));
        assert_eq!(role["models"], json!(["gpt-4.1"]));
        assert_eq!(role["monthly_quota_usd"], 5.0);
        assert_eq!(role["allowed_endpoints"], json!(["chat:create"]));
        assert_eq!(role["can_view_analytics"], false);
        assert_eq!(app.get(path).await.expect(200), role);
        let of_holder = app.call(&developer, "GET", "/v1/roles", Value::Null).await.expect(200);
        assert_eq!(of_holder["data"][1], role);
        assert_eq!(of_holder["data"][0]["monthly_quota_usd"], 100.0, "its namespace's");
        let named = app.get("/v1/roles?organization=acme").await.expect(200);
        assert_eq!(named["data"][1], role);
        let elsewhere = app.get("/v1/roles").await.expect(200);
        assert_eq!(elsewhere["data"][1]["overridden"], json!([]));

        // Keys are answered with what is left, and gateways are told.
        let keys = app.call(&developer, "GET", "/v1/keys", Value::Null).await.expect(200);
        let key = &keys["data"][0];
        assert_eq!(key["allowed_models"], json!(["gpt-4.1"]));
        assert_eq!(key["scopes"], json!(["chat:create"]));
        assert_eq!(key["monthly_quota_usd"], 5.0);
        assert_eq!(key["own_limits"], json!([]));
        let changes = gateway.sync(app, since, &[], json!([])).await.changes;
        let rights = &changes.organizations[0].roles[&Role::Developer];
        assert_eq!(rights.allowed_models.as_deref(), Some(&["gpt4".to_owned()][..]));
        assert_eq!(changes.keys.len(), 1, "the keys of the role alone: {:?}", changes.keys);
        assert_eq!(changes.keys[0].limits.monthly_quota.unwrap().to_dollars(), 5.0);

        let since = changes.revision;
        let role = app.call(&admin, "DELETE", path, Value::Null).await.expect(200);
        assert_eq!(role["overridden"], json!([]));
        let changes = gateway.sync(app, since, &[], json!([])).await.changes;
        assert!(changes.organizations[0].roles.is_empty());
        assert_eq!(changes.keys[0].limits.monthly_quota, None);
        let audit = app.get("/v1/audit?organization=acme&action=role.").await.expect(200);
        let entries = audit["data"].as_array().unwrap();
        let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
        assert_eq!(actions, ["role.update", "role.delete"]);
        assert_eq!(entries[0]["before"], Value::Null);
        assert_eq!(entries[1]["before"]["monthly_quota_usd"], 5.0);
        assert_eq!(entries[1]["after"], Value::Null);
    }

    async fn an_override_can_only_narrow(app) {
        let [admin, ..] = acme(app).await;
        app.patch("/v1/organizations/acme", json!({ "monthly_quota_usd": 200 })).await.expect(200);
        for (role, body, told) in [
            ("viewer", json!({ "allowed_endpoints": ["chat:create", "models:read"] }),
             "Cannot assign endpoints ['chat:create'] - not in role 'viewer'"),
            ("developer", json!({ "can_manage_users": true }),
             "Cannot assign 'can_manage_users' - not in role 'developer'"),
            ("analyst", json!({ "can_create_api_keys": true }),
             "Cannot assign 'can_create_api_keys' - not in role 'analyst'"),
            ("analyst", json!({ "monthly_quota_usd": 201 }),
             "Monthly quota $201.00 exceeds organization limit of $200.00"),
        ] {
            let path = format!("/v1/organizations/acme/roles/{role}");
            let refused = app.call(&admin, "PUT", &path, body).await.expect(400);
            assert_eq!(refused["error"]["type"], "permission_error");
            assert_eq!(refused["error"]["violations"], json!([told]));
        }
        app.put("/v1/organizations/acme/roles/owner", json!({})).await.expect(404);
        app.put("/v1/organizations/nobody/roles/viewer", json!({})).await.expect(404);
        let path = "/v1/organizations/acme/roles/viewer";
        app.put(path, json!({ "allowed_endpoints": ["chat"] })).await.expect(400);
        app.put(path, json!({ "can_view_analytics": true })).await.expect(200);
    }

    async fn what_is_taken_is_refused_and_said_by_whom(app) {
        let [admin, developer, viewer] = acme(app).await;
        let put = |role: &str, body: Value| {
            let path = format!("/v1/organizations/acme/roles/{role}");
            async move { app.put(&path, body).await.expect(200) }
        };
        let reports = [
            "/v1/audit", "/v1/team/usage", "/v1/cost-attribution", "/v1/namespaces/web/usage",
        ];
        for path in reports {
            app.call(&viewer, "GET", path, Value::Null).await.expect(200);
        }
        put("viewer", json!({ "can_view_analytics": false })).await;
        for path in reports.into_iter().chain(["/v1/usage/stream"]) {
            let refused = app.call(&viewer, "GET", path, Value::Null).await.expect(403);
            assert_eq!(refused["error"]["scope"], "role:acme/viewer", "{path}");
            if !path.ends_with("stream") {
                app.call(&developer, "GET", path, Value::Null).await.expect(200);
            }
        }
        app.call(&viewer, "GET", "/v1/account/balance", Value::Null).await.expect(200);

        put("admin", json!({ "can_create_api_keys": false })).await;
        let keys = app.call(&admin, "GET", "/v1/keys", Value::Null).await.expect(200);
        let path = format!("/v1/keys/{}", keys["data"][1]["id"].as_str().unwrap());
        for path in ["/v1/keys", &format!("{path}/rotate")] {
            let refused = app.call(&admin, "POST", path, json!({ "name": "x" })).await.expect(403);
            assert_eq!(refused["error"]["scope"], "role:acme/admin", "{path}");
        }
        app.call(&admin, "PATCH", &path, json!({ "name": "y" })).await.expect(200);

        put("admin", json!({ "can_manage_users": false })).await;
        let member = json!({ "user_id": "a", "email": "a@acme.com", "namespace": "web" });
        let refused = app.call(&admin, "POST", "/v1/members", member).await.expect(403);
        assert_eq!(refused["error"]["scope"], "role:acme/admin");
        // Nobody lifts what binds them.
        for role in ["admin", "viewer"] {
            let path = format!("/v1/organizations/acme/roles/{role}");
            app.call(&admin, "DELETE", &path, Value::Null).await.expect(403);
            app.call(&admin, "PUT", &path, json!({})).await.expect(403);
        }
        app.call(&admin, "POST", "/v1/keys", json!({ "name": "x" })).await.expect(201);
        app.delete("/v1/organizations/acme/roles/admin").await.expect(200);
        let path = "/v1/organizations/acme/roles/viewer";
        app.call(&admin, "DELETE", path, Value::Null).await.expect(200);
        app.call(&admin, "DELETE", "/v1/organizations/acme/roles/admin", Value::Null).await.expect(403);
    }

    async fn no_more_is_lent_to_a_key_than_its_role_may_spend(app) {
        acme(app).await;
        let body = json!({ "name": "k", "namespace": "web", "monthly_quota_usd": 50 });
        let key = app.make_key(body).await;
        let id = key["id"].as_str().unwrap();
        let gateway = Gateway::new("g", 1);
        let need = json!([{ "scope": format!("key:{id}"), "amount": 9_000_000_000_i64 }]);
        let path = "/v1/organizations/acme/roles/developer";
        app.put(path, json!({ "monthly_quota_usd": 8 })).await.expect(200);
        let answer = gateway.lend(app, need.clone()).await;
        assert!(answer.leases[0].short && answer.leases[0].lent.to_dollars() < 9.0, "{answer:?}");
        let status = app.get(&format!("/v1/keys/{id}/status")).await.expect(200);
        assert_eq!(status["budget_limit_usd"], 8.0);
        // As an analyst it is another role's key.
        app.patch(&format!("/v1/keys/{id}"), json!({ "role": "analyst" })).await.expect(200);
        let status = app.get(&format!("/v1/keys/{id}/status")).await.expect(200);
        assert_eq!(status["budget_limit_usd"], 50.0);
        let answer = gateway.lend(app, need).await;
        assert!(answer.leases[0].lent.to_dollars() >= 9.0, "{answer:?}");
    }

    async fn routing_is_told_for_the_models_of_the_role(app) {
        let [_, developer, _] = acme(app).await;
        let routing = json!({ "name": "r", "fallback_model": "claude-sonnet-4.5", "rules": [] });
        app.put("/v1/namespaces/web/routing", routing).await.expect(200);
        let path = "/v1/organizations/acme/roles/developer";
        app.put(path, json!({ "models": ["gpt-4.1"] })).await.expect(200);
        let ask = json!({ "messages": [{ "role": "user", "content": "Hi" }] });
        let path = "/v1/namespaces/web/routing/resolve";
        let refused = app.call(&developer, "POST", path, ask.clone()).await;
        assert!([403, 404].contains(&refused.status), "{:#}", refused.body);
        assert_eq!(app.post(path, ask).await.expect(200)["model"], "claude-sonnet-4.5");
    }

    async fn who_may_not_see_what_is_spent_sees_it_nowhere(app) {
        let [admin, developer, _] = acme(app).await;
        let key = app.call(&developer, "GET", "/v1/keys", Value::Null).await.expect(200);
        let key = format!("/v1/keys/{}", key["data"][0]["id"].as_str().unwrap());
        let reserve = json!({ "reservation_id": "r", "estimated_cost_usd": 1 });
        app.post("/v1/namespaces/web/reserve", reserve.clone()).await.expect(201);
        for role in ["developer", "admin"] {
            let path = format!("/v1/organizations/acme/roles/{role}");
            app.put(&path, json!({ "can_view_analytics": false })).await.expect(200);
        }
        for path in [
            &format!("{key}/status"), &format!("{key}/usage"), "/v1/credits",
            "/v1/namespaces/web/reservations", "/v1/namespaces/web/reservations/r",
            "/v1/namespaces/web/usage", "/v1/team/usage", "/v1/cost-attribution",
        ] {
            let refused = app.call(&developer, "GET", path, Value::Null).await.expect(403);
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.contains("can_view_analytics"), "{path}: {message}");
        }
        // Nor do they have it told.
        let hook = json!({ "events": ["quota_80_percent"], "url": "https://93.184.216.34/" });
        let alert = json!({ "name": "a", "threshold_pct": 1, "action": "throttle" });
        for (path, body) in [("webhooks", hook), ("alerts", alert)] {
            let path = format!("/v1/namespaces/web/{path}");
            app.call(&admin, "POST", &path, body).await.expect(403);
        }
        // They reserve all the same, and are not told what else there is.
        let path = "/v1/namespaces/web/reserve";
        let made = app.call(&developer, "POST", path, reserve).await.expect(201);
        assert_eq!((&made["reservation_id"], &made["remaining_usd"]), (&json!("r"), &Value::Null));
    }
}
