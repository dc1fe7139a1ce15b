//! Budgets that an organization sets for some of its calls: who sets them, how far, and what is booked to them.

use crate::lending::CENT;
use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_core::wire::Lease;
use serde_json::{Value, json};

const PATH: &str = "/v1/organizations/default/budgets/search";
const SCOPE: &str = "budget:default/search";

async fn lend(app: &TestApp, gateway: &Gateway, cents: i64) -> Lease {
    let need = json!([{ "scope": SCOPE, "amount": cents * CENT }]);
    gateway.lend(app, need).await.leases.remove(0)
}

/// Books a call of so many cents that the budget covered and a lease of it paid for.
async fn book(app: &TestApp, gateway: &Gateway, key: &str, cents: i64) -> Value {
    let lease = lend(app, gateway, cents).await;
    assert!(!lease.short, "{lease:?}");
    let leases = vec![lease.id];
    let event = Event {
        key,
        cost: cents * CENT,
        leases,
        ..Event::default()
    };
    let mut event = gateway.event(app, event);
    event["budgets"] = json!(["search"]);
    let idle = json!([{
        "scope": SCOPE, "id": lease.id, "idle": true, "left": 0,
        "returned": lease.lent.nanos() - cents * CENT,
    }]);
    gateway.sync(app, 0, &[event.clone()], idle).await;
    event
}

async fn spent(app: &TestApp, period: &str) -> Value {
    let budget = app.get(PATH).await.expect(200);
    let caps = budget["budgets"].as_array().unwrap();
    let cap = caps.iter().find(|cap| cap["period"] == period);
    cap.unwrap_or_else(|| panic!("{budget:#}"))["spent_usd"].clone()
}

