//! Request and token buckets are exact across the workers of one Envoy.

use crate::client::Connection;
use crate::gateway::{Gateway, Line};
use paddock_local::StackOptions;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const THREADS: usize = 40;
const ATTEMPTS: usize = 1_500;
const RATE: u64 = 1_200;
const BURST: u64 = 100;
const MINUTE: u128 = 60_000_000_000;

fn now() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}

/// The most requests a bucket that was full at `from` can have granted by `to`.
fn most(from: u128, to: u128) -> u128 {
    u128::from(BURST) + (to - from) * u128::from(RATE) / MINUTE
}

fn started(line: &Line) -> u128 {
    u128::try_from(line.started_at).unwrap()
}

/// The bucket refills continuously from its first debit on, at a rate Envoy's own timestamps let
/// one compute: so both bounds are exact, whatever the machine does meanwhile.
#[test]
fn forty_threads_get_the_burst_and_the_refill_and_not_one_more() {
    // Alone at its service it has all of the limit, and no request waits for a part of it.
    let gateway = Gateway::start(StackOptions::default());
    let limits = json!({"rate_limits": {"rpm": RATE, "burst": BURST}});
    let tenant = gateway.tenant("forty", limits);
    // The first call waits until the service has lent the limit. Its request has refilled long before the
    // next is made.
    gateway.send(&tenant.chat()).expect(200);
    std::thread::sleep(Duration::from_millis(500));

    let (left, granted) = (AtomicUsize::new(ATTEMPTS), AtomicUsize::new(0));
    let last_refusal_sent = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut connection = Connection::open(gateway.address);
                while left
                    .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    let sent = now();
                    let answer = connection.call(&tenant.chat());
                    match answer.status {
                        200 => drop(granted.fetch_add(1, Relaxed)),
                        429 => {
                            let mut last = last_refusal_sent.lock().unwrap();
                            *last = sent.max(*last);
                        }
                        _ => panic!("{answer}"),
                    }
                }
            });
        }
    });
    let granted = granted.into_inner();
    assert!(
        granted < ATTEMPTS,
        "the bucket was never empty: too few attempts"
    );

    let lines = gateway.ledger(&tenant, granted + 1).split_off(1);
    let first = started(&lines[0]);
    for (count, line) in (1..).zip(&lines) {
        let most = most(first, started(line));
        assert!(
            count <= most,
            "{count} granted where {most} may be: {line:?}"
        );
    }
    // Whoever was refused found less than one whole token, after all that was granted by the time
    // it was sent had been taken.
    let refused = last_refusal_sent.into_inner().unwrap();
    let before = lines.iter().filter(|line| started(line) <= refused).count();
    let least = most(first, refused).saturating_sub(1);
    let after = lines.len() - before;
    assert!(
        u128::try_from(lines.len()).unwrap() >= least,
        "{before} and {after} granted where at least {least} should be"
    );
    // Every worker took part, or this shows nothing.
    let workers = gateway.envoy_stats("/stats?filter=worker_.*downstream_cx_total");
    let busy = workers
        .lines()
        .filter(|line| !line.ends_with(": 0"))
        .count();
    assert!(busy >= 2, "{workers}");
}

/// Tokens are taken by estimate and corrected by the answer: in the end the bucket has given out
/// its capacity and the refill, to within the one answer that was admitted last.
#[test]
fn tokens_are_corrected_to_what_was_used() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("corrected", json!({"rate_limits": {"tpm": 1_000}}));
    // It asks for 900 and uses 19: were the estimate not corrected, a second would be refused.
    let call = tenant
        .chat_with(json!({"max_tokens": 900}))
        .fake("completion-tokens", 16);
    for _ in 0..4 {
        gateway.send(&call).expect(200);
    }
    // It asks for little and uses a lot: the debt is paid off before anything else goes.
    let more = tenant
        .chat_with(json!({"max_tokens": 10}))
        .fake("completion-tokens", 1_500);
    gateway.send(&more).expect(200);
    let refused = gateway
        .send(&tenant.chat_with(json!({"max_tokens": 1})))
        .expect(429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    // About 1,000 - 4 * 19 - 1,503 = -579 tokens at 1,000 a minute: well over half a minute.
    assert!((25..=40).contains(&wait), "{refused}");
}
