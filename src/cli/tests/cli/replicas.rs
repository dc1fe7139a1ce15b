//! Two replicas over one PostgreSQL, three gateways on one cap, and crashes of everything.

use crate::support::{GATEWAY, Service, agent, wait};
use paddock_core::ids::EventIds;
use paddock_local::{Postgres, PostgresOptions};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

const SCOPE: &str = "namespace:team";
/// What each call costs: a cent, in nano-dollars.
const COST: i64 = 10_000_000;
/// How many calls the cap is worth.
const CALLS: usize = 400;
/// Calls in one batch at most.
const BATCH: usize = 10;
/// A gateway gives up after being refused so often in a row.
const REFUSALS: usize = 40;
const PAUSE: Duration = Duration::from_millis(25);

/// A gateway's side of the protocol: it spends what it was lent and nothing else.
struct Gateway<'a> {
    name: String,
    urls: &'a [Mutex<String>],
    turn: usize,
    ids: EventIds,
    agent: ureq::Agent,
    number: u64,
    lease: Option<Lease>,
    pending: Vec<Value>,
}

#[derive(Clone, Copy, Default)]
struct Lease {
    id: i64,
    lent: i64,
    returned: i64,
    spent: i64,
}

impl Lease {
    fn left(self) -> i64 {
        self.lent - self.returned - self.spent
    }

    fn report(self) -> Value {
        json!({ "scope": SCOPE, "id": self.id, "returned": self.returned, "left": self.left(), "idle": false })
    }
}

impl Gateway<'_> {
    /// Says it to one replica after the other until one answers.
    fn say(&mut self, path: &str, body: &Value) -> Value {
        for _ in 0..4_000 {
            self.turn += 1;
            let url = self.urls[self.turn % self.urls.len()]
                .lock()
                .unwrap()
                .clone();
            let request = self.agent.post(format!("{url}{path}"));
            let answer = request
                .header("authorization", format!("Bearer {GATEWAY}"))
                .send_json(body);
            if let Ok(mut answer) = answer
                && answer.status() == 200
                && let Ok(answer) = answer.body_mut().read_json()
            {
                return answer;
            }
            sleep(PAUSE);
        }
        panic!("no replica answers");
    }

    /// Takes over what an answer says of the lease.
    fn hear(&mut self, leases: &Value) {
        for told in leases.as_array().into_iter().flatten() {
            let (id, lent) = (told["id"].as_i64().unwrap(), told["lent"].as_i64().unwrap());
            match &mut self.lease {
                Some(lease) if lease.id == id => lease.lent = lease.lent.max(lent),
                _ => {
                    self.lease = Some(Lease {
                        id,
                        lent,
                        ..Lease::default()
                    })
                }
            }
            if let (Some(most), Some(lease)) = (told["hold_at_most"].as_i64(), &mut self.lease) {
                lease.returned += (lease.left() - most).max(0);
            }
        }
    }

    fn borrow(&mut self) {
        let held = self.lease.map(Lease::report);
        let need = json!({ "scope": SCOPE, "amount": COST, "held": held });
        let answer = self.say(
            "/gateway/v1/lend",
            &json!({ "gateway": self.name, "needs": [need] }),
        );
        self.hear(&answer["leases"]);
    }

    /// Sends what is pending until it is acknowledged; how many events that were.
    fn sync(&mut self) -> usize {
        self.number += 1;
        let leases: Vec<Value> = self.lease.map(Lease::report).into_iter().collect();
        let body = json!({
            "gateway": self.name, "revision": 0, "leases": leases,
            "batch": { "number": self.number, "events": self.pending },
        });
        let answer = self.say("/gateway/v1/sync", &body);
        assert_eq!(answer["acknowledged"], self.number);
        let sent = self.pending.len();
        self.pending.clear();
        self.hear(&answer["leases"]);
        sent
    }

    fn call(&mut self) -> bool {
        let Some(lease) = self.lease.as_mut().filter(|lease| lease.left() >= COST) else {
            return false;
        };
        lease.spent += COST;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let at = u64::try_from(now.as_millis()).unwrap();
        self.pending.push(json!({
            "id": self.ids.next(at), "key_id": "key_1", "namespace": "team", "organization": "default",
            "model": "gpt-4.1", "requested_model": "gpt-4.1", "endpoint": "/v1/chat/completions",
            "stream": false, "status": 200, "outcome": "complete", "estimated": false,
            "started_at": at * 1_000_000, "duration_ms": 12, "tokens": { "input": 80, "output": 50 },
            "cost": COST, "leases": [lease.id],
        }));
        true
    }

    /// Spends until nothing more is lent to anybody: until then what it gives back is another's.
    fn run(mut self, acknowledged: &AtomicUsize, refusals: &[AtomicUsize], own: usize) {
        let mut refused = 0;
        while refusals
            .iter()
            .any(|refused| refused.load(Ordering::SeqCst) < REFUSALS)
        {
            // As a gateway does: the request that waits for an answer reserves from it at once, before
            // a sync may ask for it back.
            let served = self.call() || {
                self.borrow();
                self.call()
            };
            refused = if served { 0 } else { refused + 1 };
            if served && self.pending.len() < BATCH {
                continue;
            }
            acknowledged.fetch_add(self.sync(), Ordering::SeqCst);
            refusals[own].store(refused, Ordering::SeqCst);
            sleep(PAUSE);
        }
    }
}

