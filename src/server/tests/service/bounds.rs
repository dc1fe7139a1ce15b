//! What one caller can take from the others: streams, requests, guesses, and patience.

use crate::support::{ADMIN, Answer, GATEWAY, TestApp, on_both_databases};
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;

async fn stream(app: &TestApp, key: &str, path: &str) -> Response {
    let request = Request::get(path).header("authorization", format!("Bearer {key}"));
    app.open(request.body(Body::empty()).unwrap()).await
}

/// A body of which half comes, and then nothing.
fn endless() -> Body {
    use futures_util::stream;
    let half = stream::iter([Ok::<_, std::io::Error>("{\"name\":")]);
    Body::from_stream(half.chain(stream::pending()))
}

/// The answer to a request whose body never ends; it must come at once.
async fn at_once(app: &TestApp, request: Request<Body>) -> Answer {
    let answer = tokio::time::timeout(Duration::from_secs(20), app.send(request));
    answer.await.expect("nobody waits for the body")
}

async fn from(app: &TestApp, address: &str, key: &str, path: &str) -> Answer {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {key}"))
        .header("x-forwarded-for", address);
    app.send(request.body(Body::empty()).unwrap()).await
}

fn viewer(name: String) -> Value {
    json!({ "name": name, "namespace": "team", "role": "viewer" })
}

