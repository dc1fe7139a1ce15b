//! End users: `/v1/team/quotas`, the namespace's quota for everybody, and what is lent of both.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_core::money::Money;
use paddock_core::secret;
use serde_json::{Value, json};

/// Nano-dollars of a cent.
const CENT: i64 = 10_000_000;

/// An admin key of the namespace `team`.
async fn admin(app: &TestApp) -> String {
    let admin = json!({ "name": "admin", "namespace": "team", "role": "admin" });
    app.make_key(admin).await["key"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// An event of a user's.
fn of_user(gateway: &Gateway, app: &TestApp, user: &str, cents: i64, lease: i64) -> Value {
    let event = Event {
        cost: cents * CENT,
        leases: vec![lease],
        ..Event::default()
    };
    let mut event = gateway.event(app, event);
    event["user"] = json!(user);
    event
}

on_both_databases! {
    async fn a_team_caps_its_users_and_gateways_are_told(app) {
        let body = json!({ "name": "team", "monthly_quota_usd": 10, "user_monthly_quota_usd": 2 });
        let made = app.post("/v1/namespaces", body).await.expect(201);
        assert_eq!(made["user_monthly_quota_usd"], 2.0);
        let key = admin(app).await;
        let body = json!({ "user_id": "alice", "monthly_limit_usd": 5 });
        let set = app.call(&key, "POST", "/v1/team/quotas", body).await.expect(201);
        assert_eq!((&set["user_id"], &set["monthly_limit_usd"]), (&json!("alice"), &json!(5.0)));
        assert_eq!((&set["namespace"], &set["own"]), (&json!("team"), &json!(true)));

        let gateway = Gateway::new("one", 1);
        let ask = json!({ "key": secret::digest(key.as_bytes()) });
        let answer = gateway.resolve(app, ask.clone()).await;
        let quotas = &answer.namespaces[0].user_quotas;
        assert_eq!(quotas.of("alice"), Money::from_dollars(5.0));
        assert_eq!(quotas.of("bob"), Money::from_dollars(2.0));

        let body = json!({ "user_id": "bob", "monthly_limit_usd": 0.5 });
        app.call(&key, "POST", "/v1/team/quotas", body).await.expect(201);
        let told = gateway.sync(app, answer.revision, &[], json!([])).await.changes;
        let quotas = &told.namespaces[0].user_quotas;
        assert_eq!(quotas.of("bob"), Money::from_dollars(0.5));
        assert_eq!(quotas.own.len(), 2);
        assert_eq!(gateway.resolve(app, ask).await.namespaces, told.namespaces);

        let list = app.call(&key, "GET", "/v1/team/quotas?limit=1", Value::Null).await.expect(200);
        assert_eq!((&list["data"][0]["user_id"], &list["has_more"]), (&json!("alice"), &json!(true)));
        let body = json!({ "user_id": "alice", "monthly_limit_usd": null });
        let unset = app.call(&key, "POST", "/v1/team/quotas", body).await.expect(201);
        assert_eq!((&unset["monthly_limit_usd"], &unset["own"]), (&json!(2.0), &json!(false)));
        app.patch("/v1/namespaces/team", json!({ "user_monthly_quota_usd": null })).await.expect(200);
        let told = gateway.sync(app, told.revision, &[], json!([])).await.changes;
        let quotas = &told.namespaces[0].user_quotas;
        assert_eq!((quotas.of("alice"), quotas.own.len()), (None, 1));
        app.delete("/v1/namespaces/team").await.expect(200);
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let list = app.get("/v1/team/quotas?namespace=team").await.expect(200);
        assert_eq!(list["data"], json!([]), "they ended with their namespace");
    }

    async fn a_quota_fits_into_its_team_and_belongs_to_its_admins(app) {
        let body = json!({ "name": "team", "monthly_quota_usd": 10, "user_monthly_quota_usd": 11 });
        let error = app.post("/v1/namespaces", body).await.expect(400);
        assert_eq!(error["error"]["violations"],
            json!(["User monthly quota $11.00 exceeds team limit of $10.00"]));
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 10 }))
            .await.expect(201);
        app.post("/v1/namespaces", json!({ "name": "other", "organization": "else" }))
            .await.expect(201);
        let key = admin(app).await;
        let developer = app.make_key(json!({ "name": "dev", "namespace": "team" })).await;
        let developer = developer["key"].as_str().unwrap();
        let quota = |dollars: f64| json!({ "user_id": "alice", "monthly_limit_usd": dollars });
        let error = app.call(&key, "POST", "/v1/team/quotas", quota(11.0)).await.expect(400);
        assert_eq!(error["error"]["violations"],
            json!(["Monthly quota $11.00 exceeds team limit of $10.00"]));
        app.call(developer, "POST", "/v1/team/quotas", quota(1.0)).await.expect(403);
        app.call(developer, "GET", "/v1/team/quotas", Value::Null).await.expect(200);
        let foreign = json!({ "user_id": "a", "monthly_limit_usd": 1, "team": "other" });
        app.call(&key, "POST", "/v1/team/quotas", foreign.clone()).await.expect(404);
        app.post("/v1/team/quotas", foreign).await.expect(201);
        app.post("/v1/team/quotas", quota(1.0)).await.expect(400);
        for body in [json!({ "user_id": "a" }), json!({ "monthly_limit_usd": 1 })] {
            app.call(&key, "POST", "/v1/team/quotas", body).await.expect(400);
        }
    }

    async fn users_with_quotas_of_their_own_are_bounded_in_number(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let quota = |user: usize| {
            json!({ "namespace": "team", "user_id": format!("u{user}"), "monthly_limit_usd": 1 })
        };
        for user in 0..1_000 {
            app.post("/v1/team/quotas", quota(user)).await.expect(201);
        }
        let error = app.post("/v1/team/quotas", quota(1_000)).await.expect(409);
        assert!(error["error"]["message"].as_str().unwrap().contains("which is the most"));
        app.post("/v1/team/quotas", quota(7)).await.expect(201);
    }

    async fn a_users_cap_is_lent_and_spent_like_any_other(app) {
        let body = json!({ "name": "team", "user_monthly_quota_usd": 1 });
        app.post("/v1/namespaces", body).await.expect(201);
        let body = json!({ "namespace": "team", "user_id": "b\u{1}", "monthly_limit_usd": 1 });
        app.post("/v1/team/quotas", body).await.expect(400);
        let body = json!({ "namespace": "team", "user_id": "bob", "monthly_limit_usd": 3 });
        app.post("/v1/team/quotas", body).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let need = |user: &str, cents: i64| {
            json!([{ "scope": format!("user:team/{user}"), "amount": cents * CENT }])
        };
        for (user, cap) in [("alice", 100), ("bob", 300), ("*", 100)] {
            let lease = gateway.lend(app, need(user, 90)).await.leases.remove(0);
            assert_eq!(lease.remaining.nanos(), cap * CENT, "{user}");
            let mut event = of_user(&gateway, app, user, cap, lease.id);
            if user == "*" {
                // Limited together with others, and known by their own name all the same.
                event["user"] = json!("carol");
                event["user_shared"] = json!(true);
            }
            gateway.sync(app, 0, &[event], json!([])).await;
            let refused = gateway.lend(app, need(user, 1)).await.leases.remove(0);
            assert!(refused.short, "{user}");
            assert_eq!(refused.remaining, Money::ZERO, "{user}");
        }
        let refused = gateway.lend(app, need("carol", 1)).await.leases.remove(0);
        assert!(refused.short, "what carol spent among others counts for carol");
        assert!(gateway.lend(app, json!([{ "scope": "user:nobody/x", "amount": 1 }]))
            .await.leases.is_empty());

        app.set_time("2026-04-01T00:00:01Z");
        let lease = gateway.lend(app, need("alice", 90)).await.leases.remove(0);
        assert_eq!(lease.remaining.nanos(), 100 * CENT, "a new month");
    }
}
