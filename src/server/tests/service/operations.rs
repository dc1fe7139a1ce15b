//! Health, metrics, and limits of size.

use crate::support::{ADMIN, Event, GATEWAY, Gateway, on_both_databases};
use axum::body::Body;
use axum::http::Request;
use paddock_ledger::store::policy::next_revision;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

on_both_databases! {
    async fn readiness_is_the_truth(app) {
        let health = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
        assert_eq!(app.get("/healthz").await.expect(200), health);
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

    async fn the_metrics_say_what_is_true_now(app) {
        let namespace = json!({ "name": "team", "organization": "o", "monthly_quota_usd": 10 });
        app.post("/v1/namespaces", namespace).await.expect(201);
        app.post("/v1/namespaces", json!({ "name": "unlimited" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event {
            key: key["id"].as_str().unwrap(), namespace: "team", cost: 2_500_000_000, ..Event::default()
        });
        gateway.sync(app, 0, &[event], json!([])).await;
        gateway.lend(app, json!([{ "scope": "namespace:team", "amount": 1_000_000_000 }])).await;
        let scrape = async |accept: &str| {
            let request = Request::get("/metrics").header("accept", accept);
            let answer = app.send(request.body(Body::empty()).unwrap()).await;
            let kind = answer.headers["content-type"].to_str().unwrap().to_owned();
            (kind, answer.expect(200).as_str().unwrap().to_owned())
        };
        let (kind, text) = scrape("text/plain;version=0.0.4").await;
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        let budget = r#"{ns="team",organization="o"}"#;
        for line in [
            &format!("paddock_budget_limit_dollars{budget} 10.0"),
            &format!("paddock_budget_spent_dollars{budget} 2.5"),
            &format!("paddock_budget_remaining_dollars{budget} 7.5"),
            r#"paddock_deliveries{state="failed"} 0"#,
            "# TYPE paddock_ledger_events_total counter",
            "paddock_ledger_events_total 1",
            "# TYPE paddock_build_info gauge",
            "paddock_booking_queue_messages 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in:\n{text}");
        }
        for part in ["paddock_gateway_last_sync_timestamp_seconds{gateway=", "paddock_gateway_lent_dollars{"] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
        assert!(!text.contains("unlimited") && !text.contains("# UNIT") && !text.contains("# EOF"));
        let open = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
        let (kind, text) = scrape(open).await;
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        assert!(text.contains("# TYPE paddock_ledger_events counter") && text.ends_with("# EOF\n"));

        // What has changed is told ten seconds later, and what has gone is not.
        app.delete("/v1/namespaces/team").await.expect(200);
        assert!(scrape(open).await.1.contains("paddock_budget_limit_dollars{"));
        app.advance(10);
        assert!(!scrape(open).await.1.contains("paddock_budget_limit_dollars{"));
    }

    async fn through_a_proxy_the_metrics_are_the_operators(app) {
        let key = app.make_key(json!({ "name": "k", "role": "admin" })).await;
        for (sent, status) in [("", 401), (key["key"].as_str().unwrap(), 403), (ADMIN, 200)] {
            let mut request = Request::get("/metrics").header("x-forwarded-for", "203.0.113.7");
            if !sent.is_empty() {
                request = request.header("authorization", format!("Bearer {sent}"));
            }
            app.send(request.body(Body::empty()).unwrap()).await.expect(status);
        }
    }

    async fn what_cannot_be_read_is_refused_in_one_shape(app) {
        for (path, param) in [
            ("/v1/keys/%ff", json!(null)),
            ("/v1/keys/a%00b", json!("id")),
            ("/v1/namespaces/x/reservations/%0a", json!("id")),
            ("/v1/prices/a%2Fb%7f", json!("model")),
            ("/v1/keys?limit=1&limit=2", json!("limit")),
            ("/v1/keys?team=a&namespace=b", json!("namespace")),
            ("/v1/audit?project=%00", json!("project")),
            ("/v1/keys?colour=red", json!("colour")),
        ] {
            let answer = app.get(path).await;
            assert_eq!(answer.headers["content-type"], "application/json", "{path}");
            let error = answer.expect(400)["error"].clone();
            assert_eq!((&error["type"], &error["param"]), (&json!("invalid_request_error"), &param), "{path}");
        }
        let name = json!({ "name": "k", "allowed_models": ["a\u{0}b"] });
        assert_eq!(app.post("/v1/keys", name).await.expect(400)["error"]["param"], "allowed_models");
    }

    async fn a_method_that_is_none_is_refused_and_counted_as_one_of_few(app) {
        let answer = app.call(ADMIN, "BREW", "/v1/keys", Value::Null).await;
        assert_eq!(answer.headers["allow"], "POST,GET,HEAD");
        assert_eq!(answer.expect(405)["error"]["code"], "method_not_allowed");
        let metrics = app.get("/metrics").await.expect(200);
        let line = r#"paddock_http_requests_total{method="other",route="/v1/keys",status="405"} 1"#;
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
        let models = app.models().await;
        let again = app.replica(Default::default()).await;
        let list = again.get("/v1/keys").await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(again.models().await, models);
    }
}