on_both_databases! {
    async fn one_keys_streams_leave_room_for_all_others(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        app.post("/v1/namespaces", json!({ "name": "other", "organization": "else" })).await.expect(201);
        let mut keys = Vec::new();
        for number in 0..5 {
            let key = app.make_key(viewer(format!("v{number}"))).await;
            keys.push(key["key"].as_str().unwrap().to_owned());
        }
        let path = "/v1/usage/stream?granularity=1h";
        let mut open = Vec::new();
        for key in &keys {
            for _ in 0..8 {
                open.push(stream(app, key, path).await);
            }
        }
        let answered = |status| open.iter().filter(|one| one.status() == status).count();
        assert_eq!((answered(200), answered(429)), (32, 8), "32 of an organization");
        let refused = app.call(&keys[0], "GET", path, Value::Null).await;
        assert_eq!(refused.headers["retry-after"], "5");
        assert_eq!(refused.expect(429)["error"]["code"], "rate_limit_exceeded");
        // An export counts as a stream.
        let audit = app.call(&keys[0], "GET", "/v1/audit", Value::Null).await;
        let message = audit.expect(429)["error"]["message"].to_string();
        assert!(message.contains("End one"), "{message}");
        let other = app.make_key(json!({ "name": "o", "namespace": "other" })).await;
        let other = stream(app, other["key"].as_str().unwrap(), path).await;
        assert_eq!(other.status(), 200);
        app.get("/v1/keys").await.expect(200);
        drop(open);
        assert_eq!(stream(app, &keys[0], path).await.status(), 200, "places come back");
        app.call(&keys[0], "GET", "/v1/audit", Value::Null).await.expect(200);
    }

    async fn nobody_waits_for_a_body_that_cannot_matter(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let key = app.make_key(viewer("v".to_owned())).await;
        let key = key["key"].as_str().unwrap();
        for (method, path) in [
            ("POST", "/v1/keys"),
            ("POST", "/v1/namespaces"),
            ("PATCH", "/v1/namespaces/team"),
            ("PUT", "/v1/namespaces/team/settings"),
            ("PUT", "/v1/prices/x"),
            ("PUT", "/v1/aliases/x"),
            ("POST", "/v1/organizations"),
            ("POST", "/v1/namespaces/team/webhooks"),
            ("POST", "/v1/namespaces/team/alerts"),
            ("POST", "/v1/members"),
            ("POST", "/v1/credits"),
            ("POST", "/v1/usage/reconcile"),
        ] {
            let request = Request::builder().method(method).uri(path);
            let with = |key: &str| request.header("authorization", format!("Bearer {key}"));
            let answer = at_once(app, with(key).body(endless()).unwrap()).await;
            assert_eq!(answer.status, 403, "{method} {path}: {:#}", answer.body);
        }
        for path in ["/v1/keys", "/gateway/v1/sync", "/gateway/v1/lend", "/gateway/v1/resolve"] {
            let request = Request::post(path).header("authorization", "Bearer wrong");
            let answer = at_once(app, request.body(endless()).unwrap()).await;
            assert_eq!(answer.status, 401, "{path}");
        }
    }

    async fn bodies_on_their_way_leave_room_for_all_others(app) {
        let make = async |organization: &str, name: &str| {
            let key = json!({ "name": name, "namespace": organization, "role": "admin" });
            app.make_key(key).await["key"].as_str().unwrap().to_owned()
        };
        for name in ["ours", "theirs"] {
            app.post("/v1/namespaces", json!({ "name": name, "organization": name })).await.expect(201);
        }
        let keys = [make("ours", "a").await, make("ours", "b").await, make("ours", "c").await];
        let half = |key: &str| {
            let request = Request::post("/v1/keys").header("authorization", format!("Bearer {key}"));
            app.send(request.body(endless()).unwrap())
        };
        let mut waiting = FuturesUnordered::new();
        for key in &keys[..2] {
            for _ in 0..32 {
                waiting.push(half(key));
            }
        }
        let none = tokio::time::timeout(Duration::from_secs(3), waiting.next()).await;
        assert!(none.is_err(), "each of the 64 has its place: {none:?}");
        for (key, whose) in [(&keys[0], "Your key has 32"), (&keys[2], "Your organization has 64")] {
            let refused = app.call(key, "GET", "/v1/roles", Value::Null).await;
            assert_eq!(refused.headers["retry-after"], "1");
            let message = refused.expect(429)["error"]["message"].to_string();
            assert!(message.contains(whose), "{message}");
        }
        let other = make("theirs", "d").await;
        app.call(&other, "GET", "/v1/roles", Value::Null).await.expect(200);
        app.get("/v1/roles").await.expect(200);
        drop(waiting);
        app.call(&keys[0], "GET", "/v1/roles", Value::Null).await.expect(200);
    }

    async fn requests_of_a_key_are_bounded_and_the_operators_are_not(app) {
        let key = app.make_key(json!({ "name": "team" })).await;
        let key = key["key"].as_str().unwrap();
        let mut refused = None;
        for _ in 0..1_300 {
            let answer = app.call(key, "GET", "/v1/roles", Value::Null).await;
            if answer.status != 200 {
                refused = Some(answer);
                break;
            }
        }
        let refused = refused.expect("there is an end");
        assert!(refused.headers.contains_key("retry-after"));
        let error = refused.expect(429)["error"].clone();
        assert!(error["scope"].as_str().unwrap().starts_with("key:key_"), "{error}");
        app.get("/v1/roles").await.expect(200);
        app.advance(1);
        app.call(key, "GET", "/v1/roles", Value::Null).await.expect(200);
    }

    async fn guesses_are_bounded_by_address(app) {
        let key = app.make_key(json!({ "name": "team" })).await;
        let key = key["key"].as_str().unwrap();
        let (bad, good) = ("203.0.113.7", "198.51.100.1");
        from(app, bad, key, "/v1/roles").await.expect(200);
        let mut tried = 0;
        loop {
            let answer = from(app, bad, &format!("sk-guess-{tried}"), "/v1/roles").await;
            if answer.status == 429 {
                break;
            }
            answer.expect(401);
            tried += 1;
            assert!(tried <= 300);
        }
        assert_eq!(tried, 300);
        // Not even the right one is looked at, unless it was right from there before.
        from(app, bad, ADMIN, "/v1/roles").await.expect(429);
        from(app, bad, key, "/v1/roles").await.expect(200);
        from(app, good, ADMIN, "/v1/roles").await.expect(200);
        let sync = |token: &str| {
            let request = Request::post("/gateway/v1/sync")
                .header("authorization", format!("Bearer {token}"))
                .header("x-forwarded-for", bad);
            request.body(Body::from("{}")).unwrap()
        };
        app.send(sync(GATEWAY)).await.expect(429);
        app.advance(60);
        from(app, bad, ADMIN, "/v1/roles").await.expect(200);
        assert_ne!(app.send(sync(GATEWAY)).await.status, 429);
    }
}
