//! Alerts: when they fire, and what follows.

use crate::support::{Event, Gateway, Receiver, SmtpSink, TestApp, on_both_databases};
use paddock_ledger::model::secret::Secret;
use paddock_ledger::rules::alerts::evaluation;
use paddock_ledger::rules::housekeeping::keep;
use paddock_server::config::NotifyOptions;
use paddock_server::delivery::worker;
use serde_json::{Value, json};

const PATH: &str = "/v1/namespaces/team/alerts";
const CENT: i64 = 10_000_000;

async fn notifying(app: &TestApp) -> (TestApp, SmtpSink) {
    let sink = SmtpSink::start().await;
    let options = NotifyOptions {
        allow_private_webhooks: true,
        smtp_url: Some(Secret::from(sink.url.clone())),
        smtp_from: "Paddock <paddock@example.com>".to_owned(),
        ..NotifyOptions::default()
    };
    let app = app.notifying(options).await;
    let body = json!({ "name": "team", "monthly_quota_usd": 300.0 });
    app.post("/v1/namespaces", body).await.expect(201);
    (app, sink)
}

async fn spend(app: &TestApp, gateway: &Gateway, cents: i64) {
    let event = Event {
        cost: cents * CENT,
        ..Event::default()
    };
    let event = gateway.event(app, event);
    gateway.sync(app, 0, &[event], json!([])).await;
}

/// One round of evaluation, at a time when one is due: how many alerts fired.
async fn round(app: &TestApp) -> usize {
    app.advance(15);
    let fired = evaluation::round(&app.app.store, &app.app.config.organization, app.now()).await;
    while worker::pass(&app.app).await.unwrap() > 0 {}
    fired.unwrap()
}

async fn audited(app: &TestApp, action: &str) -> Vec<(String, String)> {
    let mut tx = app.app.store.read().await.unwrap();
    let sql = format!(
        "SELECT actor, resource_id FROM audit_changes WHERE action = '{action}' ORDER BY sequence"
    );
    tx.all(sql, Default::default()).await.unwrap()
}

