//! `/v1/namespaces`.

use crate::support::{Event, Gateway, on_both_databases};
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

on_both_databases! {
    async fn a_namespace_lives_from_creation_to_deletion(app) {
        let body = json!({
            "name": "tenant-marketing", "monthly_quota_usd": 500.0, "daily_quota_usd": 40,
            "rate_limit_per_minute": 100, "tokens_per_minute": 50_000, "burst": 20,
            "max_concurrency": 4, "allowed_models": ["gpt-4.1"], "priority": "high",
            "weight": 3, "bytes_per_minute": 1_048_576, "tags": ["eu"],
        });
        let made = app.post("/v1/namespaces", body.clone()).await.expect(201);
        for (field, value) in body.as_object().unwrap() {
            let same = made[field] == *value || made[field].as_f64() == value.as_f64();
            assert!(same, "{field}: {}", made[field]);
        }
        assert_eq!(made["organization"], "default");
        let error = app.post("/v1/namespaces", body).await.expect(409);
        assert_eq!(error["error"]["code"], "already_exists");
        let path = "/v1/namespaces/tenant-marketing";
        assert_eq!(app.get(path).await.expect(200), made);
        app.post("/v1/namespaces", json!({ "team": "b", "organization": "acme" })).await.expect(201);
        let list = app.get("/v1/namespaces?limit=1").await.expect(200);
        assert_eq!((&list["data"][0]["name"], &list["has_more"]), (&json!("b"), &json!(true)));
        let rest = app.get("/v1/namespaces?after=b").await.expect(200);
        assert_eq!(rest["data"], json!([made]));

        let change = json!({ "rpm": 50, "daily_quota_usd": null, "enabled": false });
        let changed = app.patch(path, change).await.expect(200);
        assert_eq!(changed["rate_limit_per_minute"], 50);
        assert_eq!(changed["daily_quota_usd"], 500.0);
        assert_eq!((&changed["enabled"], &changed["priority"]), (&json!(false), &json!("high")));
        app.patch(path, json!({ "name": "other" })).await.expect(400);
        for weight in [json!(0), json!(101), json!("heavy")] {
            app.patch(path, json!({ "weight": weight })).await.expect(400);
        }
        for bytes in [1_048_575_u64, 102_400_000_001] {
            app.patch(path, json!({ "bytes_per_minute": bytes })).await.expect(400);
        }
        let gateway = Gateway::new("envoy", 1);
        let question = json!({ "namespace": "tenant-marketing" });
        for (weight, expected) in [(json!(100), 100), (json!(null), 1)] {
            let changed = app.patch(path, json!({ "weight": weight })).await.expect(200);
            assert_eq!(changed["weight"], expected);
            let answer = gateway.resolve(app, question.clone()).await;
            assert_eq!(answer.namespaces[0].weight, expected);
        }
        let wide = json!({ "monthly_quota_usd": 1_000_001, "tpm": 50 });
        let error = app.patch(path, wide).await.expect(400);
        assert_eq!(error["error"]["violations"],
            json!(["Monthly quota $1000001.00 exceeds organization limit of $1000000.00"]));

        let key = app.make_key(json!({ "name": "k", "namespace": "tenant-marketing" })).await;
        let gone = app.delete(path).await.expect(200);
        assert_eq!((&gone["deleted"], &gone["deleted_keys"]), (&json!(true), &json!(1)));
        for path in [path, &format!("{path}/usage"),
            &format!("/v1/keys/{}", key["id"].as_str().unwrap())] {
            app.get(path).await.expect(404);
        }
        app.delete(path).await.expect(404);
        app.post("/v1/namespaces", json!({ "name": "a/b" })).await.expect(400);
        app.post("/v1/namespaces", json!({ "name": "c", "priority": "urgent" })).await.expect(400);
    }

    async fn usage_is_numbers_without_and_with_traffic(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 100, "rpm": 60 }))
            .await.expect(201);
        for period in ["current_month", "7d", "30d", "90d", "all"] {
            let usage = app.get(&format!("/v1/namespaces/team/usage?period={period}")).await;
            let usage = usage.expect(200);
            for field in ["current_month_cost", "remaining_quota", "request_count",
                "avg_latency_ms", "p50_latency_ms", "p99_latency_ms", "rate_limit_remaining",
                "total_spent", "quota_limit", "quota_remaining", "days_remaining_in_period",
                "projected_month_end_spend"] {
                assert!(usage[field].is_number(), "{period} {field}");
            }
            assert_eq!(usage["model_breakdown"], json!({}));
        }
        let gateway = Gateway::new("one", 1);
        let events: Vec<Value> = (1..=100).map(|n| {
            let event = Event { cost: 29 * CENT, duration_ms: n * 10, ..Event::default() };
            gateway.event(app, event)
        }).collect();
        gateway.sync(app, 0, &events, json!([])).await;
        let usage = app.get("/v1/namespaces/team/usage").await.expect(200);
        assert_eq!(usage["namespace"], "team");
        assert_eq!(usage["request_count"], 100);
        assert_eq!(usage["current_month_cost"], 29.0);
        assert_eq!((&usage["total_spent"], &usage["remaining_quota"]), (&json!(29.0), &json!(71.0)));
        assert_eq!(usage["avg_latency_ms"], 505.0);
        let near = |field: &str, value: f64| {
            let found = usage[field].as_f64().unwrap();
            assert!((found / value - 1.0).abs() < 0.2, "{field}: {found}");
        };
        near("p50_latency_ms", 500.0);
        near("p99_latency_ms", 990.0);
        assert_eq!(usage["rate_limit_remaining"], 0);
        assert_eq!(usage["model_breakdown"]["gpt-4.1"],
            json!({ "requests": 100, "tokens": 15_000, "cost": 29.0 }));
        // Noon of the 15th: 14.5 of 31 days are over.
        assert_eq!(usage["days_remaining_in_period"], 17);
        assert!((usage["projected_month_end_spend"].as_f64().unwrap() - 62.0).abs() < 1e-6);
    }
}
