//! Limits hold to the request and to the nano-dollar: four workers, 64 connections, and VMs that
//! trap all the while.

use crate::client::{Call, Connection};
use crate::gateway::ledger::{cost, sum};
use crate::gateway::{Gateway, Tenant, eventually, within};
use paddock_local::StackOptions;
use paddock_tests::filters;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const CONNECTIONS: usize = 64;
/// Requests a minute.
const RATE: u64 = 10_000;
const BURST: u64 = 2_000;
const MINUTE: u128 = 60_000_000_000;
/// Nano-dollars: what about 2,000 calls cost.
const CAP: i64 = 271_234_567;
/// The load goes on until so many requests were refused for the limit, and so many VMs trapped.
const REFUSALS: usize = 3_000;
const BETWEEN_TRAPS: Duration = Duration::from_millis(150);
const TRAPS: usize = 5;
/// What is lost with a VM comes back within twice this long.
const MAX_REQUEST_SECONDS: u64 = 2;

fn start() -> Gateway {
    Gateway::start(StackOptions {
        concurrency: 4,
        wasm: Some(filters::with_faults().unwrap()),
        edit_plugin: Some(Box::new(|plugin| {
            plugin["max_request_seconds"] = json!(MAX_REQUEST_SECONDS);
            // Each completed call is in the ledger, whichever worker traps.
            plugin["durable_events"] = json!("each");
        })),
        // What waited for the service on a VM that trapped is answered by nobody but this time-out.
        edit_bootstrap: Some(Box::new(|bootstrap| {
            let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
            let manager = bootstrap.pointer_mut(manager).unwrap();
            assert_eq!(manager["stream_idle_timeout"], "610s");
            manager["stream_idle_timeout"] = json!("5s");
        })),
        ..StackOptions::default()
    })
}

fn now() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}

/// What a load was answered.
#[derive(Default)]
struct Answers {
    /// The ids of the requests that were answered whole.
    completed: BTreeSet<String>,
    refused: usize,
    /// Those that were on a worker that trapped.
    lost: usize,
    first_sent: Option<u128>,
    last_refusal_sent: u128,
    last_answered: u128,
}

/// Loads from all connections until there were enough refusals of that status, while so many VMs trap.
fn load(gateway: &Gateway, call: &Call, refusal: u16, most_traps: usize) -> Answers {
    let answers = Mutex::new(Answers::default());
    let (done, traps) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = Connection::open(gateway.address);
                while !done.load(Relaxed) {
                    let sent = now();
                    answers.lock().unwrap().first_sent.get_or_insert(sent);
                    let answer = connection.call(call);
                    let mut answers = answers.lock().unwrap();
                    answers.last_answered = now();
                    if answer.status == 200 && answer.complete {
                        let id = answer.header("x-request-id").unwrap();
                        answers.completed.insert(id);
                    } else if answer.status == refusal {
                        answers.refused += 1;
                        answers.last_refusal_sent = answers.last_refusal_sent.max(sent);
                        let enough =
                            answers.refused >= REFUSALS && traps.load(Relaxed) >= most_traps;
                        done.fetch_or(enough, Relaxed);
                    } else {
                        let lost = matches!(answer.status, 0 | 200 | 408 | 503 | 504);
                        assert!(lost, "{answer}");
                        answers.lost += 1;
                        connection = Connection::open(gateway.address);
                    }
                }
            });
        }
        while !done.load(Relaxed) {
            sleep(BETWEEN_TRAPS);
            if most_traps == 0 {
                continue;
            }
            let answer = gateway.send(&Call::chat("nobody").header("x-fault", "trap"));
            assert!(matches!(answer.status, 0 | 503), "{answer}");
            traps.fetch_add(1, Relaxed);
        }
    });
    let answers = answers.into_inner().unwrap();
    eprintln!(
        "{} completed, {} refused, {} lost, {} VMs reloaded",
        answers.completed.len(),
        answers.refused,
        answers.lost,
        gateway.reloads()
    );
    if most_traps > 0 {
        assert!(gateway.reloads() >= 2, "too few VMs trapped");
    }
    assert_eq!(workers(gateway), 4, "not every worker took part");
    answers
}

/// How many workers have had connections.
fn workers(gateway: &Gateway) -> usize {
    let stats = gateway.envoy_stats("/stats?filter=listener.*worker_.*downstream_cx_total");
    stats.lines().filter(|line| !line.ends_with(": 0")).count()
}

