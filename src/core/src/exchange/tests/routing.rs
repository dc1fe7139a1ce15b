//! The model `auto`: what reaches the upstream, what the client is told, what is charged.

use super::bench::*;
use crate::authorization::ModelRights;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use crate::policy::UnknownPrice;
use crate::request::{Endpoint, Headers, Hints};
use crate::routing::{Unsent, forecast};
use crate::timestamp::Timestamp;
use serde_json::Value;

const ROUTED: &str = r#","monthly_quota_usd":1,"priority":"low","routing":{"name":"r",
    "fallback_model":"large","rules":[
    {"name":"short","match_conditions":{"max_output_tokens":50},"target_model":"small"},
    {"name":"later","match_conditions":{"batch_mode":true},"target_model":"small"},
    {"name":"vip","match_conditions":{"priority":"high"},"target_model":"secret"}]}"#;

fn sent(step: &Step) -> Value {
    let body = step.effects.iter().find_map(|effect| match effect {
        Effect::ReplaceRequestBody(body) => Some(serde_json::from_slice(body).unwrap()),
        _ => None,
    });
    body.unwrap_or_else(|| panic!("{step:?}"))
}

fn told(step: &Step, name: &str) -> Option<String> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::SetResponseHeader(other, value) if *other == name => Some(value.clone()),
        _ => None,
    })
}

fn answered(bench: &mut Bench, exchange: &mut Exchange) -> Vec<Step> {
    let head = bench.answer(exchange, 200, "application/json");
    let chunk = br#"{"usage":{"prompt_tokens":10,"completion_tokens":5}}"#;
    let end = bench.step(exchange, Input::ResponseBody { chunk, end: true });
    vec![head, end]
}

