//! What an event says of how it was priced.

use crate::support::{Event, Gateway, on_both_databases};
use serde_json::{Value, json};

on_both_databases! {
    async fn tier_tools_media_and_the_prices_version_are_kept_and_shown(app) {
        let gateway = Gateway::new("one", 1);
        let plain = gateway.event(app, Event::default());
        let mut rich = gateway.event(app, Event::default());
        rich["tier"] = json!("priority");
        rich["tools"] = json!({ "web_search": 3, "grounding": 1 });
        rich["units"] = json!({ "image": 2, "unit_of_tomorrow": 1 });
        rich["variant"] = json!("hd:1024x1024");
        rich["price_from"] = json!(app.now());
        rich["upstream"] = json!("azure");
        rich["attempt"] = json!(2);
        for (name, count) in
            [("audio_input", 5), ("image_input", 6), ("audio_output", 7), ("image_output", 8)]
        {
            rich["tokens"][name] = json!(count);
        }
        gateway.sync(app, 0, &[plain, rich], json!([])).await;
        let shown = app.get("/v1/audit?action=model.call").await.expect(200);
        let entries = shown["data"].as_array().unwrap();
        let [plain, rich] = &entries[..] else { panic!("{shown}") };
        for (name, expected) in [
            ("tier", json!("priority")), ("tools", json!({ "grounding": 1, "web_search": 3 })),
            ("units", json!({ "image": 2 })), ("variant", json!("hd:1024x1024")),
            ("price_from", json!(app.now().to_rfc3339())), ("audio_input_tokens", json!(5)),
            ("image_input_tokens", json!(6)), ("audio_output_tokens", json!(7)),
            ("image_output_tokens", json!(8)), ("upstream", json!("azure")), ("attempt", json!(2)),
        ] {
            assert_eq!(rich[name], expected, "{name}");
            let is_count = name.ends_with("_tokens");
            assert_eq!(plain[name], if is_count { json!(0) } else { Value::Null }, "{name}");
        }
        let fields = "fields=tier,tools,units,variant,image_output_tokens&format=csv&action=model.call";
        let csv = app.get(&format!("/v1/audit?{fields}")).await.expect(200);
        let csv = csv.as_str().unwrap();
        assert!(csv.contains("priority,\"{\"\"grounding\"\":1,\"\"web_search\"\":3}\",\"{\"\"image\"\":2}\",hd:1024x1024,8"), "{csv}");
        let verified = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!(verified["valid"], true, "{verified}");
        // What is kept of it is hashed too.
        let mut tx = app.app.store.write().await.unwrap();
        let sql = "UPDATE events SET details = '{\"tier\":\"flex\"}' WHERE details IS NOT NULL";
        tx.execute(sql, paddock_ledger::store::Args::new()).await.unwrap();
        tx.commit().await.unwrap();
        let verified = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!(verified["valid"], false, "{verified}");
    }

    async fn an_absurd_count_of_calls_is_set_aside(app) {
        let gateway = Gateway::new("one", 1);
        let mut absurd = gateway.event(app, Event::default());
        absurd["tools"] = json!({ "web_search": u64::MAX });
        let mut endless = gateway.event(app, Event::default());
        endless["units"] = json!({ "second": u64::MAX });
        gateway.sync(app, 0, &[absurd, endless], json!([])).await;
        let metrics = app.get("/metrics").await.expect(200);
        let rejected = "paddock_ledger_events_rejected_total 2";
        assert!(metrics.as_str().unwrap().contains(rejected));
    }
}
