//! Decision tables of routing.

use super::*;
use crate::policy::{Temperature, UnknownPrice};
use crate::request::{Endpoint, Hints};
use proptest::prelude::*;
use serde_json::{Value, json};

fn catalog() -> Catalog {
    let mut catalog = Catalog::builtin();
    catalog.models.push(Model {
        name: "unpriced".to_owned(),
        price: None,
        ..catalog.models[0].clone()
    });
    catalog.models.push(Model {
        name: "seeing".to_owned(),
        capabilities: vec!["vision".to_owned()],
        ..catalog.models[0].clone()
    });
    catalog
}

fn rights(key: Option<&[String]>) -> ModelRights<'_> {
    ModelRights {
        lists: [
            ("key:k", key),
            ("role:o/developer", None),
            ("namespace:n", None),
            ("organization:o", None),
        ],
        unknown_price: UnknownPrice::Refuse,
        allowed_regions: None,
    }
}

fn routing(value: Value) -> Routing {
    serde_json::from_value(value).unwrap()
}

fn words(needs: &[&str]) -> Vec<String> {
    needs.iter().map(|need| (*need).to_owned()).collect()
}

#[test]
fn each_condition_holds_for_what_it_says() {
    let plain = Features::default();
    let tokens = |count| Features {
        max_output_tokens: Some(count),
        ..Features::default()
    };
    let heat = |number| Features {
        temperature: Temperature::from_number(number),
        ..Features::default()
    };
    let system = |text: &str| Features {
        system_prompt: text.to_owned(),
        ..Features::default()
    };
    let batch = Features {
        batch: true,
        ..Features::default()
    };
    let of = |priority| Features {
        priority: Some(priority),
        ..Features::default()
    };
    let needs = |needs: &[&str]| Features {
        needs: words(needs),
        ..Features::default()
    };
    let capped = json!({"max_output_tokens": 256});
    let cool = json!({"temperature": 0.3});
    let says = json!({"system_prompt_contains": ["Classify", "ÜBERSETZE"]});
    let vision = json!({"model_capability_required": "vision"});
    let several = json!({"max_output_tokens": 256, "batch_mode": true});
    let both = Features {
        batch: true,
        ..tokens(10)
    };
    let table = [
        (json!({}), &plain, true),
        (capped.clone(), &tokens(256), true),
        (capped.clone(), &tokens(257), false),
        (capped.clone(), &plain, false),
        (cool.clone(), &heat(0.3), true),
        (cool.clone(), &heat(0.0), true),
        (cool.clone(), &heat(0.301), false),
        (cool.clone(), &plain, false),
        (says.clone(), &system("please classify this"), true),
        (says.clone(), &system("übersetze das"), true),
        (says.clone(), &system("answer"), false),
        (says.clone(), &plain, false),
        (json!({"batch_mode": true}), &batch, true),
        (json!({"batch_mode": true}), &plain, false),
        (json!({"batch_mode": false}), &batch, false),
        (json!({"batch_mode": false}), &plain, true),
        (json!({"priority": "low"}), &of(Priority::Low), true),
        (json!({"priority": "low"}), &of(Priority::High), false),
        // The namespace's, which is high.
        (json!({"priority": "high"}), &plain, true),
        (json!({"priority": "low"}), &plain, false),
        (vision.clone(), &needs(&["tools", "vision"]), true),
        (vision.clone(), &needs(&["tools"]), false),
        (several.clone(), &both, true),
        (several.clone(), &batch, false),
        (several.clone(), &tokens(10), false),
    ];
    for (conditions, features, expected) in table {
        let found: crate::policy::Conditions = serde_json::from_value(conditions.clone()).unwrap();
        assert_eq!(
            found.hold(features, Priority::High),
            expected,
            "{conditions} {features:?}"
        );
    }
}

#[test]
fn a_model_that_is_not_served_in_the_callers_wire_format_is_passed_over() {
    let routing = routing(json!({
        "name": "r", "fallback_model": "everything",
        "rules": [{"name": "all", "match_conditions": {}, "target_model": "claude-only"}],
    }));
    let mut catalog = catalog();
    for (name, paths) in [
        ("claude-only", json!({"anthropic": "/v1"})),
        ("everything", json!({})),
    ] {
        catalog.models.push(Model {
            name: name.to_owned(),
            paths: serde_json::from_value(paths).unwrap(),
            ..catalog.models[0].clone()
        });
    }
    let chosen = |format| {
        let features = Features {
            format: Some(format),
            ..Features::default()
        };
        let routed = route(
            &routing,
            &features,
            Priority::Standard,
            &catalog,
            &rights(None),
            Timestamp::EPOCH,
        );
        routed.map(|routed| (routed.model.name.clone(), routed.is_fallback))
    };
    let claude = Ok(("claude-only".to_owned(), false));
    assert_eq!(chosen(WireFormat::Anthropic), claude);
    let other = Ok(("everything".to_owned(), true));
    assert_eq!(chosen(WireFormat::OpenAi), other);
    let reachable = reachable(
        &routing,
        Some(WireFormat::OpenAi),
        &catalog,
        &rights(None),
        Timestamp::EPOCH,
    );
    let names: Vec<&str> = reachable.iter().map(|(model, _)| &*model.name).collect();
    assert_eq!(names, ["everything"]);
}