#[test]
fn the_rule_chooses_and_the_model_used_is_priced() {
    for (more, headers_more, model, reason) in [
        (r#","max_tokens":50"#, None, "small", "routed: short"),
        (r#","batch_mode":true"#, None, "small", "routed: later"),
        (
            r#","max_tokens":51"#,
            Some(("x-batch-mode", "true")),
            "small",
            "routed: later",
        ),
        (
            r#","priority":"high""#,
            None,
            "large",
            "routed: vip (fallback)",
        ),
        (
            "",
            Some(("x-priority", "high")),
            "large",
            "routed: vip (fallback)",
        ),
        (
            "",
            None,
            "large",
            "routed: no rule matches (fallback_model)",
        ),
    ] {
        let mut bench = Bench::standalone("", ROUTED);
        let mut exchange = Exchange::default();
        let extra: Vec<(&str, &str)> = headers_more.into_iter().collect();
        let head = headers(CHAT, KEY, &extra);
        let step = bench.send(&mut exchange, &head, &body(" Auto ", more));
        assert_eq!(step.verdict, Verdict::Continue, "{more}");
        let upstream = sent(&step);
        assert_eq!(upstream["model"], model);
        for hint in ["batch_mode", "priority"] {
            assert_eq!(upstream.get(hint), None, "{more}");
        }
        for (name, _) in &extra {
            let gone = Effect::RemoveRequestHeader((*name).to_owned());
            assert!(step.effects.contains(&gone), "{name}");
        }
        let steps = answered(&mut bench, &mut exchange);
        assert_eq!(
            told(&steps[0], "x-paddock-model").as_deref(),
            Some(model),
            "{more}"
        );
        assert_eq!(
            told(&steps[0], "x-paddock-reason").as_deref(),
            Some(reason),
            "{more}"
        );
        let event = event(&steps);
        assert_eq!((&*event.model, &*event.requested_model), (model, " Auto "));
        assert_eq!(event.cost.nanos(), 10 * 1_000 + 5 * 10_000);
    }
}

#[test]
fn a_gemini_path_is_routed_too() {
    let mut bench = Bench::standalone("", ROUTED);
    let mut exchange = Exchange::default();
    let head = headers(
        "/v1beta/models/auto:streamGenerateContent?alt=sse",
        KEY,
        &[],
    );
    let body = br#"{"contents":[],"generationConfig":{"maxOutputTokens":7}}"#;
    let step = bench.send(&mut exchange, &head, body);
    let path = "/v1beta/models/small:streamGenerateContent?alt=sse";
    assert!(
        step.effects.contains(&Effect::SetPath(path.to_owned())),
        "{step:?}"
    );
}

#[test]
fn what_cannot_be_routed_is_refused_with_what_was_tried() {
    let allowed = r#","allowed_models":["huge"]"#;
    let none = r#","routing":{"name":"r","rules":[
        {"name":"short","match_conditions":{"max_output_tokens":50},"target_model":"tiny",
         "fallback":"secret"}]}"#;
    for (key, namespace, more, status, code, parts) in [
        (
            "",
            "",
            "",
            404,
            "model_not_found",
            [
                "'n' has none",
                "PUT /v1/namespaces/n/routing",
                "small, large",
            ],
        ),
        (
            "",
            none,
            "",
            404,
            "model_not_found",
            [
                "No routing rule of 'n' matches",
                "no fallback_model",
                "name a model",
            ],
        ),
        (
            allowed,
            none,
            r#","max_tokens":1"#,
            403,
            "model_not_allowed",
            [
                "the rule 'short' matches",
                "key 'k' may not use 'tiny'",
                "'secret' has no price",
            ],
        ),
    ] {
        // `secret` has no price, and is not on the list of the key either.
        let parts = if key.is_empty() {
            parts.to_vec()
        } else {
            parts[..2].to_vec()
        };
        let mut bench = Bench::standalone(key, namespace);
        let (_, step) = bench.chat(&body("auto", more));
        let reply = reply(step);
        let error = error(&reply);
        assert_eq!(
            (reply.status, error["code"].as_str()),
            (status, Some(code)),
            "{error}"
        );
        let message = error["message"].as_str().unwrap();
        for part in parts {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert_eq!(bench.record("namespace:n").in_flight.total(), 0);
    }
}

#[test]
fn what_is_reserved_is_what_is_forecast() {
    let rights = ModelRights {
        lists: [
            ("key:k", None),
            ("", None),
            ("namespace:n", None),
            ("", None),
        ],
        unknown_price: UnknownPrice::Refuse,
        allowed_regions: None,
    };
    for (model, more) in [
        (
            "auto",
            r#","max_tokens":33,"n":2,"batch_mode":true,"priority":"background""#,
        ),
        ("auto", r#","max_tokens":90,"stream":true"#),
        ("auto", ""),
        ("tiny", r#","max_tokens":9"#),
    ] {
        let mut bench = Bench::standalone("", ROUTED);
        let policy = bench.worker.config.policy.clone().unwrap();
        let (namespace, catalog) = (&policy.namespaces[0], &policy.catalog);
        let (endpoint, bytes, hints) = (
            Endpoint::ChatCompletions,
            body(model, more),
            Hints::default(),
        );
        let unsent = Unsent {
            endpoint: &endpoint,
            format: Some(endpoint.format()),
            body: &bytes,
            hints: &hints,
        };
        let routing = namespace.routing.as_ref();
        let forecast = forecast(
            routing,
            namespace.priority,
            unsent,
            catalog,
            &rights,
            Timestamp::EPOCH,
        )
        .unwrap();
        let (mut exchange, _) = bench.chat(&bytes);
        let held = bench.record("namespace:n").books.held.total();
        assert_eq!(held, forecast.estimate.money.nanos(), "{more}");
        let steps = answered(&mut bench, &mut exchange);
        assert_eq!(
            told(&steps[0], "x-paddock-model").as_ref(),
            Some(&forecast.model)
        );
        let reason = told(&steps[0], "x-paddock-reason");
        assert_eq!(
            reason,
            forecast.reason.or(Some("aliased".to_owned())),
            "{more}"
        );
    }
}

#[test]
fn what_was_routed_can_still_be_redirected() {
    let settings = r#""settings":{"throttle_mode":"redirect","fallback_model":"tiny"}"#;
    // A thousandth of what four thousand tokens of `large` could cost.
    let routed = ROUTED.replace(r#""monthly_quota_usd":1"#, r#""monthly_quota_usd":0.005"#);
    let mut bench = Bench::standalone("", &format!("{routed},{settings}"));
    let (mut exchange, step) = bench.chat(&body("auto", r#","priority":"background""#));
    assert_eq!(step.verdict, Verdict::Continue);
    let upstream = sent(&step);
    assert_eq!(
        (&upstream["model"], upstream.get("priority")),
        (&"small".into(), None)
    );
    let steps = answered(&mut bench, &mut exchange);
    let reason = told(&steps[0], "x-paddock-reason");
    assert_eq!(reason.as_deref(), Some("budget_low"));
    assert_eq!(event(&steps).requested_model, "auto");
}

#[test]
fn auto_is_in_the_list_of_models_where_there_is_a_routing() {
    for (policy, expected) in [(ROUTED, true), ("", false)] {
        let mut bench = Bench::standalone("", policy);
        let list = headers("/v1/models", KEY, &[]);
        let input = Input::RequestHeaders {
            headers: Headers(&crate::request::borrowed(&list)),
            attributes: &[],
            end: true,
        };
        let reply = reply(bench.step(&mut Exchange::default(), input));
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let models = body["data"].as_array().unwrap();
        let is_there = models.iter().any(|model| model["id"] == "auto");
        assert_eq!(is_there, expected, "{body}");
    }
}
