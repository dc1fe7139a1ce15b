//! The accounting service dies and comes back: nothing is lost, nothing is counted twice, and what
//! budget slices cover is served meanwhile.

use crate::client::{Answer, Call, Connection};
use crate::gateway::ledger::{cost, sum};
use crate::gateway::{Gateway, Tenant, eventually};
use paddock_local::{Part, StackOptions};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

const CLIENTS: usize = 9;

/// Request id to cost, by the clients' own answers.
type Answered = Mutex<BTreeMap<String, i64>>;

fn remember(answered: &Answered, answer: &Answer) {
    let (input, output) = answer.usage();
    let id = answer.header("x-request-id").unwrap();
    let before = answered.lock().unwrap().insert(id, cost(input, output));
    assert_eq!(before, None, "two answers of one id: {answer}");
}

fn call(tenant: &Tenant, number: u64) -> Call {
    // Answers of different lengths, so that sums tell them apart.
    tenant
        .chat_with(json!({"max_tokens": 64}))
        .fake("completion-tokens", 1 + number % 50)
}

#[test]
fn killed_three_times_under_load() {
    let gateway = Gateway::start(StackOptions::default());
    let quota = json!({"monthly_quota_usd": 100.0});
    let tenants = [(); 3].map(|()| gateway.namespace("outage", quota.clone()));
    let answered = [(); 3].map(|()| Answered::default());
    let count = || -> usize {
        answered
            .iter()
            .map(|answers| answers.lock().unwrap().len())
            .sum()
    };
    let (stop, warm) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (mut served_meanwhile, mut failure) = (0, None);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (tenant, answered) = (&tenants[client % 3], &answered[client % 3]);
            let (gateway, stop, warm) = (&gateway, &stop, &warm);
            scope.spawn(move || {
                let mut connection = Connection::open(gateway.address);
                for number in 0.. {
                    // After its first call its worker knows the key and has a slice in hand.
                    if number == 1 {
                        warm.fetch_add(1, Relaxed);
                    }
                    if stop.load(Relaxed) {
                        break;
                    }
                    remember(
                        answered,
                        &connection.call(&call(tenant, number)).expect(200),
                    );
                }
            });
        }
        let scenario = std::panic::AssertUnwindSafe(|| {
            let until = |more: usize| {
                let enough = count() + more;
                eventually("the load goes on", || (count() >= enough).then_some(()));
            };
            eventually("all are served", || {
                (warm.load(Relaxed) == CLIENTS).then_some(())
            });
            for _ in 0..3 {
                until(150);
                gateway.kill(Part::Service);
                let before = count();
                until(300);
                served_meanwhile += count() - before;
                gateway.restart(Part::Service);
            }
            until(100);
        });
        failure = std::panic::catch_unwind(scenario).err();
        stop.store(true, Relaxed);
    });
    if let Some(failure) = failure {
        std::panic::resume_unwind(failure);
    }
    assert!(served_meanwhile >= 900);

    for (tenant, answered) in tenants.iter().zip(answered) {
        let mut answered = answered.into_inner().unwrap();
        let lines = gateway.ledger(tenant, answered.len());
        let settled = gateway.settled_ledger(tenant);
        assert_eq!(settled.len(), lines.len(), "booked twice");
        for line in &lines {
            if let Some(cost) = answered.remove(&line.request_id) {
                assert_eq!(line.cost, cost, "{line:?}");
            }
        }
        assert!(answered.is_empty(), "not in the ledger: {answered:?}");
        let usage = gateway.manage(
            "GET",
            &format!("/v1/namespaces/{}/usage", tenant.namespace),
            None,
        );
        let booked = usage["current_month_cost"].as_f64().unwrap();
        assert!(
            (booked - sum(&lines) as f64 / 1e9).abs() < 1e-9,
            "{usage:#}"
        );
        assert_eq!(usage["request_count"], lines.len(), "{usage:#}");
    }
}

