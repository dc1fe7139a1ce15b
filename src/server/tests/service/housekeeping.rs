//! What is too old is thrown away, and nothing anybody still needs.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::housekeeping::{HousekeepingReport, keep};
use paddock_ledger::rules::verification::verify;
use paddock_ledger::store::audit;
use paddock_server::config::PolicyOptions;
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;
const DAY: u64 = 86_400;

async fn round(app: &TestApp) -> HousekeepingReport {
    keep(
        &app.app.store,
        &app.app.config.terms,
        app.app.config.audit_retention,
        app.now(),
    )
    .await
    .unwrap()
}

async fn count(app: &TestApp, what: &str) -> i64 {
    let mut tx = app.app.store.read().await.unwrap();
    tx.one::<(i64,)>(format!("SELECT COUNT(*) FROM {what}"), Vec::new())
        .await
        .unwrap()
        .0
}

async fn calls(app: &TestApp, gateway: &Gateway, count: usize) {
    let events: Vec<Value> = (0..count)
        .map(|_| {
            gateway.event(
                app,
                Event {
                    cost: CENT,
                    ..Event::default()
                },
            )
        })
        .collect();
    gateway.sync(app, 0, &events, json!([])).await;
}

on_both_databases! {
    async fn leases_of_the_gone_are_closed_and_deleted_and_no_others(app) {
        let key = app.make_key(json!({ "name": "team", "monthly_quota_usd": 10 })).await;
        let scope = format!("key:{}", key["id"].as_str().unwrap());
        let (gone, here) = (Gateway::new("gone", 1), Gateway::new("here", 2));
        let need = json!([{ "scope": scope, "amount": CENT }]);
        let lost = gone.lend(app, need.clone()).await.leases.remove(0);
        app.advance(700);
        let held = here.lend(app, need.clone()).await.leases.remove(0);
        app.advance(200);
        assert_eq!(round(app).await, HousekeepingReport::default(), "within the grace");
        let report = json!([{ "scope": scope, "id": held.id, "returned": 0, "left": held.lent }]);
        here.sync(app, 0, &[], report.clone()).await;
        app.advance(70);
        assert_eq!(round(app).await.closed_leases, 1);
        assert_eq!(count(app, "leases WHERE closed_at IS NULL").await, 1);
        let told = here.sync(app, 0, &[], report).await.leases;
        assert_eq!(told.len(), 1, "the other goes on");
        app.advance(32 * DAY + 1);
        here.lend(app, need).await;
        assert_eq!(round(app).await.deleted_leases, 1);
        // What the gone had spent all the same is booked, though its lease is no more.
        let event = Event { key: key["id"].as_str().unwrap(), cost: CENT, leases: vec![lost.id], ..Event::default() };
        let late = gone.event(app, event);
        gone.sync(app, 0, &[late], json!([])).await;
        let status = app.get(&format!("/v1/keys/{}/status", key["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(status["budget_remaining_usd"], 9.99);
    }

    async fn a_replica_that_has_just_started_closes_nothing(app) {
        let key = app.make_key(json!({ "name": "team", "monthly_quota_usd": 10 })).await;
        let need = json!([{ "scope": format!("key:{}", key["id"].as_str().unwrap()), "amount": CENT }]);
        Gateway::new("one", 1).lend(app, need).await;
        app.advance(5_000);
        let replica = app.replica(PolicyOptions::default()).await;
        assert_eq!(round(&replica).await.closed_leases, 0);
        replica.advance(901);
        assert_eq!(round(&replica).await.closed_leases, 1);
    }

    async fn forgotten_deletions_make_gateways_start_anew(app) {
        let gateway = Gateway::new("one", 1);
        let key = app.make_key(json!({ "name": "team" })).await;
        let before = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        app.delete(&format!("/v1/keys/{}", key["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(round(app).await.deleted_tombstones, 0);
        let changes = gateway.sync(app, before, &[], json!([])).await.changes;
        assert_eq!((changes.removed_keys.len(), changes.reset), (1, false));
        let mut tx = app.app.store.write().await.unwrap();
        tx.execute("UPDATE policy SET revision = revision + 10000", Vec::new()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(round(app).await.deleted_tombstones, 1);
        let changes = gateway.sync(app, before, &[], json!([])).await.changes;
        assert_eq!((changes.removed_keys.len(), changes.reset), (0, true));
        let again = gateway.sync(app, changes.revision, &[], json!([])).await.changes;
        assert!(!again.reset);
    }

    async fn old_entries_go_and_the_rest_is_still_proved(app) {
        let options = PolicyOptions { audit_retention_days: Some(32), ..PolicyOptions::default() };
        let app = &app.replica(options).await;
        let key = app.make_key(json!({ "name": "team" })).await;
        let gateway = Gateway::new("one", 1);
        let late = gateway.event(app, Event { cost: CENT, ..Event::default() });
        calls(app, &gateway, 2_500).await;
        app.advance(20 * DAY);
        calls(app, &gateway, 3).await;
        app.patch(&format!("/v1/keys/{}", key["id"].as_str().unwrap()), json!({ "name": "new" })).await.expect(200);
        app.advance(12 * DAY);
        assert_eq!(round(app).await.dropped_entries, 0);
        app.advance(3_600);
        assert_eq!(round(app).await.dropped_entries, 2_502);
        assert_eq!(round(app).await.dropped_entries, 0);
        // On PostgreSQL the events go with their day.
        app.advance(DAY);
        assert_eq!(round(app).await.dropped_entries, 0);
        assert_eq!((count(app, "events").await, count(app, "audit_changes").await), (3, 2));
        let report = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!((&report["valid"], &report["entries"]), (&json!(true), &json!(5)), "{report:#}");
        assert_eq!(report["chains"][0]["anchor_sequence"], 3);
        let list = app.get("/v1/audit").await.expect(200);
        let expire = &list["data"][4];
        assert_eq!((&expire["action"], &expire["api_key_id"]), (&json!("audit.expire"), &json!("paddock")));
        assert_eq!(expire["after"]["entries"], 2_502);
        // The sums stay, and what is left of the events is still what they say.
        let usage = app.get("/v1/cost-attribution?period=all").await.expect(200);
        assert_eq!(usage["team"]["request_count"], 2_503);
        let mut differences = Vec::new();
        let mut tell = |difference| differences.push(difference);
        let summary = verify(&app.app.store, &mut tell).await.unwrap();
        assert_eq!(differences, []);
        assert_eq!((summary.days, summary.days_without_events, summary.events), (1, 1, 3));
        // What comes so late that nobody can tell whether it is new is for a person to look at.
        gateway.sync(app, 0, &[late], json!([])).await;
        assert_eq!((count(app, "events").await, count(app, "rejected_events").await), (3, 1));
        // And what somebody removes at the beginning is not taken for retention.
        let mut tx = app.app.store.write().await.unwrap();
        tx.execute("DELETE FROM audit_segments WHERE sequence = 4", Vec::new()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.get("/v1/audit/verify").await.expect(200)["valid"], false);
    }

    async fn many_segments_go_in_steps_that_others_may_finish(app) {
        let options = PolicyOptions { audit_retention_days: Some(32), ..PolicyOptions::default() };
        let app = &app.replica(options).await;
        let gateway = Gateway::new("one", 1);
        let namespaces: Vec<String> = (0..1_200).map(|number| format!("team-{number}")).collect();
        let event = |namespace: &String| gateway.event(app, Event { namespace, ..Event::default() });
        // A segment each.
        let events: Vec<Value> = namespaces.iter().map(event).collect();
        gateway.sync(app, 0, &events, json!([])).await;
        app.advance(34 * DAY);
        let before = Timestamp::from_secs(app.now().secs() - 32 * DAY);
        let mut tx = app.app.store.read().await.unwrap();
        let mut expired = audit::expired(&mut tx, "default", before).await.unwrap().unwrap();
        drop(tx);
        assert_eq!((expired.segments, expired.entries, expired.through), (1_200, 1_200, 1_200));
        let mut stale = expired.clone();
        let mut tx = app.app.store.write().await.unwrap();
        assert_eq!(audit::drop_oldest(&mut tx, &mut expired, 500).await.unwrap(), Some(500));
        tx.commit().await.unwrap();
        let mut tx = app.app.store.write().await.unwrap();
        let by_another = audit::drop_oldest(&mut tx, &mut stale, 500).await.unwrap();
        assert_eq!(by_another, None, "somebody else is at it");
        tx.commit().await.unwrap();
        let report = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!((&report["valid"], &report["entries"]), (&json!(true), &json!(700)), "{report:#}");
        assert_eq!(round(app).await.dropped_entries, 700);
        assert_eq!((count(app, "audit_segments").await, count(app, "events").await), (1, 0));
        let list = app.get("/v1/audit?action=audit.").await.expect(200);
        let told: Vec<&Value> = list["data"].as_array().unwrap().iter().map(|entry| &entry["after"]).collect();
        assert_eq!(told.len(), 1, "{list:#}");
        assert_eq!((&told[0]["segments"], &told[0]["through_sequence"]), (&json!(700), &json!(1_200)));
        assert_eq!(app.get("/v1/audit/verify").await.expect(200)["valid"], true);
        assert_eq!(round(app).await.dropped_entries, 0);
    }

    async fn what_could_not_be_read_goes_with_the_audit(app) {
        let options = PolicyOptions { audit_retention_days: Some(32), ..PolicyOptions::default() };
        let app = &app.replica(options).await;
        let gateway = Gateway::new("one", 1);
        gateway.sync(app, 0, &[json!({ "id": "none" })], json!([])).await;
        app.advance(32 * DAY);
        gateway.sync(app, 0, &[json!({ "id": "neither" })], json!([])).await;
        assert_eq!(round(app).await.deleted_rejected, 0);
        app.advance(DAY);
        assert_eq!(round(app).await.deleted_rejected, 1);
        assert_eq!(count(app, "rejected_events").await, 1);
    }

    async fn minutes_and_hours_go_and_their_days_and_peaks_stay(app) {
        let key = app.make_key(json!({ "name": "team" })).await;
        let id = key["id"].as_str().unwrap();
        let gateway = Gateway::new("one", 1);
        let event = |user: &str| {
            let mut event = gateway.event(app, Event { key: id, cost: CENT, ..Event::default() });
            event["user"] = json!(user);
            event
        };
        let events: Vec<Value> = ["ann", "ben", "ann"].map(event).into();
        gateway.sync(app, 0, &events, json!([])).await;
        app.advance(90);
        gateway.sync(app, 0, &[event("ann")], json!([])).await;
        let path = format!("/v1/keys/{id}/usage?period=30d");
        let before = app.get(&path).await.expect(200);
        assert_eq!((&before["peak_rpm"], &before["peak_tpm"]), (&json!(3), &json!(450)));
        let all_sums = |granularity: u64| format!("rollups WHERE granularity = {granularity}");
        app.advance(2 * DAY);
        round(app).await;
        assert_eq!(count(app, &all_sums(60)).await, 2, "two whole days are kept");
        app.advance(DAY);
        assert_eq!(round(app).await.deleted_sums, 2);
        assert_eq!(count(app, &all_sums(60)).await, 0);
        assert_eq!(round(app).await.deleted_sums, 0);
        let after = app.get(&path).await.expect(200);
        assert_eq!((&after["peak_rpm"], &after["peak_tpm"]), (&json!(3), &json!(450)));
        assert_eq!(after["total_requests"], 4);
        // To the hour, since minutes are gone.
        let edges = "start_date=2026-03-15T12:01:00Z&end_date=2026-03-15T12:02:00Z";
        let path = format!("/v1/audit?aggregation=per_key&{edges}");
        assert_eq!(app.get(&path).await.expect(200)["data"][0]["requests"], 4);
        assert_eq!(count(app, "latencies WHERE granularity = 3600").await, 1);
        app.advance(6 * DAY);
        round(app).await;
        assert_eq!(count(app, "latencies WHERE granularity = 3600").await, 0);
        assert_eq!(count(app, "latencies").await, 1);
        assert_eq!(count(app, &all_sums(3_600)).await, 1);
        app.set_time("2026-05-31T12:00:00Z");
        round(app).await;
        assert_eq!(count(app, "spend WHERE scope LIKE 'user:%'").await, 2);
        app.set_time("2026-06-02T12:00:00Z");
        round(app).await;
        assert_eq!(count(app, "spend WHERE scope LIKE 'user:%'").await, 0);
        assert_eq!(count(app, "spend").await, 3, "of key, namespace and organization");
        app.advance(420 * DAY);
        round(app).await;
        assert_eq!((count(app, &all_sums(3_600)).await, count(app, &all_sums(86_400)).await), (0, 1));
        // What is gone on purpose is no difference.
        let mut differences = Vec::new();
        let mut tell = |difference| differences.push(difference);
        verify(&app.app.store, &mut tell).await.unwrap();
        assert_eq!(differences, []);
    }

    async fn a_scope_goes_when_nobody_borrows_from_it(app) {
        let key = app.make_key(json!({ "name": "team", "monthly_quota_usd": 10 })).await;
        let scope = format!("key:{}", key["id"].as_str().unwrap());
        let gateway = Gateway::new("one", 1);
        let need = json!([{ "scope": scope, "amount": CENT }]);
        let lease = gateway.lend(app, need.clone()).await.leases.remove(0);
        assert_eq!(round(app).await.deleted_scopes, 0, "it is lent");
        let report = |lent: &paddock_core::wire::Lease| {
            json!([{ "scope": scope, "id": lent.id, "returned": lent.lent, "left": 0, "idle": true }])
        };
        gateway.sync(app, 0, &[], report(&lease)).await;
        assert_eq!(round(app).await.deleted_scopes, 0, "once a day");
        app.advance(DAY);
        assert_eq!(round(app).await.deleted_scopes, 1);
        assert_eq!(count(app, "scopes").await, 0);
        let again = gateway.lend(app, need).await.leases.remove(0);
        assert_eq!((again.lent.nanos() >= CENT, again.short), (true, false));
    }
}
