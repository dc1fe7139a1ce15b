//! What is paid into a balance by itself: when, how much, how often, and who is told.

use crate::lending::{CENT, futures_join};
use crate::support::{Event, Gateway, Receiver, TestApp, on_both_databases};
use paddock_ledger::store::Args;
use paddock_server::config::NotifyOptions;
use paddock_server::delivery::worker;
use serde_json::{Value, json};

const PATH: &str = "/v1/namespaces/team/auto-refill";

/// A prepaid namespace with five dollars: below two, ten are paid in, up to 25 a month.
async fn prepaid(app: &TestApp) {
    app.post("/v1/namespaces", json!({ "name": "team" }))
        .await
        .expect(201);
    let paid =
        json!({ "namespace": "team", "amount_usd": 5, "kind": "top_up", "reference": "inv-1" });
    app.post("/v1/credits", paid).await.expect(201);
    let rule = json!({ "below_usd": 2, "amount_usd": 10, "at_most_per_month_usd": 25 });
    app.put(PATH, rule).await.expect(200);
}

async fn spend(app: &TestApp, gateway: &Gateway, cents: i64) {
    let event = gateway.event(
        app,
        Event {
            cost: cents * CENT,
            ..Event::default()
        },
    );
    gateway.sync(app, 0, &[event], json!([])).await;
}

async fn balance(app: &TestApp) -> f64 {
    app.get("/v1/credits?namespace=team").await.expect(200)["balance_usd"]
        .as_f64()
        .unwrap()
}

fn need(cents: i64) -> Value {
    json!([{ "scope": "namespace:team", "amount": cents * CENT }])
}

