//! Webhooks: what they are told, when, how often, and where they may be.

use crate::support::{ADMIN, Event, Gateway, Receiver, TestApp, on_both_databases};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paddock_ledger::rules::housekeeping::keep;
use paddock_ledger::store::deliveries;
use paddock_server::config::NotifyOptions;
use paddock_server::delivery::worker;
use ring::hmac;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PATH: &str = "/v1/namespaces/tenant-marketing/webhooks";
const DOLLAR: i64 = 1_000_000_000;

async fn deleted_deliveries(app: &TestApp) -> u64 {
    let (store, terms) = (&app.app.store, &app.app.config.terms);
    let report = keep(store, terms, None, app.app.now()).await.unwrap();
    report.deleted_deliveries
}

fn private() -> NotifyOptions {
    NotifyOptions {
        allow_private_webhooks: true,
        ..NotifyOptions::default()
    }
}

async fn make_namespace(app: &TestApp) {
    let body = json!({ "name": "tenant-marketing", "monthly_quota_usd": 500.0 });
    app.post("/v1/namespaces", body).await.expect(201);
}

async fn spend(app: &TestApp, gateway: &Gateway, dollars: i64) {
    let event = Event {
        namespace: "tenant-marketing",
        cost: dollars * DOLLAR,
        ..Event::default()
    };
    let event = gateway.event(app, event);
    gateway.sync(app, 0, &[event], json!([])).await;
}

/// What the webhook was told, in any order: deliveries go out side by side.
async fn told(app: &TestApp, receiver: &Receiver) -> BTreeSet<String> {
    while worker::pass(&app.app).await.unwrap() > 0 {}
    let received = receiver.take();
    let name = |body: Value| body["event"].as_str().unwrap().to_owned();
    received.iter().map(|one| name(one.json())).collect()
}

