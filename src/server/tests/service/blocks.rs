//! Days that are over are summed up to blocks, and reports are the same with them and without.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::day_blocks::{FIFTEEN_DAYS, FIVE_DAYS};
use paddock_ledger::model::period::DAY;
use paddock_ledger::rules::batch::ReadBatch;
use paddock_ledger::rules::housekeeping::{HousekeepingReport, keep};
use paddock_ledger::rules::ledger::{self, Message};
use paddock_ledger::rules::verification::{Difference, verify};
use paddock_ledger::store::{credits, day_blocks};
use paddock_server::config::PolicyOptions;
use serde_json::{Value, json};
use std::time::Duration;

const CENT: i64 = 10_000_000;

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

async fn differences(app: &TestApp) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut tell = |difference| differences.push(difference);
    verify(&app.app.store, &mut tell).await.unwrap();
    differences
}

async fn run(app: &TestApp, sql: &str) {
    let mut tx = app.app.store.write().await.unwrap();
    tx.execute(sql.to_owned(), Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Requests in all rows of one granularity.
async fn requests(app: &TestApp, table: &str, granularity: u64) -> i64 {
    let mut tx = app.app.store.read().await.unwrap();
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(requests), 0) AS BIGINT) FROM {table}
        WHERE granularity = {granularity}"
    );
    tx.one::<(i64,)>(sql, Vec::new()).await.unwrap().0
}

/// Fifty days until noon of 2026-05-04, of two namespaces of which one is moved to another organization
/// after three weeks; a key's id of each.
async fn life(app: &TestApp) -> [String; 2] {
    let mut keys = Vec::new();
    for (namespace, organization) in [("web", "acme"), ("app", "other")] {
        let body = json!({ "name": namespace, "organization": organization, "tags": ["prod"] });
        app.post("/v1/namespaces", body).await.expect(201);
        let body = json!({ "name": namespace, "namespace": namespace });
        keys.push(app.make_key(body).await["id"].as_str().unwrap().to_owned());
    }
    let keys: [String; 2] = keys.try_into().unwrap();
    let gateway = Gateway::new("one", 1);
    for day in 0..51_u64 {
        let mut events = Vec::new();
        for n in 0..(3 + day % 4) {
            let at = usize::try_from(n % 2).unwrap();
            let event = Event {
                key: &keys[at],
                namespace: ["web", "app"][at],
                model: ["gpt-4.1", "claude-sonnet-4.5"][usize::try_from(n / 2 % 2).unwrap()],
                cost: CENT + i64::try_from(day * 7 + n).unwrap(),
                duration_ms: 10 + n,
                ..Event::default()
            };
            let mut event = gateway.event(app, event);
            let other = at == 1 || day < 21;
            event["organization"] = json!(if other { "other" } else { "acme" });
            event["user"] = json!(["ann", "ben"][usize::try_from((day + n) % 2).unwrap()]);
            events.push(event);
        }
        gateway.sync(app, 0, &events, json!([])).await;
        if day < 50 {
            app.advance(DAY);
        }
    }
    keys
}

/// What every report says, but for the moments it was asked at.
async fn reports(app: &TestApp, keys: &[String; 2]) -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    for period in [
        "current_month",
        "previous_month",
        "7d",
        "30d",
        "31d",
        "90d",
        "all",
    ] {
        for group in ["team", "key", "user", "tag", "model"] {
            for of in [
                "",
                "&namespace=web",
                "&organization=other",
                "&organization=acme",
            ] {
                paths.push(format!(
                    "/v1/cost-attribution?period={period}&group_by={group}&breakdown=by_model{of}"
                ));
            }
        }
        paths.push(format!("/v1/team/usage?namespace=web&period={period}"));
        if period != "previous_month" {
            paths.push(format!("/v1/namespaces/app/usage?period={period}"));
            for key in keys {
                paths.push(format!(
                    "/v1/keys/{key}/usage?period={period}&granularity=day"
                ));
            }
        }
    }
    for edges in ["", "&start_date=2026-03-20&end_date=2026-04-30"] {
        for of in ["", "&namespace=app", "&organization=acme"] {
            paths.push(format!("/v1/audit?aggregation=per_key{edges}{of}"));
        }
    }
    let mut reports = Vec::new();
    for path in paths {
        let answer = app.get(&path).await.expect(200);
        reports.push((path, answer));
    }
    reports
}

