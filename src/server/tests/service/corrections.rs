//! `/v1/corrections`: the operator charges or gives back money, and nothing that is booked is changed.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_ledger::rules::{audit, verification};
use serde_json::{Value, json};

const CORRECTIONS: &str = "/v1/corrections";
const CENT: i64 = 10_000_000;

/// Everything that the events and the chains do not say.
async fn problems(app: &TestApp) -> Vec<String> {
    let mut found = Vec::new();
    let tell = &mut |difference: verification::Difference| found.push(difference.to_string());
    verification::verify(&app.app.store, tell).await.unwrap();
    let chains = audit::verify(&app.app.store, None).await.unwrap();
    found.extend(chains.iter().flat_map(|chain| {
        let problems = chain.problems.iter();
        problems.map(|problem| format!("{} {}", problem.sequence, problem.message))
    }));
    found
}

async fn run(app: &TestApp, sql: &str) {
    let mut tx = app.app.store.write().await.unwrap();
    tx.execute(sql.to_owned(), Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
}

fn of_call(id: &Value, dollars: f64, reference: &str) -> Value {
    json!({ "event_id": id, "amount_usd": dollars, "reason": "wrong price", "reference": reference })
}

async fn usage(app: &TestApp) -> Value {
    let path = "/v1/namespaces/team/usage?period=current_month";
    app.get(path).await.expect(200)
}

/// A call of the namespace that cost so many cents; its id.
async fn call(app: &TestApp, key: &str, cents: i64) -> Value {
    let gateway = Gateway::new("one", u8::try_from(app.now().secs() % 251).unwrap());
    let cost = cents * CENT;
    let mut event = gateway.event(
        app,
        Event {
            key,
            cost,
            ..Event::default()
        },
    );
    event["user"] = json!("bob");
    let id = event["id"].clone();
    gateway.sync(app, 0, &[event], json!([])).await;
    id
}

on_both_databases! {
    async fn a_call_is_corrected_and_its_month_has_room_again(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 10 })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let key = key["id"].as_str().unwrap();
        app.set_time("2026-03-14T10:00:00Z");
        let id = call(app, key, 900).await;
        app.set_time("2026-03-15T12:00:00Z");
        let before = app.get("/v1/audit?order=asc").await.expect(200)["data"].as_array().unwrap().clone();
        let made = app.post(CORRECTIONS, of_call(&id, -8.5, "ticket-1")).await.expect(201);
        for (field, value) in [
            ("object", json!("correction")), ("namespace", json!("team")), ("organization", json!("default")),
            ("key_id", json!(key)), ("model", json!("gpt-4.1")), ("end_user", json!("bob")),
            ("event_id", id.clone()), ("applies_at", json!("2026-03-14T10:00:00Z")),
            ("amount_usd", json!(-8.5)), ("reason", json!("wrong price")), ("reference", json!("ticket-1")),
            ("author", json!("operator")), ("created_at", json!("2026-03-15T12:00:00Z")),
        ] {
            assert_eq!(made[field], value, "{field}");
        }
        let shown = usage(app).await;
        for (field, value) in [
            ("request_count", json!(1)), ("total_spent", json!(0.5)), ("current_month_cost", json!(0.5)),
            ("quota_remaining", json!(9.5)), ("total_tokens", json!(150)),
        ] {
            assert_eq!(shown[field], value, "{field}");
        }
        // The day of the call is as it was, and so is its row; the correction is today's.
        let hours = app.get(&format!("/v1/keys/{key}/usage?period=7d&granularity=day")).await.expect(200);
        let days: Vec<(&str, f64, u64)> = hours["series"].as_array().unwrap().iter()
            .map(|day| (day["start"].as_str().unwrap(), day["cost_usd"].as_f64().unwrap(), day["requests"].as_u64().unwrap()))
            .filter(|day| day.1 != 0.0).collect();
        assert_eq!(days, [("2026-03-14T00:00:00Z", 9.0, 1), ("2026-03-15T00:00:00Z", -8.5, 0)]);
        let after = app.get("/v1/audit?order=asc").await.expect(200)["data"].as_array().unwrap().clone();
        assert_eq!(after[..before.len()], before, "no older entry was changed");
        let actions: Vec<&str> = after[before.len()..].iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["model.correction", "correction.create"]);
        let entry = app.get("/v1/audit?action=model.correction").await.expect(200)["data"][0].clone();
        assert_eq!((&entry["cost_usd"], &entry["event_id"]), (&json!(-8.5), &made["id"]));
        assert_eq!(entry["after"]["reason"], "wrong price");
        let users = app.get("/v1/cost-attribution?group_by=user").await.expect(200);
        assert_eq!((&users["bob"]["total"], &users["bob"]["request_count"]), (&json!(0.5), &json!(1)));
        let csv = app.get("/v1/audit?format=csv&fields=action,cost_usd").await.expect(200);
        assert!(csv.as_str().unwrap().contains("model.correction,-8.5"), "{csv}");
        assert_eq!(problems(app).await, [""; 0]);

        // Each reference once, and no more than the call cost.
        assert_eq!(app.post(CORRECTIONS, of_call(&id, -8.5, "ticket-1")).await.expect(201), made);
        app.post(CORRECTIONS, of_call(&id, -0.1, "ticket-1")).await.expect(409);
        let refused = app.post(CORRECTIONS, of_call(&id, -0.51, "ticket-2")).await.expect(400);
        assert!(refused["error"]["message"].as_str().unwrap().contains("$0.50 is left"), "{refused}");
        app.post(CORRECTIONS, of_call(&made["id"], -0.1, "ticket-2")).await.expect(400);
        app.advance(1);
        let charged = app.post(CORRECTIONS, of_call(&id, 0.25, "ticket-2")).await.expect(201);
        let list = app.get("/v1/corrections?namespace=team&limit=1").await.expect(200);
        assert_eq!((&list["data"][0], &list["has_more"]), (&charged, &json!(true)));
        let rest = app.get(&format!("/v1/corrections?after={}", charged["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(rest["data"], json!([made]));
        assert_eq!(usage(app).await["total_spent"], 0.75);
        assert_eq!(problems(app).await, [""; 0]);
    }

    async fn what_is_of_another_month_gives_this_one_no_room_and_nothing_falls_below_zero(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 10 })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let key = key["id"].as_str().unwrap();
        app.set_time("2026-02-20T10:00:00Z");
        let old = call(app, key, 900).await;
        app.set_time("2026-03-15T12:00:00Z");
        call(app, key, 400).await;
        app.post(CORRECTIONS, of_call(&old, -9.0, "february")).await.expect(201);
        let shown = usage(app).await;
        assert_eq!((&shown["quota_remaining"], &shown["total_spent"]), (&json!(6.0), &json!(-5.0)));
        let gift = json!({ "namespace": "team", "amount_usd": -7.0, "reason": "goodwill", "reference": "gift" });
        let made = app.post(CORRECTIONS, gift).await.expect(201);
        assert_eq!((&made["key_id"], &made["model"], &made["event_id"]), (&Value::Null, &Value::Null, &Value::Null));
        let shown = usage(app).await;
        assert_eq!((&shown["quota_remaining"], &shown["current_month_cost"]), (&json!(10.0), &json!(0.0)));
        assert_eq!(shown["model_breakdown"]["correction"], json!({ "requests": 0, "tokens": 0, "cost": -7.0 }));
        let gateway = Gateway::new("two", 2);
        let lease = gateway.lend(app, json!([{ "scope": "namespace:team", "amount": CENT }])).await.leases.remove(0);
        assert_eq!(lease.remaining.nanos(), 1_000 * CENT);
        assert_eq!(problems(app).await, [""; 0]);
    }

    async fn a_balance_is_given_back_what_it_paid(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let free = call(app, "key_1", 100).await;
        app.advance(60);
        let paid = json!({ "namespace": "team", "amount_usd": 10, "kind": "top_up", "reference": "inv-1" });
        app.post("/v1/credits", paid).await.expect(201);
        app.advance(60);
        let id = call(app, "key_1", 300).await;
        let balance = async || app.get("/v1/credits?namespace=team").await.expect(200)["balance_usd"].clone();
        assert_eq!(balance().await, 7.0);
        app.post(CORRECTIONS, of_call(&id, -2.0, "a")).await.expect(201);
        assert_eq!(balance().await, 9.0);
        // The account did not pay for what was before it.
        app.post(CORRECTIONS, of_call(&free, -1.0, "b")).await.expect(201);
        assert_eq!(balance().await, 9.0);
        let charge = json!({ "namespace": "team", "key_id": null, "model": "gpt-4.1", "amount_usd": 0.5,
            "reason": "a call that no gateway reported", "reference": "c" });
        app.post(CORRECTIONS, charge).await.expect(201);
        assert_eq!(balance().await, 8.5);
        assert_eq!(problems(app).await, [""; 0]);
    }

    async fn a_correction_that_was_altered_is_found(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let id = call(app, "key_1", 300).await;
        app.post(CORRECTIONS, of_call(&id, -2.0, "a")).await.expect(201);
        assert_eq!(problems(app).await, [""; 0]);
        run(app, "UPDATE corrections SET amount = -1").await;
        assert!(problems(app).await.iter().any(|problem| problem.starts_with("correction ")));
        run(app, "DELETE FROM corrections").await;
        assert!(problems(app).await.iter().any(|problem| problem.starts_with("correction ")));
        run(app, "UPDATE events SET cost = -1 WHERE outcome = 'correction'").await;
        let found = problems(app).await;
        assert!(found.iter().any(|problem| problem.contains("calls of the segment were altered")), "{found:?}");
    }

    async fn only_the_operator_corrects_and_says_what(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let admin = app.make_key(json!({ "name": "a", "namespace": "team", "role": "admin" })).await;
        let admin = admin["key"].as_str().unwrap();
        let id = call(app, "key_1", 300).await;
        app.call(admin, "POST", CORRECTIONS, of_call(&id, -1.0, "a")).await.expect(403);
        let missing = json!("01960000-0000-7000-8000-000000000000");
        app.post(CORRECTIONS, of_call(&missing, -1.0, "a")).await.expect(404);
        let base = json!({ "namespace": "team", "amount_usd": -1, "reason": "r", "reference": "x" });
        for (field, value, status) in [
            ("amount_usd", json!(0), 400), ("reason", Value::Null, 400), ("reference", Value::Null, 400),
            ("event_id", id.clone(), 400), ("namespace", json!("nobody"), 404), ("namespace", Value::Null, 400),
            ("key_id", json!("key_none"), 404), ("amount_usd", json!(10_000_001), 400),
        ] {
            let mut body = base.clone();
            body[field] = value.clone();
            let answer = app.post(CORRECTIONS, body).await;
            assert_eq!(answer.status, status, "{field} {value} {}", answer.body);
        }
        // What nobody was charged for cannot be given back, and a deleted namespace can.
        app.delete(&format!("/v1/keys/{}", app.get("/v1/keys").await.body["data"][0]["id"].as_str().unwrap())).await.expect(200);
        app.delete("/v1/namespaces/team").await.expect(200);
        app.post(CORRECTIONS, base).await.expect(201);
        app.post(CORRECTIONS, of_call(&id, -1.0, "y")).await.expect(201);
        assert_eq!(app.get("/v1/corrections").await.expect(200)["data"].as_array().unwrap().len(), 2);
        assert_eq!(problems(app).await, [""; 0]);
    }
}
