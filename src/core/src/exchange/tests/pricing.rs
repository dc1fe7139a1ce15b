//! Which price holds for which answer.

use super::bench::*;
use crate::cache::PolicyCache;
use crate::exchange::{Exchange, Input, Verdict};
use crate::price::{Price, Rates, Tier};
use crate::usage::is_batch_tier;

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

/// What is held and what is charged in nano-dollars, and the tier of the event.
fn charged(price: Price, asks: &str, tier: &str) -> (i64, i64, Option<String>) {
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
    let tier = event.tier.clone().map(|tier| tier.into_owned());
    assert_eq!(event.batch, tier.as_deref().is_some_and(is_batch_tier));
    (held, booked, tier)
}

fn price() -> Price {
    let mut price = Price::of(1_000_000_000, 10_000_000_000);
    price.rates = Rates {
        cached_input: Some(500_000_000),
        reasoning: Some(20_000_000_000),
        ..price.rates
    };
    price.set_batch_percent(Some(50));
    price
}

/// 60 and 40 at half the price, 5 and 15 at twice the price.
const FULL: i64 = 60 * 1_000 + 40 * 500 + 5 * 10_000 + 15 * 20_000;

#[test]
fn the_tier_that_served_the_call_decides() {
    let flex = r#","max_tokens":20,"service_tier":"flex""#;
    let batch = r#","max_tokens":20,"service_tier":"batch""#;
    let auto = r#","max_tokens":20,"service_tier":"auto""#;
    for (asks, tier, served) in [
        (flex, r#""flex""#, Some("flex")),
        (batch, r#""batch""#, Some("batch")),
        (flex, r#""default""#, None),
        (flex, "null", None),
        (auto, r#""flex""#, Some("flex")),
        (r#","max_tokens":20"#, r#""flex""#, Some("flex")),
    ] {
        let (held, cost, found) = charged(price(), asks, tier);
        let expected = if served.is_some() { FULL / 2 } else { FULL };
        assert_eq!(
            (cost, found.as_deref()),
            (expected, served),
            "{asks} {tier}"
        );
        assert!(held > 20 * 20_000, "the dearest is held");
    }
    // Without a price of its own a batch costs what all cost, and the event still says what it was.
    let mut price = price();
    price.set_batch_percent(None);
    let (_, cost, tier) = charged(price, flex, r#""flex""#);
    assert_eq!((cost, tier.as_deref()), (FULL, Some("flex")));
}

#[test]
fn a_tier_that_costs_more_is_held_and_charged() {
    let mut price = price();
    let tier = Tier::Percent(175);
    price.tiers.insert("priority".to_owned(), tier);
    let asked = r#","max_tokens":20,"service_tier":"priority""#;
    let (held, cost, tier) = charged(price.clone(), asked, r#""priority""#);
    assert_eq!((cost, tier.as_deref()), (FULL * 7 / 4, Some("priority")));
    assert!(held >= cost);
    assert_eq!(charged(price.clone(), asked, r#""default""#).1, FULL);
    // A provider that does not say which is charged for what was asked.
    assert_eq!(charged(price.clone(), asked, "null").1, FULL * 7 / 4);
    // One that may choose is held at the tier it may choose, and one that may not is not.
    let auto = charged(
        price.clone(),
        r#","max_tokens":20,"service_tier":"auto""#,
        "null",
    );
    assert_eq!((auto.0, auto.1), (held, FULL));
    let flex = r#","max_tokens":20,"service_tier":"flex""#;
    assert!(charged(price, flex, "null").0 < held);
}

/// A gateway whose namespace has this `unknown_price`.
fn with_unknown(unknown_price: &str) -> Bench {
    let fields = format!(r#","monthly_quota_usd":1000000,"unknown_price":"{unknown_price}""#);
    Bench::standalone("", &fields)
}

#[test]
fn what_has_no_price_is_refused_unless_the_namespace_says_otherwise() {
    let messages = "/v1/messages";
    let responses = "/v1/responses";
    for (path, more, param, named) in [
        (
            CHAT,
            r#""service_tier":"priority""#,
            "service_tier",
            "the service tier 'priority'",
        ),
        (
            CHAT,
            r#""service_tier":"Turbo""#,
            "service_tier",
            "the service tier 'turbo'",
        ),
        (messages, r#""speed":"fast""#, "speed", "the speed 'fast'"),
        (
            messages,
            r#""inference_geo":"us""#,
            "inference_geo",
            "the region 'us'",
        ),
        (
            responses,
            r#""tools":[{"type":"file_search"}]"#,
            "tools",
            "the tool 'file_search'",
        ),
    ] {
        let body =
            format!(r#"{{"model":"small","max_tokens":9,"messages":[],"input":"t",{more}}}"#);
        let send = |unknown: &str| {
            let mut bench = with_unknown(unknown);
            let headers = headers(path, KEY, &[]);
            let step = bench.send(&mut Exchange::default(), &headers, body.as_bytes());
            (bench.record("namespace:n").books.held.total(), step)
        };
        let (held, step) = send("refuse");
        let refused = reply(step);
        let error = error(&refused);
        assert_eq!((held, refused.status), (0, 400), "{more}");
        assert_eq!(error["code"], "not_priced", "{more}");
        assert_eq!(error["param"].as_str().unwrap_or(param), param, "{more}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(named) && message.contains("'small'"),
            "{message}"
        );
        let ((dearest, first), (free, second)) = (send("dearest"), send("free"));
        assert_eq!(first.verdict, Verdict::Continue, "{more}");
        assert_eq!(second.verdict, Verdict::Continue, "{more}");
        assert!(dearest > free, "{more}: {dearest} {free}");
    }
    // What every price covers asks for no more.
    for more in [
        r#""service_tier":"flex""#,
        r#""service_tier":"auto""#,
        r#""tools":[{"type":"function","function":{"name":"f"}}]"#,
    ] {
        let body = body("small", &format!(",{more}"));
        let step = with_unknown("refuse").chat(&body).1;
        assert_eq!(step.verdict, Verdict::Continue, "{more}");
    }
}

#[test]
fn a_model_without_a_price_costs_the_highest_of_others_or_nothing() {
    let charged = |unknown: &str| {
        let mut bench = with_unknown(unknown);
        let (mut exchange, _) = bench.chat(&body("secret", r#","max_tokens":50"#));
        let held = bench.record("namespace:n").books.held.total();
        bench.answer(&mut exchange, 200, "application/json");
        let chunk = format!("{{{USAGE}}}");
        let input = Input::ResponseBody {
            chunk: chunk.as_bytes(),
            end: true,
        };
        let steps = [bench.step(&mut exchange, input)];
        let event = event(&steps);
        (held, event.cost.nanos(), event.estimated)
    };
    // The models that have a price have one of 1 and of 10 dollars.
    let (held, cost, estimated) = charged("dearest");
    assert_eq!((cost, estimated), (100 * 1_000 + 20 * 10_000, true));
    assert!(held >= 50 * 10_000, "{held}");
    assert_eq!(charged("free"), (0, 0, false));
    let step = with_unknown("refuse").chat(&body("secret", "")).1;
    assert_eq!(reply(step).status, 403);
}

#[test]
fn a_fee_that_the_answer_brings_unasked_is_assumed_or_free() {
    let answer = r#"{"type":"message","content":[{"type":"text","text":"Ob"}],"usage":{"input_tokens":70,"output_tokens":40,"server_tool_use":{"web_search_requests":2}}}"#;
    let charged = |unknown: &str| {
        let mut bench = with_unknown(unknown);
        let mut exchange = Exchange::default();
        let headers = headers("/v1/messages", KEY, &[]);
        let body = br#"{"model":"small","max_tokens":40,"messages":[]}"#;
        bench.send(&mut exchange, &headers, body);
        bench.answer(&mut exchange, 200, "application/json");
        let input = Input::ResponseBody {
            chunk: answer.as_bytes(),
            end: true,
        };
        let steps = [bench.step(&mut exchange, input)];
        let event = event(&steps);
        (event.cost.nanos(), event.estimated)
    };
    let tokens = 70 * 1_000 + 40 * 10_000;
    assert_eq!(charged("refuse"), (tokens + 2 * 25_000_000, true));
    assert_eq!(charged("dearest"), (tokens + 2 * 25_000_000, true));
    assert_eq!(charged("free"), (tokens, false));
}