on_both_databases! {
    async fn reports_are_the_same_with_blocks_and_without(app) {
        let keys = life(app).await;
        let before = reports(app, &keys).await;
        assert!(before.iter().any(|(_, answer)| answer["app"]["gpt-4.1"]["request_count"] == json!(63)));
        let replica = app.replica(PolicyOptions::default()).await;
        let (one, two) = tokio::join!(round(app), round(&replica));
        assert_eq!(one.made_blocks + two.made_blocks, 13, "ten of five days and three of fifteen");
        for table in ["rollups", "user_rollups"] {
            // Of 2026-05-04, the last five days and fifteen that are over end before 05-02 and 04-22.
            for (length, days) in [(FIVE_DAYS, 20_575), (FIFTEEN_DAYS, 20_565)] {
                let sql = format!(
                    "SELECT CAST(SUM(requests) AS BIGINT) FROM {table}
                    WHERE granularity = 86400 AND starts_at < {}",
                    days * DAY
                );
                let mut tx = app.app.store.read().await.unwrap();
                let (days,): (i64,) = tx.one(sql, Vec::new()).await.unwrap();
                drop(tx);
                assert_eq!(requests(app, table, length).await, days, "{table} {length}");
            }
        }
        for ((path, before), (_, after)) in before.into_iter().zip(reports(app, &keys).await) {
            assert_eq!(before, after, "{path}");
        }
        assert_eq!(differences(app).await, []);
        assert_eq!(round(app).await.made_blocks, 0);
    }

    async fn a_late_call_is_added_to_the_blocks_of_its_day(app) {
        let gateway = Gateway::new("one", 1);
        let late = |cost| {
            let mut event = gateway.event(app, Event { cost, ..Event::default() });
            event["user"] = json!("ann");
            event
        };
        let (first, second, third) = (late(CENT), late(2 * CENT), late(3 * CENT));
        gateway.sync(app, 0, std::slice::from_ref(&first), json!([])).await;
        assert_eq!(round(app).await.made_blocks, 0);
        // The day's five days are sealed, its fifteen are not.
        app.advance(3 * DAY);
        assert_eq!(round(app).await.made_blocks, 1);
        gateway.sync(app, 0, &[first, second], json!([])).await;
        assert_eq!(requests(app, "rollups", FIVE_DAYS).await, 2);
        assert_eq!(requests(app, "user_rollups", FIVE_DAYS).await, 2);
        assert_eq!(requests(app, "rollups", FIFTEEN_DAYS).await, 0);
        assert_eq!(differences(app).await, []);
        app.advance(20 * DAY);
        round(app).await;
        gateway.sync(app, 0, &[third], json!([])).await;
        for table in ["rollups", "user_rollups"] {
            assert_eq!(requests(app, table, FIVE_DAYS).await, 3);
            assert_eq!(requests(app, table, FIFTEEN_DAYS).await, 3);
        }
        assert_eq!(differences(app).await, []);
        for group in ["team", "user"] {
            let path = format!("/v1/cost-attribution?period=30d&group_by={group}");
            let costs = app.get(&path).await.expect(200);
            let name = if group == "team" { "team" } else { "ann" };
            assert_eq!(costs[name]["total"], 0.06, "{costs}");
        }
    }

    async fn days_are_sealed_when_open_bookings_have_ended(app) {
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event { cost: CENT, ..Event::default() });
        app.advance(20 * DAY);
        let raw = [serde_json::value::to_raw_value(&event).unwrap()];
        let message = Message {
            gateway: "one".to_owned(),
            batch: ReadBatch::read("one", None, &raw, &(Timestamp::EPOCH..Timestamp::from_nanos(u64::MAX))),
            ..Message::default()
        };
        let mut booking = app.app.store.write().await.unwrap();
        let terms = &app.app.config.terms;
        ledger::book(&mut booking, terms, message, app.now()).await.unwrap();
        let mut sealing = Box::pin(round(app));
        let early = tokio::time::timeout(Duration::from_secs(1), &mut sealing).await;
        assert!(early.is_err(), "{early:?}");
        booking.commit().await.unwrap();
        sealing.await;
        assert_eq!(requests(app, "rollups", FIVE_DAYS).await, 1);
        assert_eq!(differences(app).await, []);
    }

    async fn a_booking_waits_while_days_are_sealed_and_finds_them_so(app) {
        let gateway = Gateway::new("one", 1);
        let [early, late] = [(); 2].map(|()| gateway.event(app, Event { cost: CENT, ..Event::default() }));
        gateway.sync(app, 0, &[early], json!([])).await;
        round(app).await;
        app.advance(20 * DAY);
        let mut tx = app.app.store.write().await.unwrap();
        day_blocks::lock(&mut tx).await.unwrap();
        credits::wait_for_bookings(&mut tx).await.unwrap();
        let start = day_blocks::sealed_until(&mut tx).await.unwrap();
        day_blocks::make(&mut tx, (start, FIVE_DAYS), DAY).await.unwrap();
        day_blocks::seal(&mut tx, start.plus(Duration::from_secs(FIVE_DAYS))).await.unwrap();
        let events = [late];
        let mut booking = Box::pin(gateway.sync(app, 0, &events, json!([])));
        let early = tokio::time::timeout(Duration::from_secs(1), &mut booking).await;
        assert!(early.is_err());
        tx.commit().await.unwrap();
        booking.await;
        assert_eq!(requests(app, "rollups", FIVE_DAYS).await, 2);
        assert_eq!(differences(app).await, []);
    }

    async fn a_block_that_is_not_the_sum_of_its_days_is_told(app) {
        life(app).await;
        round(app).await;
        let tables = ["rollups", "user_rollups", "tag_rollups"];
        for table in tables {
            run(app, &format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        let five = "granularity = 432000 AND starts_at = (SELECT MIN(starts_at) FROM rollups WHERE granularity = 432000)";
        for (sql, kind, least) in [
            (format!("UPDATE rollups SET cost = cost + 1 WHERE {five} AND namespace = 'web'"), "rollup", 1),
            (format!("UPDATE rollups SET latency_ms = latency_ms - 1 WHERE {five}"), "rollup", 2),
            ("DELETE FROM rollups WHERE granularity = 1296000 AND namespace = 'app'".to_owned(), "rollup", 3),
            ("UPDATE user_rollups SET tokens = 7 WHERE granularity = 1296000 AND end_user = 'ann'".to_owned(), "user", 3),
            ("DELETE FROM user_rollups WHERE granularity = 432000".to_owned(), "user", 30),
            ("UPDATE tag_rollups SET cost = cost + 1 WHERE granularity = 432000".to_owned(), "tag", 10),
            ("UPDATE blocks SET sealed_until = 0".to_owned(), "rollup", 40),
        ] {
            run(app, &sql).await;
            let found = differences(app).await;
            assert!(found.len() >= least, "{sql}: {found:#?}");
            assert!(found.iter().all(|difference| difference.kind == kind || sql.contains("blocks")), "{sql}");
            assert!(found[0].what.contains("000 s from 2026-"), "{}", found[0]);
            for table in tables {
                run(app, &format!("DELETE FROM {table}")).await;
                run(app, &format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
            }
        }
        // What is not sealed must not be there, since nobody adds to it.
        run(app, "DELETE FROM rollups WHERE granularity > 86400").await;
        run(app, "DELETE FROM user_rollups WHERE granularity > 86400").await;
        run(app, "DELETE FROM tag_rollups WHERE granularity > 86400").await;
        assert_eq!(differences(app).await, []);
    }
}
