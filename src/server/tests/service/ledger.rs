//! Booking: each event once, all of a batch or none.

use crate::support::{Event, GATEWAY, Gateway, on_both_databases};
use paddock_ledger::store::Args;
use serde_json::json;

const CENT: i64 = 10_000_000;

on_both_databases! {
    async fn an_event_counts_once_however_often_it_comes(app) {
        let key = app.make_key(json!({ "name": "team", "monthly_quota_usd": 1 })).await;
        let id = key["id"].as_str().unwrap();
        let (one, two) = (Gateway::new("one", 1), Gateway::new("two", 2));
        let event = || Event { key: id, cost: CENT, ..Event::default() };
        let [a, b, c] = [(); 3].map(|()| one.event(app, event()));
        let answer = one.sync(app, 0, &[a.clone(), b.clone(), a.clone()], json!([])).await;
        assert_eq!(answer.acknowledged, Some(7));
        one.sync(app, 0, &[a.clone(), b.clone(), a.clone()], json!([])).await;
        two.sync(app, 0, &[c.clone(), b, a], json!([])).await;
        let usage = app.get(&format!("/v1/keys/{id}/usage")).await.expect(200);
        assert_eq!(usage["total_requests"], 3);
        assert_eq!(usage["total_tokens"], 450);
        assert_eq!(usage["total_cost_usd"], 0.03);
        assert_eq!(usage["budget_remaining_usd"], 0.97);
        assert_eq!(usage["budget_used_percent"], 3.0);
        assert_eq!(usage["peak_rpm"], 3);
        assert_eq!(usage["peak_tpm"], 450);
        assert_eq!(usage["by_model"]["gpt-4.1"]["cost_usd"], 0.03);
    }

    async fn callers_without_a_key_are_booked_to_their_namespace(app) {
        let namespace = json!({ "name": "mesh", "monthly_quota_usd": 1 });
        app.post("/v1/namespaces", namespace).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let long = format!("spiffe://cluster.local/ns/mesh/sa/{}", "x".repeat(222));
        let callers = ["spiffe://cluster.local/ns/mesh/sa/api", "header:mesh", "jwt:mesh", &long];
        let events = callers.map(|key| {
            gateway.event(app, Event { key, namespace: "mesh", cost: CENT, ..Event::default() })
        });
        gateway.sync(app, 0, &events, json!([])).await;
        let usage = app.get("/v1/namespaces/mesh/usage?period=all").await.expect(200);
        assert_eq!(usage["request_count"], 4);
        assert_eq!(usage["total_spent"], 0.04);
        assert_eq!(usage["quota_remaining"], 0.96);
        let costs = app.get("/v1/cost-attribution?group_by=key").await.expect(200);
        let costs = costs.to_string();
        for caller in callers {
            assert!(costs.contains(&format!("\"{caller}\":")), "{costs}");
        }
    }

    async fn what_cannot_be_read_is_kept_and_holds_up_nothing(app) {
        let gateway = Gateway::new("one", 1);
        let mut absurd = gateway.event(app, Event { cost: CENT, ..Event::default() });
        absurd["tokens"]["input"] = json!(u64::MAX);
        let mut nul = gateway.event(app, Event { cost: CENT, ..Event::default() });
        nul["user_agent"] = json!("a\u{0}b");
        let events = [json!({ "unreadable": 1 }), absurd, nul, json!(17)];
        for _ in 0..2 {
            let answer = gateway.sync(app, 0, &events, json!([])).await;
            assert_eq!(answer.acknowledged, Some(7));
        }
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT body, error FROM rejected_events ORDER BY body";
        let rows: Vec<(String, String)> = tx.all(sql, Args::new()).await.unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].0, "17");
        let sql = "SELECT user_agent FROM events";
        let rows: Vec<(String,)> = tx.all(sql, Args::new()).await.unwrap();
        assert_eq!(rows, [("a\u{fffd}b".to_owned(),)]);
        drop(tx);
        let metrics = app.get("/metrics").await.expect(200);
        assert!(metrics.as_str().unwrap().contains("paddock_ledger_events_rejected_total 6"));
    }

    async fn an_event_says_whether_it_was_priced_as_batch(app) {
        let gateway = Gateway::new("one", 1);
        let plain = gateway.event(app, Event { cost: CENT, ..Event::default() });
        let mut batch = gateway.event(app, Event { cost: CENT, ..Event::default() });
        batch["batch"] = json!(true);
        gateway.sync(app, 0, &[plain, batch], json!([])).await;
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT batch FROM events ORDER BY id";
        let rows: Vec<(bool,)> = tx.all(sql, Args::new()).await.unwrap();
        assert_eq!(rows, [(false,), (true,)]);
    }

    async fn a_batch_that_fails_midway_leaves_nothing_behind(app) {
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event { cost: CENT, ..Event::default() });
        // The last table a batch is written to is away.
        let mut tx = app.app.store.write().await.unwrap();
        tx.execute("ALTER TABLE spend RENAME TO spend_away", Args::new()).await.unwrap();
        tx.commit().await.unwrap();
        let body = json!({
            "gateway": "one", "revision": 0, "batch": { "number": 1, "events": [event] },
        });
        app.call(GATEWAY, "POST", "/gateway/v1/sync", body.clone()).await.expect(500);
        let mut tx = app.app.store.write().await.unwrap();
        for table in ["events", "rollups", "latencies"] {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            assert_eq!(tx.one::<(i64,)>(sql, Args::new()).await.unwrap(), (0,), "{table}");
        }
        tx.execute("ALTER TABLE spend_away RENAME TO spend", Args::new()).await.unwrap();
        tx.commit().await.unwrap();
        app.call(GATEWAY, "POST", "/gateway/v1/sync", body).await.expect(200);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT COUNT(*), CAST(SUM(amount) AS BIGINT) FROM spend";
        let spend: (i64, i64) = tx.one(sql, Args::new()).await.unwrap();
        assert_eq!(spend, (3, 3 * CENT), "three scopes and a day");
    }

    async fn the_same_batch_sent_at_once_is_booked_once(app) {
        let gateway = Gateway::new("one", 1);
        let events: Vec<_> = (0..600)
            .map(|_| gateway.event(app, Event { cost: CENT, ..Event::default() }))
            .collect();
        let (a, b, c) = tokio::join!(
            gateway.sync(app, 0, &events, json!([])),
            gateway.sync(app, 0, &events[100..], json!([])),
            gateway.sync(app, 0, &events[..500], json!([])),
        );
        assert!([a, b, c].iter().all(|answer| answer.acknowledged == Some(7)));
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT amount FROM spend WHERE scope = 'key:key_1' AND period = 'daily'";
        assert_eq!(tx.one::<(i64,)>(sql, Args::new()).await.unwrap(), (600 * CENT,));
        let sql = "SELECT CAST(SUM(requests) AS BIGINT) FROM rollups WHERE granularity = 3600";
        assert_eq!(tx.one::<(i64,)>(sql, Args::new()).await.unwrap(), (600,));
    }

    async fn a_message_that_cannot_be_booked_takes_no_other_with_it(app) {
        let mut tx = app.app.store.write().await.unwrap();
        for sql in match app.url.starts_with("sqlite") {
            true => vec!["CREATE TRIGGER no_poison BEFORE INSERT ON events WHEN NEW.model = 'poison'
                BEGIN SELECT RAISE(ABORT, 'poison'); END"],
            false => vec!["ALTER TABLE events ADD CONSTRAINT no_poison CHECK (model <> 'poison')"],
        } {
            tx.execute(sql, Args::new()).await.unwrap();
        }
        tx.commit().await.unwrap();
        let gateways: Vec<Gateway> = (0..6).map(|n| Gateway::new(&format!("g{n}"), n)).collect();
        let bodies = gateways.iter().enumerate().map(|(number, gateway)| {
            let model = if number == 3 { "poison" } else { "gpt-4.1" };
            let event = gateway.event(app, Event { model, cost: CENT, ..Event::default() });
            json!({
                "gateway": gateway.name, "revision": 0,
                "batch": { "number": number, "events": [event] },
            })
        });
        // Nothing can be booked until all of them wait.
        let mut tx = app.app.store.write().await.unwrap();
        if !app.url.starts_with("sqlite") {
            tx.execute("LOCK TABLE events", Args::new()).await.unwrap();
        }
        let call = |body| app.call(GATEWAY, "POST", "/gateway/v1/sync", body);
        let calls = futures_util::future::join_all(bodies.map(call));
        let release = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            drop(tx);
        };
        let (answers, ()) = tokio::join!(calls, release);
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [200; 6]);
        for (number, answer) in answers.iter().enumerate() {
            assert_eq!(answer.body["acknowledged"], number);
        }
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT CAST(SUM(requests) AS BIGINT) FROM rollups WHERE granularity = 86400";
        assert_eq!(tx.one::<(i64,)>(sql, Args::new()).await.unwrap(), (5,));
        let sql = "SELECT gateway FROM rejected_events";
        assert_eq!(tx.all::<(String,)>(sql, Args::new()).await.unwrap(), [("g3".to_owned(),)]);
    }
}