on_both_databases! {
    async fn one_tenants_silent_receiver_holds_up_nobody_elses_deliveries(app) {
        let app = &app.notifying(private()).await;
        make_namespace(app).await;
        app.post("/v1/namespaces", json!({ "name": "attacker", "monthly_quota_usd": 1 })).await.expect(201);
        let (receiver, bait) = (Receiver::start().await, Receiver::start().await);
        // It accepts, and never answers.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent_url = format!("http://localhost:{}/", silent.local_addr().unwrap().port());
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = silent.accept().await {
                held.push(stream);
            }
        });
        let hook = |url: &str| json!({ "events": ["quota_80_percent"], "url": url });
        let own = "/v1/namespaces/attacker/webhooks";
        let made = app.post(own, hook(&bait.url)).await.expect(201);
        app.post(PATH, hook(&receiver.url)).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let event = Event { namespace: "attacker", cost: DOLLAR, ..Event::default() };
        gateway.sync(app, 0, &[gateway.event(app, event)], json!([])).await;
        while worker::pass(&app.app).await.unwrap() > 0 {}
        let [told] = &bait.take()[..] else { panic!("one event") };
        let ids = [told.header("webhook-id")];
        let replay = format!("/v1/webhooks/{}/replay", made["id"].as_str().unwrap());
        let again = json!({ "event_ids": ids, "target_url": silent_url });
        let mut waiting = 0;
        let refused = loop {
            let answer = app.post(&replay, again.clone()).await;
            if answer.status != 200 {
                break answer;
            }
            waiting += 1;
            assert!(waiting <= 500, "replays without end");
        };
        assert_eq!(refused.headers["retry-after"], "30");
        refused.expect(429);

        let (stop, stopped) = tokio::sync::watch::channel(false);
        let delivering = tokio::spawn(worker::run(app.app.clone(), stopped));
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        spend(app, &gateway, 400).await;
        let mut received = Vec::new();
        for _ in 0..1_200 {
            if !received.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            received = receiver.take();
        }
        assert_eq!(received.len(), 1);
        stop.send(true).unwrap();
        delivering.abort();
    }

    async fn thresholds_are_told_once_a_month_and_signed(app) {
        let app = &app.notifying(private()).await;
        make_namespace(app).await;
        let receiver = Receiver::start().await;
        let body = json!({
            "events": ["quota_80_percent", "quota_95_percent", "quota_exceeded", "spend.threshold"],
            "url": receiver.url, "threshold_percent": 50,
        });
        let made = app.post(PATH, body).await.expect(201);
        let secret = made["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
        let gateway = Gateway::new("one", 1);
        spend(app, &gateway, 200).await;
        assert_eq!(told(app, &receiver).await, BTreeSet::new());
        spend(app, &gateway, 50).await;
        assert_eq!(told(app, &receiver).await, ["spend.threshold".to_owned()].into());
        spend(app, &gateway, 150).await;
        while worker::pass(&app.app).await.unwrap() > 0 {}
        let [received] = &receiver.take()[..] else { panic!("one event") };
        // Half of the 15th is over: $400 in 14.5 days, so $100 more last 3.625 days.
        let body = r#"{"event":"quota_80_percent","namespace":"tenant-marketing","quota_usd":500.0,"spent_usd":400.0,"remaining_usd":100.0,"projected_exhaustion":"2026-03-19T03:00:00Z"}"#;
        assert_eq!(received.text, body);
        assert_eq!(received.header("content-type"), "application/json");
        let (id, at) = (received.header("webhook-id"), received.header("webhook-timestamp"));
        assert_eq!(at, app.now().secs().to_string());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).unwrap());
        let tag = hmac::sign(&key, format!("{id}.{at}.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(tag));
        assert_eq!(received.header("webhook-signature"), signature);
        spend(app, &gateway, 10).await;
        assert_eq!(told(app, &receiver).await, BTreeSet::new(), "once a month");
        spend(app, &gateway, 90).await;
        let both = ["quota_95_percent", "quota_exceeded"].map(str::to_owned);
        assert_eq!(told(app, &receiver).await, both.into());
        app.set_time("2026-04-01T00:00:00Z");
        spend(app, &gateway, 410).await;
        let both = ["quota_80_percent", "spend.threshold"].map(str::to_owned);
        assert_eq!(told(app, &receiver).await, both.into(), "and again the next");
    }

    async fn a_budget_too_small_for_the_next_request_counts_as_exceeded(app) {
        let app = &app.notifying(private()).await;
        make_namespace(app).await;
        let receiver = Receiver::start().await;
        let body = json!({ "events": ["quota_exceeded"], "url": receiver.url });
        app.post(PATH, body).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let need = |amount: i64| json!([{ "scope": "namespace:tenant-marketing", "amount": amount }]);
        spend(app, &gateway, 250).await;
        gateway.lend(app, need(300 * DOLLAR)).await;
        assert_eq!(told(app, &receiver).await, BTreeSet::new(), "it was a large request");
        spend(app, &gateway, 249).await;
        gateway.lend(app, need(2 * DOLLAR)).await;
        gateway.lend(app, need(2 * DOLLAR)).await;
        while worker::pass(&app.app).await.unwrap() > 0 {}
        let [received] = &receiver.take()[..] else { panic!("one event") };
        assert_eq!(received.json()["remaining_usd"], 1.0);
    }

    async fn what_is_not_accepted_is_tried_again_given_up_and_replayed(app) {
        let app = &app.notifying(private()).await;
        make_namespace(app).await;
        let receiver = Receiver::start().await;
        let body = json!({
            "events": ["quota_80_percent"], "url": receiver.url, "secret": "chosen by hand",
        });
        let made = app.post(PATH, body).await.expect(201);
        assert_eq!(made.get("secret"), None);
        let id = made["id"].as_str().unwrap();
        receiver.answer(503);
        spend(app, &Gateway::new("one", 1), 400).await;
        let mut ids = BTreeSet::new();
        for attempt in 1..=10 {
            assert_eq!(worker::pass(&app.app).await.unwrap(), 1, "attempt {attempt}");
            assert_eq!(worker::pass(&app.app).await.unwrap(), 0, "not at once");
            let [received] = &receiver.take()[..] else { panic!("one attempt") };
            assert_eq!(received.header("webhook-timestamp"), app.now().secs().to_string());
            ids.insert(received.header("webhook-id").to_owned());
            app.advance(6 * 3_600);
        }
        assert_eq!(worker::pass(&app.app).await.unwrap(), 0, "it was given up");
        assert_eq!(ids.len(), 1, "all attempts have one id");
        let path = format!("/v1/webhooks/{id}/deliveries");
        let log = app.get(&format!("{path}?status=failed&since=2026-03-15")).await.expect(200);
        let failed = &log["data"][0];
        assert_eq!((&failed["attempts"], &failed["response_status"]), (&json!(10), &json!(503)));
        assert_eq!(failed["event_id"], *ids.first().unwrap());
        assert_eq!(failed["body"]["event"], "quota_80_percent");
        for none in ["?status=delivered", "?since=2026-03-16T00:00:00Z"] {
            let log = app.get(&format!("{path}{none}")).await.expect(200);
            assert_eq!(log["data"], json!([]), "{none}");
        }
        app.get(&format!("{path}?status=lost")).await.expect(400);

        let other = Receiver::start().await;
        let replay = format!("/v1/webhooks/{id}/replay");
        let body = json!({ "event_ids": [failed["event_id"]], "target_url": other.url });
        let answer = app.post(&replay, body).await.expect(200);
        assert_eq!(answer["data"][0]["target_url"], other.url);
        assert_eq!(worker::pass(&app.app).await.unwrap(), 1);
        assert!(receiver.take().is_empty());
        assert_eq!(other.take()[0].header("webhook-id"), ids.first().unwrap());
        let log = app.get(&format!("{path}?status=delivered")).await.expect(200);
        assert_eq!(log["data"][0]["response_status"], 204);
        app.post(&replay, json!({ "event_ids": ["evt_0"] })).await.expect(404);
        app.post(&replay, json!({ "event_ids": [] })).await.expect(400);
        let metrics = app.get("/metrics").await.expect(200);
        for line in [
            r#"paddock_delivery_attempts_total{channel="webhook",outcome="retried"} 9"#,
            r#"paddock_delivery_attempts_total{channel="webhook",outcome="failed"} 1"#,
            r#"paddock_delivery_attempts_total{channel="webhook",outcome="delivered"} 1"#,
        ] {
            assert!(metrics.as_str().unwrap().contains(line), "{line}");
        }
    }

    async fn redirects_are_not_followed_and_gone_is_final(app) {
        let app = &app.notifying(private()).await;
        make_namespace(app).await;
        let receiver = Receiver::start().await;
        let body = json!({ "events": ["quota_80_percent"], "url": receiver.url });
        let made = app.post(PATH, body).await.expect(201);
        let path = format!("/v1/webhooks/{}/deliveries", made["id"].as_str().unwrap());
        receiver.answer(307);
        spend(app, &Gateway::new("one", 1), 400).await;
        assert_eq!(worker::pass(&app.app).await.unwrap(), 1);
        let log = app.get(&path).await.expect(200);
        assert_eq!(log["data"][0]["status"], "pending");
        assert!(log["data"][0]["error"].as_str().unwrap().contains("not followed"));
        receiver.answer(410);
        app.advance(3_600);
        assert_eq!(worker::pass(&app.app).await.unwrap(), 1);
        assert_eq!(app.get(&path).await.expect(200)["data"][0]["status"], "failed");
        app.advance(90 * 86_400);
        assert_eq!(deleted_deliveries(app).await, 0);
        app.advance(1);
        assert_eq!(deleted_deliveries(app).await, 1, "kept for 90 days");
    }

    async fn nothing_is_delivered_into_the_services_own_network(app) {
        make_namespace(app).await;
        for url in [
            "http://127.0.0.1:8080/", "http://localhost/", "http://169.254.169.254/latest",
            "http://[::ffff:10.0.0.1]/", "http://2130706433/", "http://100.64.1.1/", "http://[::1]/",
            "ftp://example.com/", "https://user:pass@example.com/",
        ] {
            let body = json!({ "events": ["quota_80_percent"], "url": url });
            let error = app.post(PATH, body).await.expect(400);
            assert_eq!(error["error"]["param"], "url", "{url}");
        }
        // What an installation that allowed it has made is refused by one that does not.
        let receiver = Receiver::start().await;
        let open = app.notifying(private()).await;
        let body = json!({ "events": ["quota_80_percent"], "url": receiver.url });
        let made = open.post(PATH, body).await.expect(201);
        spend(app, &Gateway::new("one", 1), 400).await;
        assert_eq!(worker::pass(&app.app).await.unwrap(), 1);
        assert!(receiver.take().is_empty());
        let id = made["id"].as_str().unwrap();
        let log = app.get(&format!("/v1/webhooks/{id}/deliveries")).await.expect(200);
        let error = log["data"][0]["error"].as_str().unwrap();
        assert!(error.contains("127.0.0.1 is not an address of the public Internet"), "{error}");
        let event = log["data"][0]["event_id"].clone();
        let body = json!({ "event_ids": [event], "target_url": "http://10.0.0.1/" });
        app.post(&format!("/v1/webhooks/{id}/replay"), body).await.expect(400);
        let listed = app.notifying(NotifyOptions {
            webhook_allow_cidrs: vec!["127.0.0.0/8".parse().unwrap()],
            ..NotifyOptions::default()
        }).await;
        listed.advance(3_600);
        assert_eq!(worker::pass(&listed.app).await.unwrap(), 1);
        assert_eq!(receiver.take().len(), 1);
    }

    async fn a_delivery_is_claimed_by_one_replica_and_outlives_it(app) {
        let app = &app.notifying(private()).await;
        make_namespace(app).await;
        let receiver = Receiver::start().await;
        for _ in 0..20 {
            let body = json!({ "events": ["quota_80_percent"], "url": receiver.url });
            app.post(PATH, body).await.expect(201);
        }
        spend(app, &Gateway::new("one", 1), 400).await;
        let other = app.notifying(private()).await;
        let (a, b) = tokio::join!(worker::pass(&app.app), worker::pass(&other.app));
        assert_eq!(a.unwrap() + b.unwrap(), 20);
        assert_eq!(receiver.take().len(), 20);
        // A replica claims and dies: after two minutes the next one delivers.
        app.post(PATH, json!({ "events": ["quota_80_percent"], "url": receiver.url }))
            .await.expect(201);
        spend(app, &Gateway::new("two", 2), 1).await;
        let mut tx = app.app.store.write().await.unwrap();
        let until = app.now().plus(std::time::Duration::from_secs(120));
        let terms = deliveries::Terms { now: app.now(), until, most: 9, of_namespace: 9 };
        let claimed = deliveries::claim(&mut tx, terms, &[]);
        assert_eq!(claimed.await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        assert_eq!(worker::pass(&app.app).await.unwrap(), 0);
        app.advance(120);
        assert_eq!(worker::pass(&app.app).await.unwrap(), 1);
        assert_eq!(receiver.take().len(), 1);
    }

    async fn webhooks_are_their_admins_and_their_secrets_nobodys(app) {
        make_namespace(app).await;
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = json!({
            "events": ["spend.threshold"], "url": "https://hooks.example.com/paddock?token=hush",
            "secret": secret,
        });
        let body_url = body["url"].clone();
        let made = app.post(PATH, body.clone()).await.expect(201);
        assert_eq!((&made["threshold_percent"], &made["events"]), (&json!(80), &body["events"]));
        let id = made["id"].as_str().unwrap();
        let path = format!("/v1/webhooks/{id}");
        assert_eq!(app.get(PATH).await.expect(200)["data"], json!([made]));
        assert_eq!(app.get(&path).await.expect(200), made);
        let developer = app.make_key(json!({ "name": "d", "namespace": "tenant-marketing" })).await;
        let foreign = app.make_key(json!({ "name": "admin", "role": "admin" })).await;
        app.post("/v1/namespaces", json!({ "name": "a", "organization": "acme" })).await.expect(201);
        let acme = json!({ "name": "acme", "namespace": "a", "role": "admin" });
        let acme = app.make_key(acme).await;
        let as_key = |key: &Value, method: &'static str| {
            let (key, path) = (key["key"].as_str().unwrap().to_owned(), path.clone());
            async move { app.call(&key, method, &path, Value::Null).await.status }
        };
        assert_eq!(as_key(&developer, "GET").await, 403);
        assert_eq!(as_key(&acme, "DELETE").await, 404);
        assert_eq!(as_key(&foreign, "GET").await, 200, "of the same organization");
        for (field, value) in [
            ("events", json!(["quota_81_percent"])), ("events", Value::Null),
            ("secret", json!("short")), ("secret", json!("whsec_%%")), ("url", Value::Null),
            ("threshold_percent", json!(101)), ("colour", json!(1)),
        ] {
            let mut wrong = body.clone();
            wrong[field] = value;
            app.post(PATH, wrong).await.expect(400);
        }
        app.post("/v1/namespaces/nobody/webhooks", body).await.expect(404);
        let change = json!({ "events": ["quota_exceeded"], "threshold_percent": null });
        let changed = app.patch(&path, change).await.expect(200);
        assert_eq!((&changed["id"], &changed["threshold_percent"]), (&made["id"], &Value::Null));
        assert_eq!(changed["url"], body_url);
        app.patch(&path, json!({ "url": "http://10.0.0.1/" })).await.expect(400);
        app.patch(&format!("/v1/namespaces/a/webhooks/{id}"), json!({})).await.expect(404);
        let changed = app.patch(&path, json!({ "secret": null })).await.expect(200);
        assert!(changed["secret"].as_str().is_some_and(|made| made != secret));
        app.delete(&format!("/v1/namespaces/a/webhooks/{id}")).await.expect(404);
        app.delete(&format!("{PATH}/{id}")).await.expect(200);
        app.call(ADMIN, "GET", &path, Value::Null).await.expect(404);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT action, COALESCE(before, '') || COALESCE(after, '') FROM audit_changes
            WHERE resource_type = 'webhook' ORDER BY sequence";
        let changes: Vec<(String, String)> = tx.all(sql, Default::default()).await.unwrap();
        let actions: Vec<&str> = changes.iter().map(|(action, _)| action.as_str()).collect();
        let update = "webhook.update";
        assert_eq!(actions, ["webhook.create", update, update, "webhook.delete"]);
        for (_, what) in &changes {
            assert!(what.contains("https://hooks.example.com/paddock"), "{what}");
            assert!(!what.contains("hush") && !what.contains("whsec_"), "{what}");
        }
    }
}
