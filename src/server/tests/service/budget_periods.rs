//! Caps of hours, weeks, quarters, the last days and all of time, and the calendars of time zones.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_core::wire::{CapPeriod, Lease};
use paddock_ledger::rules::housekeeping;
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

/// A key of the namespace `team` with what `limits` say, the namespace's if they are of it.
async fn key_of(app: &TestApp, namespace: Value) -> String {
    let mut namespace = namespace;
    namespace["name"] = json!("team");
    app.post("/v1/namespaces", namespace).await.expect(201);
    let key = app
        .make_key(json!({ "name": "k", "namespace": "team" }))
        .await;
    key["id"].as_str().unwrap().to_owned()
}

/// What the namespace is lent for a call of so many cents.
async fn lend(app: &TestApp, gateway: &Gateway, cents: i64) -> Lease {
    let need = json!([{ "scope": "namespace:team", "amount": cents * CENT }]);
    gateway.lend(app, need).await.leases.remove(0)
}

/// Lends, spends and books so many cents.
async fn spend(app: &TestApp, gateway: &Gateway, key: &str, cents: i64) {
    let lease = lend(app, gateway, cents).await;
    assert!(!lease.short, "{lease:?}");
    let event = Event {
        key,
        cost: cents * CENT,
        leases: vec![lease.id],
        ..Event::default()
    };
    let event = gateway.event(app, event);
    let idle = json!([{
        "scope": "namespace:team", "id": lease.id, "idle": true, "left": 0,
        "returned": lease.lent.nanos() - cents * CENT,
    }]);
    gateway.sync(app, 0, &[event], idle).await;
}

/// What is left of the tightest cap, which period it is of, and when there is more.
async fn tightest(app: &TestApp, gateway: &Gateway) -> (i64, CapPeriod, String) {
    let lease = lend(app, gateway, 1_000_000).await;
    assert!(lease.short);
    let resets_at = lease.resets_at.unwrap().to_rfc3339();
    (lease.remaining.nanos() / CENT, lease.period, resets_at)
}

