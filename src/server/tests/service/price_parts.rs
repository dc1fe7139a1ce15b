//! All parts of a price: what is set is answered, reaches gateways and the audit.

use crate::support::{ADMIN, Answer, Gateway, TestApp, on_both_databases};
use paddock_core::price::{Price, Usage};
use paddock_core::usage::{TokenUsage, Tool, ToolCalls};
use paddock_ledger::store::Args;
use serde_json::{Value, json};

async fn put(app: &TestApp, body: Value) -> Answer {
    app.call(ADMIN, "PUT", "/v1/prices/whole", body).await
}

fn whole() -> Value {
    json!({
        "upstream": "openai",
        "input_usd_per_million": 1.0, "output_usd_per_million": 10.0,
        "audio_input_usd_per_million": 4.0, "image_input_usd_per_million": 2.0,
        "audio_output_usd_per_million": 40.0, "image_output_usd_per_million": 30.0,
        "fees_usd": { "web_search": 0.01, "grounding": 0.035 },
        "units_usd": { "image": 0.04, "image:hd:1024x1792": 0.12, "second": 0.0001 },
        "tiers": {
            "priority": { "percent": 200 },
            "ultra": {
                "input_usd_per_million": 9.0,
                "steps": [{ "above_tokens": 1_000, "input_usd_per_million": 12.0 }],
            },
        },
        "steps": [
            { "above_tokens": 400_000, "input_usd_per_million": 3.0 },
            { "above_tokens": 200_000, "input_usd_per_million": 2.0, "output_usd_per_million": 15.0 },
        ],
        "surcharges_percent": { "us": 10 },
        "context_window": 500_000,
        "media_tokens": { "image": 1_500, "document": 90_000 },
    })
}

async fn of_gateway(app: &TestApp) -> Price {
    let gateway = Gateway::new("one", 1);
    let answer = gateway.sync(app, 0, &[], json!([])).await;
    let catalog = answer.changes.catalog.unwrap();
    let model = catalog.resolve("whole").unwrap();
    assert_eq!(model.context_window, Some(500_000));
    assert_eq!(
        (model.media_tokens.image, model.media_tokens.audio),
        (Some(1_500), None)
    );
    model.price.clone().unwrap()
}

