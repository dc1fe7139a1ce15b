//! Two replicas of the service and three Envoys over one PostgreSQL spend one cap, whatever crashes.

use crate::client::{Call, Connection};
use crate::gateway::ledger::cost;
use crate::gateway::{eventually, target, within};
use paddock_tests::installation::{Entry, Installation, Limits, Plan};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// How many calls the cap is worth.
const CALLS: i64 = 5_000;
const CLIENTS_OF_A_GATEWAY: usize = 4;
/// What each call costs.
fn price() -> i64 {
    cost(3, 16)
}

/// Ends the clients, also where the scenario panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    answered: Mutex<BTreeSet<String>>,
    /// The last one's of each gateway that refuses at present.
    refusals: Mutex<BTreeMap<SocketAddr, Value>>,
    unavailable: AtomicUsize,
    stop: AtomicBool,
}

impl Seen {
    fn count(&self) -> usize {
        self.answered.lock().unwrap().len()
    }

    /// Asks until told to stop.
    fn ask(&self, gateway: SocketAddr, calls: &[Call; 2]) {
        let mut connection = Connection::open(gateway);
        for call in calls.iter().cycle() {
            if self.stop.load(Relaxed) {
                break;
            }
            let answer = connection.call(call);
            match answer.status {
                200 => {
                    assert!(answer.complete, "{answer}");
                    let id = answer.header("x-request-id").unwrap();
                    assert!(self.answered.lock().unwrap().insert(id), "{answer}");
                    self.refusals.lock().unwrap().remove(&gateway);
                    continue;
                }
                // What other requests reserve, or other gateways hold, may come back.
                402 => drop(self.refusals.lock().unwrap().insert(gateway, answer.json())),
                503 => drop(self.unavailable.fetch_add(1, Relaxed)),
                _ => panic!("{answer}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What a refusal says the request may cost, in nano-dollars.
fn estimate(refusal: &Value) -> i64 {
    let message = refusal["error"]["message"].as_str().unwrap();
    let cost = message.split("may cost up to $").nth(1).unwrap();
    let cost: String = cost
        .chars()
        .take_while(|letter| letter.is_ascii_digit() || *letter == '.')
        .collect();
    let dollars: f64 = cost.trim_end_matches('.').parse().unwrap();
    (dollars * 1e9).round() as i64
}

#[test]
fn one_cap_is_spent_to_its_last_call_and_never_passed() {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let plan = Plan {
        gateways: 3,
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
        program: None,
        relayed: false,
        state: target().join("e2e/replicas"),
    };
    let mut installation = runtime.block_on(Installation::start(plan)).unwrap();
    let operator = installation.operator(0).unwrap();
    let manage = |method: &str, path: &str, body: Value| {
        let body = Some(&body).filter(|body| !body.is_null());
        runtime.block_on(operator.ask(method, path, body)).unwrap()
    };
    let cap = CALLS * price();
    let quota = cap as f64 / 1e9;
    manage(
        "POST",
        "/v1/namespaces",
        json!({"name": "team", "monthly_quota_usd": quota}),
    );
    let made = manage(
        "POST",
        "/v1/keys",
        json!({"name": "key", "namespace": "team"}),
    );
    let key = made["key"].as_str().unwrap();
    let calls = [false, true]
        .map(|stream| Call::chat_with(key, &json!({"max_tokens": 16, "stream": stream})));
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
                scope.spawn(|| seen.ask(*gateway, &calls));
            }
        }
        let until = |more: usize| {
            let enough = seen.count() + more;
            eventually("the load goes on", || {
                (seen.count() >= enough).then_some(())
            });
        };
        until(250);
        installation.replicas[0].kill().unwrap();
        until(250);
        let unavailable = seen.unavailable.load(Relaxed);
        assert_eq!(unavailable, 0, "one replica is enough for every call");
        runtime.block_on(installation.replicas[0].run()).unwrap();
        until(150);
        let postgres = installation.postgres.as_mut().unwrap();
        postgres.crash().unwrap();
        runtime.block_on(postgres.run()).unwrap();
        until(50);
        // While one request is under way what it may cost is nobody else's: that is why those who
        // are refused go on asking.
        within(
            Duration::from_secs(60),
            "the cap is spent to its last call",
            || {
                let left = cap - i64::try_from(seen.count()).unwrap() * price();
                let refusals = seen.refusals.lock().unwrap();
                let all = gateways.iter().all(|gateway| {
                    refusals
                        .get(gateway)
                        .is_some_and(|told| left < estimate(told))
                });
                all.then_some(())
            },
        );
    });

    let answered = seen.answered.into_inner().unwrap();
    let ledger: Vec<Entry> = eventually("all is booked", || {
        let ledger = runtime.block_on(installation.ledger()).unwrap();
        (ledger.len() >= answered.len()).then_some(ledger)
    });
    let booked: BTreeSet<String> = ledger
        .iter()
        .map(|entry| entry.request_id.clone())
        .collect();
    assert_eq!(booked.len(), ledger.len(), "booked twice");
    assert_eq!(
        booked, answered,
        "every answer is an event, every event an answer"
    );
    assert!(
        ledger.iter().all(|entry| entry.cost == price()),
        "{ledger:#?}"
    );
    let spent: i64 = ledger.iter().map(|entry| entry.cost).sum();
    assert!(spent <= cap, "{spent} of {cap}");
    let usage = manage("GET", "/v1/namespaces/team/usage", Value::Null);
    assert_eq!(usage["request_count"], ledger.len(), "{usage:#}");
    let told = installation.verify().unwrap();
    assert!(told.contains(" 0 differences"), "{told}");
    let proved = manage("GET", "/v1/audit/verify", Value::Null);
    assert_eq!(proved["valid"], true, "{proved:#}");
}