on_both_databases! {
    async fn a_share_of_the_budget_is_told_to_whom_it_concerns_once_a_window(app) {
        let (app, sink) = notifying(app).await;
        let (hook, slack) = (Receiver::start().await, Receiver::start().await);
        let webhook = json!({
            "name": "hook", "threshold_pct": 50, "window": "1d", "action": "webhook",
            "webhook_url": hook.url,
        });
        let made = app.post(PATH, webhook.clone()).await.expect(201);
        assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
        app.post(PATH, webhook).await.expect(409);
        let body = json!({
            "name": "chat", "threshold_pct": 80, "window": "7d", "action": "slack",
            "webhook_url": slack.url,
            "message_template": "{namespace}: {pct}% ({spent} of {limit})",
        });
        app.post(PATH, body).await.expect(201);
        let body = json!({
            "name": "mail", "threshold_pct": 20, "window": "30d", "action": "email",
            "notify_emails": ["ops@example.com", "lead@example.com"],
        });
        app.post(PATH, body).await.expect(201);
        let gateway = Gateway::new("one", 1);
        spend(&app, &gateway, 499).await;
        assert_eq!(round(&app).await, 0, "a day's budget is a thirtieth of the month's: $10");
        spend(&app, &gateway, 1).await;
        assert_eq!(round(&app).await, 1);
        let [told] = &hook.take()[..] else { panic!("one event") };
        assert_eq!(told.json(), json!({
            "event": "spend.alert", "alert": "hook", "namespace": "team", "window": "1d",
            "quota_usd": 10.0, "spent_usd": 5.0, "remaining_usd": 5.0, "percent": 50.0,
            "message": "team has spent $5.00 of $10.00 (50%)",
        }));
        assert!(told.header("webhook-signature").starts_with("v1,"));
        assert_eq!(round(&app).await, 0, "once a day");
        spend(&app, &gateway, 5_100).await;
        assert_eq!(round(&app).await, 1);
        let [told] = &slack.take()[..] else { panic!("one message") };
        assert_eq!(told.json(), json!({ "text": "team: 80% ($56.00 of $70.00)" }));
        spend(&app, &gateway, 400).await;
        assert_eq!(round(&app).await, 1);
        let mut mails = sink.take();
        mails.sort();
        assert_eq!(mails.len(), 2);
        assert!(mails[0].contains("RCPT TO:<lead@example.com>"), "{mails:?}");
        for line in [
            "From: Paddock <paddock@example.com>", "Subject: Paddock: mail of team",
            "team has spent $60.00 of $300.00 (20%)",
        ] {
            assert!(mails[1].contains(line), "{mails:?}");
        }
        // The next day is also a new week, but no new month.
        app.set_time("2026-03-16T00:00:00Z");
        spend(&app, &gateway, 5_600).await;
        assert_eq!(round(&app).await, 2);
        let shown = app.get(&format!("{PATH}/hook")).await.expect(200);
        assert_eq!(shown["last_fired_at"], "2026-03-16T00:00:15Z");
    }

    async fn keys_are_disabled_and_the_namespace_throttled_until_the_window_ends(app) {
        let (app, _) = notifying(app).await;
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let other = app.make_key(json!({ "name": "other", "namespace": "team" })).await;
        let id = key["id"].as_str().unwrap();
        let body = json!({
            "name": "stop", "threshold_pct": 100, "window": "1d", "action": "disable_key",
            "keys": ["k"],
        });
        assert_eq!(app.post(PATH, body).await.expect(201)["keys"], json!([id]));
        let body = json!({
            "name": "slow", "threshold_pct": 50, "window": "1d", "action": "throttle",
        });
        app.post(PATH, body).await.expect(201);
        let gateway = Gateway::new("one", 1);
        spend(&app, &gateway, 1_000).await;
        let status = format!("/v1/keys/{}/status", other["id"].as_str().unwrap());
        assert_eq!(app.get(&status).await.expect(200)["throttled"], false);
        let before = gateway.resolve(&app, json!({ "namespace": "team" })).await;
        assert_eq!(before.namespaces[0].throttled_until, None);
        assert_eq!(round(&app).await, 2);
        let changes = gateway.sync(&app, before.revision, &[], json!([])).await.changes;
        let until = changes.namespaces[0].throttled_until.unwrap();
        assert_eq!(until.to_rfc3339(), "2026-03-16T00:00:00Z");
        let told: Vec<_> = changes.keys.iter().map(|key| (key.id.as_str(), key.enabled)).collect();
        assert_eq!(told, [(id, false)]);
        assert_eq!(audited(&app, "key.disable").await, [("alert:stop".to_owned(), id.to_owned())]);
        let throttled = audited(&app, "namespace.throttle").await;
        assert_eq!(throttled, [("alert:slow".to_owned(), "team".to_owned())]);
        assert_eq!(app.get(&status).await.expect(200)["throttled"], true);
        // Enabled by hand it stays so: the alert has fired for this day.
        app.post(&format!("/v1/keys/{id}/enable"), Value::Null).await.expect(200);
        assert_eq!(round(&app).await, 0);
        app.set_time("2026-03-16T00:00:00Z");
        assert_eq!(app.get(&status).await.expect(200)["throttled"], false, "it ends by itself");
    }

    async fn what_is_sent_of_an_alert_is_changed_and_it_may_fire_again(app) {
        let (app, _sink) = notifying(app).await;
        let mail = json!({
            "name": "m", "threshold_pct": 10, "action": "email", "notify_emails": ["a@example.com"],
        });
        let made = app.post(PATH, mail).await.expect(201);
        spend(&app, &Gateway::new("one", 1), 9_000).await;
        assert_eq!(round(&app).await, 1);
        assert_eq!(round(&app).await, 0, "once a month");
        let path = format!("{PATH}/m");
        let changed = app.patch(&path, json!({ "message_template": "{pct}" })).await.expect(200);
        assert_eq!(changed["id"], made["id"]);
        assert_eq!(round(&app).await, 0, "the same threshold");
        app.patch(&path, json!({ "threshold_pct": 20, "name": "n" })).await.expect(200);
        assert_eq!(round(&app).await, 1, "another threshold");
        let path = format!("{PATH}/n");
        app.patch(&path, json!({ "action": "slack" })).await.expect(400);
        app.patch(&path, json!({ "threshold_pct": 1, "threshold_stddev": 1 })).await.expect(400);
        app.patch(&path, json!({ "keys": ["key_0"] })).await.expect(404);
        let other = json!({ "name": "o", "threshold_stddev": 3, "action": "throttle" });
        app.post(PATH, other).await.expect(201);
        app.patch(&path, json!({ "name": "o" })).await.expect(409);
        let hook = json!({ "action": "webhook", "webhook_url": "https://93.184.216.34/" });
        let changed = app.patch(&path, hook).await.expect(200);
        assert!(changed["secret"].as_str().unwrap().starts_with("whsec_"));
        let again = app.patch(&path, json!({ "window": "7d" })).await.expect(200);
        assert_eq!((&again["secret"], &again["window"]), (&Value::Null, &json!("7d")));
        assert_eq!(audited(&app, "alert.update").await.len(), 4);
    }

    async fn an_unusual_hour_is_told_once_there_is_something_to_compare_it_with(app) {
        let (app, _) = notifying(app).await;
        let hook = Receiver::start().await;
        let body = json!({
            "name": "odd", "threshold_stddev": 3, "window": "7d", "action": "slack",
            "webhook_url": hook.url,
        });
        app.post(PATH, body).await.expect(201);
        let gateway = Gateway::new("one", 1);
        for day in 15..20 {
            app.set_time(&format!("2026-03-{day}T12:00:00Z"));
            spend(&app, &gateway, if day == 18 { 5_000 } else { 100 }).await;
            assert_eq!(round(&app).await, 0, "day {day}: too little history");
        }
        app.set_time("2026-03-20T12:00:00Z");
        spend(&app, &gateway, 5_000).await;
        assert_eq!(round(&app).await, 0, "such hours are known");
        app.set_time("2026-03-20T13:00:00Z");
        spend(&app, &gateway, 100).await;
        assert_eq!(round(&app).await, 1, "at this hour nothing was ever spent");
        let text = hook.take()[0].json()["text"].as_str().unwrap().to_owned();
        let expected = "team has spent $1.00 in this hour, more than $0.03: the mean and 3 standard deviations";
        assert_eq!(text, expected);
        app.set_time("2026-03-20T14:00:00Z");
        spend(&app, &gateway, 100).await;
        assert_eq!(round(&app).await, 0, "once a day");
    }

    async fn one_replica_evaluates_for_all_and_an_alert_fires_once(app) {
        let (app, _) = notifying(app).await;
        let other = app.replica(Default::default()).await;
        let body = json!({
            "name": "slow", "threshold_pct": 1, "window": "1d", "action": "throttle",
        });
        app.post(PATH, body).await.expect(201);
        spend(&app, &Gateway::new("one", 1), 1_000).await;
        app.advance(15);
        let now = app.now();
        let [a, b] = [&app, &other].map(|app| {
            evaluation::round(&app.app.store, &app.app.config.organization, now)
        });
        let (a, b) = tokio::join!(a, b);
        assert_eq!(a.unwrap() + b.unwrap(), 1);
        assert_eq!(audited(&app, "namespace.throttle").await.len(), 1);
    }

    async fn old_firings_are_deleted_except_the_last_of_each_alert(app) {
        let (app, _sink) = notifying(app).await;
        let body = json!({
            "name": "mail", "threshold_pct": 10, "window": "1d", "action": "email",
            "notify_emails": ["ops@example.com"],
        });
        app.post(PATH, body).await.expect(201);
        let gateway = Gateway::new("one", 1);
        for _ in 0..2 {
            spend(&app, &gateway, 500).await;
            assert_eq!(round(&app).await, 1);
            app.advance(86_400);
        }
        app.advance(62 * 86_400);
        let (store, terms) = (&app.app.store, &app.app.config.terms);
        let report = keep(store, terms, None, app.now()).await.unwrap();
        assert_eq!(report.deleted_firings, 1);
        let shown = app.get(PATH).await.expect(200);
        assert!(shown["data"][0]["last_fired_at"].is_string(), "{shown}");
    }

    async fn what_cannot_work_is_refused_and_mail_that_bounces_is_given_up(app) {
        app.post("/v1/namespaces", json!({ "name": "plain" })).await.expect(201);
        let mail = json!({
            "name": "m", "threshold_pct": 1, "action": "email", "notify_emails": ["a@example.com"],
        });
        let error = app.post("/v1/namespaces/plain/alerts", mail.clone()).await.expect(400);
        assert!(error["error"]["message"].as_str().unwrap().contains("--smtp-url"));
        let body = json!({
            "name": "s", "threshold_pct": 1, "action": "slack", "webhook_url": "http://10.0.0.1/",
        });
        app.post("/v1/namespaces/plain/alerts", body).await.expect(400);
        let (app, sink) = notifying(app).await;
        for (field, value) in [
            ("threshold_stddev", json!(3)), ("threshold_pct", Value::Null), ("window", json!("2d")),
            ("action", json!("page")), ("action", json!("slack")), ("action", json!("disable_key")),
            ("notify_emails", json!(["nobody"])), ("notify_emails", json!([])), ("name", Value::Null),
        ] {
            let mut wrong = mail.clone();
            wrong[field] = value;
            app.post(PATH, wrong).await.expect(400);
        }
        let unknown = json!({
            "name": "m", "threshold_pct": 1, "action": "disable_key", "keys": ["key_0"],
        });
        app.post(PATH, unknown).await.expect(404);
        app.post(PATH, mail).await.expect(201);
        sink.refuse("550 nobody of that name");
        spend(&app, &Gateway::new("one", 1), 1_000).await;
        assert_eq!(round(&app).await, 1);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT status, response_status, attempts FROM deliveries";
        let rows: Vec<(String, i64, i64)> = tx.all(sql, Default::default()).await.unwrap();
        assert_eq!(rows, [("failed".to_owned(), 550, 1)]);
        drop(tx);
        let developer = app.make_key(json!({ "name": "d", "namespace": "team" })).await;
        let developer = developer["key"].as_str().unwrap();
        assert_eq!(app.call(developer, "GET", PATH, Value::Null).await.status, 403);
        app.delete(&format!("{PATH}/m")).await.expect(200);
        assert_eq!(app.get(PATH).await.expect(200)["data"], json!([]));
    }
}