on_both_databases! {
    async fn a_low_balance_is_refilled_up_to_the_months_limit(app) {
        prepaid(app).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, 300).await;
        assert_eq!(balance(app).await, 2.0, "that is not below");
        spend(app, &gateway, 1).await;
        assert_eq!(balance(app).await, 11.99);
        let shown = app.get("/v1/credits?namespace=team").await.expect(200);
        let entry = &shown["data"][0];
        assert_eq!((&entry["kind"], &entry["author"]), (&json!("top_up"), &json!("auto-refill")));
        assert_eq!(entry["amount_usd"], 10.0);
        assert!(entry["reference"].as_str().unwrap().starts_with("auto-refill:"), "{entry}");
        spend(app, &gateway, 1_000).await;
        assert_eq!(balance(app).await, 11.99);
        spend(app, &gateway, 1_000).await;
        assert_eq!(balance(app).await, 1.99, "$30 would be more than $25 in March");
        assert_eq!(app.get(PATH).await.expect(200)["refilled_this_month_usd"], 20.0);
        app.set_time("2026-03-31T23:59:59Z");
        spend(app, &gateway, 1).await;
        assert_eq!(balance(app).await, 1.98);
        app.set_time("2026-04-01T00:00:00Z");
        spend(app, &gateway, 1).await;
        assert_eq!(balance(app).await, 11.97, "April has its own");
        assert_eq!(app.get(PATH).await.expect(200)["refilled_this_month_usd"], 10.0);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT actor, namespace FROM audit_changes WHERE action = 'credits.create'
            AND actor = 'auto-refill'";
        let audited: Vec<(String, String)> = tx.all(sql, Args::new()).await.unwrap();
        assert_eq!(audited.len(), 3);
        assert!(audited.iter().all(|(_, namespace)| namespace == "team"));
        drop(tx);
        let proved = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!(proved["valid"], true, "{proved}");
    }

    async fn a_request_that_finds_the_balance_low_is_served_of_the_refill(app) {
        prepaid(app).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, 300).await;
        // Two dollars are left, which is not low: the request is merely large.
        assert!(gateway.lend(app, need(300)).await.leases[0].short);
        assert_eq!(balance(app).await, 2.0);
        let rule = json!({ "below_usd": 2.01, "amount_usd": 10, "at_most_per_month_usd": 25 });
        app.put(PATH, rule).await.expect(200);
        let lease = gateway.lend(app, need(300)).await.leases.remove(0);
        assert!(!lease.short, "{lease:?}");
        assert_eq!(balance(app).await, 12.0);
        // What is wanted at once by many is paid in once.
        let gateways: Vec<Gateway> =
            (2..8).map(|n| Gateway::new(&format!("gateway-{n}"), n)).collect();
        spend(app, &gateway, 1_100).await;
        assert_eq!(balance(app).await, 11.0, "refilled when it was booked");
        futures_join(gateways.iter().map(|one| one.lend(app, need(100))).collect()).await;
        assert_eq!(app.get(PATH).await.expect(200)["refilled_this_month_usd"], 20.0);
    }

    async fn webhooks_are_told_of_each_refill_and_once_a_month_of_the_limit(app) {
        let app = &app.notifying(NotifyOptions {
            allow_private_webhooks: true,
            ..NotifyOptions::default()
        }).await;
        prepaid(app).await;
        let receiver = Receiver::start().await;
        let webhook = json!({
            "events": ["credits.refilled", "credits.refill_limit_reached"], "url": receiver.url,
        });
        app.post("/v1/namespaces/team/webhooks", webhook).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let told = async || {
            while worker::pass(&app.app).await.unwrap() > 0 {}
            receiver.take().iter().map(|one| one.json()).collect::<Vec<Value>>()
        };
        spend(app, &gateway, 400).await;
        let [refilled] = &told().await[..] else { panic!("one event") };
        for (field, value) in [
            ("event", json!("credits.refilled")), ("namespace", json!("team")),
            ("amount_usd", json!(10.0)), ("balance_usd", json!(11.0)),
            ("refilled_this_month_usd", json!(10.0)), ("at_most_per_month_usd", json!(25.0)),
        ] {
            assert_eq!(refilled[field], value, "{field}");
        }
        let shown = app.get("/v1/credits?namespace=team").await.expect(200);
        assert_eq!(shown["data"][0]["reference"], refilled["reference"]);
        assert_eq!(shown["data"][0]["id"], refilled["credit_id"]);
        spend(app, &gateway, 1_000).await;
        assert_eq!(told().await.len(), 1);
        spend(app, &gateway, 1_000).await;
        let [limit] = &told().await[..] else { panic!("one event") };
        for (field, value) in [
            ("event", json!("credits.refill_limit_reached")), ("balance_usd", json!(1.0)),
            ("refilled_this_month_usd", json!(20.0)), ("resets_at", json!("2026-04-01T00:00:00Z")),
        ] {
            assert_eq!(limit[field], value, "{field}");
        }
        spend(app, &gateway, 50).await;
        gateway.lend(app, need(500)).await;
        assert_eq!(told().await, Vec::<Value>::new(), "once a month");
        app.set_time("2026-04-01T00:00:00Z");
        for _ in 0..3 {
            spend(app, &gateway, 1_000).await;
        }
        let mut names: Vec<String> =
            told().await.iter().map(|body| body["event"].as_str().unwrap().to_owned()).collect();
        names.sort_unstable();
        let expected = ["credits.refill_limit_reached", "credits.refilled", "credits.refilled"];
        assert_eq!(names, expected, "and again in the next");
    }

    async fn it_is_set_shown_and_taken_away_by_admins(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        app.get(PATH).await.expect(404);
        let rule = json!({ "below_usd": 2, "amount_usd": 10, "at_most_per_month_usd": 10 });
        for (field, value, param) in [
            ("below_usd", json!(-1), "below_usd"), ("below_usd", Value::Null, "below_usd"),
            ("amount_usd", json!(0), "amount_usd"), ("amount_usd", Value::Null, "amount_usd"),
            ("at_most_per_month_usd", json!(9.99), "at_most_per_month_usd"),
            ("at_most_per_month_usd", Value::Null, "at_most_per_month_usd"),
            ("colour", json!(1), "colour"),
        ] {
            let mut wrong = rule.clone();
            wrong[field] = value;
            assert_eq!(app.put(PATH, wrong).await.expect(400)["error"]["param"], param);
        }
        let developer = app.make_key(json!({ "name": "d", "namespace": "team" })).await;
        let developer = developer["key"].as_str().unwrap();
        app.call(developer, "PUT", PATH, rule.clone()).await.expect(403);
        let set = app.put(PATH, rule.clone()).await.expect(200);
        for (field, value) in [
            ("object", json!("auto_refill")), ("namespace", json!("team")), ("below_usd", json!(2.0)),
            ("amount_usd", json!(10.0)), ("at_most_per_month_usd", json!(10.0)),
            ("refilled_this_month_usd", json!(0.0)),
        ] {
            assert_eq!(set[field], value, "{field}");
        }
        assert_eq!(app.call(developer, "GET", PATH, Value::Null).await.expect(200), set);
        // Nothing is paid into what is not prepaid.
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, 100).await;
        assert_eq!(balance(app).await, 0.0);
        app.advance(1);
        app.patch("/v1/namespaces/team", json!({ "prepaid": true })).await.expect(200);
        assert!(!gateway.lend(app, need(100)).await.leases[0].short);
        assert_eq!(balance(app).await, 10.0);
        app.call(developer, "DELETE", PATH, Value::Null).await.expect(403);
        app.delete(PATH).await.expect(200);
        app.delete(PATH).await.expect(404);
        spend(app, &gateway, 900).await;
        assert_eq!(balance(app).await, 1.0);
        app.put("/v1/namespaces/nowhere/auto-refill", rule.clone()).await.expect(404);
        // Setting it anew does not make the month longer.
        app.put(PATH, rule).await.expect(200);
        spend(app, &gateway, 10).await;
        assert_eq!(balance(app).await, 0.9);
        let actions = app.get("/v1/audit?action=auto_refill.").await.expect(200);
        assert_eq!(actions["data"].as_array().unwrap().len(), 3, "{actions}");
    }
}
