//! Gateways of other versions.

use crate::support::{Event, GATEWAY, Gateway, TestApp, on_both_databases};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};

/// A sync with one event of a gateway that says it speaks `spoken`: status, version and body of the answer.
async fn sync(app: &TestApp, spoken: Option<&str>, events: &[Value]) -> (u16, String, Value) {
    let body =
        json!({ "gateway": "one", "revision": 0, "batch": { "number": 1, "events": events } });
    let request =
        Request::post("/gateway/v1/sync").header("authorization", format!("Bearer {GATEWAY}"));
    let request = match spoken {
        Some(spoken) => request.header("x-paddock-protocol", spoken),
        None => request,
    };
    let answer = app
        .open(request.body(Body::from(body.to_string())).unwrap())
        .await;
    let (status, version) = (
        answer.status().as_u16(),
        answer.headers()["x-paddock-protocol"].clone(),
    );
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (
        status,
        version.to_str().unwrap().to_owned(),
        serde_json::from_slice(&body).unwrap(),
    )
}

on_both_databases! {
    async fn gateways_are_answered_in_a_version_that_both_speak(app) {
        for spoken in [None, Some("1"), Some("1-7")] {
            let (status, version, body) = sync(app, spoken, &[]).await;
            assert_eq!((status, version.as_str()), (200, "1"), "{body:#}");
        }
        let (status, _, body) = sync(app, Some("newest"), &[]).await;
        assert_eq!((status, &body["error"]["param"]), (400, &json!("x-paddock-protocol")), "{body:#}");
    }

    async fn the_operator_sees_which_filter_a_gateway_has(app) {
        let said = [
            ("one", Some("paddock-filter/0.3.1-rc.1"), json!("0.3.1-rc.1")),
            ("two", Some("paddock-filter/<b>1</b>"), Value::Null),
            ("three", Some("paddock-filter/"), Value::Null),
            ("four", Some("curl/8.1"), Value::Null),
            ("five", None, Value::Null),
        ];
        for (gateway, agent, _) in &said {
            let body = json!({ "gateway": gateway, "revision": 0 });
            let mut request = Request::post("/gateway/v1/sync")
                .header("authorization", format!("Bearer {GATEWAY}"))
                .header("x-paddock-protocol", "1-7");
            if let Some(agent) = agent {
                request = request.header("user-agent", *agent);
            }
            let answer = app.open(request.body(Body::from(body.to_string())).unwrap()).await;
            assert_eq!(answer.status(), 200);
        }
        let listed = app.get("/v1/gateways").await.expect(200);
        for (gateway, _, version) in said {
            let found = listed["data"].as_array().unwrap().iter().find(|one| one["id"] == gateway);
            let found = found.unwrap();
            assert_eq!((&found["version"], &found["protocol"]), (&version, &json!(1)), "{found}");
        }
    }

    async fn what_is_said_in_another_version_is_not_booked_and_can_be_said_again(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let event = Event { key: key["id"].as_str().unwrap(), ..Event::default() };
        let event = Gateway::new("one", 1).event(app, event);
        let (status, version, body) = sync(app, Some("7-9"), core::slice::from_ref(&event)).await;
        assert_eq!((status, version.as_str()), (426, "1"));
        assert_eq!(body["error"]["code"], "protocol_unsupported");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains("version 7-9") && message.contains("Upgrade the service"), "{message}");
        let told = sync(app, Some("0"), &[]).await.2["error"]["message"].to_string();
        assert!(told.contains("Upgrade the filter"), "{told}");
        let count = async || app.get("/v1/requests").await.expect(200)["data"].as_array().unwrap().len();
        assert_eq!(count().await, 0);
        assert_eq!(sync(app, Some("1"), &[event]).await.0, 200);
        assert_eq!(count().await, 1);
    }
}
