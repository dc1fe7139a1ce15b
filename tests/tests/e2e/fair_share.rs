//! An upstream's own limit, shared by all namespaces: nobody starves, nothing is wasted, and the
//! provider never sees more than its limit.

use crate::client::{Answer, Call, Connection};
use crate::gateway::{Gateway, Line, Tenant, eventually};
use paddock_local::StackOptions;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Two a second; a tenth is kept for newcomers.
const RATE: u64 = 120;
const MINUTE: u128 = 60_000_000_000;

fn gateway(upstreams: Value) -> Gateway {
    Gateway::start(StackOptions {
        edit_plugin: Some(Box::new(move |plugin| plugin["upstreams"] = upstreams)),
        ..StackOptions::default()
    })
}

fn of_requests() -> Gateway {
    gateway(json!([{"name": "openai", "requests_per_minute": RATE}]))
}

fn small(tenant: &Tenant) -> Call {
    tenant.chat_with(json!({"max_tokens": 16}))
}

/// Ends those who hammer, also where a test panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Asks again and again until told to stop; how often it was served.
fn hammer(gateway: &Gateway, tenant: &Tenant, stop: &AtomicBool, served: &AtomicU64) {
    let mut connection = Connection::open(gateway.address);
    while !stop.load(Relaxed) {
        let answer = connection.call(&small(tenant));
        match answer.status {
            200 => drop(served.fetch_add(1, Relaxed)),
            429 => {}
            _ => panic!("{answer}"),
        }
    }
}

/// What the greedy one is told in the end.
fn drain(gateway: &Gateway, tenant: &Tenant) -> Answer {
    let mut connection = Connection::open(gateway.address);
    for _ in 0..10 * RATE {
        let answer = connection.call(&small(tenant));
        if answer.status == 429 {
            return answer;
        }
        answer.expect(200);
    }
    panic!("never refused");
}

fn started(line: &Line) -> u128 {
    u128::try_from(line.started_at).unwrap()
}

/// What is full at `from` and refills gives so much by `to`.
fn most(from: u128, to: u128) -> u128 {
    u128::from(RATE) + (to - from) * u128::from(RATE) / MINUTE
}

fn all_lines(gateway: &Gateway, tenants: &[&Tenant]) -> Vec<Line> {
    let mut lines: Vec<_> = tenants
        .iter()
        .flat_map(|tenant| gateway.lines(tenant))
        .collect();
    lines.sort_by_key(|line| line.started_at);
    lines
}

#[test]
fn a_greedy_namespace_starves_nobody_and_gets_what_the_others_leave() {
    let gateway = of_requests();
    let greedy = gateway.namespace("greedy", json!({}));
    let modest = ["a", "b", "c"].map(|name| gateway.namespace(name, json!({})));
    let refused = drain(&gateway, &greedy)
        .says("/error/code", "rate_limit_exceeded")
        .says("/error/scope", "upstream:openai")
        .mentions("/error/message", "limit of 120 requests a minute");
    let share = format!("The share of {} is 120", greedy.namespace_scope());
    let refused = refused.mentions("/error/message", &share);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(wait, 1, "alone it gets two a second");

    let (stop, served) = (AtomicBool::new(false), AtomicU64::new(0));
    let last_refusal = std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| hammer(&gateway, &greedy, &stop, &served));
        }
        let _stop = Stop(&stop);
        // Whoever comes new is served at once, as an advance: with a quarter of two a second each,
        // it has paid that back and saved for another one after four seconds.
        for _ in 0..3 {
            for tenant in &modest {
                gateway.send(&small(tenant)).expect(200);
            }
            std::thread::sleep(Duration::from_secs(5));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        drain(&gateway, &greedy);
        now.as_nanos()
    });
    let tenants = [&greedy, &modest[0], &modest[1], &modest[2]];
    let seen: usize = tenants
        .iter()
        .map(|tenant| gateway.seen(tenant).len())
        .sum();
    let lines = eventually("all is in the ledger", || {
        let lines = all_lines(&gateway, &tenants);
        (lines.len() == seen).then_some(lines)
    });
    let first = started(&lines[0]);
    for (count, line) in (1..).zip(&lines) {
        let most = most(first, started(line));
        assert!(count <= most, "{count} at the provider where {most} may be");
    }
    // All of the rate was used, but for what newcomers may have and what the modest have saved: five
    // seconds of a share each.
    let by_then = lines.iter().filter(|line| started(line) <= last_refusal);
    let least = most(first, last_refusal) - u128::from(RATE / 10) - 3 * 3;
    let by_then = u128::try_from(by_then.count()).unwrap();
    assert!(by_then >= least, "{by_then} of at least {least}");
}

#[test]
fn greedy_namespaces_share_by_priority_and_weight() {
    let gateway = of_requests();
    let heavy = gateway.namespace("heavy", json!({"priority": "high", "weight": 2}));
    let light = gateway.namespace("light", json!({"priority": "low"}));
    drain(&gateway, &heavy);
    drain(&gateway, &light);
    let stop = AtomicBool::new(false);
    let [of_heavy, of_light] = [AtomicU64::new(0), AtomicU64::new(0)];
    std::thread::scope(|scope| {
        for (tenant, served) in [(&heavy, &of_heavy), (&light, &of_light)] {
            for _ in 0..2 {
                let (gateway, stop) = (&gateway, &stop);
                scope.spawn(move || hammer(gateway, tenant, stop, served));
            }
        }
        let _stop = Stop(&stop);
        eventually("twenty more are served", || {
            let both = of_heavy.load(Relaxed) + of_light.load(Relaxed);
            (both >= 20).then_some(())
        });
    });
    // Sixteen parts to two: at least six to one, whatever came in between.
    let [heavy, light] = [of_heavy.into_inner(), of_light.into_inner()];
    assert!(heavy >= 6 * light, "{heavy} and {light}");
}

#[test]
fn tokens_are_shared_and_corrected_to_what_was_used() {
    let gateway = gateway(json!([{"name": "deepseek", "tokens_per_minute": 1_000}]));
    let one = gateway.namespace("one", json!({}));
    let other = gateway.namespace("other", json!({}));
    let call = |tenant: &Tenant, max_tokens: u64, used: u64| {
        let fields = json!({"model": "deepseek", "max_tokens": max_tokens});
        gateway.send(&tenant.chat_with(fields).fake("completion-tokens", used))
    };
    // Each asks for 800 and uses 19: were that not corrected, the second would be refused.
    for _ in 0..4 {
        call(&one, 800, 16).expect(200);
    }
    // It asks for little and uses a lot: then the provider's limit is used up for everybody.
    call(&one, 10, 1_500).expect(200);
    for tenant in [&one, &other] {
        let refused = call(tenant, 10, 10).expect(429);
        let refused = refused.says("/error/scope", "upstream:deepseek");
        refused.mentions("/error/message", "limit of 1000 tokens a minute");
    }
    // Other upstreams have their own limits, or none.
    gateway.send(&small(&one)).expect(200);
}
