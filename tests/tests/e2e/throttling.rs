//! A namespace whose budget runs low: its excess is refused, redirected, or waits its turn.

use crate::client::{Answer, Call, Connection};
use crate::gateway::{Gateway, Tenant, eventually};
use serde_json::{Value, json};

/// A namespace of a dollar a month and 60 requests a minute with bursts of four, which is throttled
/// from half of the dollar on; and half of it is spent.
fn throttled(name: &str, limits: Value, settings: Value) -> (&'static Gateway, Tenant) {
    let gateway = Gateway::shared();
    (gateway, throttled_at(gateway, name, limits, settings))
}

/// The same at another gateway.
pub fn throttled_at(gateway: &Gateway, name: &str, limits: Value, settings: Value) -> Tenant {
    let mut fields = json!({"monthly_quota_usd": 1.0, "rate_limit_per_minute": 60, "burst": 4});
    let mut wanted = json!({"auto_throttle_at_percent": 50});
    for (into, from) in [(&mut fields, limits), (&mut wanted, settings)] {
        for (name, value) in from.as_object().unwrap() {
            into[name] = value.clone();
        }
    }
    let whole = fields["rate_limit_per_minute"].to_string();
    let tenant = gateway.namespace(name, fields);
    let path = format!("/v1/namespaces/{}/settings", tenant.namespace);
    gateway.manage("PUT", &path, Some(&wanted));
    // Its first request comes after the settings, so they are known with the namespace.
    let dear = tenant.chat_with(json!({"max_tokens": 32_500, "n": 2}));
    let dear = dear.fake("completion-tokens", 32_500);
    gateway.send(&dear).expect(200);
    // A client can have the whole answer before the filter has booked it.
    gateway.ledger(&tenant, 1);
    // What was changed since the gateway first heard of the namespace comes with a later answer of the
    // service. A call that is refused changes nothing and tells the limits in force; a fallback model
    // would serve it.
    if wanted["throttle_mode"] != "redirect" {
        eventually("the gateway throttles", || {
            let answer = gateway.send(&dear);
            assert_ne!(answer.status, 200, "{answer}");
            (answer.header("x-ratelimit-limit-requests")? != whole).then_some(())
        });
    }
    tenant
}

fn small(tenant: &Tenant) -> Call {
    tenant.chat_with(json!({"max_tokens": 16}))
}

/// What the provider was sent, in its order.
fn bodies(gateway: &Gateway, tenant: &Tenant) -> Vec<Value> {
    let seen = gateway.seen(tenant);
    let bodies = seen.iter().filter_map(|request| request["body"].as_str());
    bodies
        .map(|body| serde_json::from_str(body).unwrap())
        .collect()
}

fn reason(answer: &Answer) -> Option<String> {
    answer.header("x-paddock-reason")
}

/// Sends until one is refused, or redirected, and answers how many were not.
fn until(gateway: &Gateway, tenant: &Tenant, is_it: impl Fn(&Answer) -> bool) -> (usize, Answer) {
    for passed in 0..20 {
        let answer = gateway.send(&small(tenant));
        if is_it(&answer) {
            return (passed, answer);
        }
        answer.expect(200);
    }
    panic!("none of 20");
}

#[test]
fn the_excess_is_refused_and_the_reader_told_why() {
    let (gateway, tenant) = throttled("reject", json!({}), json!({"throttle_factor": 0.5}));
    let served = gateway.send(&small(&tenant)).expect(200);
    assert_eq!(reason(&served).as_deref(), Some("throttled"), "{served}");
    assert_eq!(served.header("x-paddock-model").as_deref(), Some("gpt-4.1"));
    assert_eq!(
        served.header("x-ratelimit-limit-requests").as_deref(),
        Some("30")
    );
    let (_, refused) = until(gateway, &tenant, |answer| answer.status == 429);
    let refused = refused.says("/error/scope", tenant.namespace_scope());
    let message = refused.json()["error"]["message"].to_string();
    assert!(
        message.contains("30 of its 60 requests a minute"),
        "{refused}"
    );
    assert!(refused.header("retry-after").is_some());

    // More budget, and it is not throttled any more.
    let path = format!("/v1/namespaces/{}", tenant.namespace);
    gateway.manage("PATCH", &path, Some(&json!({"monthly_quota_usd": 10.0})));
    eventually("the full rate is back", || {
        let answer = gateway.send(&small(&tenant));
        (answer.status == 200 && reason(&answer).is_none()).then_some(())
    });
}

