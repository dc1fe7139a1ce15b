//! Prices have versions: one is in force, others are to come.

use crate::support::{ADMIN, Answer, Gateway, TestApp, on_both_databases};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::store::Args;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/v1/prices/gpt-4.1";
const HOUR: Duration = Duration::from_secs(3_600);

async fn put(app: &TestApp, body: Value) -> Answer {
    app.call(ADMIN, "PUT", PATH, body).await
}

fn input(view: &Value) -> f64 {
    view["input_usd_per_million"].as_f64().unwrap()
}

/// What gateways charge a million tokens at a moment, and since when that is in force.
async fn charged(app: &TestApp, at: Timestamp) -> (u64, Timestamp) {
    let gateway = Gateway::new("one", 1);
    let answer = gateway.sync(app, 0, &[], json!([])).await;
    let catalog = answer.changes.catalog.unwrap();
    let in_force = catalog.resolve("gpt-4.1").unwrap().price_at(at).unwrap();
    (in_force.price.rates.input.unwrap(), in_force.from)
}

on_both_databases! {
    async fn a_new_price_holds_from_now_on_and_the_old_one_is_kept(app) {
        let first = app.get(PATH).await.expect(200);
        assert_eq!((input(&first), &first["effective_from"]), (2.5, &Value::Null));
        app.advance(3_600);
        let now = app.now();
        let changed = put(app, json!({ "input": 2 })).await.expect(200);
        assert_eq!(changed["effective_from"], now.to_rfc3339());
        assert_eq!(charged(app, now).await, (2_000_000_000, now));
        app.advance(3_600);
        // What changes no price makes no version; and what was answered may be sent again.
        let same = json!({ "input": 2, "upstream": "mesh", "effective_from": changed["effective_from"] });
        let moved = put(app, same).await.expect(200);
        assert_eq!((&moved["upstream"], &moved["effective_from"]), (&json!("mesh"), &changed["effective_from"]));
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT effective_from FROM prices WHERE model = 'gpt-4.1' ORDER BY effective_from";
        let versions: Vec<(Timestamp,)> = tx.all(sql, Args::new()).await.unwrap();
        assert_eq!(versions, [(Timestamp::EPOCH,), (now,)]);
    }

    async fn a_price_to_come_is_told_beforehand_and_comes_by_itself(app) {
        let (soon, later) = (app.now().plus(HOUR), app.now().plus(3 * HOUR));
        let at = |moment: Timestamp, price: f64| {
            json!({ "input_usd_per_million": price, "effective_from": moment.to_rfc3339() })
        };
        put(app, at(later, 4.0)).await.expect(200);
        let shown = put(app, at(soon, 3.0)).await.expect(200);
        assert_eq!((input(&shown), &shown["effective_from"]), (2.5, &Value::Null));
        let moments: Vec<(&Value, f64)> = shown["later"].as_array().unwrap().iter()
            .map(|one| (&one["effective_from"], input(one)))
            .collect();
        assert_eq!(moments, [(&json!(soon.to_rfc3339()), 3.0), (&json!(later.to_rfc3339()), 4.0)]);
        assert_eq!(shown["later"][0]["output_usd_per_million"], 8.0, "what is left out stays");
        for (moment, price, from) in [
            (app.now(), 2_500_000_000, Timestamp::EPOCH),
            (soon, 3_000_000_000, soon),
            (later.plus(HOUR), 4_000_000_000, later),
        ] {
            assert_eq!(charged(app, moment).await, (price, from));
        }
        app.advance(7_200);
        let shown = app.get(PATH).await.expect(200);
        assert_eq!((input(&shown), &shown["effective_from"]), (3.0, &json!(soon.to_rfc3339())));
        assert_eq!(shown["later"].as_array().unwrap().len(), 1);
        // A change is one of the price that is in force by now.
        let changed = put(app, json!({ "output": 9 })).await.expect(200);
        assert_eq!((input(&changed), &changed["output_usd_per_million"]), (3.0, &json!(9.0)));
        assert_eq!(input(&changed["later"][0]), 4.0);
    }

    async fn a_price_to_come_can_be_changed_and_withdrawn(app) {
        let soon = app.now().plus(HOUR).to_rfc3339();
        let withdraw = format!("{PATH}?effective_from={soon}");
        app.delete(&withdraw).await.expect(404);
        put(app, json!({ "input": 3, "effective_from": soon })).await.expect(200);
        let changed = put(app, json!({ "output": 9, "effective_from": soon })).await.expect(200);
        let later = &changed["later"];
        assert_eq!((later.as_array().unwrap().len(), input(&later[0])), (1, 3.0));
        assert_eq!(later[0]["output_usd_per_million"], 9.0);
        let withdrawn = app.delete(&withdraw).await.expect(200);
        assert_eq!((input(&withdrawn), &withdrawn["later"]), (2.5, &json!([])));
        app.delete(&withdraw).await.expect(404);
        app.delete(PATH).await.expect(400);
        app.delete("/v1/prices/unknown?effective_from=2099-01-01T00:00:00Z").await.expect(404);
        let key = app.make_key(json!({ "name": "k" })).await;
        let key = key["key"].as_str().unwrap();
        app.call(key, "DELETE", &withdraw, Value::Null).await.expect(403);
    }

    async fn the_past_and_what_changes_at_once_are_refused(app) {
        let past = Timestamp::from_secs(app.now().secs() - 60).to_rfc3339();
        let soon = app.now().plus(HOUR).to_rfc3339();
        for (body, problem) in [
            (json!({ "input": 3, "effective_from": past }), "'effective_from' is past"),
            (json!({ "input": 3, "effective_from": "tomorrow" }), "'effective_from' must be a moment"),
            (json!({ "input": 3, "upstream": "x", "effective_from": soon }), "'upstream' changes at once"),
        ] {
            let refused = put(app, body).await.expect(400);
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.contains(problem), "{problem} in {message}");
        }
        let new = json!({ "input": 1, "output": 1, "effective_from": soon });
        let refused = app.call(ADMIN, "PUT", "/v1/prices/new", new).await.expect(400);
        assert!(refused["error"]["message"].as_str().unwrap().contains("in force now"));
        for hour in 1..=16 {
            let moment = app.now().plus(hour * HOUR).to_rfc3339();
            put(app, json!({ "input": 3 + hour, "effective_from": moment })).await.expect(200);
        }
        let moment = app.now().plus(17 * HOUR).to_rfc3339();
        put(app, json!({ "input": 1, "effective_from": moment })).await.expect(400);
    }
}
