//! Who may do what.

use crate::support::{ADMIN, GATEWAY, on_both_databases};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

on_both_databases! {
    async fn nobody_is_let_in_without_a_key_that_is_accepted(app) {
        let made = app.make_key(json!({ "name": "k", "expires_in": 1 })).await;
        let key = made["key"].as_str().unwrap();
        let bare = Request::get("/v1/keys").body(Body::empty()).unwrap();
        let refused = app.send(bare).await;
        assert_eq!(refused.headers["x-should-retry"], "false");
        assert_eq!(refused.expect(401)["error"]["code"], "invalid_api_key");
        let other = if key.ends_with('x') { 'y' } else { 'x' };
        let typo = format!("{}{other}", &key[..key.len() - 1]);
        for (key, reason) in [
            ("pdk_x", "checksum"), (typo.as_str(), "checksum"), (GATEWAY, "Incorrect API key"),
        ] {
            let refused = app.call(key, "GET", "/v1/keys", Value::Null).await.expect(401);
            assert!(refused["error"]["message"].as_str().unwrap().contains(reason), "{refused}");
        }
        for key in [ADMIN, key] {
            let body = json!({ "gateway": "g" });
            app.call(key, "POST", "/gateway/v1/resolve", body).await.expect(401);
            let by_header = Request::get("/v1/account/balance").header("x-api-key", key);
            app.send(by_header.body(Body::empty()).unwrap()).await.expect(200);
            let foreign = Request::get("/v1/account/balance")
                .header("x-api-key", key).header("x-team", "another");
            let answer = app.send(foreign.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, if key == ADMIN { 200 } else { 401 });
        }
        app.advance(86_400);
        let refused = app.call(key, "GET", "/v1/keys", Value::Null).await.expect(401);
        assert!(refused["error"]["message"].as_str().unwrap().contains("expired"));
        assert_eq!(app.get("/v1/nonsense").await.expect(404)["error"]["code"], "unknown_url");
        app.delete("/v1/keys").await.expect(405);
    }

    async fn a_key_reads_itself_and_its_namespace_and_changes_nothing(app) {
        let other = app.make_key(json!({ "name": "other" })).await;
        let other = format!("/v1/keys/{}", other["id"].as_str().unwrap());
        for role in ["developer", "analyst", "viewer"] {
            let made = app.make_key(json!({ "name": role, "role": role })).await;
            let key = made["key"].as_str().unwrap();
            let own = format!("/v1/keys/{}", made["id"].as_str().unwrap());
            let namespace = format!("/v1/namespaces/{role}");
            for path in [
                "/v1/account/balance", "/v1/prices", "/v1/roles", &own,
                &format!("{own}/status"), &format!("{own}/usage"), &format!("{own}/limits"),
                &namespace, &format!("{namespace}/usage"),
            ] {
                app.call(key, "GET", path, Value::Null).await.expect(200);
            }
            let list = app.call(key, "GET", "/v1/keys", Value::Null).await.expect(200);
            assert_eq!(list["data"].as_array().unwrap().len(), 1);
            let list = app.call(key, "GET", "/v1/namespaces", Value::Null).await.expect(200);
            assert_eq!(list["data"].as_array().unwrap().len(), 1);
            for (method, path) in [
                ("GET", other.as_str()), ("GET", "/v1/namespaces/other/usage"),
                ("GET", &format!("{other}/usage")), ("POST", "/v1/keys"), ("PATCH", &own),
                ("DELETE", &own), ("POST", &format!("{own}/disable")),
                ("POST", &format!("{own}/rotate")), ("PATCH", &format!("{own}/limits")),
                ("POST", "/v1/namespaces"), ("PATCH", &namespace), ("DELETE", &namespace),
                ("PUT", "/v1/prices/gpt-4.1"),
            ] {
                let refused = app.call(key, method, path, json!({ "name": "x" })).await;
                assert_eq!(refused.headers["x-should-retry"], "false");
                assert_eq!(refused.expect(403)["error"]["type"], "permission_error", "{path}");
            }
        }
    }

    async fn an_admin_key_manages_its_own_organization_alone(app) {
        let body = json!({ "name": "acme-it", "organization": "acme" });
        app.post("/v1/namespaces", body).await.expect(201);
        let admin = json!({ "name": "admin", "namespace": "acme-it", "role": "admin" });
        let admin = app.make_key(admin).await;
        let admin = admin["key"].as_str().unwrap();
        let foreign = app.make_key(json!({ "name": "foreign" })).await;
        let foreign = format!("/v1/keys/{}", foreign["id"].as_str().unwrap());

        let body = json!({ "name": "worker" });
        let made = app.call(admin, "POST", "/v1/keys", body).await.expect(201);
        assert_eq!(made["organization"], "acme");
        let body = json!({ "name": "acme-web" });
        let made = app.call(admin, "POST", "/v1/namespaces", body).await.expect(201);
        assert_eq!(made["organization"], "acme");
        let list = app.call(admin, "GET", "/v1/namespaces", Value::Null).await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 3);
        let list = app.call(admin, "GET", "/v1/keys", Value::Null).await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 2);
        for (method, path, status) in [
            ("GET", foreign.as_str(), 404), ("DELETE", &foreign, 404),
            ("GET", "/v1/namespaces/foreign", 404), ("PATCH", "/v1/namespaces/foreign", 404),
            ("PUT", "/v1/prices/gpt-4.1", 403),
        ] {
            app.call(admin, method, path, json!({})).await.expect(status);
        }
        let body = json!({ "name": "x", "organization": "default" });
        app.call(admin, "POST", "/v1/namespaces", body).await.expect(403);
        let body = json!({ "name": "x", "namespace": "foreign" });
        app.call(admin, "POST", "/v1/keys", body).await.expect(404);
    }

    async fn roles_are_told_with_what_each_may_do(app) {
        let roles = app.get("/v1/roles").await.expect(200);
        let viewer = &roles["data"][3];
        assert_eq!((&viewer["name"], &viewer["models"]), (&json!("viewer"), &json!([])));
        assert_eq!(viewer["allowed_endpoints"], json!(["models:read"]));
        assert_eq!(roles["data"][0]["can_manage_users"], true);
        assert_eq!(roles["data"][1]["can_create_api_keys"], false);
        assert_eq!(roles["data"][2]["can_view_analytics"], true);
    }
}
