//! A worker's VM traps: the others go on, it comes back by itself, and neither money nor slots
//! nor usage are lost.

use crate::client::{Call, Connection};
use crate::gateway::ledger::sum;
use crate::gateway::{Gateway, Tenant, eventually};
use paddock_local::StackOptions;
use paddock_tests::filters;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// What is lost with a VM comes back within twice this long.
const MAX_REQUEST_SECONDS: u64 = 2;

fn start() -> Gateway {
    start_with("610s", "tick")
}

/// What waited for the service on a VM that trapped is answered by nobody but this time-out.
fn start_with(stream_idle_timeout: &'static str, durable_events: &'static str) -> Gateway {
    Gateway::start(options(
        stream_idle_timeout,
        durable_events,
        MAX_REQUEST_SECONDS,
    ))
}

fn options(
    stream_idle_timeout: &'static str,
    durable_events: &'static str,
    max_request_seconds: u64,
) -> StackOptions {
    StackOptions {
        edit_bootstrap: Some(Box::new(move |bootstrap| {
            let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
            let manager = bootstrap.pointer_mut(manager).unwrap();
            assert_eq!(manager["stream_idle_timeout"], "610s");
            manager["stream_idle_timeout"] = json!(stream_idle_timeout);
        })),
        wasm: Some(filters::with_faults().unwrap()),
        edit_plugin: Some(Box::new(move |plugin| {
            plugin["max_request_seconds"] = json!(max_request_seconds);
            plugin["durable_events"] = json!(durable_events);
        })),
        ..StackOptions::default()
    }
}

/// Traps the VM of the worker that gets it; the request itself fails.
fn trap(gateway: &Gateway) {
    let answer = gateway.send(&Call::chat("nobody").header("x-fault", "trap"));
    assert!(answer.status == 503 || answer.status == 0, "{answer}");
}

/// Traps the VM of every worker, by using enough connections.
fn trap_all(gateway: &Gateway) {
    for _ in 0..16 {
        trap(gateway);
    }
}

fn call(tenant: &Tenant) -> Call {
    tenant.chat_with(json!({"max_tokens": 16}))
}

#[test]
fn others_go_on_and_what_was_completed_is_booked() {
    let gateway = start_with("10s", "each");
    let tenant = gateway.tenant("trapped", json!({"monthly_quota_usd": 50.0}));
    let (stop, lost) = (AtomicBool::new(false), AtomicUsize::new(0));
    let completed = Mutex::new(BTreeSet::new());
    let mut traps = 0;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut connection = Connection::open(gateway.address);
                while !stop.load(Relaxed) {
                    let answer = connection.call(&call(&tenant));
                    if answer.status == 200 && answer.complete {
                        let id = answer.header("x-request-id").unwrap();
                        completed.lock().unwrap().insert(id);
                    } else {
                        // It was on the worker that trapped.
                        assert!(
                            matches!(answer.status, 0 | 200 | 408 | 503 | 504),
                            "{answer}"
                        );
                        lost.fetch_add(1, Relaxed);
                        connection = Connection::open(gateway.address);
                    }
                }
            });
        }
        for _ in 0..12 {
            let enough = completed.lock().unwrap().len() + 50;
            eventually("the load goes on", || {
                (completed.lock().unwrap().len() >= enough).then_some(())
            });
            trap(&gateway);
            traps += 1;
        }
        stop.store(true, Relaxed);
    });
    let (completed, lost) = (completed.into_inner().unwrap(), lost.into_inner());
    // A trap takes what was under way on its worker, and what comes before the reload.
    eprintln!("{traps} traps, {} completed, {lost} lost", completed.len());
    assert!(gateway.reloads() > 0);
    assert!(lost < completed.len(), "{lost} lost of {}", completed.len());

    let lines = eventually("all that was completed is booked", || {
        let lines = gateway.lines(&tenant);
        let booked: BTreeSet<_> = lines.iter().map(|line| &line.request_id).collect();
        completed
            .iter()
            .all(|id| booked.contains(id))
            .then_some(lines)
    });
    let ids: BTreeSet<_> = lines.iter().map(|line| &line.id).collect();
    assert_eq!(ids.len(), lines.len(), "booked twice");
    assert!(
        lines.len() <= completed.len() + lost,
        "{} lines",
        lines.len()
    );
    let usage = gateway.manage("GET", &format!("{}/usage", tenant.key_path()), None);
    let booked = usage["total_cost_usd"].as_f64().unwrap();
    assert!(
        (booked - sum(&lines) as f64 / 1e9).abs() < 1e-9,
        "{usage:#}"
    );
}

