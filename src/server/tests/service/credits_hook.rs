//! Payments that come in by a signed hook.

use crate::support::{Answer, TestApp, on_both_databases};
use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::store::Args;
use paddock_server::config::CreditOptions;
use ring::hmac;
use serde_json::{Value, json};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A service that takes payments, and a namespace.
async fn paying(app: &TestApp) -> TestApp {
    let credits = CreditOptions {
        credits_hook_secret: Some(Secret::from(SECRET.to_owned())),
        ..CreditOptions::default()
    };
    let app = app.crediting(credits).await;
    app.post("/v1/namespaces", json!({ "name": "team" }))
        .await
        .expect(201);
    app
}

fn paid(reference: &str) -> Value {
    json!({ "namespace": "team", "amount_usd": 5, "kind": "top_up", "reference": reference })
}

/// Signs as a processor's adapter does.
fn sign(id: &str, at: u64, body: &str) -> String {
    let secret = SECRET.strip_prefix("whsec_").unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).unwrap());
    let tag = hmac::sign(&key, format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// Sends a body with the headers given, and no key.
async fn send(app: &TestApp, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder().method("POST").uri("/v1/credits/hook");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

/// Sends a body signed at a moment, seconds from now.
async fn signed(app: &TestApp, body: &Value, from_now: i64) -> Answer {
    let (body, at) = (
        body.to_string(),
        app.now().secs().saturating_add_signed(from_now),
    );
    let signature = sign("msg_1", at, &body);
    let headers = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", &at.to_string()),
        ("webhook-signature", &signature),
    ];
    send(app, &headers, &body).await
}

async fn balance(app: &TestApp) -> f64 {
    app.get("/v1/credits?namespace=team").await.expect(200)["balance_usd"]
        .as_f64()
        .unwrap()
}

on_both_databases! {
    async fn headers_that_cannot_be_right_are_refused_before_the_body_comes(app) {
        let app = paying(app).await;
        let now = app.now().secs();
        let signature = sign("msg_1", now, "{}");
        for (at, signature) in [(now - 301, signature.as_str()), (now, "v1,c2hvcnQ="), (now, "v2,x")] {
            let body = Body::from_stream(futures_util::stream::pending::<Result<&str, std::io::Error>>());
            let request = Request::post("/v1/credits/hook")
                .header("webhook-id", "msg_1")
                .header("webhook-timestamp", at.to_string())
                .header("webhook-signature", signature);
            let answer = app.send(request.body(body).unwrap());
            let answer = tokio::time::timeout(std::time::Duration::from_secs(20), answer).await;
            answer.expect("nobody waits for the body").expect(401);
        }
    }

    async fn what_is_signed_is_paid_in_once(app) {
        let app = &paying(app).await;
        let made = signed(app, &paid("pi_1"), 0).await.expect(201);
        assert_eq!((&made["author"], &made["amount_usd"]), (&json!("credits-hook"), &json!(5.0)));
        // Sent again by the processor, and by somebody who has seen it.
        for from_now in [0, -200, 250] {
            assert_eq!(signed(app, &paid("pi_1"), from_now).await.expect(201), made);
        }
        assert_eq!(balance(app).await, 5.0);
        let mut other = paid("pi_1");
        other["amount_usd"] = json!(50);
        signed(app, &other, 0).await.expect(409);
        let back = json!({
            "namespace": "team", "amount_usd": -5, "kind": "adjustment", "reference": "re_1",
        });
        signed(app, &back, 0).await.expect(201);
        let organization = json!({
            "organization": "default", "amount_usd": 7, "kind": "top_up", "reference": "pi_2",
        });
        signed(app, &organization, 0).await.expect(201);
        assert_eq!(balance(app).await, 0.0);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT actor FROM audit_changes WHERE action = 'credits.create'";
        let audited: Vec<(String,)> = tx.all(sql, Args::new()).await.unwrap();
        assert_eq!(audited.len(), 3);
        assert!(audited.iter().all(|(actor,)| actor == "credits-hook"));
    }

    async fn what_is_not_signed_right_or_in_time_is_refused(app) {
        let app = &paying(app).await;
        let (body, at) = (paid("pi_1").to_string(), app.now().secs());
        let (time, signature) = (at.to_string(), sign("msg_1", at, &body));
        let right = [
            ("webhook-id", "msg_1"), ("webhook-timestamp", time.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        for from_now in [-301, 301] {
            let refused = signed(app, &paid("pi_1"), from_now).await;
            assert_eq!(refused.headers["x-should-retry"], "false");
            let refused = refused.expect(401);
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.contains("more than five minutes"), "{message}");
        }
        let foreign = signature.replace("v1,", "v1,A");
        for (at, value) in [
            (0, "msg_2"), (1, "0"), (1, "now"), (2, foreign.as_str()), (2, "v1,"), (2, "v2,AAAA"),
        ] {
            let mut wrong = right;
            wrong[at].1 = value;
            send(app, &wrong, &body).await.expect(401);
        }
        send(app, &right, &body.replace('5', "9")).await.expect(401);
        for missing in 0..3 {
            let mut headers = right.to_vec();
            let (name, _) = headers.remove(missing);
            let refused = send(app, &headers, &body).await.expect(401);
            assert!(refused["error"]["message"].as_str().unwrap().contains(name), "{refused}");
        }
        // A key is no signature.
        app.post("/v1/credits/hook", paid("pi_1")).await.expect(401);
        assert_eq!(balance(app).await, 0.0);
        // Of several signatures one must be right: secrets are replaced one after the other.
        let both = format!("{foreign} {signature}");
        let mut rotated = right;
        rotated[2].1 = &both;
        send(app, &rotated, &body).await.expect(201);
        assert_eq!(balance(app).await, 5.0);
    }

    async fn without_a_secret_nobody_pays_by_hook(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let refused = signed(app, &paid("pi_1"), 0).await.expect(404);
        assert_eq!(refused["error"]["code"], "not_configured");
        assert!(refused["error"]["message"].as_str().unwrap().contains("--credits-hook-secret"));
        let app = &app.crediting(CreditOptions {
            credits_hook_secret: Some(Secret::from(SECRET.to_owned())),
            ..CreditOptions::default()
        }).await;
        signed(app, &paid("pi_1"), 0).await.expect(201);
        let mut nowhere = paid("pi_2");
        nowhere["namespace"] = json!("nowhere");
        signed(app, &nowhere, 0).await.expect(404);
        signed(app, &json!({ "namespace": "team" }), 0).await.expect(400);
    }
}
