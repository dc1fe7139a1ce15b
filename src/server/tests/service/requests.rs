//! Calls found by what they were, the story of each, who asks, and who reports.

use crate::support::{ADMIN, Event, Gateway, TestApp, on_both_databases};
use serde_json::{Value, json};

async fn life(app: &TestApp) -> (Value, Value, Value) {
    app.post(
        "/v1/namespaces",
        json!({ "name": "web", "organization": "acme", "monthly_quota_usd": 10 }),
    )
    .await
    .expect(201);
    let make = async |name: &str, role: &str| {
        app.make_key(json!({ "name": name, "namespace": "web", "role": role }))
            .await
    };
    (
        make("one", "developer").await,
        make("two", "developer").await,
        make("boss", "admin").await,
    )
}

on_both_databases! {
    async fn calls_are_found_by_what_they_were(app) {
        let (one, two, boss) = life(app).await;
        let gateway = Gateway::new("gw", 1);
        let mut events = Vec::new();
        for number in 0..6_i64 {
            app.advance(1);
            let key = if number % 2 == 0 { &one } else { &two };
            let event = Event { key: key["id"].as_str().unwrap(), namespace: "web", cost: number * 1_000_000, ..Event::default() };
            let mut event = gateway.event(app, event);
            event["organization"] = json!("acme");
            event["request_id"] = json!(format!("req-{number}"));
            event["client_address"] = json!("10.0.0.7");
            if number == 5 {
                event["outcome"] = json!("refused");
                event["status"] = json!(429);
                event["code"] = json!("rate_limit_exceeded");
                event["refused_by"] = json!("namespace:web");
                event["refusals"] = json!(3);
                event["cost"] = json!(0);
            }
            events.push(event);
        }
        gateway.sync(app, 0, &events, json!([])).await;
        let ids = async |key: Option<&Value>, query: &str| {
            let path = format!("/v1/requests?{query}");
            let answer = match key {
                Some(key) => app.call(key["key"].as_str().unwrap(), "GET", &path, Value::Null).await,
                None => app.get(&path).await,
            };
            let answer = answer.expect(200);
            let rows = answer["data"].as_array().unwrap().iter();
            rows.map(|row| row["request_id"].as_str().unwrap().trim_start_matches("req-").parse().unwrap())
                .collect::<Vec<u64>>()
        };
        assert_eq!(ids(None, "").await, [5, 4, 3, 2, 1, 0]);
        assert_eq!(ids(None, "outcome=refused").await, [5]);
        assert_eq!(ids(None, "code=rate_limit_exceeded&status=429").await, [5]);
        assert_eq!(ids(None, "min_cost_usd=0.003").await, [4, 3]);
        assert_eq!(ids(None, "request_id=req-2").await, [2]);
        assert_eq!(ids(None, &format!("key={}", one["id"].as_str().unwrap())).await, [4, 2, 0]);
        assert_eq!(ids(None, "namespace=nobody").await, [0_u64; 0]);
        assert_eq!(ids(None, "end_date=2026-03-14").await, [0_u64; 0]);
        assert_eq!(ids(Some(&boss), "").await, [5, 4, 3, 2, 1, 0]);
        assert_eq!(ids(Some(&two), "").await, [5, 3, 1]);
        // Pages follow each other without a gap.
        let first = app.get("/v1/requests?limit=4").await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(ids(None, &format!("limit=4&cursor={cursor}")).await, [1, 0]);
        for bad in ["outcome=x", "status=x", "min_cost_usd=-1", "cursor=x", "limit=0", "what=x"] {
            app.get(&format!("/v1/requests?{bad}")).await.expect(400);
        }
        let other = format!("/v1/requests?key={}", one["id"].as_str().unwrap());
        app.call(two["key"].as_str().unwrap(), "GET", &other, Value::Null).await.expect(404);

        let first = format!("/v1/requests/{}", events[0]["id"].as_str().unwrap());
        let get = async |key: &Value| app.call(key["key"].as_str().unwrap(), "GET", &first, Value::Null).await;
        assert_eq!(get(&boss).await.expect(200)["client_address"], "10.0.0.7");
        assert!(get(&one).await.expect(200)["client_address"].is_null());
        get(&two).await.expect(404);
        app.get("/v1/requests/nothing").await.expect(404);
    }

    async fn a_story_has_the_decisions_and_the_price_line_by_line(app) {
        let (one, _, _) = life(app).await;
        let price = json!({ "upstream": "openai", "input_usd_per_million": 2, "cached_input_usd_per_million": 0.5,
            "output_usd_per_million": 8, "reasoning_usd_per_million": 9 });
        app.put("/v1/prices/priced", price).await.expect(201);
        let gateway = Gateway::new("gw", 1);
        let lent = gateway.lend(app, json!([{ "scope": "namespace:web", "amount": 1_000_000_000 }])).await;
        let lease = lent.leases[0].id;
        // 80 × 2 + 20 × 0.5 + 40 × 8 + 10 × 9 dollars per million.
        let event = Event { key: one["id"].as_str().unwrap(), namespace: "web", model: "priced", cost: 580_000, leases: vec![lease], ..Event::default() };
        let mut event = gateway.event(app, event);
        event["organization"] = json!("acme");
        event["user"] = json!("ada");
        gateway.sync(app, 0, &[event.clone()], json!([])).await;
        let story = app.get(&format!("/v1/requests/{}", event["id"].as_str().unwrap())).await.expect(200);
        let line = |kind: &str, tokens: u64, rate: f64, usd: f64| {
            json!({ "kind": kind, "tokens": tokens, "usd_per_million": rate, "usd": usd })
        };
        assert_eq!(story["price"], json!({ "price_from": null, "is_exact": true, "lines": [
            line("input", 80, 2.0, 0.000_16), line("cached_input", 20, 0.5, 0.000_01),
            line("output", 40, 8.0, 0.000_32), line("reasoning", 10, 9.0, 0.000_09),
        ] }));
        let images = json!({ "upstream": "openai", "units_usd": { "image": 0.04, "image:hd": 0.08 } });
        app.call(ADMIN, "PUT", "/v1/prices/painter", images).await.expect(201);
        let made = Event { key: one["id"].as_str().unwrap(), namespace: "web", model: "painter", cost: 160_000_000, ..Event::default() };
        let mut made = gateway.event(app, made);
        made["organization"] = json!("acme");
        made["units"] = json!({ "image": 2 });
        made["variant"] = json!("hd:1024x1024");
        gateway.sync(app, 0, &[made.clone()], json!([])).await;
        let made = app.get(&format!("/v1/requests/{}", made["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&made["units"], &made["variant"]), (&json!({ "image": 2 }), &json!("hd:1024x1024")));
        assert_eq!(made["price"]["is_exact"], true, "{made}");
        let scope = |scope: &str, from_budget: bool| json!({ "scope": scope, "from_budget": from_budget, "refused": false });
        assert_eq!(story["scopes"], json!([
            scope("user:web/ada", false), scope(&format!("key:{}", one["id"].as_str().unwrap()), false),
            scope("namespace:web", true), scope("org:acme", false),
        ]));
        let gateways = app.get("/v1/gateways").await.expect(200);
        assert_eq!(gateways["data"][0]["id"], "gw");
        assert_eq!(gateways["data"][0]["spent_usd"], 0.000_58);
        assert!(gateways["data"][0]["last_seen_at"].is_string(), "{gateways}");
        app.call(one["key"].as_str().unwrap(), "GET", "/v1/gateways", Value::Null).await.expect(403);
    }
}
