//! The replicas of the service are replaced one after the other while calls go on: no client notices, no usage is lost
//! or booked twice, and what the operator changes meanwhile is in force at every gateway.

use crate::client::{Call, Connection};
use crate::gateway::ledger::cost;
use crate::gateway::{eventually, target};
use paddock_tests::installation::{Installation, Limits, Operator, Plan};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::runtime::Runtime;

const CLIENTS_OF_A_GATEWAY: usize = 2;

#[test]
fn nobody_notices_that_replicas_are_replaced() {
    replaces_all(None, "rolling");
}

/// Replaces two replicas of an installation, which are `from` at first.
pub fn replaces_all(from: Option<PathBuf>, state: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let mut installation = runtime
        .block_on(Installation::start(plan(from, state)))
        .unwrap();
    let operator = Operating(installation.operator(0).unwrap(), &runtime);
    let quota = json!({"name": "team", "monthly_quota_usd": 100});
    operator.ask("POST", "/v1/namespaces", &quota);
    let (steady, _) = operator.key("steady");
    let gateways: Vec<SocketAddr> = installation
        .gateways
        .iter()
        .map(|gateway| gateway.url()["http://".len()..].parse().unwrap())
        .collect();

    let seen = Seen::default();
    std::thread::scope(|scope| {
        let _stop = Stop(&seen.stop);
        for gateway in &gateways {
            for _ in 0..CLIENTS_OF_A_GATEWAY {
                scope.spawn(|| seen.ask(*gateway, &steady));
            }
        }
        seen.go_on();
        for number in 0..installation.replicas.len() {
            let replica = &mut installation.replicas[number];
            runtime.block_on(replica.replace()).unwrap();
            seen.go_on();
            operator.changes(&format!("after-{number}"), &gateways, &seen);
        }
    });

    let answered = seen.answered.into_inner().unwrap();
    let ledger = eventually("all is booked", || {
        let ledger = runtime.block_on(installation.ledger()).unwrap();
        (ledger.len() >= answered.len()).then_some(ledger)
    });
    let booked: BTreeSet<&String> = ledger.iter().map(|entry| &entry.request_id).collect();
    assert_eq!(booked.len(), ledger.len(), "booked twice");
    assert_eq!(
        booked,
        answered.iter().collect(),
        "every answer is an event"
    );
    assert!(ledger.iter().all(|entry| entry.cost == cost(3, 16)));
    let usage = operator.ask("GET", "/v1/namespaces/team/usage", &Value::Null);
    assert_eq!(usage["request_count"], ledger.len(), "{usage:#}");
    let told = installation.verify().unwrap();
    assert!(told.contains(" 0 differences"), "{told}");
    let proved = operator.ask("GET", "/v1/audit/verify", &Value::Null);
    assert_eq!(proved["valid"], true, "{proved:#}");
}

fn plan(from: Option<PathBuf>, state: &str) -> Plan {
    Plan {
        gateways: 2,
        replicas: 2,
        postgres: true,
        wasm: None,
        // A machine with much else to do is not a replica that died.
        plugin: Map::from_iter([(
            "accounting".to_owned(),
            json!({"cluster": "paddock", "timeout_ms": 20_000}),
        )]),
        limits: Limits::default(),
        upstream: None,
        arguments: Vec::new(),
        program: from,
        relayed: false,
        state: target().join("e2e").join(state),
    }
}

/// The operator, who goes on with their work.
struct Operating<'a>(Operator, &'a Runtime);

impl Operating<'_> {
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = Some(body).filter(|body| !body.is_null());
        self.1.block_on(self.0.ask(method, path, body)).unwrap()
    }

    /// A key of the namespace, with its id.
    fn key(&self, name: &str) -> (String, String) {
        let made = self.ask(
            "POST",
            "/v1/keys",
            &json!({"name": name, "namespace": "team"}),
        );
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        (text("key"), text("id"))
    }

    /// A new key is served by each gateway; once it is disabled, by none. All that was there before still is.
    fn changes(&self, name: &str, gateways: &[SocketAddr], seen: &Seen) {
        let (key, id) = self.key(name);
        for gateway in gateways {
            seen.call(&mut Connection::open(*gateway), &key);
        }
        let path = format!("/v1/keys/{id}");
        self.ask("PATCH", &path, &json!({"enabled": false}));
        for gateway in gateways {
            eventually("the key is refused", || {
                let answer = Connection::open(*gateway).call(&chat(&key));
                match answer.status {
                    200 => seen.keep(&answer.header("x-request-id").unwrap()),
                    status => assert_eq!(status, 401, "{answer}"),
                }
                (answer.status == 401).then_some(())
            });
        }
        let listed = self.ask("GET", "/v1/keys?namespace=team&limit=100", &Value::Null);
        let names: BTreeSet<&str> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["name"].as_str().unwrap())
            .collect();
        assert!(
            names.contains("steady") && names.contains(name),
            "{names:?}"
        );
    }
}

fn chat(key: &str) -> Call {
    Call::chat_with(key, &json!({"max_tokens": 16}))
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    answered: Mutex<BTreeSet<String>>,
    stop: AtomicBool,
}

impl Seen {
    /// Asks until told to stop. Each call is served.
    fn ask(&self, gateway: SocketAddr, key: &str) {
        let mut connection = Connection::open(gateway);
        while !self.stop.load(Relaxed) {
            self.call(&mut connection, key);
        }
    }

    fn call(&self, connection: &mut Connection, key: &str) {
        let answer = connection.call(&chat(key)).expect(200);
        assert!(answer.complete, "{answer}");
        self.keep(&answer.header("x-request-id").unwrap());
    }

    fn keep(&self, id: &str) {
        assert!(self.answered.lock().unwrap().insert(id.to_owned()), "{id}");
    }

    /// Waits for some more calls.
    fn go_on(&self) {
        let count = || self.answered.lock().unwrap().len();
        let enough = count() + 150;
        eventually("the load goes on", || (count() >= enough).then_some(()));
    }
}

/// Ends the clients, also where the scenario panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}
