//! Health, metrics, and limits of size.

use crate::support::{ADMIN, GATEWAY, on_both_databases};
use axum::body::Body;
use axum::http::Request;
use paddock_accounting::store::policy::next_revision;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

on_both_databases! {
    async fn readiness_is_the_truth(app) {
        assert_eq!(app.get("/healthz").await.expect(200), json!({ "status": "ok" }));
        app.get("/readyz").await.expect(200);
        app.app.store.close().await;
        app.get("/readyz").await.expect(503);
        app.get("/healthz").await.expect(200);
        let answer = app.get("/v1/keys").await.expect(503);
        assert_eq!(answer["error"]["code"], "accounting_unavailable");
    }

    async fn requests_are_counted_and_carry_the_gateways_request_id(app) {
        let request = Request::get("/v1/prices/nothing")
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("x-request-id", "abc-123");
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, &answer.headers["x-request-id"]), (404, &"abc-123".parse().unwrap()));
        let metrics = app.get("/metrics").await.expect(200);
        let line = r#"paddock_http_requests_total{method="GET",route="/v1/prices/{*model}",status="404"} 1"#;
        assert!(metrics.as_str().unwrap().contains(line), "{metrics}");
    }

    async fn bodies_over_the_limit_are_refused(app) {
        let big = json!({ "name": "x".repeat(2 << 20) });
        let answer = app.call(ADMIN, "POST", "/v1/keys", big.clone()).await.expect(413);
        assert_eq!(answer["error"]["code"], "request_too_large");
        app.call(GATEWAY, "POST", "/gateway/v1/sync", big).await.expect(400);
        let huge = Value::from("x".repeat(17 << 20));
        app.call(GATEWAY, "POST", "/gateway/v1/sync", huge).await.expect(413);
    }

    async fn whoever_leaves_in_the_middle_leaves_nothing_behind(app) {
        let store = &app.app.store;
        for micros in (0..2_000).step_by(20) {
            // A client that leaves, at any moment.
            let _ = timeout(Duration::from_micros(micros), store.read()).await;
            let mut tx = store.write().await.unwrap();
            next_revision(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
        }
    }

    async fn a_second_start_finds_everything_as_it_was(app) {
        app.make_key(json!({ "name": "k" })).await;
        let again = app.replica(Default::default()).await;
        let list = again.get("/v1/keys").await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(again.get("/v1/prices").await.expect(200)["data"].as_array().unwrap().len(), 6);
    }
}