#[test]
fn the_first_rule_that_matches_decides() {
    let routing = routing(json!({
        "name": "r", "fallback_model": "deepseek", "rules": [
            {"name": "batch", "match_conditions": {"batch_mode": true}, "target_model": "deepseek"},
            {"name": "short", "match_conditions": {"max_output_tokens": 100},
             "target_model": "gemini", "fallback": "gpt4"},
            {"name": "shorter", "match_conditions": {"max_output_tokens": 10},
             "target_model": "claude"},
            {"name": "see", "match_conditions": {"model_capability_required": "audio"},
             "target_model": "seeing", "fallback": "unpriced"},
            {"name": "gone", "match_conditions": {"max_output_tokens": 500},
             "target_model": "gpt-9"},
        ],
    }));
    let catalog = catalog();
    let features = |batch, tokens, needs: &[&str]| Features {
        batch,
        max_output_tokens: tokens,
        needs: words(needs),
        ..Features::default()
    };
    let everything: Option<&[&str]> = None;
    for (features, allowed, model, reason) in [
        (
            features(true, Some(5), &[]),
            everything,
            "deepseek-v3.2",
            "routed: batch",
        ),
        (
            features(false, Some(5), &[]),
            everything,
            "gemini-2.5-flash",
            "routed: short",
        ),
        // An alias in the allow-list is as good as the name.
        (
            features(false, Some(5), &[]),
            Some(&["gpt-4"][..]),
            "gpt-4.1",
            "routed: short (fallback)",
        ),
        (
            features(false, Some(5), &[]),
            Some(&["deepseek-v3.2"][..]),
            "deepseek-v3.2",
            "routed: short (fallback)",
        ),
        (
            features(false, None, &[]),
            everything,
            "deepseek-v3.2",
            "routed: no rule matches (fallback_model)",
        ),
        // Neither the target nor the fallback can.
        (
            features(false, None, &["audio"]),
            everything,
            "deepseek-v3.2",
            "routed: see (fallback)",
        ),
        (
            features(false, Some(500), &[]),
            everything,
            "deepseek-v3.2",
            "routed: gone (fallback)",
        ),
    ] {
        let allowed = allowed.map(words);
        let rights = rights(allowed.as_deref());
        let routed = route(
            &routing,
            &features,
            Priority::Standard,
            &catalog,
            &rights,
            Timestamp::EPOCH,
        )
        .unwrap();
        assert_eq!(
            (routed.model.name.as_str(), routed.to_string().as_str()),
            (model, reason)
        );
        assert_eq!(Some(routed.price), routed.model.price.as_ref());
    }
}

#[test]
fn what_was_tried_is_told_where_nothing_can_serve() {
    let routing = routing(json!({
        "name": "r", "fallback_model": "gpt-9", "rules": [
            {"name": "see", "match_conditions": {"model_capability_required": "audio"},
             "target_model": "seeing", "fallback": "unpriced"},
            {"name": "short", "match_conditions": {"max_output_tokens": 9},
             "target_model": "claude"},
        ],
    }));
    let catalog = catalog();
    let allowed = words(&["gpt-4.1"]);
    let rights = rights(Some(&allowed));
    let tried = |features: Features| {
        route(
            &routing,
            &features,
            Priority::Standard,
            &catalog,
            &rights,
            Timestamp::EPOCH,
        )
        .unwrap_err()
    };
    let not_allowed = || Obstacle::NotAllowed("key:k".to_owned());
    let found = tried(Features {
        max_output_tokens: Some(1),
        ..Features::default()
    });
    assert_eq!(found.rule.as_deref(), Some("short"));
    let expected = [
        ("claude".to_owned(), not_allowed()),
        ("gpt-9".to_owned(), Obstacle::Unknown),
    ];
    assert_eq!(found.tried, expected);
    let found = tried(Features {
        needs: words(&["audio"]),
        ..Features::default()
    });
    assert_eq!(found.tried[0].1, Obstacle::Lacks("audio".to_owned()));
    assert_eq!(found.tried[1].1, not_allowed());
    let found = tried(Features::default());
    assert_eq!((found.rule, found.tried.len()), (None, 1));
    assert!(
        reachable(
            &routing,
            Some(WireFormat::OpenAi),
            &catalog,
            &rights,
            Timestamp::EPOCH
        )
        .is_empty()
    );
}