fn replica(database: &Postgres) -> Service {
    let arguments = ["--database-timeout-seconds", "5"];
    Service::on(&database.url(), TempDir::new().unwrap(), &arguments)
}

#[test]
fn a_cap_is_spent_to_the_last_call_and_never_passed_whatever_crashes() {
    let mut database = wait(Postgres::start(PostgresOptions::default())).unwrap();
    let mut services = [replica(&database), replica(&database)];
    let quota = format!(
        "namespaces: [{{name: team, monthly_quota_usd: {}}}]",
        CALLS / 100
    );
    services[0]
        .paddock_reading(&["apply", "-f", "-"], &quota)
        .expect(0);
    let urls = [0, 1].map(|n: usize| Mutex::new(services[n].url.clone()));
    let acknowledged = AtomicUsize::new(0);
    let refusals = [0; 3].map(AtomicUsize::new);
    std::thread::scope(|scope| {
        let gateways: Vec<_> = (1..=3_u8)
            .map(|nonce| {
                let gateway = Gateway {
                    name: format!("gateway-{nonce}"),
                    urls: &urls,
                    turn: usize::from(nonce),
                    ids: EventIds::new([nonce; 6]),
                    agent: agent(),
                    number: 0,
                    lease: None,
                    pending: Vec::new(),
                };
                let (acknowledged, refusals) = (&acknowledged, &refusals);
                let own = usize::from(nonce - 1);
                scope.spawn(move || gateway.run(acknowledged, refusals, own))
            })
            .collect();
        // Each crash comes once more was booked than at the one before.
        for crash in 1..=4 {
            while acknowledged.load(Ordering::SeqCst) < crash * CALLS / 6
                && !gateways.iter().all(|gateway| gateway.is_finished())
            {
                sleep(PAUSE);
            }
            if crash % 2 == 0 {
                database.crash().unwrap();
                wait(database.run()).unwrap();
            } else {
                let n = crash / 2;
                services[n].signal("-KILL");
                services[n] = replica(&database);
                *urls[n].lock().unwrap() = services[n].url.clone();
            }
        }
    });
    let usage = [
        "usage",
        "--namespace",
        "team",
        "--period",
        "all",
        "-o",
        "json",
    ];
    let usage = services[0].paddock(&usage).json(0);
    let spent = usage["request_count"].as_u64().unwrap();
    assert_eq!(
        spent,
        u64::try_from(acknowledged.into_inner()).unwrap(),
        "what was acknowledged is booked, and nothing else"
    );
    assert_eq!(
        spent,
        u64::try_from(CALLS).unwrap(),
        "the last call is spent"
    );
    let told = services[1]
        .paddock(&["verify", "--database-url", &database.url()])
        .expect(0);
    assert!(told.contains(" 0 differences"), "{told}");
}
