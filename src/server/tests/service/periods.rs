//! Days and months end on UTC boundaries, leap days included.

use crate::support::{Event, Gateway, on_both_databases};
use paddock_core::money::Money;
use paddock_core::wire::CapPeriod;
use serde_json::json;

const CENT: i64 = 10_000_000;

on_both_databases! {
    async fn a_month_ends_after_its_leap_day_and_the_cap_starts_anew(app) {
        app.set_time("2028-02-29T23:59:30Z");
        let key = app.make_key(json!({ "name": "team", "monthly_quota_usd": 1 })).await;
        let id = key["id"].as_str().unwrap();
        let scope = format!("key:{id}");
        let gateway = Gateway::new("one", 1);
        let need = json!([{ "scope": scope, "amount": 100 * CENT }]);
        let old = gateway.lend(app, need.clone()).await.leases.remove(0);
        assert_eq!(old.period_ends_at.to_rfc3339(), "2028-03-01T00:00:00Z");
        assert_eq!(old.expires_at, old.period_ends_at, "never beyond the period");
        let event = Event { key: id, cost: 90 * CENT, leases: vec![old.id], ..Event::default() };
        let late = gateway.event(app, event);
        app.set_time("2028-03-01T00:00:00Z");
        let new = gateway.lend(app, need).await.leases.remove(0);
        assert_ne!(new.id, old.id);
        assert_eq!((new.lent.nanos(), new.period), (100 * CENT, CapPeriod::Monthly));
        assert_eq!(new.period_ends_at.to_rfc3339(), "2028-04-01T00:00:00Z");
        // It began in February, so it is February's.
        gateway.sync(app, 0, &[late], json!([])).await;
        let status = app.get(&format!("/v1/keys/{id}/status")).await.expect(200);
        assert_eq!(status["budget_remaining_usd"], 1.0);
        let usage = app.get("/v1/namespaces/team/usage").await.expect(200);
        assert_eq!(usage["current_month_cost"], 0.0);
        let usage = app.get("/v1/namespaces/team/usage?period=7d").await.expect(200);
        assert_eq!(usage["total_spent"], 0.9);
    }

    async fn a_daily_cap_ends_with_the_day_and_the_tightest_cap_decides(app) {
        let quotas = json!({ "name": "team", "monthly_quota_usd": 1.5, "daily_quota_usd": 1 });
        let key = app.make_key(quotas).await;
        let id = key["id"].as_str().unwrap();
        let scope = format!("key:{id}");
        let gateway = Gateway::new("one", 1);
        let need = |amount: i64| json!([{ "scope": scope, "amount": amount * CENT }]);
        let lease = gateway.lend(app, need(100)).await.leases.remove(0);
        assert_eq!(lease.period, CapPeriod::Daily);
        assert_eq!(lease.period_ends_at.to_rfc3339(), "2026-03-16T00:00:00Z");
        let spend = |cost: i64, lease: i64| {
            gateway.event(app, Event { key: id, cost, leases: vec![lease], ..Event::default() })
        };
        gateway.sync(app, 0, &[spend(100 * CENT, lease.id)], json!([])).await;
        let refused = gateway.lend(app, need(1)).await.leases.remove(0);
        assert_eq!((refused.remaining, refused.period), (Money::ZERO, CapPeriod::Daily));
        app.set_time("2026-03-16T00:00:05Z");
        let refused = gateway.lend(app, need(60)).await.leases.remove(0);
        assert_eq!(refused.period, CapPeriod::Monthly);
        assert_eq!((refused.lent, refused.remaining.nanos()), (Money::ZERO, 50 * CENT));
        let last = gateway.lend(app, need(50)).await.leases.remove(0);
        assert_eq!(last.lent.nanos(), 50 * CENT, "the last dollar can be spent");
    }

    async fn a_daily_cap_set_during_a_lease_counts_what_is_out(app) {
        let key = app.make_key(json!({ "name": "team", "monthly_quota_usd": 10 })).await;
        let id = key["id"].as_str().unwrap();
        let scope = format!("key:{id}");
        let (one, two) = (Gateway::new("one", 1), Gateway::new("two", 2));
        let need = |amount: i64| json!([{ "scope": scope, "amount": amount * CENT }]);
        app.set_time("2026-03-15T23:59:50Z");
        one.lend(app, need(400)).await;
        app.advance(20);
        app.patch(&format!("/v1/keys/{id}"), json!({ "daily_quota_usd": 5 })).await.expect(200);
        let lease = two.lend(app, need(200)).await.leases.remove(0);
        assert_eq!(lease.lent, Money::ZERO, "one may still spend 4 of the 5 dollars today");
        let lease = two.lend(app, need(100)).await.leases.remove(0);
        assert_eq!(lease.lent.nanos(), 100 * CENT);
    }

    async fn a_lease_is_renewed_by_reports_until_its_period_ends(app) {
        let key = app.make_key(json!({ "name": "team", "daily_quota_usd": 1 })).await;
        let scope = format!("key:{}", key["id"].as_str().unwrap());
        let gateway = Gateway::new("one", 1);
        app.set_time("2026-03-15T23:58:30Z");
        let need = json!([{ "scope": scope, "amount": CENT }]);
        let lease = gateway.lend(app, need).await.leases.remove(0);
        assert_eq!(lease.expires_at.to_rfc3339(), "2026-03-15T23:59:30Z");
        let report = json!([{
            "scope": scope, "id": lease.id, "returned": 0, "left": lease.lent,
        }]);
        for (now, expires) in [
            ("2026-03-15T23:58:50Z", "2026-03-15T23:59:50Z"),
            ("2026-03-15T23:59:40Z", "2026-03-16T00:00:00Z"),
            ("2026-03-16T00:00:01Z", "2026-03-16T00:00:00Z"),
        ] {
            app.set_time(now);
            let told = gateway.sync(app, 0, &[], report.clone()).await.leases.remove(0);
            assert_eq!(told.expires_at.to_rfc3339(), expires);
            assert_eq!(told.period_ends_at.to_rfc3339(), "2026-03-16T00:00:00Z");
        }
    }
}
