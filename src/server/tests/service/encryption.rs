//! What of webhooks and alerts is secret is not in the database in clear.

use crate::support::{Event, Gateway, Receiver, TestApp, on_both_databases};
use paddock_ledger::model::secret::Secret;
use paddock_server::delivery::{re_encryption, worker};
use paddock_server::encryption::Encryption;
use serde_json::{Value, json};

const DOLLAR: i64 = 1_000_000_000;
const SECRET: &str = "a secret of the tenant";

fn key(digit: &str) -> String {
    digit.repeat(64)
}

/// All texts that may hold a secret, as they are stored.
async fn stored(app: &TestApp) -> String {
    let mut tx = app.app.store.read().await.unwrap();
    let mut all = String::new();
    for sql in [
        "SELECT url || ' ' || secret FROM webhooks",
        "SELECT COALESCE(webhook_url, '') || ' ' || secret FROM alerts",
        "SELECT target || ' ' || occasion FROM deliveries",
        "SELECT COALESCE(before, '') || COALESCE(after, '') FROM audit_changes",
    ] {
        let texts: Vec<(String,)> = tx.all(sql, Vec::new()).await.unwrap();
        all.extend(texts.into_iter().map(|(text,)| text + "\n"));
    }
    all
}

/// A namespace with a webhook and a Slack alert at that receiver, and a dollar of calls.
async fn tenant(app: &TestApp, name: &str, receiver: &Receiver) -> Value {
    let body = json!({ "name": name, "monthly_quota_usd": 1 });
    app.post("/v1/namespaces", body).await.expect(201);
    let url = format!("{}/a-very-secret-token", receiver.url);
    let hook = json!({ "events": ["quota_exceeded"], "url": url, "secret": SECRET });
    let hook = app
        .post(&format!("/v1/namespaces/{name}/webhooks"), hook)
        .await
        .expect(201);
    assert_eq!(hook["url"], url, "its owner is shown it");
    let alert = json!({
        "name": "spent", "threshold_pct": 50, "action": "slack", "webhook_url": url,
    });
    app.post(&format!("/v1/namespaces/{name}/alerts"), alert)
        .await
        .expect(201);
    hook
}

async fn told(app: &TestApp, namespace: &str, nonce: u8, receiver: &Receiver) -> usize {
    let event = Event {
        namespace,
        cost: DOLLAR,
        ..Event::default()
    };
    let gateway = Gateway::new("one", nonce);
    gateway
        .sync(app, 0, &[gateway.event(app, event)], json!([]))
        .await;
    let defaults = &app.app.config.organization;
    paddock_ledger::rules::alerts::evaluation::round(&app.app.store, defaults, app.now())
        .await
        .unwrap();
    while worker::pass(&app.app).await.unwrap() > 0 {}
    receiver.take().len()
}

on_both_databases! {
    async fn secrets_are_encrypted_and_used_all_the_same(app) {
        let receiver = Receiver::start().await;
        let app = &app.encrypting(&key("a")).await;
        tenant(app, "team", &receiver).await;
        assert_eq!(told(app, "team", 1, &receiver).await, 2, "the webhook and Slack");
        let stored = stored(app).await;
        assert!(!stored.contains("secret-token") && !stored.contains(SECRET), "{stored}");
        assert!(stored.contains("enc:v1:"), "{stored}");
    }

    async fn a_new_key_takes_the_place_of_none_or_an_old_one(app) {
        let receiver = Receiver::start().await;
        let in_clear = &app.encrypting("").await;
        tenant(in_clear, "before", &receiver).await;
        let old = &app.encrypting(&key("a")).await;
        let hook = tenant(old, "under-old", &receiver).await;
        assert_eq!(told(old, "under-old", 2, &receiver).await, 2);
        // Without the old key nothing is lost, and nothing is delivered.
        let wrong = &app.encrypting(&key("c")).await;
        let shown = wrong.get(&format!("/v1/webhooks/{}", hook["id"].as_str().unwrap())).await;
        assert!(!shown.expect(200)["url"].as_str().unwrap().contains("secret-token"));
        let new = &app.encrypting(&format!("{}\n{}", key("b"), key("a"))).await;
        let renewed = re_encryption::round(&new.app).await.unwrap();
        // URL and secret of two webhooks, URLs of two alerts, targets of two deliveries.
        assert_eq!((renewed.texts, renewed.unreadable), (8, 0));
        assert_eq!(re_encryption::round(&new.app).await.unwrap().texts, 0);
        assert!(!stored(app).await.contains("secret-token"));
        app.advance(60);
        let alone = &app.encrypting(&key("b")).await;
        assert_eq!(told(alone, "before", 3, &receiver).await, 2);
        let unreadable = re_encryption::round(&wrong.app).await.unwrap();
        assert_eq!((unreadable.texts, unreadable.unreadable), (0, 10));
    }

    async fn what_cannot_be_encrypted_is_refused_and_nothing_is_stored(app) {
        let receiver = Receiver::start().await;
        let encryption = Encryption::read(&Secret::from(key("a"))).unwrap();
        let app = &app.with_encryption(encryption.drawing(|_| Err(ring::error::Unspecified))).await;
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let hook = json!({ "events": ["quota_exceeded"], "url": receiver.url });
        let refused = app.post("/v1/namespaces/team/webhooks", hook).await.expect(503);
        assert_eq!(refused["error"]["code"], "accounting_unavailable");
        let alert = json!({ "name": "a", "threshold_pct": 50, "action": "slack", "webhook_url": receiver.url });
        app.post("/v1/namespaces/team/alerts", alert).await.expect(503);
        for list in ["webhooks", "alerts"] {
            let all = app.get(&format!("/v1/namespaces/team/{list}")).await.expect(200);
            assert_eq!(all["data"], json!([]), "{list}");
        }
    }
}
