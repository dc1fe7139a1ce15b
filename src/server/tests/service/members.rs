//! `/v1/members`: who belongs to a namespace, and what that means for their keys.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use serde_json::{Value, json};

async fn member(app: &TestApp, user: &str, role: &str, namespace: &str) -> Value {
    let body = json!({
        "user_id": user, "email": format!("{user}@example.com"), "role": role,
        "namespace": namespace,
    });
    app.post("/v1/members", body).await.expect(201)
}

/// A namespace of an organization, and an admin key in it.
async fn organization(app: &TestApp, name: &str) -> String {
    let body = json!({ "name": format!("{name}-it"), "organization": name });
    app.post("/v1/namespaces", body).await.expect(201);
    let body = json!({ "name": "admin", "namespace": format!("{name}-it"), "role": "admin" });
    app.make_key(body).await["key"].as_str().unwrap().to_owned()
}

/// The actions of the audit on things of an id, oldest first, with role or enabled after each.
async fn history(app: &TestApp, id: &str) -> Vec<(String, Value)> {
    let audit = app.get("/v1/audit").await.expect(200);
    let entries = audit["data"].as_array().unwrap().iter();
    let of_it = entries.filter(|entry| entry["resource_id"] == id);
    of_it
        .map(|entry| {
            let action = entry["action"].as_str().unwrap().to_owned();
            let after = match action.as_str() {
                "key.disable" => entry["after"]["enabled"].clone(),
                _ => entry["after"]["role"].clone(),
            };
            (action, after)
        })
        .collect()
}