/// Events that wait for the tick go with the VM, and the access log has them.
#[test]
fn what_a_trap_takes_from_the_ledger_the_log_brings_back() {
    let gateway = start();
    let tenant = gateway.tenant("restored", json!({"monthly_quota_usd": 50.0}));
    let mut completed = 0;
    for _ in 0..20 {
        let mut connection = Connection::open(gateway.address);
        completed += usize::from(connection.call(&call(&tenant)).status == 200);
        // By the same connection, and so on the same worker, before its next tick.
        connection.call(&Call::chat("nobody").header("x-fault", "trap"));
    }
    assert!(completed > 0 && gateway.reloads() > 0);
    let logged = eventually("all is logged", || {
        let log = gateway.access_log().into_iter();
        let events = log.map(|line| line["event"].clone());
        let ours: Vec<_> = events
            .filter(|event| event["id"].is_string() && event["namespace"] == tenant.namespace)
            .collect();
        (ours.len() == completed).then_some(ours)
    });
    assert!(gateway.lines(&tenant).len() < completed, "none was lost");
    let body = json!({"events": logged});
    let reconciled = gateway.manage("POST", "/v1/usage/reconcile", Some(&body));
    assert!(reconciled["new"].as_u64() > Some(0), "{reconciled:#}");
    assert_eq!(gateway.lines(&tenant).len(), completed);
}

#[test]
fn buckets_and_slices_outlive_the_vm() {
    let gateway = start();
    let limits = json!({"rate_limits": {"rpm": 10, "burst": 4}});
    let tenant = gateway.tenant("bucket", limits);
    for left in ["3", "2", "1"] {
        gateway
            .send(&call(&tenant))
            .expect(200)
            .with("x-ratelimit-remaining-requests", left);
    }
    let poor = gateway.tenant("slice", json!({"monthly_quota_usd": 0.0005}));
    while gateway.send(&call(&poor)).status == 200 {}
    trap_all(&gateway);
    let next = eventually("the worker is back", || {
        Some(gateway.send(&call(&tenant))).filter(|answer| answer.status != 503)
    });
    // A fresh bucket would have three left after this one.
    let left = next
        .expect(200)
        .header("x-ratelimit-remaining-requests")
        .unwrap();
    assert!(matches!(left.as_str(), "0" | "1"), "{left} left");
    for _ in 0..8 {
        let status = gateway.send(&call(&poor)).status;
        assert!(matches!(status, 402 | 503), "{status}");
    }
    let spent = sum(&gateway.settled_ledger(&poor));
    assert!(spent <= 500_000, "{spent}");
}

#[test]
fn what_a_lost_request_had_reserved_comes_back() {
    // Long enough to be refused meanwhile on a busy machine.
    let gateway = Gateway::start(options("610s", "tick", 10));
    let at_once = gateway.tenant("slot", json!({"max_concurrency": 1}));
    let poor = gateway.tenant("money", json!({"monthly_quota_usd": 0.001}));
    let settings = format!("/v1/namespaces/{}/settings", poor.namespace);
    gateway.manage("PUT", &settings, Some(&json!({"queue_timeout_seconds": 1})));
    let held: Vec<Connection> = [at_once.stream(), poor.chat_with(json!({"max_tokens": 64}))]
        .into_iter()
        .map(|call| {
            let call = call.fake("latency-ms", 120_000);
            let mut connection = Connection::open(gateway.address);
            connection.ask(&call);
            connection
        })
        .collect();
    let dear = || poor.chat_with(json!({"max_tokens": 64}));
    eventually("both are at the provider", || {
        (gateway.seen(&at_once).len() + gateway.seen(&poor).len() == 2).then_some(())
    });
    gateway.send(&call(&at_once)).expect(429);
    gateway.send(&dear()).expect(402);
    trap_all(&gateway);
    drop(held);
    eventually("the slot is back", || {
        (gateway.send(&call(&at_once)).status == 200).then_some(())
    });
    eventually("the money is back", || {
        (gateway.send(&dear()).status == 200).then_some(())
    });
}

#[test]
fn the_filter_that_is_meant_for_use_cannot_be_asked_to_trap() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("untrapped", json!({}));
    let call = tenant.chat().header("x-fault", "trap");
    gateway.send(&call).expect(200);
    assert_eq!(gateway.reloads(), 0);
}
