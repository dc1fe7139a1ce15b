//! `GET /v1/usage/stream`: what is booked, as it is booked.

use crate::support::{ADMIN, Event, Gateway, TestApp, on_both_databases};
use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::batch::ReadBatch;
use paddock_ledger::rules::ledger::{self, Message};
use serde_json::{Value, json};
use std::time::Duration;

const CENT: i64 = 10_000_000;

/// A stream being read: ids and data of its events.
struct Reader {
    body: BodyDataStream,
    text: String,
}

impl Reader {
    async fn open(app: &TestApp, key: &str, query: &str, last: Option<&str>) -> Reader {
        let mut request = Request::get(format!("/v1/usage/stream?{query}"))
            .header("authorization", format!("Bearer {key}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = app.open(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let body = response.into_body().into_data_stream();
        let mut reader = Reader {
            body,
            text: String::new(),
        };
        assert_eq!(reader.block().await.as_deref(), Some(": usage"));
        reader
    }

    /// The next block of lines; `None` where the stream ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let patience = Duration::from_secs(20);
            let piece = tokio::time::timeout(patience, self.body.next()).await;
            let piece = piece.expect("the stream says something")?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    /// The next event: its id and its data.
    async fn event(&mut self) -> Option<(String, Value)> {
        let block = self.block().await?;
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {block}"))
                .trim()
                .to_owned()
        };
        Some((field("id:"), serde_json::from_str(&field("data:")).unwrap()))
    }
}

async fn publish(app: &TestApp) {
    app.app
        .usage_feed
        .publish(&app.app.store, app.now())
        .await
        .unwrap();
}

async fn call(app: &TestApp, gateway: &Gateway, key: &str, models: &[&str]) {
    let event = |model: &&str| {
        gateway.event(
            app,
            Event {
                key,
                model,
                cost: CENT,
                ..Event::default()
            },
        )
    };
    let events: Vec<Value> = models.iter().map(event).collect();
    gateway.sync(app, 0, &events, json!([])).await;
}

on_both_databases! {
    async fn usage_is_streamed_by_key_model_and_interval(app) {
        let key = app.make_key(json!({ "name": "team" })).await;
        let id = key["id"].as_str().unwrap();
        let gateway = Gateway::new("one", 1);
        let mut all = Reader::open(app, ADMIN, "granularity=10s", None).await;
        let mut own = Reader::open(app, key["key"].as_str().unwrap(), "namespace=team&granularity=10s", None).await;
        let mut other = Reader::open(app, ADMIN, "namespace=other&granularity=10s", None).await;
        call(app, &gateway, id, &["gpt-4.1", "gpt-4.1", "claude-sonnet-4.5"]).await;
        publish(app).await;
        app.advance(10);
        call(app, &gateway, id, &["gpt-4.1"]).await;
        app.advance(1);
        publish(app).await;
        app.advance(1);
        publish(app).await;
        for reader in [&mut all, &mut own] {
            let (event, data) = reader.event().await.unwrap();
            assert_eq!(event, "1773576010-1");
            assert_eq!(data, json!({
                "timestamp": "2026-03-15T12:00:00Z", "interval_seconds": 10, "namespace": "team",
                "key_id": id, "key_name": "team", "model": "claude-sonnet-4.5", "requests": 1,
                "total_tokens": 150, "cost_usd": 0.01,
            }));
            let (event, data) = reader.event().await.unwrap();
            assert_eq!(event, "1773576010-2");
            assert_eq!((&data["model"], &data["requests"], &data["total_tokens"]), (&json!("gpt-4.1"), &json!(2), &json!(300)));
        }
        app.advance(10);
        publish(app).await;
        let (event, data) = own.event().await.unwrap();
        assert_eq!((event.as_str(), &data["requests"]), ("1773576020-1", &json!(1)));
        assert_eq!(app.app.usage_feed.listeners(), 3);
        // Streams end with the service, and so does listening.
        app.app.usage_feed.close();
        assert_eq!(all.event().await.map(|(id, _)| id).as_deref(), Some("1773576020-1"));
        assert_eq!((all.event().await, own.event().await, other.event().await), (None, None, None));
        app.get("/v1/usage/stream").await.expect(503);
    }

    async fn a_stream_resumes_on_any_replica_without_gap_or_repeat(app) {
        let key = app.make_key(json!({ "name": "team" })).await;
        let id = key["id"].as_str().unwrap();
        let gateway = Gateway::new("one", 1);
        let mut reader = Reader::open(app, ADMIN, "granularity=5s", None).await;
        let mut seen: Vec<(String, u64)> = Vec::new();
        call(app, &gateway, id, &["gpt-4.1", "claude-sonnet-4.5"]).await;
        app.advance(7);
        publish(app).await;
        let take = |(id, data): (String, Value)| (id, data["requests"].as_u64().unwrap());
        seen.push(take(reader.event().await.unwrap()));
        // It leaves after the first of two, and calls go on.
        drop(reader);
        for _ in 0..4 {
            call(app, &gateway, id, &["gpt-4.1"]).await;
            app.advance(4);
            publish(app).await;
        }
        let replica = app.replica(Default::default()).await;
        let last = seen[0].0.clone();
        let mut reader = Reader::open(&replica, ADMIN, "granularity=5s", Some(&last)).await;
        replica.advance(30);
        publish(&replica).await;
        while seen.iter().map(|(_, requests)| requests).sum::<u64>() < 6 {
            seen.push(take(reader.event().await.unwrap()));
        }
        let mut ids: Vec<&String> = seen.iter().map(|(id, _)| id).collect();
        let count = ids.len();
        ids.dedup();
        assert_eq!((seen.iter().map(|(_, requests)| requests).sum::<u64>(), ids.len()), (6, count));
        let last = seen.last().unwrap().0.clone();
        let mut reader = Reader::open(&replica, ADMIN, "granularity=5s", Some(&last)).await;
        replica.app.usage_feed.close();
        assert_eq!(reader.event().await, None, "nothing twice");
    }

    async fn a_commit_that_is_held_up_is_not_missed_on_any_replica(app) {
        let gateway = Gateway::new("one", 1);
        let replica = app.replica(Default::default()).await;
        let mut here = Reader::open(app, ADMIN, "granularity=1s", None).await;
        let mut there = Reader::open(&replica, ADMIN, "granularity=1s", None).await;
        let late = gateway.event(app, Event { cost: CENT, ..Event::default() });
        let raw = [serde_json::value::to_raw_value(&late).unwrap()];
        let window = Timestamp::EPOCH..Timestamp::FAR;
        let message = Message {
            gateway: "one".to_owned(),
            batch: ReadBatch::read("one", None, &raw, &window),
            ..Message::default()
        };
        let mut held = app.app.store.write().await.unwrap();
        let terms = &app.app.config.terms;
        ledger::book(&mut held, terms, message, app.now()).await.unwrap();
        let second = app.now().secs();
        for app in [app, &replica] {
            app.advance(8);
            publish(app).await;
        }
        // Who resumes waits too: what comes before the interval of the late commit is there.
        let before = format!("{second}-0");
        let mut resumed = Reader::open(&replica, ADMIN, "granularity=1s", Some(&before)).await;
        for reader in [&mut here, &mut there, &mut resumed] {
            let early = tokio::time::timeout(Duration::from_millis(300), reader.event()).await;
            assert!(early.is_err(), "{early:?}");
        }
        held.commit().await.unwrap();
        for app in [app, &replica] {
            publish(app).await;
        }
        for reader in [&mut here, &mut there, &mut resumed] {
            let (id, data) = reader.event().await.unwrap();
            assert_eq!((id, &data["cost_usd"]), (format!("{}-1", second + 1), &json!(0.01)));
        }
    }

    async fn who_is_too_slow_is_let_go(app) {
        let mut slow = Reader::open(app, ADMIN, "granularity=1s", None).await;
        let mut fresh = Reader::open(app, ADMIN, "granularity=5s", None).await;
        app.advance(40);
        publish(app).await;
        assert_eq!(slow.event().await, None);
        let gateway = Gateway::new("one", 1);
        call(app, &gateway, "key_1", &["gpt-4.1"]).await;
        app.advance(10);
        publish(app).await;
        assert_eq!(fresh.event().await.unwrap().1["requests"], 1);
        drop((slow, fresh));
        publish(app).await;
        assert_eq!(app.app.usage_feed.listeners(), 0);
    }

    async fn streams_are_within_reach_and_well_asked(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        app.post("/v1/namespaces", json!({ "name": "other" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team", "role": "viewer" })).await;
        let key = key["key"].as_str().unwrap();
        let path = "/v1/usage/stream?namespace=other";
        app.call(key, "GET", path, Value::Null).await.expect(403);
        app.call("nobody", "GET", path, Value::Null).await.expect(401);
        for bad in ["granularity=7s", "granularity=x", "what=1"] {
            app.get(&format!("/v1/usage/stream?{bad}")).await.expect(400);
        }
    }
}