on_both_databases! {
    async fn every_part_is_answered_as_it_was_set_and_reaches_gateways(app) {
        let made = put(app, whole()).await.expect(201);
        let mut expected = whole();
        expected["steps"].as_array_mut().unwrap().reverse();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&made[name], value, "{name}");
        }
        assert_eq!(app.get("/v1/prices/whole").await.expect(200), made);
        let price = of_gateway(app).await;
        let cost = |tokens: TokenUsage, tools: ToolCalls, tier: &str, region: &str| {
            let cost = price.cost(&Usage { tokens, tools, tier, region, ..Usage::default() }).unwrap();
            (cost.money.nanos(), cost.assumed)
        };
        let input = |input: u64| TokenUsage { input, ..TokenUsage::default() };
        let none = ToolCalls::NONE;
        assert_eq!(cost(input(1_000), none, "", ""), (1_000_000, false));
        assert_eq!(cost(input(1_000), none, "priority", ""), (2_000_000, false));
        assert_eq!(cost(input(1_000), none, "ultra", ""), (9_000_000, false));
        assert_eq!(cost(input(2_000), none, "ultra", ""), (24_000_000, false));
        assert_eq!(cost(input(1_000), none, "", "us"), (1_100_000, false));
        assert_eq!(cost(input(300_000), none, "", ""), (600_000_000, false));
        assert_eq!(cost(input(500_000), none, "", ""), (1_500_000_000, false));
        let mut searched = ToolCalls::NONE;
        searched.add(Tool::WebSearch, 2);
        assert_eq!(cost(input(0), searched, "", ""), (20_000_000, false));
        let heard = TokenUsage { input: 1_000, audio_input: 1_000, ..TokenUsage::default() };
        assert_eq!(cost(heard, none, "", ""), (4_000_000, false));
    }

    async fn what_is_left_out_stays_and_null_empties(app) {
        let made = put(app, whole()).await.expect(201);
        let changed = put(app, json!({ "input_usd_per_million": 1.5 })).await.expect(200);
        for name in ["fees_usd", "units_usd", "tiers", "steps", "surcharges_percent", "media_tokens"] {
            assert_eq!(changed[name], made[name], "{name}");
        }
        let nothing = json!({
            "fees_usd": null, "units_usd": null, "tiers": null, "steps": null, "surcharges_percent": null,
            "context_window": null, "media_tokens": null, "audio_input_usd_per_million": null,
            "image_input_usd_per_million": null,
        });
        let emptied = put(app, nothing).await.expect(200);
        for name in ["fees_usd", "units_usd", "tiers", "surcharges_percent", "media_tokens"] {
            assert_eq!(emptied[name], json!({}), "{name}");
        }
        assert_eq!(emptied["steps"], json!([]));
        assert_eq!((&emptied["context_window"], &emptied["audio_input_usd_per_million"]), (&Value::Null, &Value::Null));
        assert_eq!(emptied["image_input_usd_per_million"], 1.5);
        // The old word for two of the tiers.
        let halved = put(app, json!({ "batch_percent": 50 })).await.expect(200);
        assert_eq!(halved["tiers"], json!({ "batch": { "percent": 50 }, "flex": { "percent": 50 } }));
        let own = json!({ "tiers": { "batch": { "input_usd_per_million": 0.1 } } });
        assert_eq!(put(app, own).await.expect(200)["batch_percent"], Value::Null);
    }

    async fn what_is_no_price_is_refused_by_name(app) {
        put(app, whole()).await.expect(201);
        for (body, problem) in [
            (json!({ "fees_usd": { "webb_search": 1 } }), "'fees_usd' must be an object with the names"),
            (json!({ "fees_usd": { "web_search": -1 } }), "'fees_usd.web_search' must be a number of dollars"),
            (json!({ "units_usd": { "minute": 1 } }), "'units_usd' must be an object of up to 64 names"),
            (json!({ "units_usd": { "image:1x1:hd": 1 } }), "'units_usd' must be an object of up to 64 names"),
            (json!({ "units_usd": { "image": -1 } }), "'units_usd.image' must be a number of dollars"),
            (json!({ "fees_usd": [] }), "'fees_usd' must be an object"),
            (json!({ "tiers": { "a b": { "percent": 1 } } }), "'tiers' must be an object of up to 64 names"),
            (json!({ "tiers": { "fast": {} } }), "'tiers.fast' must have either"),
            (json!({ "tiers": { "fast": { "percent": 1, "input_usd_per_million": 1 } } }), "'tiers.fast' must have either"),
            (json!({ "tiers": { "fast": { "percent": 10_001 } } }), "'tiers.fast.percent' must be a whole number"),
            (json!({ "tiers": { "fast": { "per_cent": 1 } } }), "Unknown parameter: 'tiers.fast.per_cent'"),
            (json!({ "steps": [{ "input_usd_per_million": 1 }] }), "'steps[0].above_tokens'"),
            (json!({ "steps": [{ "above_tokens": 1 }, { "above_tokens": 1 }] }), "'steps' must be at most 16"),
            (json!({ "surcharges_percent": { "us": "10" } }), "'surcharges_percent.us' must be a whole number"),
            (json!({ "media_tokens": { "picture": 1 } }), "'media_tokens.picture'"),
            (json!({ "context_window": 0 }), "'context_window' must be a whole number"),
        ] {
            let refused = put(app, body).await.expect(400);
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.contains(problem), "{problem} in {message}");
        }
    }

    async fn a_model_by_the_unit_needs_no_price_of_tokens(app) {
        let body = json!({ "upstream": "openai", "units_usd": { "character": 0.000_015 } });
        let made = put(app, body).await.expect(201);
        assert_eq!((&made["input_usd_per_million"], &made["output_usd_per_million"]), (&json!(0.0), &json!(0.0)));
        assert_eq!(made["units_usd"], json!({ "character": 0.000_015 }));
        let body = json!({ "upstream": "openai", "units_usd": null });
        app.call(ADMIN, "PUT", "/v1/prices/other", body).await.expect(400);
    }

    async fn the_audit_has_the_whole_price(app) {
        put(app, whole()).await.expect(201);
        put(app, json!({ "fees_usd": { "web_search": 0.02 } })).await.expect(200);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT before, after FROM audit_changes WHERE action = 'price.update'
            AND before IS NOT NULL";
        let (before, after): (String, String) = tx.one(sql, Args::new()).await.unwrap();
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let (before, after) = (read(&before), read(&after));
        assert_eq!(before["fees_usd"], whole()["fees_usd"]);
        assert_eq!(before["tiers"], whole()["tiers"]);
        assert_eq!(before["media_tokens"], whole()["media_tokens"]);
        assert_eq!(before["audio_output_usd_per_million"], 40.0);
        assert_eq!(after["fees_usd"], json!({ "web_search": 0.02 }));
    }
}
