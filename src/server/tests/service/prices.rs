//! `/v1/prices`.

use crate::support::{ADMIN, Event, Gateway, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    async fn prices_are_right_out_of_the_box_and_the_operators_to_change(app) {
        let prices = app.get("/v1/prices").await.expect(200);
        assert_eq!(prices["aliases"]["gpt-4"], "gpt-4.1");
        for (model, input, output) in [
            ("gpt4", 2.5, 8.0), ("claude-sonnet-4.5", 3.0, 15.0), ("gemini-2.5-flash", 0.3, 2.5),
            ("deepseek-v3.2", 0.1, 0.42), ("text-embedding-3-small", 0.02, 0.0),
            ("text-embedding-3-large", 0.13, 0.0),
        ] {
            let price = app.get(&format!("/v1/prices/{model}")).await.expect(200);
            assert_eq!(price["input_usd_per_million"], input);
            assert_eq!(price["output_usd_per_million"], output);
        }
        let put = |name: &str, body: Value| {
            let path = format!("/v1/prices/{name}");
            async move { app.call(ADMIN, "PUT", &path, body).await }
        };
        let changed = put("gpt-4.1", json!({ "cached_input": 0.625 })).await.expect(200);
        assert_eq!(changed["cached_input_usd_per_million"], 0.625);
        assert_eq!(changed["output_usd_per_million"], 8.0);
        let body = json!({
            "input_usd_per_million": 0.2, "output_usd_per_million": 0.2, "upstream": "mesh",
            "max_output_tokens": 512,
        });
        let made = put("meta/llama-3", body).await.expect(201);
        assert_eq!((&made["model"], &made["upstream"]), (&json!("meta/llama-3"), &json!("mesh")));
        assert_eq!(app.get("/v1/prices/meta/llama-3").await.expect(200), made);
        assert_eq!(made["reasoning_usd_per_million"], 0.2, "what output costs");
        assert_eq!(made["batch_percent"], 100);
        let dear = json!({ "reasoning": 0.9, "batch_percent": 50 });
        let changed = put("meta/llama-3", dear).await.expect(200);
        let reasoning = changed["reasoning_usd_per_million"].clone();
        assert_eq!((reasoning, &changed["batch_percent"]), (json!(0.9), &json!(50)));
        assert_eq!(app.get("/v1/prices/meta/llama-3").await.expect(200), changed);
        let plain = json!({ "reasoning_usd_per_million": null, "batch_percent": null });
        assert_eq!(put("meta/llama-3", plain).await.expect(200), made);
        put("meta/llama-3", json!({ "batch_percent": 101 })).await.expect(400);
        let unknown = json!({ "max_output_tokens": null });
        assert_eq!(put("meta/llama-3", unknown).await.expect(200)["max_output_tokens"], 4096);
        let able = json!({ "capabilities": ["Vision", "function-calling", "tools"] });
        let changed = put("meta/llama-3", able).await.expect(200);
        assert_eq!(changed["capabilities"], json!(["vision", "tools"]));
        put("meta/llama-3", json!({ "capabilities": ["two words"] })).await.expect(400);
        let kept = put("meta/llama-3", json!({ "input": 0.3 })).await.expect(200);
        assert_eq!(kept["capabilities"], json!(["vision", "tools"]));
        let body = json!({ "input": 1, "output": 1, "upstream": "mesh" });
        put("Auto", body).await.expect(400);
        put("new", json!({ "input": 1, "output": 1 })).await.expect(400);
        put("gpt4", json!({ "input": 1 })).await.expect(400);
        put("gpt-4.1", json!({ "input": -1 })).await.expect(400);
        put("gpt-4.1", json!({ "currency": "EUR" })).await.expect(400);
        app.get("/v1/prices/unknown").await.expect(404);
    }

    async fn the_catalog_out_of_the_box_is_of_today(app) {
        let prices = app.get("/v1/prices").await.expect(200);
        let models = prices["data"].as_array().unwrap();
        assert!(models.len() >= 60, "{}", models.len());
        for upstream in ["openai", "anthropic", "gemini", "deepseek", "mistral", "xai"] {
            let own = models.iter().filter(|model| model["upstream"] == upstream);
            assert!(own.count() >= 3, "{upstream}");
        }
        for model in models {
            let is_by_unit = model["units_usd"] != json!({});
            let capabilities = model["capabilities"].to_string();
            let has_window = !is_by_unit && !capabilities.contains("images") && !capabilities.contains("speech");
            assert!(!has_window || model["context_window"].is_u64(), "{model}");
            assert!(model["effective_from"].is_null(), "{model}");
        }
        let first: Vec<&str> = models.iter().take(4).map(|one| one["model"].as_str().unwrap()).collect();
        assert_eq!(first, ["gpt-4.1", "claude-sonnet-4.5", "gemini-2.5-flash", "deepseek-v3.2"]);
        for (model, unit, price) in [("whisper-1", "second", 0.0001), ("tts-1", "character", 0.000_015)] {
            let price_of_one = app.get(&format!("/v1/prices/{model}")).await.expect(200);
            assert_eq!(price_of_one["units_usd"], json!({ unit: price }));
        }
        let aliased = app.get("/v1/prices/claude-opus-4-5-20251101").await.expect(200);
        assert_eq!(aliased["model"], "claude-opus-4-5");
        assert_eq!(aliased["max_output_tokens"], 64_000);
        assert_eq!(aliased["cached_input_usd_per_million"], 0.5);
        assert_eq!(aliased["cache_write_1h_usd_per_million"], 10.0);
        let stepped = app.get("/v1/prices/gemini-2.5-pro").await.expect(200);
        assert_eq!(stepped["steps"][0]["above_tokens"], 200_000);
        assert_eq!(stepped["tiers"]["flex"]["percent"], Value::Null, "its cache costs as ever");
    }

    async fn a_model_has_a_name_and_paths_of_its_upstreams(app) {
        let put = |name: &str, body: Value| {
            let path = format!("/v1/prices/{name}");
            async move { app.call(ADMIN, "PUT", &path, body).await }
        };
        for (model, paths) in [
            ("gpt-4.1", json!({})),
            ("claude-sonnet-4.5", json!({"openai": "/v1", "anthropic": "/v1"})),
            ("gemini-2.5-flash", json!({"openai": "/v1beta/openai", "gemini": ""})),
            ("deepseek-v3.2", json!({"openai": "/v1", "anthropic": "/anthropic/v1"})),
        ] {
            let price = app.get(&format!("/v1/prices/{model}")).await.expect(200);
            assert_eq!((&price["paths"], &price["upstream_model"]), (&paths, &Value::Null));
        }
        let named = put("claude", json!({ "upstream_model": "claude-sonnet-4-5" })).await;
        named.expect(400);
        let body = json!({ "upstream_model": "claude-sonnet-4-5" });
        let named = put("claude-sonnet-4.5", body).await.expect(200);
        assert_eq!(named["upstream_model"], "claude-sonnet-4-5");
        assert_eq!(named["paths"]["anthropic"], "/v1", "what is not sent stays");
        let moved = put("claude-sonnet-4.5", json!({ "upstream": "mesh" })).await.expect(200);
        assert_eq!(moved["upstream_model"], Value::Null);
        assert_eq!(moved["paths"], json!({}), "another upstream, another route");
        let body = json!({ "paths": { "responses": "/api/v1", "gemini": null } });
        let routed = put("claude-sonnet-4.5", body).await.expect(200);
        assert_eq!(routed["paths"], json!({ "responses": "/api/v1" }));
        assert_eq!(app.get("/v1/prices/claude").await.expect(200), routed);
        let cleared = put("claude-sonnet-4.5", json!({ "paths": null })).await.expect(200);
        assert_eq!(cleared["paths"], json!({}));
        for paths in [json!({ "grpc": "/v1" }), json!({ "openai": "v1" }), json!("/v1")] {
            put("gpt-4.1", json!({ "paths": paths })).await.expect(400);
        }
        let wrong = put("gpt-4.1", json!({ "paths": { "openai": "/v1/" } })).await.expect(400);
        let message = wrong["error"]["message"].as_str().unwrap();
        assert!(message.contains("the path of 'openai' must be empty"), "{message}");
    }

    async fn a_model_may_have_several_deployments(app) {
        let put = |body: Value| async move { app.call(ADMIN, "PUT", "/v1/prices/spread", body).await };
        let body = json!({
            "input_usd_per_million": 1, "output_usd_per_million": 2,
            "deployments": [
                { "upstream": "openai" },
                { "upstream": "azure", "upstream_model": "ours", "paths": { "openai": "/openai/v1" },
                  "priority": 1, "weight": 3, "region": "eu",
                  "price": { "input_usd_per_million": 1.1, "output_usd_per_million": 2.2 } },
            ],
        });
        let made = put(body).await.expect(201);
        assert_eq!(made["upstream"], "openai", "the first one");
        let second = &made["deployments"][1];
        assert_eq!(second["price"]["output_usd_per_million"], 2.2);
        assert_eq!((&second["weight"], &second["region"]), (&json!(3), &json!("eu")));
        assert_eq!((&made["deployments"][0]["weight"], &made["deployments"][0]["price"]), (&json!(1), &Value::Null));
        assert_eq!(app.get("/v1/prices/spread").await.expect(200), made);
        // What is answered can be sent again.
        let again = put(json!({ "deployments": made["deployments"] })).await.expect(200);
        assert_eq!(again["deployments"], made["deployments"]);
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event::default());
        let answer = gateway.sync(app, 0, &[event], json!([])).await;
        let catalog = answer.changes.catalog.unwrap();
        let told = &catalog.resolve("spread").unwrap().deployments;
        assert_eq!((told.len(), told[1].upstream.as_str(), told[1].priority), (2, "azure", 1));

        for (body, param) in [
            (json!({ "upstream": "mesh" }), "upstream"),
            (json!({ "deployments": [], "paths": {} }), "paths"),
            (json!({ "deployments": [{ "upstream": "a" }, { "upstream": "a" }] }), "deployments"),
            (json!({ "deployments": [{ "upstream": "a", "region": "e u" }] }), "deployments"),
            (json!({ "deployments": [{ "upstream": "a", "price": { "input_usd_per_million": 1 } }] }), "deployments"),
        ] {
            let refused = put(body).await.expect(400);
            assert_eq!(refused["error"]["param"], param, "{refused}");
        }
        let alone = put(json!({ "deployments": null })).await.expect(200);
        assert_eq!((&alone["deployments"], &alone["upstream"]), (&json!([]), &json!("openai")));
        let none = json!({ "input_usd_per_million": 1, "output_usd_per_million": 2, "deployments": [] });
        let refused = app.call(ADMIN, "PUT", "/v1/prices/nowhere", none).await.expect(400);
        assert_eq!(refused["error"]["param"], "deployments");
    }
}