on_both_databases! {
    async fn an_hours_cap_starts_anew_with_the_hour(app) {
        app.set_time("2026-03-15T12:58:00Z");
        let key = key_of(app, json!({ "quotas_usd": { "hourly": 1 }, "monthly_quota_usd": 1.5 })).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &key, 90).await;
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (10, CapPeriod::Hourly, "2026-03-15T13:00:00Z".to_owned()));
        let lease = lend(app, &gateway, 10).await;
        assert_eq!(lease.period_ends_at.to_rfc3339(), "2026-03-15T13:00:00Z");
        app.set_time("2026-03-15T13:00:01Z");
        let lease = lend(app, &gateway, 70).await;
        assert!(lease.short, "10 cents of the month are still on loan");
        assert_eq!(lease.period, CapPeriod::Monthly);
        assert_eq!(lease.resets_at.unwrap().to_rfc3339(), "2026-04-01T00:00:00Z");
        assert!(!lend(app, &gateway, 50).await.short);
    }

    async fn sums_of_hours_go_after_two_days(app) {
        app.set_time("2026-03-15T12:58:00Z");
        let key = key_of(app, json!({ "quotas_usd": { "hourly": 1, "weekly": 1 } })).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &key, 90).await;
        let keep = |deleted: u64| async move {
            let terms = &app.app.config.terms;
            let report = housekeeping::keep(&app.app.store, terms, None, app.now()).await.unwrap();
            assert!(report.deleted_sums >= deleted, "{report:?}");
        };
        app.set_time("2026-03-18T00:00:01Z");
        keep(1).await;
        app.set_time("2026-03-15T12:59:00Z");
        let left = tightest(app, &gateway).await;
        assert_eq!((left.0, left.1), (10, CapPeriod::Weekly), "the hour is forgotten");
    }

    async fn weeks_and_quarters_and_all_of_time_have_caps(app) {
        // A Sunday, and the last day but fourteen of the quarter.
        app.set_time("2026-03-15T12:00:00Z");
        let quotas = json!({ "weekly": 1, "quarterly": 2, "total": 2.5 });
        let key = key_of(app, json!({ "quotas_usd": quotas })).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &key, 100).await;
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (0, CapPeriod::Weekly, "2026-03-16T00:00:00Z".to_owned()));
        app.set_time("2026-03-16T00:00:01Z");
        spend(app, &gateway, &key, 80).await;
        app.set_time("2026-03-23T00:00:01Z");
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (20, CapPeriod::Quarterly, "2026-04-01T00:00:00Z".to_owned()));
        app.set_time("2026-04-01T00:00:01Z");
        let (left, period, _) = tightest(app, &gateway).await;
        assert_eq!((left, period), (70, CapPeriod::Total), "it never has more");
        spend(app, &gateway, &key, 70).await;
        app.set_time("2027-04-01T00:00:01Z");
        let (left, period, _) = tightest(app, &gateway).await;
        assert_eq!((left, period), (0, CapPeriod::Total));
    }

    async fn a_cap_of_the_last_days_frees_each_day_as_it_leaves(app) {
        app.set_time("2026-03-15T12:00:00Z");
        let key = key_of(app, json!({ "quotas_usd": { "last_3_days": 1 } })).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &key, 40).await;
        app.set_time("2026-03-16T12:00:00Z");
        spend(app, &gateway, &key, 50).await;
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (10, CapPeriod::LastDays(3), "2026-03-17T00:00:00Z".to_owned()));
        app.set_time("2026-03-17T23:59:00Z");
        assert_eq!(tightest(app, &gateway).await.0, 10);
        app.set_time("2026-03-18T00:00:01Z");
        assert_eq!(tightest(app, &gateway).await.0, 50);
        app.set_time("2026-03-19T00:00:01Z");
        assert_eq!(tightest(app, &gateway).await.0, 100);
    }

    async fn a_day_ends_at_the_midnight_of_the_namespaces_zone(app) {
        app.set_time("2026-03-10T12:00:00Z");
        app.post("/v1/organizations", json!({ "name": "acme", "time_zone": "asia/kolkata" })).await.expect(201);
        let key = key_of(app, json!({ "organization": "acme", "daily_quota_usd": 1 })).await;
        let gateway = Gateway::new("one", 1);
        let booked = |cents: i64| {
            let event = Event { key: &key, cost: cents * CENT, ..Event::default() };
            let mut event = gateway.event(app, event);
            event["organization"] = json!("acme");
            event
        };
        app.set_time("2026-03-15T18:29:50Z");
        gateway.sync(app, 0, &[booked(70)], json!([])).await;
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (30, CapPeriod::Daily, "2026-03-15T18:30:00Z".to_owned()));
        app.set_time("2026-03-15T18:30:01Z");
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (100, CapPeriod::Daily, "2026-03-16T18:30:00Z".to_owned()));
        gateway.sync(app, 0, &[booked(20)], json!([])).await;
        app.set_time("2026-03-16T00:00:01Z");
        assert_eq!(tightest(app, &gateway).await.0, 80, "the midnight of UTC is none here");
        // A zone of its own goes before the organization's.
        app.patch("/v1/namespaces/team", json!({ "time_zone": "Europe/Berlin" })).await.expect(200);
        app.set_time("2026-03-29T12:00:00Z");
        let (_, _, resets_at) = tightest(app, &gateway).await;
        assert_eq!(resets_at, "2026-03-29T22:00:00Z", "the day of 23 hours");
        let shown = app.get("/v1/namespaces/team").await.expect(200);
        assert_eq!(shown["time_zone"], "Europe/Berlin");
    }

    async fn a_day_of_25_hours_is_one_day(app) {
        app.set_time("2026-10-20T12:00:00Z");
        let namespace = json!({ "daily_quota_usd": 1, "quotas_usd": { "last_2_days": 1.5 }, "time_zone": "Europe/Berlin" });
        let key = key_of(app, namespace).await;
        let gateway = Gateway::new("one", 1);
        // The clocks of Berlin go back on the 25th: its day is from 22:00 to 23:00.
        app.set_time("2026-10-24T22:00:01Z");
        spend(app, &gateway, &key, 60).await;
        app.set_time("2026-10-25T22:59:50Z");
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (40, CapPeriod::Daily, "2026-10-25T23:00:00Z".to_owned()));
        spend(app, &gateway, &key, 40).await;
        app.set_time("2026-10-25T23:00:01Z");
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (50, CapPeriod::LastDays(2), "2026-10-26T23:00:00Z".to_owned()));
        app.set_time("2026-10-26T23:00:01Z");
        assert_eq!(tightest(app, &gateway).await.0, 100, "the long day has left");
    }

    async fn what_a_gateway_holds_at_the_end_of_an_hour_counts_in_the_next(app) {
        app.set_time("2026-03-15T12:59:50Z");
        let key = key_of(app, json!({ "quotas_usd": { "hourly": 1, "total": 1.2 } })).await;
        let gateway = Gateway::new("one", 1);
        let held = lend(app, &gateway, 90).await;
        assert!(!held.short);
        assert_eq!(held.period_ends_at.to_rfc3339(), "2026-03-15T13:00:00Z");
        // The next hour has a whole cap of its own; of all of time the rest alone is left.
        app.set_time("2026-03-15T13:00:01Z");
        let other = Gateway::new("two", 2);
        let lease = lend(app, &other, 40).await;
        assert!(lease.short, "{lease:?}");
        assert_eq!(lease.period, CapPeriod::Total);
        assert!(!lend(app, &other, 20).await.short);
        // A call that began before is booked to its own hour, and the rest comes back.
        app.set_time("2026-03-15T12:59:55Z");
        let event = Event { key: &key, cost: 50 * CENT, leases: vec![held.id], ..Event::default() };
        let event = gateway.event(app, event);
        app.set_time("2026-03-15T13:00:02Z");
        let back = json!([{
            "scope": "namespace:team", "id": held.id, "idle": true, "left": 0,
            "returned": held.lent.nanos() - 50 * CENT,
        }]);
        gateway.sync(app, 0, &[event], back).await;
        assert!(!lend(app, &other, 50).await.short, "70 cents are left, and it has 20 of them");
        let (left, period, _) = tightest(app, &gateway).await;
        assert_eq!((left, period), (70, CapPeriod::Total));
    }

    async fn a_new_zone_gives_nothing_back(app) {
        app.set_time("2026-03-15T09:00:00Z");
        let key = key_of(app, json!({ "daily_quota_usd": 1 })).await;
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &key, 60).await;
        app.set_time("2026-03-15T11:00:00Z");
        // There it is past the midnight that began at 10:00 UTC.
        app.patch("/v1/namespaces/team", json!({ "time_zone": "Pacific/Kiritimati" })).await.expect(200);
        let left = tightest(app, &gateway).await;
        assert_eq!(left, (40, CapPeriod::Daily, "2026-03-16T10:00:00Z".to_owned()));
        app.patch("/v1/namespaces/team", json!({ "time_zone": null })).await.expect(200);
        assert_eq!(tightest(app, &gateway).await.0, 40);
        app.patch("/v1/namespaces/team", json!({ "time_zone": "Pacific/Kiritimati" })).await.expect(200);
        app.set_time("2026-03-16T10:00:01Z");
        assert_eq!(tightest(app, &gateway).await.0, 100, "its next day is a new one");
        spend(app, &gateway, &key, 30).await;
        assert_eq!(tightest(app, &gateway).await.0, 70);
    }

    async fn quotas_are_within_the_parents_and_of_known_periods(app) {
        let organization = json!({ "name": "acme", "quotas_usd": { "hourly": 5, "last_7_days": 50 } });
        app.post("/v1/organizations", organization).await.expect(201);
        let wide = json!({
            "name": "team", "organization": "acme", "quotas_usd": { "hourly": 6, "last_7_days": 51, "weekly": 99 },
        });
        let refused = app.post("/v1/namespaces", wide).await.expect(400);
        assert_eq!(refused["error"]["violations"], json!([
            "Hourly quota $6.00 exceeds organization limit of $5.00",
            "7-day quota $51.00 exceeds organization limit of $50.00",
        ]));
        let key = key_of(app, json!({ "organization": "acme", "quotas_usd": { "hourly": 4 } })).await;
        let shown = app.get("/v1/namespaces/team").await.expect(200);
        assert_eq!(shown["quotas_usd"], json!({ "hourly": 4.0, "last_7_days": 50.0 }), "in force");
        assert!(shown["own_limits"].as_array().unwrap().contains(&json!("quotas_usd.hourly")));
        let path = format!("/v1/keys/{key}");
        app.patch(&path, json!({ "quotas_usd": { "hourly": 4.01 } })).await.expect(400);
        app.patch(&path, json!({ "quotas_usd": { "hourly": 1, "total": 7 } })).await.expect(200);
        app.patch(&path, json!({ "quotas_usd": { "total": 7 } })).await.expect(200);
        let shown = app.get(&path).await.expect(200);
        assert_eq!(shown["quotas_usd"]["hourly"], 4.0, "what is sent replaces all");
        for odd in [
            json!({ "monthly": 5 }), json!({ "daily": 5 }), json!({ "balance": 5 }), json!({ "last_1_days": 5 }),
            json!({ "last_367_days": 5 }), json!({ "yearly": 5 }), json!({ "hourly": -1 }), json!([]), json!(5),
        ] {
            let refused = app.patch(&path, json!({ "quotas_usd": odd })).await.expect(400);
            assert_eq!(refused["error"]["param"], "quotas_usd", "{refused}");
        }
        app.patch("/v1/namespaces/team", json!({ "time_zone": "Mars/Olympus" })).await.expect(400);
    }

    async fn no_quota_of_any_period_is_wider_than_the_parents(app) {
        let periods = ["hourly", "weekly", "quarterly", "total", "last_2_days", "last_366_days"];
        let quotas = |dollars: f64| -> Value { periods.iter().map(|period| ((*period).to_owned(), json!(dollars))).collect() };
        app.post("/v1/organizations", json!({ "name": "acme", "quotas_usd": quotas(5.0) })).await.expect(201);
        let team = json!({ "name": "team", "organization": "acme", "quotas_usd": quotas(4.0) });
        app.post("/v1/namespaces", team).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let key = format!("/v1/keys/{}", key["id"].as_str().unwrap());
        for period in periods {
            for (path, most) in [("/v1/namespaces/team", 5.0), (key.as_str(), 4.0)] {
                let wide = json!({ "quotas_usd": { period: most + 0.01 } });
                let refused = app.patch(path, wide).await.expect(400);
                assert_eq!(refused["error"]["violations"].as_array().unwrap().len(), 1, "{refused}");
            }
        }
    }

    async fn a_namespace_is_throttled_by_every_quota(app) {
        app.set_time("2026-03-15T12:00:00Z");
        let key = key_of(app, json!({ "quotas_usd": { "weekly": 1 } })).await;
        app.put("/v1/namespaces/team/settings", json!({ "auto_throttle_at_percent": 80 })).await.expect(200);
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, &key, 79).await;
        assert_eq!(lend(app, &gateway, 1).await.used_percent, 79);
        let status = app.get(&format!("/v1/keys/{key}/status")).await.expect(200);
        assert_eq!(status["throttled"], false);
        spend(app, &gateway, &key, 1).await;
        let status = app.get(&format!("/v1/keys/{key}/status")).await.expect(200);
        assert_eq!(status["throttled"], true);
    }

    async fn the_operator_says_how_many_tokens_a_minute_may_be_set(app) {
        let options = paddock_server::config::PolicyOptions { max_tpm: 1_000, ..Default::default() };
        let strict = app.replica(options).await;
        let key = strict.make_key(json!({ "name": "k", "tpm": 1_000 })).await;
        let path = format!("/v1/keys/{}", key["id"].as_str().unwrap());
        let refused = strict.patch(&path, json!({ "tpm": 1_001 })).await.expect(400);
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains("'tpm' must be a whole number from 1 to 1000"), "{message}");
    }
}
