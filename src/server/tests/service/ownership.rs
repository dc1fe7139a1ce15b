//! What the operator takes from an organization's admins stays out of their reach.

use crate::support::{Gateway, TestApp, on_both_databases};
use paddock_ledger::model::owners::{Owner, of_field};
use serde_json::{Value, json};

/// A key of the namespace `web` of the organization `acme`: its secret, and its path.
async fn key(app: &TestApp, name: &str, role: &str) -> (String, String) {
    let body = json!({ "name": name, "namespace": "web", "role": role });
    let made = app.make_key(body).await;
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("key"), format!("/v1/keys/{}", text("id")))
}

async fn acme(app: &TestApp) -> (String, String) {
    let body = json!({ "name": "web", "organization": "acme", "monthly_quota_usd": 100 });
    app.post("/v1/namespaces", body).await.expect(201);
    key(app, "admin", "admin").await
}

async fn narrow(app: &TestApp, role: &str, body: Value) {
    let path = format!("/v1/organizations/acme/roles/{role}");
    app.put(&path, body).await.expect(200);
}

on_both_databases! {
    async fn an_admin_who_may_not_make_keys_changes_no_role(app) {
        let (admin, own) = acme(app).await;
        let (_, developer) = key(app, "developer", "developer").await;
        narrow(app, "admin", json!({
            "can_manage_users": false, "can_create_api_keys": false,
            "can_view_analytics": false, "models": ["gpt-4.1"], "monthly_quota_usd": 1,
        })).await;
        app.call(&admin, "GET", "/v1/audit", Value::Null).await.expect(403);
        for (path, body) in [
            (&own, json!({ "role": "developer" })),
            (&developer, json!({ "role": "admin" })),
            (&developer, json!({ "role": "viewer" })),
            (&own, json!({ "scopes": ["chat:create"] })),
            (&developer, json!({ "expires_in": 30 })),
            (&developer, json!({ "expires_in": null, "name": "y", "role": "analyst" })),
        ] {
            let refused = app.call(&admin, "PATCH", path, body.clone()).await.expect(403);
            assert_eq!(refused["error"]["scope"], "role:acme/admin", "{body}");
        }
        let shown = app.get(&own).await.expect(200);
        assert_eq!(shown["role"], "admin");
        app.call(&admin, "GET", "/v1/audit", Value::Null).await.expect(403);

        // A key that does harm is stopped by any admin; to let it go on is like making it.
        app.call(&admin, "POST", &format!("{developer}/disable"), Value::Null).await.expect(200);
        app.call(&admin, "POST", &format!("{developer}/enable"), Value::Null).await.expect(403);
        app.call(&admin, "PATCH", &developer, json!({ "enabled": true })).await.expect(403);
        app.call(&admin, "PATCH", &developer, json!({ "name": "z" })).await.expect(200);
    }

    async fn no_key_becomes_wider_than_its_maker_in_any_respect(app) {
        let (admin, own) = acme(app).await;
        let (_, developer) = key(app, "developer", "developer").await;
        for (narrowed, wider) in [
            (json!({ "models": ["gpt4"] }), "models"),
            (json!({ "allowed_endpoints": ["chat:create"] }), "allowed_endpoints"),
            (json!({ "monthly_quota_usd": 1 }), "monthly_quota_usd"),
            (json!({ "can_view_analytics": false }), "can_view_analytics"),
        ] {
            narrow(app, "admin", narrowed.clone()).await;
            let new = json!({ "name": "new", "namespace": "web" });
            for (method, path, body) in [
                ("PATCH", &own, json!({ "role": "developer" })),
                ("POST", &"/v1/keys".to_owned(), new),
                ("POST", &format!("{developer}/rotate"), json!({})),
                ("PATCH", &developer, json!({ "expires_in": 9 })),
            ] {
                let refused = app.call(&admin, method, path, body).await.expect(403);
                let message = refused["error"]["message"].as_str().unwrap();
                assert!(message.contains(wider), "{narrowed} {path}: {message}");
                assert_eq!(refused["error"]["scope"], "role:acme/admin");
            }
            // Nor does it help to widen the role that the key gets.
            narrow(app, "developer", narrowed).await;
            let path = "/v1/organizations/acme/roles/developer";
            for (method, body) in [("DELETE", Value::Null), ("PUT", json!({}))] {
                let refused = app.call(&admin, method, path, body).await.expect(403);
                assert_eq!(refused["error"]["scope"], "role:acme/admin");
            }
            // As narrow as the admin, the role is theirs to give.
            let rotated = format!("{developer}/rotate");
            app.call(&admin, "POST", &rotated, json!({})).await.expect(201);
            app.delete(path).await.expect(200);
        }
    }

    async fn a_key_that_is_narrow_itself_is_not_wider(app) {
        let (admin, _) = acme(app).await;
        narrow(app, "admin", json!({ "models": ["gpt-4.1"], "monthly_quota_usd": 5 })).await;
        let narrow = json!({
            "name": "small", "namespace": "web", "allowed_models": ["gpt4"], "monthly_quota_usd": 4,
        });
        let made = app.call(&admin, "POST", "/v1/keys", narrow).await.expect(201);
        let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
        for body in [
            json!({ "allowed_models": null }), json!({ "monthly_quota_usd": null }),
            json!({ "monthly_quota_usd": 6 }), json!({ "allowed_models": ["deepseek"] }),
        ] {
            app.call(&admin, "PATCH", &path, body).await.expect(403);
        }
        app.call(&admin, "PATCH", &path, json!({ "monthly_quota_usd": 5 })).await.expect(200);
        let viewer = json!({ "name": "viewer", "namespace": "web", "role": "viewer" });
        app.call(&admin, "POST", "/v1/keys", viewer).await.expect(201);
    }

    async fn the_role_of_a_members_key_needs_the_right_to_members(app) {
        let (admin, _) = acme(app).await;
        let member = json!({ "user_id": "ada", "email": "ada@acme.com", "namespace": "web" });
        app.post("/v1/members", member).await.expect(201);
        let body = json!({ "name": "laptop", "namespace": "web", "user_id": "ada" });
        let made = app.make_key(body).await;
        let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
        narrow(app, "admin", json!({ "can_manage_users": false })).await;
        let refused = app.call(&admin, "PATCH", &path, json!({ "role": "viewer" })).await.expect(403);
        assert!(refused["error"]["message"].as_str().unwrap().contains("can_manage_users"));
        app.call(&admin, "PATCH", &path, json!({ "expires_in": 9 })).await.expect(200);
    }

    async fn only_the_operator_softens_limits_of_a_key(app) {
        let (admin, _) = acme(app).await;
        let soft = json!({ "soft_limits": ["rate_limit_per_minute"] });
        let new = json!({ "name": "soft", "namespace": "web", "soft_limits": ["quotas"] });
        let refused = app.call(&admin, "POST", "/v1/keys", new).await.expect(403);
        let says = refused["error"]["message"].as_str().unwrap().contains("Only the operator");
        assert!(says, "{refused}");
        let made = app.make_key(json!({ "name": "hard", "namespace": "web" })).await;
        let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
        assert_eq!(made["soft_limits"], json!([]));
        app.call(&admin, "PATCH", &path, soft.clone()).await.expect(403);
        let changed = app.patch(&path, soft.clone()).await.expect(200);
        assert_eq!(changed["soft_limits"], soft["soft_limits"]);
        // An admin keeps it as it is, and takes it back.
        app.call(&admin, "PATCH", &path, soft).await.expect(200);
        let hard = json!({ "soft_limits": null });
        let changed = app.call(&admin, "PATCH", &path, hard).await.expect(200);
        assert_eq!(changed["soft_limits"], json!([]));
    }

    async fn what_decides_about_others_is_the_operators(app) {
        let (admin, _) = acme(app).await;
        let (space, settings) = ("/v1/namespaces/web", "/v1/namespaces/web/settings");
        for (method, path, body) in [
            ("PATCH", space, json!({ "priority": "high" })),
            ("PATCH", space, json!({ "weight": 100 })),
            ("PATCH", space, json!({ "failure_mode": "open" })),
            ("PATCH", space, json!({ "soft_limits": ["quotas", "max_concurrency"] })),
            ("PATCH", space, json!({ "unknown_price": "free" })),
            ("PATCH", space, json!({ "unknown_price": "dearest" })),
            ("PUT", settings, json!({ "failure_mode": "open" })),
            ("PUT", settings, json!({ "unknown_price": "free" })),
        ] {
            let field = body.as_object().unwrap().keys().next().unwrap().clone();
            let made = json!({ "name": "new", field.as_str(): body[&field] });
            let before = app.get(space).await.expect(200);
            for (method, path, body) in [(method, path, &body), ("POST", "/v1/namespaces", &made)] {
                let refused = app.call(&admin, method, path, body.clone()).await.expect(403);
                let message = refused["error"]["message"].as_str().unwrap();
                let says = message.contains("Only the operator") && message.contains(&field);
                assert!(says, "{message}");
            }
            assert_eq!(app.get(space).await.expect(200), before);
            // The operator may, an admin keeps it as it is and takes it back.
            app.call(crate::support::ADMIN, method, path, body.clone()).await.expect(200);
            app.call(&admin, method, path, body).await.expect(200);
            let usual = json!({ field.as_str(): Value::Null });
            match field.as_str() {
                "priority" => app.call(&admin, "PATCH", space, json!({ "priority": "low" })).await,
                "weight" | "soft_limits" => app.call(&admin, "PATCH", space, usual).await,
                _ => app.call(&admin, "PUT", settings, usual).await,
            }
            .expect(200);
        }
        app.patch("/v1/organizations/acme", json!({ "max_priority": "high" })).await.expect(200);
        app.call(&admin, "PATCH", space, json!({ "priority": "high" })).await.expect(200);
    }

    async fn an_organization_is_held_to_its_models(app) {
        let (admin, _) = acme(app).await;
        let gateway = Gateway::new("g", 1);
        let since = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        let path = "/v1/organizations/acme";
        let shown = app.patch(path, json!({ "models": ["gpt4", "claude"] })).await.expect(200);
        assert_eq!(shown["allowed_models"], json!(["gpt4", "claude"]));
        let changes = gateway.sync(app, since, &[], json!([])).await.changes;
        let told = changes.organizations[0].allowed_models.as_deref().unwrap();
        assert_eq!(told, ["gpt4", "claude"]);
        let space = "/v1/namespaces/web";
        let shown = app.get(space).await.expect(200);
        assert_eq!(shown["allowed_models"], json!(["gpt-4.1", "claude-sonnet-4.5"]));
        let wider = json!({ "allowed_models": ["gpt-4.1", "deepseek-v3.2"] });
        let told = "Cannot assign models ['deepseek-v3.2'] - not in organization whitelist";
        let refused = app.call(&admin, "PATCH", space, wider.clone()).await.expect(400);
        assert_eq!(refused["error"]["violations"], json!([told]));
        let mut key = wider;
        key["name"] = json!("k");
        key["namespace"] = json!("web");
        app.call(&admin, "POST", "/v1/keys", key).await.expect(400);
        let fallback = json!({ "fallback_model": "deepseek" });
        app.call(&admin, "PUT", "/v1/namespaces/web/settings", fallback).await.expect(400);
        let ask = json!({ "model": "deepseek", "messages": [] });
        let refused = app.post("/v1/namespaces/web/routing/resolve", ask).await.expect(403);
        assert_eq!(refused["error"]["code"], "model_not_allowed");
        app.patch(path, json!({ "allowed_models": null })).await.expect(200);
        let shown = app.get(space).await.expect(200);
        assert_eq!(shown["allowed_models"].as_array().unwrap().len(), app.models().await);
    }

    async fn an_organization_has_no_more_than_its_ceilings(app) {
        let (admin, own) = acme(app).await;
        let ceilings = json!({ "max_namespaces": 2, "max_keys": 2, "max_members": 1 });
        let shown = app.patch("/v1/organizations/acme", ceilings.clone()).await.expect(200);
        for (name, value) in ceilings.as_object().unwrap() {
            assert_eq!(shown[name], *value);
        }
        let full = |field: &'static str, path: &'static str, body: Value| {
            let admin = admin.clone();
            async move {
                for key in [admin.as_str(), crate::support::ADMIN] {
                    let refused = app.call(key, "POST", path, body.clone()).await.expect(409);
                    assert_eq!(refused["error"]["code"], "limit_reached");
                    let message = refused["error"]["message"].as_str().unwrap();
                    assert!(message.contains(field), "{message}");
                }
            }
        };
        let second = json!({ "name": "second", "organization": "acme" });
        app.call(&admin, "POST", "/v1/namespaces", second).await.expect(201);
        let third = json!({ "name": "third", "organization": "acme" });
        full("max_namespaces", "/v1/namespaces", third.clone()).await;
        // A key without a namespace would make one.
        let refused = app.call(&admin, "POST", "/v1/keys", json!({ "name": "k" })).await.expect(409);
        assert!(refused["error"]["message"].as_str().unwrap().contains("max_namespaces"));
        app.delete("/v1/namespaces/second").await.expect(200);
        app.call(&admin, "POST", "/v1/namespaces", third).await.expect(201);

        let key = json!({ "name": "k", "namespace": "third" });
        let made = app.call(&admin, "POST", "/v1/keys", key).await.expect(201);
        full("max_keys", "/v1/keys", json!({ "name": "l", "namespace": "web" })).await;
        app.delete(&format!("/v1/keys/{}", made["id"].as_str().unwrap())).await.expect(200);
        app.call(&admin, "POST", "/v1/keys", json!({ "name": "l", "namespace": "web" })).await.expect(201);
        app.get(&own).await.expect(200);

        let ada = json!({ "user_id": "ada", "email": "a@acme.com", "namespace": "web" });
        app.call(&admin, "POST", "/v1/members", ada).await.expect(201);
        let bob = json!({ "user_id": "bob", "email": "b@acme.com", "namespace": "third" });
        full("max_members", "/v1/members", bob.clone()).await;
        app.call(&admin, "DELETE", "/v1/members/ada", Value::Null).await.expect(200);
        app.call(&admin, "POST", "/v1/members", bob).await.expect(201);
        let other = json!({ "name": "elsewhere", "organization": "other" });
        app.post("/v1/namespaces", other).await.expect(201);
    }

    async fn each_body_is_its_owners(app) {
        let (admin, own) = acme(app).await;
        let (developer, _) = key(app, "developer", "developer").await;
        let (viewer, _) = key(app, "viewer", "viewer").await;
        let id = own.rsplit('/').next().unwrap().to_owned();
        let mut count = 0;
        for (method, path, body) in bodies() {
            // The currency hook is signed, not sent with a key; what a name says is in its path.
            if path == "/v1/credits/hook" {
                continue;
            }
            let place = if path.contains("organizations") { "acme" } else { "web" };
            let path = path.replace("{name}", place).replace("{role}", "viewer")
                .replace("{model}", "gpt-4.1").replace("{alias}", "a").replace("{id}", &id);
            let owners = fields(&body).into_iter().map(|field| {
                let row = of_field(&body, &field);
                row.unwrap_or_else(|| panic!("nobody owns '{field}' of {body}")).owner
            });
            let owners: Vec<Owner> = owners.collect();
            let is_operators = owners.iter().all(|owner| matches!(owner, Owner::Operator));
            let is_holders = owners.iter().all(|owner| matches!(owner, Owner::Holder));
            for (key, may) in [
                (&admin, !is_operators), (&developer, is_holders), (&viewer, false),
            ] {
                let answer = app.call(key, &method, &path, json!({})).await;
                let about = format!("{method} {path}: {:#}", answer.body);
                // The caller's right is judged before what was sent.
                assert_eq!(answer.status != 403, may, "{about}");
                if is_operators {
                    let message = answer.body["error"]["message"].as_str().unwrap();
                    assert!(message.contains("operator"), "{about}");
                }
            }
            count += 1;
        }
        assert!(count > 20, "{count}");
    }
}