fn call(tenant: &Tenant) -> Call {
    tenant.chat_with(json!({"max_tokens": 16}))
}

/// A bucket gives its capacity and its refill: never a request more, and none less once somebody was
/// refused.
#[test]
fn a_rate_is_exact_to_the_request() {
    let gateway = start();
    let (_, short) = passed_and_short(&gateway, "rate", 0);
    assert_eq!(short, 0, "fewer passed than may");
    // What a worker had of the bucket when its VM trapped is spent: nobody knows how much of it was.
    // That is an eighth of what was left at most.
    let (lost, short) = passed_and_short(&gateway, "rate-of-traps", TRAPS);
    let granted = u128::from(gateway.reloads() * BURST) / 8;
    assert!(
        lost > 0 && short <= granted,
        "{short} fewer passed than may"
    );
}

/// Loads a tenant: what was lost on workers that trapped, and how many requests fewer passed than the
/// bucket gives.
fn passed_and_short(gateway: &Gateway, name: &str, traps: usize) -> (u128, u128) {
    let limits = json!({"rate_limits": {"rpm": RATE, "burst": BURST}});
    let tenant = gateway.tenant(name, limits);
    gateway.send(&tenant.get("/v1/models")).expect(200);
    let before = gateway.provider_stat("requests");
    let answers = load(gateway, &call(&tenant), 429, traps);
    let passed = u128::from(gateway.provider_stat("requests") - before);
    let given = |from: u128, to: u128| u128::from(BURST) + (to - from) * u128::from(RATE) / MINUTE;
    let first = answers.first_sent.unwrap();
    let most = given(first, answers.last_answered);
    assert!(passed <= most, "{passed} passed where {most} may");
    // A request that was admitted and lost with its VM has taken its token too. The bucket counts
    // from its first debit, which is at most one call after the first was sent.
    let lost = answers.lost as u128;
    let least = given(first, answers.last_refusal_sent).saturating_sub(1 + CONNECTIONS as u128);
    (lost, least.saturating_sub(passed + lost))
}

/// A cap is spent to less than one more call, and every nano-dollar of it is in the ledger once.
#[test]
fn a_cap_is_exact_to_the_nano_dollar() {
    let gateway = start();
    let cap_usd = CAP as f64 / 1e9;
    let tenant = gateway.namespace("cap", json!({"monthly_quota_usd": cap_usd}));
    let call = call(&tenant);
    let mut answers = load(&gateway, &call, 402, TRAPS);
    // The prompt is held as thirteen tokens where three are billed.
    let one_call = cost(13, 16);
    // What was held by VMs that trapped comes back, and what they had on grants once the service has said how
    // much of it was spent: at the latest with the second sync after that.
    sleep(Duration::from_secs(2 * MAX_REQUEST_SECONDS));
    within(
        Duration::from_secs(10),
        "the rest of the cap is spent",
        || {
            let answer = gateway.send(&call);
            if answer.status == 200 {
                let id = answer.header("x-request-id").unwrap();
                answers.completed.insert(id);
                return None;
            }
            let is_spent = || sum(&gateway.lines(&tenant)) + one_call > CAP;
            (answer.status == 402 && is_spent()).then_some(())
        },
    );
    let lines = eventually("all that was completed is booked", || {
        let lines = gateway.lines(&tenant);
        let booked: BTreeSet<_> = lines.iter().map(|line| &line.request_id).collect();
        let all = answers.completed.iter().all(|id| booked.contains(id));
        all.then_some(lines)
    });
    let ids: BTreeSet<_> = lines.iter().map(|line| &line.id).collect();
    assert_eq!(ids.len(), lines.len(), "booked twice");
    assert!(lines.len() <= answers.completed.len() + answers.lost);
    for line in lines.iter().filter(|line| !line.estimated) {
        assert_eq!(line.cost, cost(3, 16), "{line:?}");
    }
    let spent = sum(&lines);
    assert!(spent <= CAP, "{spent} of {CAP}");
    assert!(spent + one_call > CAP, "{spent} of {CAP}");
    let path = format!("/v1/namespaces/{}/usage", tenant.namespace);
    let usage = gateway.manage("GET", &path, None);
    let booked = usage["total_spent"].as_f64().unwrap();
    assert_eq!((booked * 1e9).round() as i64, spent, "{usage:#}");
    let (right, report) = gateway.verify();
    assert!(right, "{report}");
}
