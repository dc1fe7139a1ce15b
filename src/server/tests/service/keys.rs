//! `/v1/keys`.

use crate::support::{ADMIN, Event, Gateway, on_both_databases};
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

on_both_databases! {
    async fn a_key_lives_from_creation_to_deletion(app) {
        let made = app.post("/v1/keys", json!({
            "name": "Alice's key", "monthly_quota_usd": 500.0, "daily_quota_usd": 50,
            "rate_limits": { "rpm": 60, "tpm": 90_000 }, "max_concurrency": 5, "bytes_per_minute": 2_000_000,
            "allowed_models": ["gpt-4.1"], "scopes": ["chat:create", "embeddings:create"],
            "role": "analyst", "environment": "production", "tags": { "cost": "42" },
            "expires_in": 30, "content_policy_mode": "strict",
        })).await;
        assert!(made.headers.contains_key("x-request-id"));
        let made = made.expect(201);
        let secret = made["key"].as_str().unwrap();
        let id = made["id"].as_str().unwrap();
        assert!(secret.starts_with("pdk_") && id.starts_with("key_"));
        let path = format!("/v1/keys/{id}");
        let shown = app.get(&path).await.expect(200);
        assert!(!shown.to_string().contains(secret));
        let preview = format!("{}...{}", &secret[..8], &secret[secret.len() - 4..]);
        for (field, value) in [
            ("name", json!("Alice's key")),
            ("namespace", json!("alice-s-key")),
            ("organization", json!("default")),
            ("key_preview", json!(preview)),
            ("monthly_quota_usd", json!(500.0)),
            ("daily_quota_usd", json!(50.0)),
            ("rate_limit_per_minute", json!(60)),
            ("tokens_per_minute", json!(90_000)),
            ("burst", json!(60)),
            ("max_concurrency", json!(5)),
            ("bytes_per_minute", json!(2_000_000)),
            ("allowed_models", json!(["gpt-4.1"])),
            ("scopes", json!(["chat:create", "embeddings:create"])),
            ("role", json!("analyst")),
            ("environment", json!("production")),
            ("tags", json!({ "cost": "42" })),
            ("content_policy_mode", json!("strict")),
            ("enabled", json!(true)),
            ("expires_at", json!("2026-04-14T12:00:00Z")),
            ("created_at", json!("2026-03-15T12:00:00Z")),
        ] {
            assert_eq!(shown[field], value, "{field}");
        }
        let list = app.get("/v1/keys").await.expect(200);
        assert_eq!((list["object"].as_str(), &list["data"][0]), (Some("list"), &shown));

        let off = app.post(&format!("{path}/disable"), Value::Null).await.expect(200);
        assert_eq!(off["enabled"], false);
        app.call(secret, "GET", "/v1/account/balance", Value::Null).await.expect(401);
        app.post(&format!("{path}/enable"), Value::Null).await.expect(200);
        app.call(secret, "GET", "/v1/account/balance", Value::Null).await.expect(200);

        let limits = json!({ "rpm": 100, "tpm": 1_000, "max_concurrency": null });
        let limits = app.patch(&format!("{path}/limits"), limits).await.expect(200);
        assert_eq!((&limits["rpm"], &limits["rate_limit_per_minute"]), (&json!(100), &json!(100)));
        assert_eq!(limits["max_concurrency"], Value::Null);
        let bytes = json!({ "bytes_per_minute": null });
        let limits = app.patch(&format!("{path}/limits"), bytes).await.expect(200);
        assert_eq!(limits["bytes_per_minute"], Value::Null, "as the gateways say");
        let body = json!({ "name": "Bob's", "quota_monthly_usd": null, "models": null });
        let changed = app.patch(&path, body).await.expect(200);
        assert_eq!(changed["name"], "Bob's");
        assert_eq!(changed["monthly_quota_usd"], 1_000_000.0, "the organization's");
        assert_eq!(changed["allowed_models"].as_array().unwrap().len(), app.models().await);
        assert_eq!(changed["tokens_per_minute"], 1_000);

        let gone = app.delete(&path).await.expect(200);
        assert_eq!(gone, json!({ "id": id, "object": "key", "deleted": true }));
        let unknown = app.get(&path).await;
        assert_eq!(unknown.headers["x-should-retry"], "false");
        assert_eq!(unknown.expect(404)["error"]["code"], "not_found");
        app.call(secret, "GET", "/v1/account/balance", Value::Null).await.expect(401);
    }

    async fn every_synonym_of_the_contract_is_read(app) {
        let synonyms: [(&str, &[&str], Value); 7] = [
            ("monthly_quota_usd", &["quota_monthly_usd", "monthly_budget_usd", "monthly_limit_usd",
                "quota_override_monthly"], json!(12.5)),
            ("daily_quota_usd", &["quota_daily_usd"], json!(2.5)),
            ("rate_limit_per_minute", &["rate_limit_rpm", "rpm"], json!(30)),
            ("tokens_per_minute", &["rate_limit_tpm", "tpm"], json!(3_000)),
            ("burst", &["burst_size"], json!(5)),
            ("max_concurrency", &["burst_limit", "max_concurrent"], json!(3)),
            ("allowed_models", &["models"], json!(["gpt-4.1"])),
        ];
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let mut number = 0;
        for (canonical, names, value) in synonyms {
            for name in names.iter().chain([&canonical]) {
                number += 1;
                let made = app.make_key(json!({ "name": format!("k{number}"), *name: value })).await;
                assert_eq!(made[canonical], value, "{name}");
            }
        }
        for name in ["namespace", "team_id", "team", "project"] {
            let made = app.make_key(json!({ "name": name, name: "team" })).await;
            assert_eq!(made["namespace"], "team");
            let list = app.get(&format!("/v1/keys?{name}=team&limit=1")).await.expect(200);
            assert_eq!(list["data"][0]["namespace"], "team");
        }
        let list = app.get("/v1/keys?limit=3").await.expect(200);
        assert_eq!((list["data"].as_array().unwrap().len(), &list["has_more"]), (3, &json!(true)));
        let last = list["last_id"].as_str().unwrap();
        let rest = app.get(&format!("/v1/keys?limit=1000&after={last}")).await.expect(200);
        assert_eq!(rest["data"].as_array().unwrap().len(), number + 4 - 3);
    }

    async fn what_is_wrong_is_named_as_the_caller_wrote_it(app) {
        for (body, param, message) in [
            (json!({}), "name", "Missing required parameter: 'name'."),
            (json!({ "name": "k", "rate_limits": { "rpm": 9 } }), "rate_limits.rpm",
                "'rate_limits.rpm' must be a whole number from 10 to 10000."),
            (json!({ "name": "k", "rpm": 10_001 }), "rpm",
                "'rpm' must be a whole number from 10 to 10000."),
            (json!({ "name": "k", "monthly_budget_usd": -1 }), "monthly_budget_usd",
                "'monthly_budget_usd' must be a number of dollars from 0 to 1000000000."),
            (json!({ "name": "k", "role": "king" }), "role",
                "'role' must be one of 'admin', 'developer', 'analyst', 'viewer'."),
            (json!({ "name": "k", "rate_limits": { "rps": 1 } }), "rate_limits.rps",
                "Unknown parameter: 'rate_limits.rps'. Remove it or correct its name."),
            (json!({ "name": "k", "colour": 1 }), "colour",
                "Unknown parameter: 'colour'. Remove it or correct its name."),
            (json!({ "name": 7 }), "name", "'name' must be a text of 1 to 256 characters."),
        ] {
            let error = app.post("/v1/keys", body).await.expect(400)["error"].clone();
            assert_eq!((&error["param"], &error["message"]), (&json!(param), &json!(message)));
            assert_eq!(error["type"], "invalid_request_error");
        }
        app.post("/v1/keys", json!({ "name": "k", "namespace": "no" })).await.expect(404);
        app.post("/v1/keys", json!([1])).await.expect(400);
        app.get("/v1/keys?colour=1").await.expect(400);
    }

    async fn a_key_is_isolated_and_its_name_unique_in_its_namespace(app) {
        let names: Vec<Value> = [
            app.make_key(json!({ "name": "same" })).await,
            app.make_key(json!({ "name": "same" })).await,
            app.make_key(json!({ "name": "SAME" })).await,
        ].iter().map(|key| key["namespace"].clone()).collect();
        assert_eq!(json!(names), json!(["same", "same-2", "same-3"]));
        let again = json!({ "name": "same", "namespace": "same" });
        let error = app.post("/v1/keys", again).await.expect(409);
        assert_eq!(error["error"]["code"], "already_exists");
    }

    async fn a_limit_wider_than_the_parents_is_refused_with_every_violation(app) {
        app.post("/v1/namespaces", json!({
            "name": "team", "monthly_quota_usd": 5000, "rate_limit_per_minute": 500,
            "allowed_models": ["gpt-4.1"], "priority": "high",
        })).await.expect(201);
        let first = json!({ "name": "a", "team_id": "team", "monthly_quota_usd": 1 });
        let first = app.make_key(first).await;
        let error = app.post("/v1/keys", json!({
            "name": "b", "team_id": "team", "monthly_quota_usd": 5000, "rpm": 600,
            "models": ["gpt4", "o1-preview", "o1-pro"],
        })).await.expect(400)["error"].clone();
        assert_eq!((&error["type"], &error["code"]), (&json!("permission_error"), &json!("permission_error")));
        assert_eq!(error["violations"], json!([
            "Cannot assign models ['o1-preview', 'o1-pro'] - not in team whitelist",
            "Monthly quota $5000.00 exceeds team limit of $5000.00",
            "Rate limit 600 requests per minute exceeds team limit of 500",
        ]));
        let message = error["message"].as_str().unwrap();
        assert!(message.ends_with(" Assigned to the team's other keys: $1.00 a month, $0.00 a day."));
        let path = format!("/v1/keys/{}", first["id"].as_str().unwrap());
        app.patch(&path, json!({ "monthly_quota_usd": 5000 })).await.expect(200);
        app.patch(&path, json!({ "monthly_quota_usd": 5000.01 })).await.expect(400);
        app.patch(&format!("{path}/limits"), json!({ "rpm": 501 })).await.expect(400);
        let options = paddock_server::config::PolicyOptions {
            allow_over_assignment: true, max_rpm: 20_000, ..Default::default()
        };
        let lenient = app.replica(options).await;
        let body = json!({ "name": "c", "team_id": "team", "monthly_quota_usd": 5000 });
        lenient.make_key(body).await;
        lenient.make_key(json!({ "name": "fast", "rpm": 20_000 })).await;
    }

    async fn rotation_keeps_the_old_secret_until_it_expires(app) {
        let made = app.make_key(json!({ "name": "k" })).await;
        let old = made["key"].as_str().unwrap();
        let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
        let rotated = app.post(&format!("{path}/rotate"), json!({ "expires_in": 7 })).await;
        let rotated = rotated.expect(201);
        let new = rotated["primary"].as_str().unwrap();
        assert_eq!(rotated["secondary_expires_at"], "2026-03-22T12:00:00Z");
        let shown = app.get(&path).await.expect(200);
        assert_eq!(shown["secondary"]["key_preview"], made["key_preview"]);
        assert_ne!(shown["key_preview"], made["key_preview"]);
        for key in [old, new] {
            app.call(key, "GET", "/v1/account/balance", Value::Null).await.expect(200);
        }
        app.advance(7 * 86_400);
        app.call(old, "GET", "/v1/account/balance", Value::Null).await.expect(401);
        app.call(new, "GET", "/v1/account/balance", Value::Null).await.expect(200);
        app.call(ADMIN, "POST", &format!("{path}/rotate"), Value::Null).await.expect(201);
    }

    async fn status_usage_and_balance_are_numbers_without_and_with_traffic(app) {
        let made = app.make_key(json!({ "name": "team", "monthly_quota_usd": 2, "rpm": 20 })).await;
        let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
        let path = format!("/v1/keys/{id}");
        let status = app.get(&format!("{path}/status")).await.expect(200);
        for (field, value) in [
            ("enabled", json!(true)), ("throttled", json!(false)), ("limit_rpm", json!(20)),
            ("limit_tpm", json!(100_000_000)), ("budget_used_percent", json!(0.0)),
            ("budget_remaining_usd", json!(2.0)), ("id", json!(id)),
        ] {
            assert_eq!(status[field], value, "{field}");
        }
        for granularity in ["hour", "day", "month"] {
            let path = format!("{path}/usage?period=7d&granularity={granularity}");
            let usage = app.get(&path).await.expect(200);
            for field in ["total_requests", "total_tokens", "total_cost_usd", "peak_rpm",
                "budget_remaining_usd", "budget_used_percent", "limit_rpm", "peak_tpm", "limit_tpm"] {
                assert!(usage[field].is_number(), "{field}");
            }
            let series = usage["series"].as_array().unwrap();
            assert_eq!(series.len(), match granularity { "hour" => 169, "day" => 8, _ => 1 });
            assert_eq!(series[0]["requests"], 0);
        }
        let gateway = Gateway::new("one", 1);
        let cheap = Event { key: id, cost: 50 * CENT, ..Event::default() };
        let dear = Event { model: "claude-sonnet-4.5", cost: 100 * CENT, ..cheap.clone() };
        let events = [gateway.event(app, cheap.clone()), gateway.event(app, dear)];
        gateway.sync(app, 0, &events, json!([])).await;
        app.advance(3_600);
        gateway.sync(app, 0, &[gateway.event(app, cheap)], json!([])).await;
        let usage = app.get(&format!("{path}/usage?period=7d&granularity=hour")).await.expect(200);
        assert_eq!(usage["key_name"], "team");
        assert_eq!(usage["period_start"], "2026-03-08T13:00:00Z");
        assert_eq!(usage["period_end"], "2026-03-15T13:00:00Z");
        assert_eq!(usage["by_model"]["claude-sonnet-4.5"],
            json!({ "requests": 1, "tokens": 150, "cost_usd": 1.0 }));
        assert_eq!(usage["by_model"]["gpt-4.1"]["requests"], 2);
        let series = usage["series"].as_array().unwrap();
        assert_eq!(series[series.len() - 2], json!({
            "start": "2026-03-15T12:00:00Z", "requests": 2, "tokens": 300, "cost_usd": 1.5,
        }));
        assert_eq!((&usage["peak_rpm"], &usage["peak_tpm"]), (&json!(2), &json!(300)));
        let balance = app.call(key, "GET", "/v1/account/balance", Value::Null).await.expect(200);
        assert_eq!(balance,
            json!({ "balance": 0.0, "monthly_limit": 2.0, "used": 2.0, "currency": "USD" }));
        app.get(&format!("{path}/usage?period=tomorrow")).await.expect(400);
        app.get(&format!("{path}/usage?period=3000d&granularity=hour")).await.expect(400);
    }

    async fn names_and_labels_deceive_nobody(app) {
        for name in ["operator", "Operator", "a\u{202e}b", "a\u{2066}b", "a\u{0}b"] {
            app.post("/v1/keys", json!({ "name": name })).await.expect(400);
        }
        for tags in [json!(["a\u{0}"]), json!({ "a": "b\n" }), json!({ "a\u{7f}": "b" }), json!(["\u{200f}"])] {
            app.post("/v1/keys", json!({ "name": "k", "tags": tags })).await.expect(400);
        }
        let made = app.make_key(json!({ "name": "operators' key", "tags": ["", "\u{e9}"] })).await;
        let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
        app.patch(&path, json!({ "name": "operator" })).await.expect(400);
    }
}
