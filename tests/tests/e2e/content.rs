//! Prompts the operator's content policy forbids: refused before the provider sees them, in every
//! dialect, and recorded without their text.

use crate::client::Call;
use crate::gateway::{Gateway, Tenant, eventually};
use paddock_local::{Stack, StackOptions};
use paddock_tests::filters;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// A word that stands in forbidden prompts and must stand nowhere else.
const SECRET: &str = "zanzibar";

fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let policy = json!({"categories": [
            {"name": "weapons", "phrases": ["make a bomb"], "enforced_from": "relaxed"},
            {"name": "cards", "patterns": ["\\b\\d{4} \\d{4} \\d{4} \\d{4}\\b"]},
            {"name": "medical", "phrases": ["diagnosis"], "enforced_from": "strict"},
        ]});
        let edit = move |plugin: &mut Value| plugin["content_policy"] = policy;
        let options = StackOptions {
            edit_plugin: Some(Box::new(edit)),
            wasm: Some(filters::with_content_policy().unwrap()),
            ..StackOptions::default()
        };
        Gateway::lasting("content", options)
    })
}

fn says(tenant: &Tenant, text: &str) -> Call {
    let message = json!({"role": "user", "content": text});
    tenant.chat_with(json!({"max_tokens": 16, "messages": [message]}))
}

#[test]
fn every_dialect_is_refused_before_the_provider_and_recorded_without_the_text() {
    let gateway = gateway();
    let tenant = gateway.namespace("dialects", json!({"rate_limit_per_minute": 600}));
    let bad = format!("{SECRET}, make a bomb");
    let part = json!({"text": bad});
    let gemini = "/v1beta/models/gemini-2.5-flash:generateContent";
    let calls = [
        (
            "/v1/chat/completions",
            json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": bad}]}),
        ),
        (
            "/v1/completions",
            json!({"model": "gpt-4.1", "prompt": ["fine", bad]}),
        ),
        (
            "/v1/embeddings",
            json!({"model": "text-embedding-3-small", "input": bad}),
        ),
        (
            "/v1/responses",
            json!({"model": "gpt-4.1", "instructions": bad, "input": "fine"}),
        ),
        (
            "/v1/messages",
            json!({"model": "claude", "max_tokens": 9, "messages": [], "system": [part]}),
        ),
        (
            gemini,
            json!({"contents": [{"role": "user", "parts": [part]}]}),
        ),
    ];
    for (path, body) in &calls {
        let refused = gateway
            .send(&tenant.post(path, body.to_string()))
            .expect(400);
        let refused = refused
            .says("/error/category", "weapons")
            .says("/error/scope", tenant.namespace_scope())
            .with("x-should-retry", "false");
        assert!(
            refused.header("x-ratelimit-limit-requests").is_some(),
            "{refused}"
        );
        let pointer = if *path == gemini {
            "/error/reason"
        } else {
            "/error/code"
        };
        let refused = refused.says(pointer, "content_policy_violation");
        let text = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(
            !text.contains(SECRET) && !text.contains("bomb"),
            "{refused}"
        );
    }
    gateway.send(&says(&tenant, "make amends")).expect(200);
    assert_eq!(gateway.seen(&tenant).len(), 1);

    let lines = gateway.ledger(&tenant, calls.len() + 1);
    let refused: Vec<_> = lines
        .iter()
        .filter(|line| line.outcome == "refused")
        .collect();
    assert_eq!(refused.len(), calls.len(), "{lines:#?}");
    for line in refused {
        assert_eq!(
            (line.status, line.charge()),
            (400, (0, 0, 0, false)),
            "{line:?}"
        );
    }
    let path = format!(
        "/v1/audit?namespace={}&action=model.refused",
        tenant.namespace
    );
    let audit = gateway.manage("GET", &path, None);
    let entries = audit["data"].as_array().unwrap();
    let of_weapons = entries
        .iter()
        .filter(|entry| entry["category"] == "weapons");
    assert_eq!(of_weapons.count(), calls.len(), "{audit:#}");
    let path = format!("/v1/namespaces/{}/usage", tenant.namespace);
    assert_eq!(gateway.manage("GET", &path, None)["request_count"], 1);

    let ours = format!("ns=\"{}\"", tenant.namespace);
    eventually("all six are counted", || {
        let metrics = gateway.envoy_metrics();
        let counted = metrics.lines().find(|line| {
            line.starts_with("paddock_content_violations_total") && line.contains(&ours)
        })?;
        (counted.contains("reason=\"weapons\"") && counted.ends_with(" 6")).then_some(())
    });
    let log: Vec<String> = gateway.access_log().iter().map(Value::to_string).collect();
    for (what, text) in [
        ("the audit", audit.to_string()),
        ("the metrics", gateway.envoy_metrics()),
        ("Envoy's log", gateway.envoy_log()),
        ("the access log", log.concat()),
    ] {
        assert!(!text.contains(SECRET), "{what} has the text");
    }
}

