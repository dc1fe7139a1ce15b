//! Which price holds for which answer.

use super::bench::*;
use crate::cache::PolicyCache;
use crate::exchange::Input;
use crate::usage::Price;

const USAGE: &str = r#""usage":{"prompt_tokens":100,"prompt_tokens_details":{"cached_tokens":40},
    "completion_tokens":20,"completion_tokens_details":{"reasoning_tokens":15}}"#;

/// A gateway whose model `small` has this price.
fn priced(price: Price) -> Bench {
    let mut bench = Bench::standalone("", r#","monthly_quota_usd":1"#);
    let mut policy = bench.worker.config.policy.clone().unwrap();
    policy.catalog.models[0].price = Some(price);
    let (keys, namespaces) = (policy.keys, policy.namespaces);
    let (organizations, catalog) = (policy.organizations, policy.catalog);
    bench.worker.cache = PolicyCache::complete(keys, namespaces, organizations, catalog);
    bench
}

/// What is held and what is charged in nano-dollars, and whether as batch.
fn charged(price: Price, asks: &str, tier: &str) -> (i64, i64, bool) {
    let mut bench = priced(price);
    let (mut exchange, _) = bench.chat(&body("small", asks));
    let held = bench.record("namespace:n").books.held.total();
    bench.answer(&mut exchange, 200, "application/json");
    let chunk = format!(r#"{{"service_tier":{tier},{USAGE}}}"#);
    let input = Input::ResponseBody {
        chunk: chunk.as_bytes(),
        end: true,
    };
    let steps = [bench.step(&mut exchange, input)];
    let event = event(&steps);
    let booked = bench.record("namespace:n").books.month_spent;
    assert_eq!(event.cost.nanos(), booked, "what is booked is reported");
    (held, booked, event.batch)
}

const PRICE: Price = Price {
    input: 1_000_000_000,
    cached_input: Some(500_000_000),
    output: 10_000_000_000,
    reasoning: Some(20_000_000_000),
    batch_percent: Some(50),
    ..Price::FREE
};

#[test]
fn the_batch_price_needs_a_request_and_the_providers_word() {
    // 60 and 40 half as dear, 5 and 15 twice as dear.
    let full = 60 * 1_000 + 40 * 500 + 5 * 10_000 + 15 * 20_000;
    let flex = r#","max_tokens":20,"service_tier":"flex""#;
    let batch = r#","max_tokens":20,"service_tier":"batch""#;
    let auto = r#","max_tokens":20,"service_tier":"auto""#;
    for (asks, tier, is_batch) in [
        (flex, r#""flex""#, true),
        (batch, r#""batch""#, true),
        (flex, r#""default""#, false),
        (flex, "null", false),
        (auto, r#""flex""#, false),
        (r#","max_tokens":20"#, r#""flex""#, false),
    ] {
        let (held, cost, found) = charged(PRICE, asks, tier);
        let expected = if is_batch { full / 2 } else { full };
        assert_eq!((cost, found), (expected, is_batch), "{asks} {tier}");
        assert!(held > 20 * 20_000, "the dearest is held");
    }
    // Without a price of its own a batch costs what all cost, and the event still says what it was.
    let price = Price {
        batch_percent: None,
        ..PRICE
    };
    let (_, cost, is_batch) = charged(price, flex, r#""flex""#);
    assert_eq!((cost, is_batch), (full, true));
}
