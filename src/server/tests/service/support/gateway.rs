//! A gateway, as far as the service can tell.

use super::{GATEWAY, TestApp};
use paddock_core::ids::EventIds;
use paddock_core::wire::{LendAnswer, ResolveAnswer, SyncAnswer};
use serde_json::{Value, json};
use std::sync::Mutex;

pub struct Gateway {
    pub name: String,
    ids: Mutex<EventIds>,
}

/// A usage event to be; money in nano-dollars.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    pub key: &'a str,
    pub namespace: &'a str,
    pub model: &'a str,
    pub cost: i64,
    pub leases: Vec<i64>,
    pub duration_ms: u64,
}

impl Default for Event<'_> {
    fn default() -> Self {
        Event {
            key: "key_1",
            namespace: "team",
            model: "gpt-4.1",
            cost: 0,
            leases: Vec::new(),
            duration_ms: 100,
        }
    }
}

impl Gateway {
    pub fn new(name: &str, nonce: u8) -> Gateway {
        Gateway {
            name: name.to_owned(),
            ids: Mutex::new(EventIds::new([nonce; 6])),
        }
    }

    /// An event that starts now: 100 prompt tokens, 20 of them cached, and 50 of output.
    pub fn event(&self, app: &TestApp, event: Event<'_>) -> Value {
        let id = self.ids.lock().unwrap().next(app.now().millis());
        json!({
            "id": id,
            "key_id": event.key,
            "namespace": event.namespace,
            "organization": "default",
            "model": event.model,
            "requested_model": event.model,
            "endpoint": "/v1/chat/completions",
            "stream": false,
            "status": 200,
            "outcome": "complete",
            "estimated": false,
            "started_at": app.now(),
            "duration_ms": event.duration_ms,
            "tokens": { "input": 80, "cached_input": 20, "output": 50, "reasoning": 10 },
            "cost": event.cost,
            "leases": event.leases,
        })
    }

    pub async fn lend(&self, app: &TestApp, needs: Value) -> LendAnswer {
        let body = json!({ "gateway": self.name, "needs": needs });
        let answer = app
            .call(GATEWAY, "POST", "/gateway/v1/lend", body)
            .await
            .expect(200);
        serde_json::from_value(answer).unwrap()
    }

    pub async fn sync(
        &self,
        app: &TestApp,
        revision: u64,
        events: &[Value],
        leases: Value,
    ) -> SyncAnswer {
        let body = json!({
            "gateway": self.name,
            "revision": revision,
            "batch": { "number": 7, "events": events },
            "leases": leases,
        });
        let answer = app
            .call(GATEWAY, "POST", "/gateway/v1/sync", body)
            .await
            .expect(200);
        serde_json::from_value(answer).unwrap()
    }

    pub async fn resolve(&self, app: &TestApp, body: Value) -> ResolveAnswer {
        let answer = app
            .call(GATEWAY, "POST", "/gateway/v1/resolve", body)
            .await
            .expect(200);
        serde_json::from_value(answer).unwrap()
    }
}