fn document() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

/// Every operation that sets something: its method, its path, and the schema of its body.
fn bodies() -> Vec<(String, String, String)> {
    let document = document();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = "/requestBody/content/application~1json/schema/$ref";
            let Some(schema) = operation.pointer(schema).and_then(Value::as_str) else {
                continue;
            };
            let schema = schema.rsplit('/').next().unwrap().to_owned();
            all.push((method.to_uppercase(), path.clone(), schema));
        }
    }
    all
}

fn fields(body: &str) -> Vec<String> {
    let document = document();
    let fields = document["components"]["schemas"][body]["properties"].as_object();
    fields.unwrap().keys().cloned().collect()
}

#[test]
fn the_document_says_of_every_field_who_sets_it() {
    let document = document();
    for (_, _, body) in bodies() {
        for field in fields(&body) {
            let shown = &document["components"]["schemas"][&body]["properties"][&field];
            let row = of_field(&body, &field).unwrap_or_else(|| panic!("{body} {field}"));
            assert_eq!(shown["x-set-by"], row.owner.name(), "{body} {field}");
            if matches!(row.owner, Owner::OperatorBeyond(_)) {
                let told = shown["description"].as_str().unwrap();
                assert!(told.ends_with(row.within), "{body} {field}: {told}");
            }
        }
    }
}
