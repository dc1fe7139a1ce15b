//! Four workers that decide in their own memory, and whose VMs trap: limits are as exact as ever.

use crate::client::{Call, Connection};
use crate::gateway::ledger::sum;
use crate::gateway::{Gateway, eventually};
use paddock_local::StackOptions;
use paddock_tests::faulty_filter;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const CONNECTIONS: usize = 64;
const ATTEMPTS: usize = 6_000;
const RATE: u128 = 10_000;
const BURST: u128 = 500;
const MINUTE: u128 = 60_000_000_000;
/// Some 1,500 calls, in nano-dollars.
const CAP: i64 = 200_000_000;

#[test]
fn no_worker_and_no_trap_passes_a_rate_or_a_cap() {
    let gateway = Gateway::start(StackOptions {
        concurrency: 4,
        wasm: Some(faulty_filter::build().unwrap()),
        edit_plugin: Some(Box::new(|plugin| plugin["max_request_seconds"] = json!(2))),
        ..StackOptions::default()
    });
    let rated = gateway.tenant(
        "rated",
        json!({"rate_limits": {"rpm": RATE, "burst": BURST}, "monthly_quota_usd": 50.0}),
    );
    let capped = gateway.tenant("capped", json!({"monthly_quota_usd": CAP as f64 / 1e9}));
    let (left, refused) = (AtomicUsize::new(ATTEMPTS), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for worker in 0..CONNECTIONS {
            let tenant = if worker % 2 == 0 { &rated } else { &capped };
            let (gateway, left, refused) = (&gateway, &left, &refused);
            scope.spawn(move || {
                let mut connection = Connection::open(gateway.address);
                let call = tenant.chat_with(json!({"max_tokens": 16}));
                while let Ok(count) =
                    left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
                {
                    if count % 1_000 == 500 {
                        let trap = Call::chat("nobody").header("x-fault", "trap");
                        let _ = connection.call(&trap);
                        connection = Connection::open(gateway.address);
                    }
                    let answer = connection.call(&call);
                    match answer.status {
                        200 if answer.complete => {}
                        402 | 429 => drop(refused.fetch_add(1, Relaxed)),
                        // It was on a worker that trapped.
                        _ => connection = Connection::open(gateway.address),
                    }
                }
            });
        }
    });
    assert!(gateway.reloads() > 0);
    assert!(refused.into_inner() > 0, "no limit was reached");

    let lines = gateway.settled_ledger(&rated);
    let started = |at: i64| u128::try_from(at).unwrap();
    let first = started(lines[0].started_at);
    for (count, line) in (1u128..).zip(&lines) {
        let most = BURST + (started(line.started_at) - first) * RATE / MINUTE;
        assert!(count <= most, "{count} granted where {most} may be");
    }
    let spent = sum(&gateway.settled_ledger(&capped));
    assert!(spent <= CAP, "{spent} of {CAP}");
    // What traps took is there again: the last of the cap can be spent.
    let cost = spent / i64::try_from(gateway.lines(&capped).len()).unwrap();
    eventually("the last is spent", || {
        let _ = gateway.send(&capped.chat_with(json!({"max_tokens": 16})));
        (sum(&gateway.lines(&capped)) > CAP - 4 * cost).then_some(())
    });
    assert!(sum(&gateway.settled_ledger(&capped)) <= CAP);
}