on_both_databases! {
    async fn what_it_covers_is_booked_lent_and_proven(app) {
        app.set_time("2026-03-15T12:58:00Z");
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let key = key["id"].as_str().unwrap();
        let sent = json!({
            "covers": { "models": ["gpt-4.1"], "namespaces": ["team"] }, "monthly_quota_usd": 2, "quotas_usd": { "hourly": 1 },
        });
        let made = app.put(PATH, sent).await.expect(200);
        assert_eq!(made["scope"], SCOPE);
        assert_eq!((&made["set_by"], &made["soft"]), (&json!("operator"), &json!(false)));
        let gateway = Gateway::new("one", 1);
        let event = book(app, &gateway, key, 70).await;
        assert!(lend(app, &gateway, 40).await.short, "an hour has 30 cents left");
        assert_eq!(spent(app, "hourly").await, 0.7);
        app.set_time("2026-03-15T13:00:01Z");
        book(app, &gateway, key, 90).await;
        assert_eq!((spent(app, "hourly").await, spent(app, "monthly").await), (json!(0.9), json!(1.6)));
        app.set_time("2026-03-15T14:00:01Z");
        let lease = lend(app, &gateway, 50).await;
        assert!(lease.short && lease.remaining.nanos() == 40 * CENT, "{lease:?}");

        // A correction of the call gives the budget its money back.
        let correction = json!({
            "event_id": event["id"], "amount_usd": -0.5, "reason": "goodwill", "reference": "one",
        });
        app.post("/v1/corrections", correction).await.expect(201);
        assert_eq!(spent(app, "monthly").await, 1.1);
        app.verify_totals().await;

        // One that is set again goes on from what was spent.
        app.delete(PATH).await.expect(200);
        assert!(gateway.lend(app, json!([{ "scope": SCOPE, "amount": 1 }])).await.leases.is_empty());
        app.get(PATH).await.expect(404);
        app.put(PATH, json!({ "daily_quota_usd": 3 })).await.expect(200);
        assert_eq!(spent(app, "daily").await, 1.1);
        let actions = app.get("/v1/audit?organization=default").await.expect(200).to_string();
        for action in ["budget.create", "budget.delete"] {
            assert!(actions.contains(action), "{action}");
        }
    }

    async fn the_calendar_is_the_organizations(app) {
        app.set_time("2026-03-10T12:00:00Z");
        let organization = json!({ "time_zone": "Asia/Kolkata" });
        app.patch("/v1/organizations/default", organization).await.expect(200);
        app.put(PATH, json!({ "daily_quota_usd": 1 })).await.expect(200);
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let gateway = Gateway::new("one", 1);
        app.set_time("2026-03-15T18:29:50Z");
        book(app, &gateway, key["id"].as_str().unwrap(), 70).await;
        assert_eq!(spent(app, "daily").await, 0.7);
        app.set_time("2026-03-15T18:30:01Z");
        assert_eq!(spent(app, "daily").await, 0.0);
    }

    async fn it_fits_into_the_organization_and_names_what_is_there(app) {
        let limits = json!({ "monthly_quota_usd": 100, "quotas_usd": { "weekly": 30 } });
        app.patch("/v1/organizations/default", limits).await.expect(200);
        let wide = json!({ "monthly_quota_usd": 101, "quotas_usd": { "weekly": 31, "total": 500 } });
        let refused = app.put(PATH, wide).await.expect(400);
        let violations = [
            "Monthly quota $101.00 exceeds organization limit of $100.00",
            "Weekly quota $31.00 exceeds organization limit of $30.00",
        ];
        assert_eq!(refused["error"]["violations"], json!(violations));
        app.post("/v1/organizations", json!({ "name": "acme" })).await.expect(201);
        app.post("/v1/namespaces", json!({ "name": "theirs", "organization": "acme" })).await.expect(201);
        let many: Vec<String> = (0..65).map(|n| format!("tag-{n}")).collect();
        for (body, param) in [
            (json!({}), "monthly_quota_usd"),
            (json!({ "covers": { "models": ["gpt-99"] }, "monthly_quota_usd": 1 }), "covers.models"),
            (json!({ "covers": { "namespaces": ["theirs"] }, "monthly_quota_usd": 1 }), "covers.namespaces"),
            (json!({ "covers": { "namespaces": ["nowhere"] }, "monthly_quota_usd": 1 }), "covers.namespaces"),
            (json!({ "covers": { "tags": many }, "monthly_quota_usd": 1 }), "covers.tags"),
            (json!({ "rate_limit_per_minute": 5, "monthly_quota_usd": 1 }), "rate_limit_per_minute"),
        ] {
            let refused = app.put(PATH, body.clone()).await.expect(400);
            assert_eq!(refused["error"]["param"], param, "{body}");
        }
        for number in 0..32 {
            let path = format!("/v1/organizations/default/budgets/b{number}");
            app.put(&path, json!({ "monthly_quota_usd": 1 })).await.expect(200);
        }
        app.put(PATH, json!({ "monthly_quota_usd": 1 })).await.expect(409);
        let all = app.get("/v1/organizations/default/budgets").await.expect(200);
        assert_eq!(all["data"].as_array().unwrap().len(), 32);
    }

    async fn an_admin_sets_its_own_and_lifts_none_of_the_operators(app) {
        app.post("/v1/organizations", json!({ "name": "acme" })).await.expect(201);
        app.post("/v1/namespaces", json!({ "name": "team", "organization": "acme" })).await.expect(201);
        let admin = json!({ "name": "boss", "namespace": "team", "role": "admin" });
        let admin = app.make_key(admin).await["key"].as_str().unwrap().to_owned();
        let user = json!({ "name": "user", "namespace": "team", "tags": { "app": "search" } });
        let user = app.make_key(user).await["key"].as_str().unwrap().to_owned();
        let path = |name: &str| format!("/v1/organizations/acme/budgets/{name}");
        app.put(&path("of-operator"), json!({ "monthly_quota_usd": 5 })).await.expect(200);
        let call = |key: &str, method: &'static str, name: &str, body: Value| {
            let (key, path) = (key.to_owned(), path(name));
            async move { app.call(&key, method, &path, body).await }
        };
        let quota = json!({ "covers": { "tags": ["app:search"] }, "monthly_quota_usd": 3 });
        let own = call(&admin, "PUT", "own", quota.clone()).await.expect(200);
        assert_eq!(own["set_by"], "admin");
        call(&admin, "GET", "of-operator", Value::Null).await.expect(200);
        for method in ["PUT", "DELETE"] {
            let refused = call(&admin, method, "of-operator", quota.clone()).await.expect(403);
            assert_eq!(refused["error"]["scope"], "budget:acme/of-operator");
            call(&user, method, "own", quota.clone()).await.expect(403);
        }
        let other = app.call(&admin, "GET", "/v1/organizations/default/budgets", Value::Null).await;
        other.expect(404);
        // A key sees which of them cover it.
        let scopes = |who: Value| -> Vec<String> {
            let scopes = who["scopes"].as_array().unwrap().iter();
            scopes.map(|level| level["scope"].as_str().unwrap().to_owned()).collect()
        };
        let of_user = scopes(app.call(&user, "GET", "/v1/whoami", Value::Null).await.expect(200));
        assert_eq!(of_user[3..], ["budget:acme/of-operator", "budget:acme/own"]);
        let of_admin = scopes(app.call(&admin, "GET", "/v1/whoami", Value::Null).await.expect(200));
        assert_eq!(of_admin[3..], ["budget:acme/of-operator"]);
        call(&admin, "DELETE", "own", Value::Null).await.expect(200);
    }

    async fn gateways_hear_of_it_with_the_labels_it_covers(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "tags": ["beta"] })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team", "tags": { "app": "search" } })).await;
        let gateway = Gateway::new("one", 1);
        let heard = gateway.sync(app, 1, &[], json!([])).await.changes;
        assert_eq!(heard.keys[0].tags, ["app:search"]);
        assert_eq!(heard.namespaces[0].tags, ["beta"]);
        app.put(PATH, json!({ "covers": { "tags": ["beta"] }, "monthly_quota_usd": 1, "soft": true })).await.expect(200);
        let heard = gateway.sync(app, heard.revision, &[], json!([])).await.changes;
        let budget = &heard.organizations[0].budgets[0];
        assert_eq!((budget.name.as_str(), budget.tags.clone()), ("search", vec!["beta".to_owned()]));
        assert_eq!(budget.limits.soft_limits.len(), 1);
        app.delete(PATH).await.expect(200);
        let heard = gateway.sync(app, heard.revision, &[], json!([])).await.changes;
        assert!(heard.organizations[0].budgets.is_empty());
        assert!(key["id"].is_string());
    }
}
