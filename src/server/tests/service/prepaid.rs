//! Who asks what is left is told the prepaid balance that limits them.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use serde_json::{Value, json};

/// What is told of balances about the key and the namespace `team`: each where it is told.
async fn told(app: &TestApp, key: &Value) -> [Option<f64>; 3] {
    let id = key["id"].as_str().unwrap();
    let status = app.get(&format!("/v1/keys/{id}/status")).await.expect(200);
    let usage = app.get(&format!("/v1/keys/{id}/usage")).await.expect(200);
    let team = app.get("/v1/namespaces/team/usage").await.expect(200);
    [
        status["prepaid_balance_usd"].as_f64(),
        usage["prepaid_balance_usd"].as_f64(),
        team["prepaid_balance"].as_f64(),
    ]
}

async fn pay(app: &TestApp, owner: &str, name: &str, dollars: f64) {
    let body = json!({
        owner: name, "amount_usd": dollars, "kind": "top_up", "reference": format!("for {name}"),
    });
    app.post("/v1/credits", body).await.expect(201);
}

on_both_databases! {
    async fn whoever_asks_what_is_left_is_told_the_balance_that_limits_it(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let key = app.make_key(json!({
            "name": "k", "namespace": "team", "monthly_quota_usd": 100.0,
        })).await;
        assert_eq!(told(app, &key).await, [None; 3], "nobody has paid in");
        pay(app, "namespace", "team", 5.0).await;
        assert_eq!(told(app, &key).await, [Some(5.0); 3]);
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event { cost: 1_300_000_000, ..Event::default() });
        gateway.sync(app, 0, &[event], json!([])).await;
        assert_eq!(told(app, &key).await, [Some(3.7); 3]);
        let reservation = json!({
            "estimated_cost_usd": 0.5, "reservation_id": "r", "ttl_seconds": 600,
        });
        app.post("/v1/namespaces/team/reserve", reservation).await.expect(201);
        assert_eq!(told(app, &key).await, [Some(3.2); 3], "what is reserved is not for all");

        app.advance(10);
        pay(app, "organization", "default", 2.0).await;
        assert_eq!(told(app, &key).await, [Some(1.5); 3], "the least of both");
        let event = gateway.event(app, Event { cost: 9_000_000_000, ..Event::default() });
        gateway.sync(app, 0, &[event], json!([])).await;
        assert_eq!(told(app, &key).await, [Some(0.0); 3], "never below zero");
        for path in ["/v1/namespaces/team", "/v1/organizations/default"] {
            app.patch(path, json!({ "prepaid": false })).await.expect(200);
        }
        assert_eq!(told(app, &key).await, [None; 3], "no cap any more");
    }
}