#[test]
fn the_excess_is_served_by_the_fallback_model_at_its_price() {
    let settings = json!({"throttle_mode": "redirect", "fallback_model": "deepseek"});
    let (gateway, tenant) = throttled("redirect", json!({}), settings);
    let (passed, redirected) = until(gateway, &tenant, |answer| {
        answer.header("x-paddock-model").as_deref() == Some("deepseek-v3.2")
    });
    assert!(
        redirected.status == 200 && passed <= 3,
        "{passed}: {redirected}"
    );
    assert_eq!(reason(&redirected).as_deref(), Some("throttled"));
    let seen = bodies(gateway, &tenant);
    assert_eq!(seen.last().unwrap()["model"], "deepseek-v3.2", "{seen:#?}");
    let lines = gateway.ledger(&tenant, passed + 2);
    let last = lines.last().unwrap();
    assert_eq!(
        (&*last.model, &*last.requested_model),
        ("deepseek-v3.2", "gpt-4.1")
    );
    assert_eq!(last.cost, last.input * 100 + last.output * 420, "{last:?}");

    // What the rest of the budget cannot cover goes there too, where the throttled rate has room: without,
    // it goes there for that reason, or there is no room in the excess either.
    let dear = tenant.chat_with(json!({"max_tokens": 100_000, "n": 4}));
    let answer = eventually("room in the throttled rate and in the excess", || {
        let answer = gateway.send(&dear);
        match (answer.status, reason(&answer).as_deref()) {
            (200, Some("throttled")) | (429, _) => None,
            _ => Some(answer),
        }
    });
    assert_eq!(
        reason(&answer).as_deref(),
        Some("budget_low, throttled"),
        "{answer}"
    );
}

/// Sixty a minute of which one waits at a time: six wait, three of them with a low priority.
#[test]
fn the_excess_waits_its_turn_the_urgent_first() {
    let limits = json!({"rate_limit_per_minute": 1_200, "burst": 20, "priority": "high"});
    let settings = json!({
        "throttle_mode": "queue", "throttle_factor": 0.05, "queue_timeout_seconds": 120,
    });
    let (gateway, tenant) = throttled("queue", limits, settings);
    gateway.send(&small(&tenant)).expect(200);
    let asked = |priority: &'static str| {
        let call = tenant.chat_with(json!({"max_tokens": 16, "user": priority}));
        let call = call.header("x-priority", priority);
        let mut connection = Connection::open(gateway.address);
        connection.ask(&call);
        (connection, call)
    };
    let mut waiting: Vec<_> = ["low", "low", "low", "high", "high", "high"]
        .into_iter()
        .map(asked)
        .collect();
    drop(asked("high"));
    for (connection, call) in &mut waiting {
        let answer = connection.answer(call);
        assert_eq!(
            (answer.status, reason(&answer).as_deref()),
            (200, Some("throttled")),
            "{answer}"
        );
    }
    // Who left is not served, and not waited for.
    let lines = gateway.settled_ledger(&tenant);
    assert_eq!(lines.len(), 8, "{lines:#?}");
    let seen = bodies(gateway, &tenant);
    assert_eq!(seen.len(), 8);
    // The first two were not queued: the dear one, and the one that emptied the bucket.
    let place = |priority: &str| -> usize {
        let of = seen.iter().skip(2).enumerate();
        let same = of.filter(|(_, request)| request["user"] == priority);
        same.map(|(at, _)| at).sum()
    };
    assert!(place("high") < place("low"), "{seen:#?}");
}

#[test]
fn a_full_queue_and_a_wait_in_vain_are_refused() {
    let limits = json!({"rate_limit_per_minute": 10, "burst": 1});
    let settings = json!({
        "throttle_mode": "queue", "throttle_factor": 0.1, "max_queue_size": 2,
        "queue_timeout_seconds": 2,
    });
    let (gateway, tenant) = throttled("full", limits, settings);
    let asked: Vec<_> = (0..3)
        .map(|_| {
            let call = small(&tenant);
            let mut connection = Connection::open(gateway.address);
            connection.ask(&call);
            (connection, call)
        })
        .collect();
    let mut said = Vec::new();
    for (mut connection, call) in asked {
        let refused = connection.answer(&call);
        let refused = refused
            .expect(429)
            .says("/error/scope", tenant.namespace_scope());
        assert!(refused.header("retry-after").is_some(), "{refused}");
        said.push(refused.json()["error"]["message"].to_string());
    }
    let count = |part| said.iter().filter(|message| message.contains(part)).count();
    assert_eq!(
        (count("its queue of 2"), count("waited 2 s in its queue")),
        (1, 2),
        "{said:#?}"
    );
    assert_eq!(gateway.settled_ledger(&tenant).len(), 1);
}
