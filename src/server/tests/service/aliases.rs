//! `/v1/aliases`.

use crate::support::{ADMIN, Gateway, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    async fn an_alias_is_made_changed_listed_and_deleted(app) {
        let put = |alias: &str, model: &str| {
            let (path, body) = (format!("/v1/aliases/{alias}"), json!({ "model": model }));
            async move { app.call(ADMIN, "PUT", &path, body).await }
        };
        let listed = app.get("/v1/aliases").await.expect(200);
        let gpt = json!({ "alias": "gpt4", "object": "alias", "model": "gpt-4.1" });
        assert!(listed["data"].as_array().unwrap().contains(&gpt), "{listed}");
        let made = put("Team/Best-*", "gpt-4.1").await.expect(201);
        assert_eq!(made, json!({ "alias": "team/best-*", "object": "alias", "model": "gpt-4.1" }));
        put("team/best-*", "deepseek-v3.2").await.expect(200);
        let meant = app.get("/v1/prices/team/best-2026").await.expect(200);
        assert_eq!(meant["model"], "deepseek-v3.2");
        let long = app.get("/v1/prices/gpt-4.1%5B1m%5D").await.expect(200);
        assert_eq!(long["model"], "gpt-4.1");
        let gateway = Gateway::new("one", 1);
        let catalog = gateway.sync(app, 0, &[], json!([])).await.changes.catalog.unwrap();
        assert_eq!(catalog.resolve("TEAM/best-of-all").unwrap().name, "deepseek-v3.2");
        let deleted = app.delete("/v1/aliases/team/best-*").await.expect(200);
        assert_eq!(deleted, json!({ "id": "team/best-*", "object": "alias", "deleted": true }));
        app.delete("/v1/aliases/team/best-*").await.expect(404);
        app.get("/v1/prices/team/best-2026").await.expect(404);
    }

    async fn an_alias_hides_no_model_and_leads_to_one(app) {
        let put = |alias: &str, body: Value| {
            let path = format!("/v1/aliases/{alias}");
            async move { app.call(ADMIN, "PUT", &path, body).await.expect(400) }
        };
        let to = |model: &str| json!({ "model": model });
        for (alias, body, param) in [
            ("GPT-4.1", to("deepseek-v3.2"), "alias"),
            ("auto", to("gpt-4.1"), "alias"),
            ("*", to("gpt-4.1"), "alias"),
            ("a*b", to("gpt-4.1"), "alias"),
            ("new", to("gpt4"), "model"),
            ("new", json!({}), "model"),
            ("new", json!({ "model": "gpt-4.1", "price": 1 }), "price"),
        ] {
            let refused = put(alias, body).await;
            assert_eq!(refused["error"]["param"], param, "{alias} {refused}");
        }
        // A beginning of names reserves none of them.
        let body = to("gpt-4.1");
        app.call(ADMIN, "PUT", "/v1/aliases/house-*", body).await.expect(201);
        let body = json!({ "input": 1, "output": 1, "upstream": "mesh" });
        app.call(ADMIN, "PUT", "/v1/prices/house-1", body).await.expect(201);
        assert_eq!(app.get("/v1/prices/house-1").await.expect(200)["model"], "house-1");
        assert_eq!(app.get("/v1/prices/house-2").await.expect(200)["model"], "gpt-4.1");
    }

    async fn only_the_operator_changes_aliases_and_the_audit_has_it(app) {
        let key = app.make_key(json!({ "name": "k", "role": "admin" })).await;
        let key = key["key"].as_str().unwrap();
        app.call(key, "GET", "/v1/aliases", Value::Null).await.expect(200);
        let body = json!({ "model": "gpt-4.1" });
        app.call(key, "PUT", "/v1/aliases/mine", body.clone()).await.expect(403);
        app.call(key, "DELETE", "/v1/aliases/gpt4", Value::Null).await.expect(403);
        app.call(ADMIN, "PUT", "/v1/aliases/mine", body).await.expect(201);
        app.delete("/v1/aliases/mine").await.expect(200);
        let audit = app.get("/v1/audit?action=alias.delete").await.expect(200);
        assert_eq!(audit["data"][0]["before"], json!({ "model": "gpt-4.1" }), "{audit}");
    }
}
