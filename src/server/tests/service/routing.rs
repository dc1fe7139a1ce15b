//! `/v1/namespaces/{name}/routing`, and what a request would come to.

use crate::support::{ADMIN, Gateway, on_both_databases};
use paddock_ledger::store::Args;
use serde_json::{Value, json};

const PATH: &str = "/v1/namespaces/web/routing";
const RESOLVE: &str = "/v1/namespaces/web/routing/resolve";

fn rules() -> Value {
    json!({
        "name": "by-cost", "fallback_model": "gpt-4.1", "rules": [
            { "name": "batch", "match_conditions": { "batch_mode": true },
              "target_model": "deepseek" },
            { "name": "classify", "match_conditions": {
                "max_output_tokens": 64, "system_prompt_contains": ["classify"] },
              "target_model": "gemini", "fallback": "deepseek-v3.2" },
            { "name": "vip", "match_conditions": { "priority": "high" },
              "target_model": "claude-sonnet-4.5" },
        ],
    })
}

on_both_databases! {
    async fn routing_is_set_read_back_and_told_to_gateways(app) {
        let key = app.make_key(json!({ "name": "web" })).await;
        let key = key["key"].as_str().unwrap();
        app.get(PATH).await.expect(404);
        let put = |key, body: Value| app.call(key, "PUT", PATH, body);
        let refused = put(key, rules()).await.expect(403);
        assert_eq!(refused["error"]["type"], "permission_error");
        let made = put(ADMIN, rules()).await.expect(200);
        for (field, value) in rules().as_object().unwrap() {
            assert_eq!(made[field], *value, "{field}");
        }
        assert_eq!(made["namespace"], "web");
        assert_eq!(app.call(key, "GET", PATH, Value::Null).await.expect(200), made);

        let gateway = Gateway::new("one", 1);
        let answer = gateway.resolve(app, json!({ "namespace": "web" })).await;
        let told = serde_json::to_value(&answer.namespaces[0].routing).unwrap();
        assert_eq!(told, rules());
        let changes = gateway.sync(app, answer.revision, &[], json!([])).await.changes;
        assert!(changes.namespaces.is_empty());
        let mut fewer = rules();
        fewer["rules"].as_array_mut().unwrap().truncate(1);
        put(ADMIN, fewer.clone()).await.expect(200);
        let changes = gateway.sync(app, answer.revision, &[], json!([])).await.changes;
        let told = serde_json::to_value(&changes.namespaces[0].routing).unwrap();
        assert_eq!(told, fewer);

        // What else is changed leaves it as it is.
        app.patch("/v1/namespaces/web", json!({ "rpm": 50 })).await.expect(200);
        assert_eq!(app.get(PATH).await.expect(200)["rules"], fewer["rules"]);
        app.call(key, "DELETE", PATH, Value::Null).await.expect(403);
        app.delete(PATH).await.expect(200);
        app.delete(PATH).await.expect(404);
        app.get(PATH).await.expect(404);
        let changes = gateway.sync(app, changes.revision, &[], json!([])).await.changes;
        assert_eq!(changes.namespaces[0].routing, None);
        app.call(ADMIN, "PUT", "/v1/namespaces/nowhere/routing", rules()).await.expect(404);

        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT action, COALESCE(after, '') FROM audit_changes ORDER BY sequence";
        let found: Vec<(String, String)> = tx.all(sql, Args::new()).await.unwrap();
        let found: Vec<&(String, String)> =
            found.iter().filter(|(action, _)| action.contains("routing")).collect();
        let actions: Vec<&str> = found.iter().map(|(action, _)| action.as_str()).collect();
        let after: Value = serde_json::from_str(&found[0].1).unwrap();
        assert_eq!(after["routing"], rules());
        let updated = "namespace.routing.update";
        assert_eq!(actions, [updated, updated, "namespace.routing.delete"]);
    }

    async fn every_problem_of_a_routing_is_named(app) {
        app.make_key(json!({ "name": "web" })).await;
        let wrong = json!({ "name": "x", "fallback_model": "gpt-9", "colour": 1, "rules": [
            { "name": "a", "target_model": "gpt4", "match_conditions": { "hour": 3 } },
            { "name": "a", "target_model": "auto" },
        ]});
        let error = app.call(ADMIN, "PUT", PATH, wrong).await.expect(400);
        let found = error["error"]["violations"].as_array().unwrap();
        assert_eq!(found.len(), 5, "{error}");
        for part in ["colour", "gpt-9", "match_conditions.hour", "there twice", "lead to itself"] {
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains(part), "{part} in {message}");
        }
        app.get(PATH).await.expect(404);
    }

    async fn a_request_is_resolved_without_being_sent(app) {
        let key = app.make_key(json!({ "name": "web" })).await;
        let key = key["key"].as_str().unwrap();
        let narrow = json!({ "name": "narrow", "namespace": "web", "allowed_models": ["gpt4", "gemini"] });
        let narrow = app.make_key(narrow).await;
        let narrow = narrow["key"].as_str().unwrap();
        let chat = |more: Value| {
            let mut body = json!({ "model": "auto", "messages": [
                { "role": "system", "content": "You classify" }, { "role": "user", "content": "x" }] });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let resolve = |key, body: Value| app.call(key, "POST", RESOLVE, body);
        let error = resolve(key, chat(json!({}))).await.expect(404);
        assert_eq!(error["error"]["code"], "model_not_found");
        app.call(ADMIN, "PUT", PATH, rules()).await.expect(200);

        let batch = resolve(key, chat(json!({ "batch_mode": true, "max_tokens": 100 }))).await;
        let batch = batch.expect(200);
        assert_eq!((&batch["model"], &batch["rule"]), (&json!("deepseek-v3.2"), &json!("batch")));
        let output = 100.0 * 0.42 / 1e6;
        let cost = batch["estimated_cost"].as_f64().unwrap();
        let tokens = batch["estimated_input_tokens"].as_f64().unwrap();
        assert!((cost - output - tokens * 0.1 / 1e6).abs() < 1e-9, "{batch}");
        assert_eq!(batch["estimated_output_tokens"], 100);
        // Against claude-sonnet-4.5, the dearest that the rules name: at most its prompt is written to
        // the cache for an hour.
        let dearest = tokens * 6.0 / 1e6 + 100.0 * 15.0 / 1e6;
        assert!((batch["dearest_cost"].as_f64().unwrap() - dearest).abs() < 1e-9, "{batch}");
        let savings = batch["cost_savings_pct"].as_f64().unwrap();
        assert!((savings - (1.0 - cost / dearest) * 100.0).abs() < 0.01, "{batch}");

        for (key, body, model, rule, reason) in [
            (key, chat(json!({ "max_tokens": 64 })), "gemini-2.5-flash", json!("classify"), "routed: classify"),
            (key, chat(json!({ "priority": "high" })), "claude-sonnet-4.5", json!("vip"), "routed: vip"),
            (key, chat(json!({})), "gpt-4.1", json!(null), "routed: no rule matches (fallback_model)"),
            (narrow, chat(json!({ "batch_mode": true })), "gpt-4.1", json!("batch"), "routed: batch (fallback)"),
            (ADMIN, json!({ "system": "Classify!", "max_tokens": 9, "messages": [] }),
             "gemini-2.5-flash", json!("classify"), "routed: classify"),
            (ADMIN, json!({ "systemInstruction": { "parts": [{ "text": "Classify!" }] },
                "contents": [], "generationConfig": { "maxOutputTokens": 9 } }),
             "gemini-2.5-flash", json!("classify"), "routed: classify"),
            (ADMIN, json!({ "model": "auto", "input": "x", "instructions": "classify",
                "max_output_tokens": 9 }), "gemini-2.5-flash", json!("classify"), "routed: classify"),
        ] {
            let found = resolve(key, body.clone()).await.expect(200);
            assert_eq!((&found["model"], &found["rule"]), (&json!(model), &rule), "{body}");
            assert_eq!(found["reason"], reason, "{body}");
        }
        let named = resolve(narrow, chat(json!({ "model": "gpt-4" }))).await.expect(200);
        assert_eq!((&named["model"], &named["cost_savings_pct"]), (&json!("gpt-4.1"), &json!(0.0)));
        let error = resolve(narrow, chat(json!({ "model": "claude" }))).await.expect(403);
        assert_eq!(error["error"]["code"], "model_not_allowed");
        resolve(key, json!({ "model": 7 })).await.expect(400);
        resolve(key, json!([])).await.expect(400);
        let path = format!("{RESOLVE}?endpoint=/v1/embeddings");
        let body = json!({ "input": "x" });
        let found = app.call(key, "POST", &path, body.clone()).await.expect(200);
        assert_eq!(found["estimated_output_tokens"], 0);
        let path = format!("{RESOLVE}?endpoint=/v1/files");
        app.call(key, "POST", &path, body.clone()).await.expect(400);
        let other = app.make_key(json!({ "name": "other" })).await;
        resolve(other["key"].as_str().unwrap(), body).await.expect(403);
    }
}
