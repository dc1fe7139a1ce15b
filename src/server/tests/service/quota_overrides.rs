//! Quotas changed for a while come back by themselves, at their time and whatever happens meanwhile.

use crate::support::{Gateway, on_both_databases};
use paddock_ledger::store::Args;
use serde_json::{Value, json};

const QUOTA: &str = "/v1/namespaces/team/quota";
const TEAM: &str = "/v1/namespaces/team";

/// Noon of 2026-03-15 is when a test begins.
fn until(time: &str, more: Value) -> Value {
    let mut body = json!({
        "quota_override_reason": "launch day",
        "override_expires_at": format!("2026-03-15T{time}Z"),
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

on_both_databases! {
    async fn an_override_ends_exactly_at_its_time(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 10 })).await;
        let made = app.patch(QUOTA, until("13:00:00", json!({ "quota_monthly_usd": 50, "daily_quota_usd": 5 })));
        let made = made.await.expect(200);
        assert_eq!((&made["monthly_quota_usd"], &made["daily_quota_usd"]), (&json!(50.0), &json!(5.0)));
        assert_eq!(made["reverts_to"], json!({ "monthly_quota_usd": 10.0, "daily_quota_usd": null }));
        assert_eq!(made["override_expires_at"], "2026-03-15T13:00:00Z");
        app.set_time("2026-03-15T12:59:59.999999999Z");
        assert_eq!(app.get(QUOTA).await.expect(200), made);
        assert_eq!(app.get(TEAM).await.expect(200)["monthly_quota_usd"], 50.0);
        app.set_time("2026-03-15T13:00:00Z");
        assert_eq!(app.get(TEAM).await.expect(200)["monthly_quota_usd"], 10.0);
        let shown = app.get(QUOTA).await.expect(200);
        assert_eq!(shown["daily_quota_usd"], Value::Null);
        assert_eq!(shown["override_expires_at"], Value::Null);
    }

    async fn gateways_hear_of_both_ends_and_lend_by_what_is_in_force(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 1 })).await;
        let gateway = Gateway::new("one", 1);
        let before = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        app.patch(QUOTA, until("12:00:30", json!({ "monthly_quota_usd": 3 }))).await.expect(200);
        let told = gateway.sync(app, before, &[], json!([])).await.changes;
        let quota = |changes: &paddock_core::wire::PolicyChanges| {
            changes.namespaces[0].limits.monthly_quota.unwrap().to_dollars()
        };
        assert_eq!(quota(&told), 3.0);
        let need = json!([{ "scope": "namespace:team", "amount": 2_000_000_000_i64 }]);
        assert!(!gateway.lend(app, need.clone()).await.leases[0].short);
        app.advance(30);
        let other = Gateway::new("two", 2);
        let refused = other.lend(app, need).await.leases.remove(0);
        assert!(refused.short);
        assert_eq!(refused.remaining.to_dollars(), 1.0);
        let told = gateway.sync(app, told.revision, &[], json!([])).await.changes;
        assert_eq!(quota(&told), 1.0);
        assert_eq!(told.namespaces.len(), 1);
    }

    async fn one_that_ended_while_the_service_was_away_is_over_when_it_is_back(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "daily_quota_usd": 1 })).await;
        app.patch(QUOTA, until("12:30:00", json!({ "daily_quota_usd": 2 }))).await.expect(200);
        app.advance(86_400);
        let after = app.replica(Default::default()).await;
        assert_eq!(after.get(TEAM).await.expect(200)["daily_quota_usd"], 1.0);
    }

    async fn both_ends_are_audited(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 1 })).await;
        app.patch(QUOTA, until("12:00:10", json!({ "monthly_quota_usd": 2 }))).await.expect(200);
        app.advance(11);
        app.get(TEAM).await.expect(200);
        app.get(TEAM).await.expect(200);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT action, actor, before, after FROM audit_changes
            WHERE action LIKE 'namespace.quota.%' ORDER BY changed_at";
        let entries: Vec<(String, String, String, String)> = tx.all(sql, Args::new()).await.unwrap();
        assert_eq!(entries.len(), 2, "once each: {entries:?}");
        let [made, reverted] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!((made.0.as_str(), made.1.as_str()), ("namespace.quota.override", "operator"));
        let after: Value = serde_json::from_str(&made.3).unwrap();
        assert_eq!(after["quota_override_reason"], "launch day");
        assert_eq!(after["override_expires_at"], "2026-03-15T12:00:10Z");
        assert_eq!((reverted.0.as_str(), reverted.1.as_str()), ("namespace.quota.revert", "paddock"));
        let [before, after] = [&reverted.2, &reverted.3].map(|text| serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(before["limits"]["monthly_quota_usd"], 2.0);
        assert_eq!(after["limits"]["monthly_quota_usd"], 1.0);
    }

    async fn another_override_and_a_change_for_good_are_kept_apart(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 1 })).await;
        app.patch(QUOTA, until("12:00:10", json!({ "monthly_quota_usd": 2 }))).await.expect(200);
        let second = app.patch(QUOTA, until("12:00:20", json!({ "monthly_quota_usd": 3, "daily_quota_usd": 1 })));
        assert_eq!(second.await.expect(200)["reverts_to"]["monthly_quota_usd"], 1.0);
        app.advance(15);
        assert_eq!(app.get(TEAM).await.expect(200)["monthly_quota_usd"], 3.0, "the second's time");
        // For good: this one does not come back, what else was changed does.
        app.patch(TEAM, json!({ "monthly_quota_usd": 4 })).await.expect(200);
        app.patch(TEAM, json!({ "rpm": 99 })).await.expect(200);
        app.advance(5);
        let team = app.get(TEAM).await.expect(200);
        assert_eq!(team["monthly_quota_usd"], 4.0);
        assert_eq!(app.get(QUOTA).await.expect(200)["daily_quota_usd"], Value::Null);
        assert_eq!(team["rate_limit_per_minute"], 99);
    }

    async fn what_makes_no_sense_is_refused(app) {
        app.patch("/v1/organizations/default", json!({ "monthly_quota_usd": 20 })).await.expect(200);
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 1 })).await;
        let quota = json!({ "monthly_quota_usd": 2 });
        for (body, param) in [
            (until("13:00:00", json!({})), "monthly_quota_usd"),
            (until("12:00:00", quota.clone()), "override_expires_at"),
            (json!({ "monthly_quota_usd": 2, "quota_override_reason": "x" }), "override_expires_at"),
            (until("13:00:00", json!({ "monthly_quota_usd": -1 })), "monthly_quota_usd"),
            (until("13:00:00", json!({ "monthly_quota_usd": 2, "rpm": 5 })), "rpm"),
            (json!({ "monthly_quota_usd": 2, "override_expires_at": "2026-03-15T13:00:00Z" }), "quota_override_reason"),
            (json!({ "monthly_quota_usd": 2, "quota_override_reason": "x", "override_expires_at": "tomorrow" }), "override_expires_at"),
        ] {
            assert_eq!(app.patch(QUOTA, body).await.expect(400)["error"]["param"], param);
        }
        let wide = app.patch(QUOTA, until("13:00:00", json!({ "monthly_quota_usd": 21 }))).await.expect(400);
        assert_eq!(wide["error"]["violations"][0], "Monthly quota $21.00 exceeds organization limit of $20.00");
        app.patch("/v1/namespaces/nowhere/quota", until("13:00:00", quota.clone())).await.expect(404);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let key = key["key"].as_str().unwrap();
        app.call(key, "PATCH", QUOTA, until("13:00:00", quota)).await.expect(403);
        app.call(key, "GET", QUOTA, Value::Null).await.expect(200);
    }
}
