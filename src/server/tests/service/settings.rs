//! `/v1/namespaces/{name}/settings`, and what gateways are told of them.

use crate::support::{Gateway, on_both_databases};
use paddock_core::policy::{ContentMode, ThrottleMode};
use serde_json::json;

const PATH: &str = "/v1/namespaces/web/settings";

on_both_databases! {
    async fn settings_are_kept_and_reach_gateways(app) {
        app.post("/v1/namespaces", json!({ "name": "web" })).await.expect(201);
        let defaults = app.get(PATH).await.expect(200);
        assert_eq!(defaults, json!({
            "namespace": "web", "auto_throttle_at_percent": null, "throttle_mode": "reject",
            "throttle_factor": 0.5, "max_queue_size": 100, "queue_timeout_seconds": 30,
            "fallback_model": null, "content_policy_mode": "standard", "allowed_categories": [],
            "references": "allow", "unknown_price": "refuse", "failure_mode": "closed",
            "allowed_regions": null, "preferred_regions": [],
        }));
        let body = json!({
            "auto_throttle_at_percent": 80, "throttle_mode": "redirect", "throttle_factor": 0.25,
            "max_queue_size": 7, "queue_timeout_seconds": 3, "fallback_model": "deepseek",
            "content_policy_mode": "strict", "allowed_categories": ["medical"],
            "references": "refuse", "unknown_price": "free", "failure_mode": "open",
            "allowed_regions": ["eu", "ch"], "preferred_regions": ["ch"],
        });
        let set = app.put(PATH, body.clone()).await.expect(200);
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(set[field], *value, "{field}");
        }
        let changed = app.put(PATH, json!({ "throttle_factor": null, "throttle_mode": "queue" }));
        let changed = changed.await.expect(200);
        assert_eq!((&changed["throttle_factor"], &changed["max_queue_size"]), (&json!(0.5), &json!(7)));
        assert_eq!(app.get(PATH).await.expect(200), changed);

        let gateway = Gateway::new("envoy", 1);
        let answer = gateway.resolve(app, json!({ "namespace": "web" })).await;
        let told = &answer.namespaces[0];
        assert_eq!(told.settings.throttle_mode, ThrottleMode::Queue);
        assert!(told.settings.allows_region(Some("eu")) && !told.settings.allows_region(None));
        assert_eq!(told.settings.auto_throttle_at_percent, Some(80));
        assert_eq!(told.settings.content_policy_mode, ContentMode::Strict);
        assert_eq!(told.settings.throttle_factor.thousandths(), 500);
    }

    async fn settings_that_cannot_work_are_refused_whole(app) {
        let body = json!({ "name": "web", "allowed_models": ["gpt-4.1"] });
        app.post("/v1/namespaces", body).await.expect(201);
        for (body, says) in [
            (json!({ "throttle_mode": "redirect" }), "needs fallback_model"),
            (json!({ "fallback_model": "gpt-9" }), "There is no model 'gpt-9'"),
            (json!({ "fallback_model": "deepseek" }), "choose one of gpt-4.1"),
            (json!({ "throttle_factor": 0 }), "from 0.001 to 1"),
            (json!({ "auto_throttle_at_percent": 101 }), "from 1 to 100"),
            (json!({ "throttle_mode": "drop" }), "one of 'reject', 'redirect', 'queue'"),
            (json!({ "max_queue_size": 5, "colour": 1 }), "colour"),
        ] {
            let error = app.put(PATH, body).await.expect(400);
            let message = error["error"]["message"].as_str().unwrap();
            assert!(message.contains(says), "{message}");
        }
        assert_eq!(app.get(PATH).await.expect(200)["max_queue_size"], 100);
        app.put("/v1/namespaces/nobody/settings", json!({})).await.expect(404);
    }
}