#[test]
fn escapes_and_seams_hide_nothing() {
    let gateway = gateway();
    let tenant = gateway.namespace("hidden", json!({}));
    for body in [
        r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"m\u0061ke\na B\u004fMB"}]}"#,
        r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"make a bo\u200bmb"}]}"#,
        r#"{"model":"gpt-4.1","messages":[{"role":"user","content":[{"type":"text","text":"make a bo"},{"type":"text","text":"mb"}]}]}"#,
        r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"make"},{"role":"user","content":"a bomb"}]}"#,
        r#"{"model":"gpt-4.1","messages":[{"role":"tool","tool_call_id":"1","content":"make a bomb"}]}"#,
        r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"4111 1111 "},{"role":"user","content":"1111 1111"}]}"#,
    ] {
        let call = tenant.post("/v1/chat/completions", body);
        gateway
            .send(&call)
            .expect(400)
            .says("/error/code", "content_policy_violation");
        gateway.send(&call.chunked(7)).expect(400);
    }
    assert_eq!(gateway.seen(&tenant).len(), 0);
}

#[test]
fn modes_of_namespace_and_key_and_exemptions_decide() {
    let gateway = gateway();
    let (bomb, card, ill) = ("make a bomb", "4111 1111 1111 1111", "a diagnosis");
    for (settings, key, refused) in [
        (json!({}), json!({}), vec![bomb, card]),
        (
            json!({"content_policy_mode": "relaxed"}),
            json!({}),
            vec![bomb],
        ),
        (
            json!({"content_policy_mode": "strict"}),
            json!({}),
            vec![bomb, card, ill],
        ),
        (
            json!({"content_policy_mode": "strict", "allowed_categories": ["medical", "cards"]}),
            json!({}),
            vec![bomb],
        ),
        (
            json!({"content_policy_mode": "relaxed"}),
            json!({"content_policy_mode": "strict"}),
            vec![bomb, card, ill],
        ),
        (
            json!({"content_policy_mode": "strict"}),
            json!({"content_policy_mode": "relaxed"}),
            vec![bomb],
        ),
    ] {
        let mut tenant = gateway.namespace("modes", json!({}));
        let path = format!("/v1/namespaces/{}/settings", tenant.namespace);
        gateway.manage("PUT", &path, Some(&settings));
        if key != json!({}) {
            let mut fields = key.clone();
            fields["namespace"] = json!(tenant.namespace);
            tenant = Tenant {
                namespace: tenant.namespace.clone(),
                ..gateway.tenant("key-of-modes", fields)
            };
        }
        for text in [bomb, card, ill] {
            let expected = if refused.contains(&text) { 400 } else { 200 };
            let answer = gateway.send(&says(&tenant, text));
            assert_eq!(answer.status, expected, "{settings} {key} {text}: {answer}");
        }
    }
}

#[test]
fn a_loop_of_violations_is_held_to_the_rate() {
    let gateway = gateway();
    let limits = json!({"rate_limit_per_minute": 10, "burst": 2});
    let tenant = gateway.namespace("loop", limits);
    for expected in [400, 400, 429] {
        gateway.send(&says(&tenant, "make a bomb")).expect(expected);
    }
    gateway.send(&says(&tenant, "fine")).expect(429);
}

#[test]
fn the_plain_build_refuses_a_content_policy_and_says_which_build_has_one() {
    let policy = json!({"categories": [{"name": "weapons", "phrases": ["make a bomb"]}]});
    let edit = move |plugin: &mut Value| plugin["content_policy"] = policy;
    let options = StackOptions {
        edit_plugin: Some(Box::new(edit)),
        ..StackOptions::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime.block_on(Stack::start(options)).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("paddock-content.wasm"), "{error}");
}
