//! Calls refused for their content: in the audit, and in no sum.

use crate::support::{Event, Gateway, on_both_databases};
use paddock_core::policy::ContentMode;
use serde_json::json;

on_both_databases! {
    async fn a_refused_call_is_in_the_audit_and_in_no_report(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let served = gateway.event(app, Event { cost: 5_000_000, ..Event::default() });
        let mut refused = gateway.event(app, Event::default());
        refused["outcome"] = json!("refused");
        refused["status"] = json!(400);
        refused["category"] = json!("weapons");
        refused["tokens"] = json!({});
        gateway.sync(app, 0, &[served, refused], json!([])).await;

        let usage = app.get("/v1/namespaces/team/usage").await.expect(200);
        assert_eq!(usage["request_count"], 1);
        assert_eq!(usage["model_breakdown"]["gpt-4.1"]["requests"], 1);
        let audit = app.get("/v1/audit?namespace=team&action=model.").await.expect(200);
        let entries = audit["data"].as_array().unwrap();
        let mut told: Vec<_> = entries.iter()
            .map(|entry| (entry["outcome"].as_str().unwrap(), entry["category"].clone()))
            .collect();
        told.sort_by_key(|(outcome, _)| *outcome);
        assert_eq!(told, [("complete", json!(null)), ("refused", json!("weapons"))]);
        let verified = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!(verified["valid"], true, "{verified}");
    }

    async fn a_keys_own_mode_reaches_gateways(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let body = json!({ "name": "k", "namespace": "team", "content_policy_mode": "strict" });
        let made = app.make_key(body).await;
        assert_eq!(made["content_policy_mode"], "strict");
        let digest = paddock_core::secret::digest(made["key"].as_str().unwrap().as_bytes()).to_hex();
        let gateway = Gateway::new("envoy", 1);
        let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
        for (mode, expected) in [
            (json!("strict"), Some(ContentMode::Strict)),
            (json!("relaxed"), Some(ContentMode::Relaxed)),
            (json!(null), None),
        ] {
            app.patch(&path, json!({ "content_policy_mode": mode })).await.expect(200);
            let told = gateway.resolve(app, json!({ "key": digest })).await.key.unwrap();
            assert_eq!(told.content_policy_mode, expected);
        }
        app.patch(&path, json!({ "content_policy_mode": "lax" })).await.expect(400);
    }
}