#[test]
fn an_unknown_price_is_as_the_namespace_says() {
    let routing = routing(json!({
        "name": "r", "fallback_model": "unpriced", "rules": [],
    }));
    let (catalog, features) = (catalog(), Features::default());
    let mut rights = rights(None);
    let refused = route(
        &routing,
        &features,
        Priority::Low,
        &catalog,
        &rights,
        Timestamp::EPOCH,
    )
    .unwrap_err();
    assert_eq!(refused.tried[0].1, Obstacle::NoPrice);
    rights.unknown_price = UnknownPrice::Free;
    let routed = route(
        &routing,
        &features,
        Priority::Low,
        &catalog,
        &rights,
        Timestamp::EPOCH,
    )
    .unwrap();
    assert_eq!(*routed.price, Price::FREE);
}

#[test]
fn savings_are_against_the_dearest_the_caller_may_use() {
    let routing = routing(json!({
        "name": "r", "fallback_model": "claude", "rules": [
            {"name": "short", "match_conditions": {"max_output_tokens": 100},
             "target_model": "deepseek"}],
    }));
    let catalog = catalog();
    let of = |allowed: Option<&[&str]>, body: &str| {
        let allowed = allowed.map(words);
        let unsent = Unsent {
            endpoint: &Endpoint::ChatCompletions,
            format: Some(WireFormat::OpenAi),
            body: body.as_bytes(),
            hints: &Hints::default(),
        };
        let (routing, rights) = (Some(&routing), rights(allowed.as_deref()));
        forecast(
            routing,
            Priority::Low,
            unsent,
            &catalog,
            &rights,
            Timestamp::EPOCH,
        )
    };
    let body = r#"{"model":"auto","max_tokens":100,"messages":[]}"#;
    let forecast = of(None, body).unwrap();
    assert_eq!(
        (forecast.model.as_str(), forecast.rule.as_deref()),
        ("deepseek-v3.2", Some("short"))
    );
    // 16 tokens of prompt and 100 of output: $0.10 and $0.42 against $3.00 and $15.00 a million.
    assert_eq!(forecast.estimate.money.nanos(), 16 * 100 + 100 * 420);
    assert_eq!(forecast.dearest.nanos(), 16 * 3_000 + 100 * 15_000);
    assert_eq!(forecast.savings(), 9_718);
    let alone = of(Some(&["deepseek"]), body).unwrap();
    assert_eq!(alone.savings(), 0, "nothing dearer could be chosen");
    let dear = of(None, r#"{"model":"auto","messages":[]}"#).unwrap();
    assert_eq!((dear.rule.clone(), dear.savings()), (None, 0));
    let named = of(None, r#"{"model":"gpt4","messages":[]}"#).unwrap();
    assert_eq!((named.model.as_str(), named.reason), ("gpt-4.1", None));
    let error = of(Some(&["gemini"]), r#"{"model":"gpt4"}"#).unwrap_err();
    let not_allowed = Obstacle::NotAllowed("key:k".to_owned());
    assert_eq!(error, NoForecast::Unusable("gpt4".to_owned(), not_allowed));
    assert!(matches!(of(None, "{}").unwrap_err(), NoForecast::Body(_)));
    assert!(matches!(
        of(Some(&[]), body).unwrap_err(),
        NoForecast::Unroutable(_)
    ));
}

proptest! {
    /// Whatever the rules and the request: what serves it is one of the models named, and allowed.
    #[test]
    fn nothing_is_routed_to_what_is_not_allowed(
        targets in proptest::collection::vec(0usize..8, 1..6),
        allowed in proptest::collection::vec(0usize..8, 0..4),
        most in proptest::collection::vec(proptest::option::of(1u64..5), 6),
        asked in proptest::option::of(1u64..5),
    ) {
        let catalog = catalog();
        let name = |at: &usize| catalog.models[*at].name.clone();
        let rules: Vec<Value> = targets.iter().enumerate().map(|(at, target)| json!({
            "name": at.to_string(), "target_model": name(target),
            "match_conditions": {"max_output_tokens": most[at]},
        })).collect();
        let routing = routing(json!({ "name": "r", "rules": rules, "fallback_model": name(&targets[0]) }));
        let allowed: Vec<String> = allowed.iter().map(name).collect();
        let features = Features { max_output_tokens: asked, ..Features::default() };
        let rights = rights(Some(&allowed));
        match route(&routing, &features, Priority::Standard, &catalog, &rights, Timestamp::EPOCH) {
            Ok(routed) => {
                prop_assert!(allowed.contains(&routed.model.name));
                let first = routing.rules.iter().find(|rule| rule.match_conditions.hold(&features, Priority::Standard));
                prop_assert_eq!(routed.rule, first.map(|rule| rule.name.as_str()));
                prop_assert!(reachable(&routing, Some(WireFormat::OpenAi), &catalog, &rights, Timestamp::EPOCH).iter().any(|(model, _)| model.name == routed.model.name));
            }
            Err(unroutable) => prop_assert!(!unroutable.tried.is_empty()),
        }
    }
}