/// A policy that is too old is believed only where that is allowed.
#[test]
fn a_policy_that_nobody_has_heard_for_long_is_obeyed_by_its_failure_mode() {
    let gateway = Gateway::start(StackOptions {
        // One worker, which knows both.
        concurrency: 1,
        edit_plugin: Some(Box::new(|plugin| {
            plugin["policy_max_age_seconds"] = json!(3);
        })),
        ..StackOptions::default()
    });
    let closed = gateway.namespace("closed", json!({}));
    let open = gateway.namespace("open", json!({"failure_mode": "open"}));
    let age = || {
        let metrics = gateway.envoy_metrics();
        let name = "paddock_policy_age_seconds{} ";
        let value = metrics.lines().find_map(|line| line.strip_prefix(name));
        value.and_then(|value| value.parse::<u64>().ok())
    };
    for tenant in [&closed, &open] {
        gateway.send(&tenant.chat()).expect(200);
    }
    eventually("the age is told", || age().filter(|age| *age <= 3));
    gateway.kill(Part::Service);
    gateway.send(&closed.chat()).expect(200);
    let refused = eventually("the policy is too old", || {
        let answer = gateway.send(&closed.chat());
        (answer.status == 503).then_some(answer)
    });
    let refused = refused.says("/error/code", "accounting_unavailable");
    let refused = refused.says("/error/scope", closed.namespace_scope());
    refused.mentions("/error/message", "The accounting service was last heard ");
    gateway.send(&open.chat()).expect(200);
    eventually("the metrics say so", || age().filter(|age| *age > 3));
    for (tenant, mode) in [(&closed, "closed"), (&open, "open")] {
        let labels = [
            format!(r#"ns="{}""#, tenant.namespace),
            format!(r#"reason="{mode}""#),
            r#"scope="authentication""#.to_owned(),
        ];
        eventually("it is counted", || {
            let metrics = gateway.envoy_metrics();
            let mut lines = metrics.lines();
            let is_it = |line: &str| {
                line.starts_with("paddock_failures_total{")
                    && labels.iter().all(|label| line.contains(label))
            };
            lines.any(is_it).then_some(())
        });
    }
    let log = gateway.envoy_log();
    assert!(log.contains("longer than policy_max_age_seconds"), "{log}");
    gateway.restart(Part::Service);
    eventually("the service is heard again", || {
        (gateway.send(&closed.chat()).status == 200).then_some(())
    });
}

#[test]
fn what_needs_the_service_waits_for_it() {
    let gateway = Gateway::start(StackOptions::default());
    let tenant = gateway.tenant("known", json!({"monthly_quota_usd": 1.0}));
    let late = gateway.tenant("late", json!({}));
    let small = tenant.chat_with(json!({"max_tokens": 16}));
    let mut connection = Connection::open(gateway.address);
    connection.call(&small).expect(200);
    gateway.kill(Part::Service);
    // Who that is nobody can say now: closed, but worth another try.
    let unavailable = |answer: Answer| {
        let answer = answer.expect(503).without("x-should-retry");
        assert!(answer.header("retry-after").is_some(), "{answer}");
        answer.says("/error/code", "accounting_unavailable")
    };
    unavailable(gateway.send(&late.chat()));
    // What the slice in hand covers is served; what it does not is not.
    connection.call(&small).expect(200);
    let dear = tenant.chat_with(json!({"max_tokens": 100_000, "n": 3}));
    unavailable(connection.call(&dear)).says("/error/scope", tenant.namespace_scope());
    assert_eq!(gateway.manage_status("GET", "/v1/keys"), 503);
    assert_eq!(gateway.seen(&late).len(), 0);

    gateway.restart(Part::Service);
    eventually("the late one is known", || {
        (gateway.send(&late.chat()).status == 200).then_some(())
    });
    gateway.send(&dear).expect(200);
    gateway.ledger(&tenant, 3);
    gateway.ledger(&late, 1);
}

#[test]
fn a_disabled_key_is_refused_while_usage_cannot_be_booked() {
    let gateway = Gateway::start(StackOptions::default());
    let tenant = gateway.tenant("stuck", json!({"rpm": 600}));
    gateway.send(&tenant.chat()).expect(200);
    gateway.ledger(&tenant, 1);
    // Whatever is booked is added to `spend` too.
    gateway.alter("ALTER TABLE spend RENAME TO spend_away");
    gateway.send(&tenant.chat()).expect(200);
    gateway.manage("POST", &format!("/v1/keys/{}/disable", tenant.id), None);
    let mut served = 1;
    eventually("the key is refused", || {
        let answer = gateway.send(&tenant.chat());
        served += usize::from(answer.status == 200);
        (answer.status == 401).then_some(())
    });
    assert_eq!(gateway.lines(&tenant).len(), 1, "usage is still stuck");
    gateway.alter("ALTER TABLE spend_away RENAME TO spend");
    gateway.ledger(&tenant, 1 + served);
}