on_both_databases! {
    async fn a_member_lives_from_creation_to_removal(app) {
        app.post("/v1/namespaces", json!({ "name": "web" })).await.expect(201);
        let made = member(app, "alice", "developer", "web").await;
        let id = made["id"].as_str().unwrap();
        assert!(id.starts_with("mem_"), "{made}");
        for (field, value) in [
            ("object", "member"), ("user_id", "alice"), ("email", "alice@example.com"),
            ("role", "developer"), ("namespace", "web"), ("organization", "default"),
        ] {
            assert_eq!(made[field], value, "{field}");
        }
        for path in [format!("/v1/members/{id}"), "/v1/members/alice?team=web".to_owned()] {
            assert_eq!(app.get(&path).await.expect(200), made, "{path}");
        }
        let list = app.get("/v1/members?namespace=web&user_id=alice").await.expect(200);
        assert_eq!(list["data"], json!([made]));

        // One person can belong to several namespaces, and is then named with one of them.
        app.post("/v1/namespaces", json!({ "name": "shop" })).await.expect(201);
        member(app, "alice", "viewer", "shop").await;
        let refused = app.get("/v1/members/alice").await.expect(400);
        assert_eq!(refused["error"]["param"], "namespace");
        let body = json!({ "user_id": "alice", "team": "web", "email": "a@example.com" });
        let changed = app.patch("/v1/members", body).await.expect(200);
        assert_eq!((&changed["email"], &changed["id"]), (&json!("a@example.com"), &made["id"]));
        let path = format!("/v1/members/{id}");
        app.patch(&path, json!({ "user_id": "bob" })).await.expect(400);
        app.patch(&path, json!({ "role": "owner" })).await.expect(400);
        app.patch(&path, json!({ "nonsense": 1 })).await.expect(400);

        let gone = app.delete("/v1/members?user_id=alice&namespace=web").await.expect(200);
        assert_eq!(gone["deleted"], true);
        app.get(&path).await.expect(404);
        app.delete(&path).await.expect(404);
        // The same person can come back, as another member.
        let again = member(app, "alice", "admin", "web").await;
        assert_ne!(again["id"], made["id"]);
        let actions: Vec<String> = history(app, id).await.into_iter().map(|(a, _)| a).collect();
        assert_eq!(actions, ["member.create", "member.update", "member.delete"]);
        app.delete("/v1/namespaces/web").await.expect(200);
        app.post("/v1/namespaces", json!({ "name": "web" })).await.expect(201);
        let list = app.get("/v1/members?namespace=web").await.expect(200);
        assert_eq!(list["data"], json!([]), "a namespace of the same name is another one");
    }

    async fn what_a_member_cannot_be_is_refused(app) {
        app.post("/v1/namespaces", json!({ "name": "web" })).await.expect(201);
        member(app, "alice", "developer", "web").await;
        for (user, email, status) in [
            ("alice", "other@example.com", 409), ("bob", "ALICE@example.com", 409),
            ("bob", "bob", 400), ("bob", "bob@", 400), ("bob", "", 400), ("", "b@example.com", 400),
        ] {
            let body = json!({ "user_id": user, "email": email, "namespace": "web" });
            app.post("/v1/members", body).await.expect(status);
        }
        let nowhere = json!({ "user_id": "b", "email": "b@example.com", "namespace": "nowhere" });
        app.post("/v1/members", nowhere).await.expect(404);
        let bob = member(app, "bob", "developer", "web").await;
        let path = format!("/v1/members/{}", bob["id"].as_str().unwrap());
        app.patch(&path, json!({ "email": "alice@example.com" })).await.expect(409);
        app.patch(&path, json!({ "email": "Bob@example.com" })).await.expect(200);
    }

    async fn only_admins_of_the_organization_manage_its_members(app) {
        let acme = organization(app, "acme").await;
        let evil = organization(app, "evil").await;
        let body = json!({ "user_id": "a", "email": "a@acme.com", "namespace": "acme-it" });
        let made = app.call(&acme, "POST", "/v1/members", body.clone()).await.expect(201);
        let path = format!("/v1/members/{}", made["id"].as_str().unwrap());
        for (method, path, body, status) in [
            ("GET", path.as_str(), Value::Null, 404),
            ("PATCH", &path, json!({ "role": "admin" }), 404),
            ("DELETE", &path, Value::Null, 404),
            ("POST", "/v1/members", body.clone(), 404),
            ("DELETE", "/v1/members?user_id=a", Value::Null, 404),
            ("PUT", "/v1/organizations/acme/roles/viewer", json!({}), 404),
        ] {
            app.call(&evil, method, path, body).await.expect(status);
        }
        let list = app.call(&evil, "GET", "/v1/members", Value::Null).await.expect(200);
        assert_eq!(list["data"], json!([]));

        // Whoever is no admin sees themselves alone.
        let key = json!({ "name": "k", "namespace": "acme-it", "user_id": "a" });
        let key = app.make_key(key).await;
        let key = key["key"].as_str().unwrap();
        let list = app.call(key, "GET", "/v1/members", Value::Null).await.expect(200);
        assert_eq!(list["data"], json!([made]));
        app.call(key, "GET", "/v1/members/a", Value::Null).await.expect(200);
        for (method, path, body) in [
            ("GET", "/v1/members/b", Value::Null), ("POST", "/v1/members", body),
            ("PATCH", &path, json!({ "role": "admin" })), ("DELETE", &path, Value::Null),
        ] {
            let refused = app.call(key, method, path, body).await.expect(403);
            assert!(refused["error"]["scope"].as_str().unwrap().starts_with("key:"), "{refused}");
        }
    }

    async fn a_key_is_no_more_than_its_member(app) {
        app.post("/v1/namespaces", json!({ "name": "web" })).await.expect(201);
        member(app, "alice", "developer", "web").await;
        member(app, "ann", "analyst", "web").await;
        let key = |name: &str, user: &str, more: Value| {
            let mut body = json!({ "name": name, "namespace": "web", "user_id": user });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let refused = app.post("/v1/keys", key("a", "alice", json!({ "role": "admin" }))).await;
        let refused = refused.expect(400);
        assert_eq!(refused["error"]["type"], "permission_error");
        assert_eq!(
            refused["error"]["violations"][0],
            "Cannot assign role 'admin' - wider than the member's 'developer'"
        );
        app.post("/v1/keys", key("a", "nobody", json!({}))).await.expect(404);
        app.post("/v1/keys", json!({ "name": "a", "user_id": "alice" })).await.expect(400);
        let made = app.make_key(key("a", "alice", json!({}))).await;
        assert_eq!((&made["role"], &made["user_id"]), (&json!("developer"), &json!("alice")));
        let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
        app.patch(&path, json!({ "role": "admin" })).await.expect(400);
        app.patch(&path, json!({ "user_id": "ann" })).await.expect(400);
        app.patch(&path, json!({ "role": "viewer", "user_id": "alice" })).await.expect(200);
        app.patch(&path, json!({ "role": "developer" })).await.expect(200);
        let made = app.make_key(key("b", "ann", json!({}))).await;
        assert_eq!(made["role"], "analyst", "a developer's where the member is one");
        let made = app.make_key(json!({ "name": "c", "namespace": "web", "role": "admin" })).await;
        assert_eq!(made["user_id"], Value::Null);
    }

    async fn a_smaller_role_narrows_the_keys_and_a_removal_disables_them(app) {
        app.post("/v1/namespaces", json!({ "name": "web" })).await.expect(201);
        let alice = member(app, "alice", "admin", "web").await;
        let member_path = format!("/v1/members/{}", alice["id"].as_str().unwrap());
        let mut ids = Vec::new();
        let mut secrets = Vec::new();
        for role in ["admin", "developer", "viewer"] {
            let body = json!({ "name": role, "namespace": "web", "user_id": "alice", "role": role });
            let made = app.make_key(body).await;
            ids.push(made["id"].as_str().unwrap().to_owned());
            secrets.push(made["key"].as_str().unwrap().to_owned());
        }
        let other = app.make_key(json!({ "name": "other", "namespace": "web" })).await;
        let gateway = Gateway::new("g", 1);
        let since = gateway.sync(app, 0, &[], json!([])).await.changes.revision;

        app.patch(&member_path, json!({ "role": "analyst" })).await.expect(200);
        let roles = |keys: &[(String, Value)]| keys.to_vec();
        assert_eq!(roles(&history(app, &ids[0]).await), [
            ("key.create".to_owned(), json!("admin")), ("key.update".to_owned(), json!("analyst")),
        ]);
        assert_eq!(history(app, &ids[2]).await.len(), 1, "a viewer is no more than an analyst");
        let changes = gateway.sync(app, since, &[], json!([])).await.changes;
        let told: Vec<&str> = changes.keys.iter().map(|key| key.role.name()).collect();
        assert_eq!(told, ["analyst", "analyst"]);
        app.call(&secrets[0], "GET", "/v1/members", Value::Null).await.expect(200);
        let create = json!({ "name": "more" });
        app.call(&secrets[0], "POST", "/v1/keys", create).await.expect(403);
        // What was taken does not come back by itself.
        app.patch(&member_path, json!({ "role": "admin" })).await.expect(200);
        let path = format!("/v1/keys/{}", ids[0]);
        assert_eq!(app.get(&path).await.expect(200)["role"], "analyst");

        let since = changes.revision;
        let gone = app.delete(&member_path).await.expect(200);
        assert_eq!(gone["disabled_keys"], 3);
        for secret in &secrets {
            app.call(secret, "GET", "/v1/account/balance", Value::Null).await.expect(401);
        }
        let changes = gateway.sync(app, since, &[], json!([])).await.changes;
        assert_eq!(changes.keys.iter().filter(|key| !key.enabled).count(), 3);
        assert_eq!(history(app, &ids[2]).await.last().unwrap(), &(
            "key.disable".to_owned(), json!(false),
        ));
        let refused = app.post(&format!("{path}/enable"), Value::Null).await.expect(400);
        assert!(refused["error"]["message"].as_str().unwrap().contains("alice"), "{refused}");
        app.patch(&path, json!({ "enabled": true })).await.expect(400);
        app.patch(&path, json!({ "name": "old" })).await.expect(200);
        let path = format!("/v1/keys/{}", other["id"].as_str().unwrap());
        assert_eq!(app.get(&path).await.expect(200)["enabled"], true);
        let verified = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!(verified["valid"], true, "{verified}");
    }

    async fn keys_made_while_a_member_shrinks_never_end_up_wider(app) {
        app.post("/v1/namespaces", json!({ "name": "web" })).await.expect(201);
        let alice = member(app, "alice", "admin", "web").await;
        let path = format!("/v1/members/{}", alice["id"].as_str().unwrap());
        let make = |n: usize| async move {
            let body = json!({
                "name": format!("k{n}"), "namespace": "web", "user_id": "alice", "role": "admin",
            });
            app.post("/v1/keys", body).await.status
        };
        let shrink = app.patch(&path, json!({ "role": "viewer" }));
        let (made, shrunk) = tokio::join!(crate::lending::futures_join((0..12).map(make).collect()), shrink);
        shrunk.expect(200);
        assert!(made.iter().all(|status| [201, 400].contains(status)), "{made:?}");
        let keys = app.get("/v1/keys?namespace=web").await.expect(200);
        for key in keys["data"].as_array().unwrap() {
            assert_eq!(key["role"], "viewer", "{key}");
        }
    }

    async fn the_audit_names_the_member_of_calls_and_changes(app) {
        let admin = organization(app, "acme").await;
        let body = json!({
            "user_id": "al", "email": "al@acme.com", "role": "admin", "namespace": "acme-it",
        });
        let al = app.call(&admin, "POST", "/v1/members", body).await.expect(201);
        let key = json!({
            "name": "als", "namespace": "acme-it", "user_id": "al", "role": "admin",
        });
        let key = app.make_key(key).await;
        let (id, secret) = (key["id"].as_str().unwrap(), key["key"].as_str().unwrap());
        let body = json!({ "name": "by-al" });
        app.call(secret, "POST", "/v1/namespaces", body).await.expect(201);
        let gateway = Gateway::new("g", 1);
        let mut call = gateway.event(app, Event {
            key: id, namespace: "acme-it", ..Event::default()
        });
        call["organization"] = json!("acme");
        call["user"] = json!("customer-7");
        let mut of_other = gateway.event(app, Event {
            key: "key_of_nobody", namespace: "acme-it", ..Event::default()
        });
        of_other["organization"] = json!("acme");
        of_other["user"] = json!("customer-8");
        gateway.sync(app, 0, &[call, of_other], json!([])).await;

        // The address then stays, whatever becomes of member and key.
        let path = format!("/v1/members/{}", al["id"].as_str().unwrap());
        app.delete(&path).await.expect(200);
        app.delete(&format!("/v1/keys/{id}")).await.expect(200);
        let audit = app.get("/v1/audit?organization=acme").await.expect(200);
        let of = |action: &str, key: &str| {
            let mut entries = audit["data"].as_array().unwrap().iter();
            let found = entries.find(|e| e["action"] == action && e["api_key_id"] == key);
            let found = found.unwrap_or_else(|| panic!("{action} of {key} in {audit:#}"));
            (found["user_email"].clone(), found["end_user"].clone())
        };
        assert_eq!(of("model.call", id), (json!("al@acme.com"), json!("customer-7")));
        let nobodys = of("model.call", "key_of_nobody");
        assert_eq!(nobodys, (json!("customer-8"), json!("customer-8")));
        assert_eq!(of("namespace.create", id).0, "al@acme.com");
        assert_eq!(of("member.delete", "operator").0, Value::Null);
        let verified = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!(verified["valid"], true, "{verified}");
    }
}
