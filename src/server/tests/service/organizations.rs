//! `/v1/organizations`, and what gateways are told of them.

use crate::support::{Event, Gateway, on_both_databases};
use paddock_core::money::Money;
use paddock_core::secret;
use paddock_core::wire::CapPeriod;
use serde_json::{Value, json};

/// Nano-dollars of a cent.
const CENT: i64 = 10_000_000;

on_both_databases! {
    async fn an_organization_lives_from_creation_to_deletion(app) {
        let body = json!({
            "name": "acme", "monthly_quota_usd": 500.0, "daily_quota_usd": 40.0,
            "rate_limit_per_minute": 100, "tokens_per_minute": 50_000, "burst": 20,
            "max_concurrency": 4, "bytes_per_minute": 100_000_000,
            "soft_limits": ["max_concurrency", "quotas"], "tags": ["eu"],
        });
        let made = app.post("/v1/organizations", body.clone()).await.expect(201);
        for (field, value) in body.as_object().unwrap() {
            let same = made[field] == *value || made[field].as_f64() == value.as_f64();
            assert!(same, "{field}: {}", made[field]);
        }
        assert_eq!((&made["id"], &made["object"]), (&json!("acme"), &json!("organization")));
        assert_eq!(made["enforced"].as_array().unwrap().len(), 7);
        let error = app.post("/v1/organizations", body).await.expect(409);
        assert_eq!(error["error"]["code"], "already_exists");
        let path = "/v1/organizations/acme";
        assert_eq!(app.get(path).await.expect(200), made);

        let page = app.get("/v1/organizations?limit=1").await.expect(200);
        assert_eq!((&page["data"], &page["has_more"]), (&json!([made]), &json!(true)));
        let rest = app.get("/v1/organizations?after=acme").await.expect(200);
        assert_eq!((&rest["first_id"], &rest["has_more"]), (&json!("default"), &json!(false)));
        assert_eq!(rest["data"][0]["enforced"], json!([]));
        assert_eq!(rest["data"][0]["monthly_quota_usd"], 1_000_000.0);

        let change = json!({ "rpm": 50, "daily_quota_usd": null, "max_concurrency": null });
        let changed = app.patch(path, change).await.expect(200);
        assert_eq!(changed["rate_limit_per_minute"], 50);
        assert_eq!(changed["daily_quota_usd"], 500.0, "no more than its month");
        assert_eq!(changed["enforced"],
            json!(["monthly_quota_usd", "rate_limit_per_minute", "tokens_per_minute",
                "bytes_per_minute", "burst"]));
        app.patch(path, json!({ "name": "other" })).await.expect(400);
        app.patch(path, json!({ "monthly_quota_usd": -1 })).await.expect(400);
        app.patch("/v1/organizations/nobody", json!({})).await.expect(404);
        for name in ["a/b", "", "-a"] {
            app.post("/v1/organizations", json!({ "name": name })).await.expect(400);
        }

        let namespace = json!({ "name": "web", "organization": "acme" });
        app.post("/v1/namespaces", namespace).await.expect(201);
        let error = app.delete(path).await.expect(409);
        assert_eq!(error["error"]["code"], "in_use");
        app.delete("/v1/namespaces/web").await.expect(200);
        assert_eq!(app.delete(path).await.expect(200)["deleted"], true);
        app.get(path).await.expect(404);
        app.delete(path).await.expect(404);
        app.delete("/v1/organizations/default").await.expect(409);
    }

    async fn only_the_operator_manages_organizations_and_admins_read_their_own(app) {
        let body = json!({ "name": "it", "organization": "acme" });
        app.post("/v1/namespaces", body).await.expect(201);
        let admin = json!({ "name": "admin", "namespace": "it", "role": "admin" });
        let admin = app.make_key(admin).await;
        let developer = app.make_key(json!({ "name": "dev", "namespace": "it" })).await;
        for (key, method, path, status) in [
            (&admin, "GET", "/v1/organizations", 200),
            (&admin, "GET", "/v1/organizations/acme", 200),
            (&admin, "GET", "/v1/organizations/default", 404),
            (&admin, "POST", "/v1/organizations", 403),
            (&admin, "PATCH", "/v1/organizations/acme", 403),
            (&admin, "DELETE", "/v1/organizations/acme", 403),
            (&developer, "GET", "/v1/organizations", 403),
            (&developer, "GET", "/v1/organizations/acme", 403),
        ] {
            let body = if method == "GET" { Value::Null } else { json!({ "name": "x" }) };
            app.call(key["key"].as_str().unwrap(), method, path, body).await.expect(status);
        }
        let key = admin["key"].as_str().unwrap();
        let list = app.call(key, "GET", "/v1/organizations", Value::Null).await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(list["data"][0]["name"], "acme");
    }

    async fn a_namespace_wider_than_its_organization_is_refused_with_every_violation(app) {
        let organization = json!({
            "name": "acme", "monthly_quota_usd": 100, "daily_quota_usd": 10, "rpm": 60,
            "tpm": 1_000, "max_concurrency": 3,
        });
        app.post("/v1/organizations", organization).await.expect(201);
        let wide = json!({
            "monthly_quota_usd": 100.5, "daily_quota_usd": 11, "rpm": 61, "tpm": 1_001,
            "max_concurrency": 4,
        });
        let violations = json!([
            "Monthly quota $100.50 exceeds organization limit of $100.00",
            "Daily quota $11.00 exceeds organization limit of $10.00",
            "Rate limit 61 requests per minute exceeds organization limit of 60",
            "Token limit 1001 tokens per minute exceeds organization limit of 1000",
            "Concurrency 4 requests in flight exceeds organization limit of 3",
        ]);
        let mut body = wide.clone();
        (body["name"], body["organization"]) = (json!("web"), json!("acme"));
        let error = app.post("/v1/namespaces", body).await.expect(400);
        assert_eq!(error["error"]["type"], "permission_error");
        assert_eq!(error["error"]["violations"], violations);
        app.get("/v1/namespaces/web").await.expect(404);

        let body = json!({ "name": "web", "organization": "acme" });
        let made = app.post("/v1/namespaces", body).await.expect(201);
        assert_eq!(made["monthly_quota_usd"], 100.0, "what is not set is the parent's");
        let error = app.patch("/v1/namespaces/web", wide).await.expect(400);
        assert_eq!(error["error"]["violations"], violations);
        let key = json!({ "name": "k", "namespace": "web", "monthly_quota_usd": 101 });
        let error = app.post("/v1/keys", key).await.expect(400);
        assert_eq!(error["error"]["violations"],
            json!(["Monthly quota $101.00 exceeds team limit of $100.00"]));
    }

    async fn gateways_are_told_of_the_limits_somebody_set_and_of_no_others(app) {
        let gateway = Gateway::new("one", 1);
        let key = app.make_key(json!({ "name": "k" })).await;
        let digest = secret::digest(key["key"].as_str().unwrap().as_bytes());
        let ask = json!({ "key": digest });
        let answer = gateway.resolve(app, ask.clone()).await;
        assert_eq!(answer.organizations.len(), 1);
        assert_eq!(answer.organizations[0].name, "default");
        assert_eq!(answer.organizations[0].limits, Default::default());

        let limits = json!({ "monthly_quota_usd": 5, "max_concurrency": 2 });
        app.patch("/v1/organizations/default", limits).await.expect(200);
        let told = gateway.sync(app, answer.revision, &[], json!([])).await.changes;
        assert_eq!(told.organizations.len(), 1);
        let limits = &told.organizations[0].limits;
        assert_eq!(limits.monthly_quota, Money::from_dollars(5.0));
        assert_eq!(limits.max_concurrency, Some(2));
        assert_eq!((limits.requests_per_minute, limits.tokens_per_minute), (None, None));
        assert!(told.namespaces.is_empty() && told.keys.is_empty());
        let again = gateway.resolve(app, ask).await;
        assert_eq!(again.organizations, told.organizations);

        let body = json!({ "name": "web", "organization": "acme" });
        app.post("/v1/namespaces", body).await.expect(201);
        let made = gateway.sync(app, told.revision, &[], json!([])).await.changes;
        assert_eq!(made.organizations[0].name, "acme");
        app.delete("/v1/namespaces/web").await.expect(200);
        app.delete("/v1/organizations/acme").await.expect(200);
        let gone = gateway.sync(app, made.revision, &[], json!([])).await.changes;
        assert_eq!(gone.removed_organizations, ["acme"]);
        assert_eq!(gone.removed_namespaces, ["web"]);
        // Its name is not used again.
        app.post("/v1/organizations", json!({ "name": "acme", "rpm": 30 })).await.expect(409);
        app.post("/v1/organizations", json!({ "name": "acme-2", "rpm": 30 })).await.expect(201);
        let back = gateway.sync(app, gone.revision, &[], json!([])).await.changes;
        assert!(back.removed_organizations.is_empty());
        assert_eq!(back.organizations[0].name, "acme-2");
        assert_eq!(back.organizations[0].limits.requests_per_minute, Some(30));
    }

    async fn an_organizations_caps_are_lent_and_spent_by_all_its_namespaces(app) {
        let organization = json!({ "monthly_quota_usd": 2, "daily_quota_usd": 1 });
        app.patch("/v1/organizations/default", organization).await.expect(200);
        for name in ["web", "app"] {
            app.post("/v1/namespaces", json!({ "name": name })).await.expect(201);
        }
        let gateway = Gateway::new("one", 1);
        let need = |cents: i64| {
            json!([{ "scope": "organization:default", "amount": cents * CENT }])
        };
        let lease = gateway.lend(app, need(60)).await.leases.remove(0);
        assert_eq!((lease.period, lease.remaining.nanos()), (CapPeriod::Daily, 100 * CENT));
        assert_eq!(lease.lent.nanos(), 60 * CENT);
        // Half a dollar in each namespace: the day's cap is spent, the month's is not.
        let events: Vec<Value> = ["web", "app"].map(|namespace| {
            let event = Event {
                namespace, cost: 50 * CENT, leases: vec![lease.id], ..Event::default()
            };
            gateway.event(app, event)
        }).into();
        gateway.sync(app, 0, &events, json!([])).await;
        let refused = gateway.lend(app, need(1)).await.leases.remove(0);
        assert!(refused.short);
        assert_eq!((refused.period, refused.remaining), (CapPeriod::Daily, Money::ZERO));

        app.set_time("2026-03-16T00:00:01Z");
        let next = gateway.lend(app, need(90)).await.leases.remove(0);
        assert_ne!(next.id, lease.id);
        assert_eq!((next.lent.nanos(), next.remaining.nanos()), (90 * CENT, 100 * CENT));
        let event = Event { cost: 100 * CENT, leases: vec![next.id], ..Event::default() };
        let event = gateway.event(app, event);
        gateway.sync(app, 0, &[event], json!([])).await;
        app.set_time("2026-03-17T00:00:01Z");
        let refused = gateway.lend(app, need(1)).await.leases.remove(0);
        assert!(refused.short);
        assert_eq!((refused.period, refused.remaining), (CapPeriod::Monthly, Money::ZERO));
        let balance = app.get("/v1/account/balance").await.expect(200);
        assert_eq!((&balance["monthly_limit"], &balance["balance"]), (&json!(2.0), &json!(0.0)));
    }
}
