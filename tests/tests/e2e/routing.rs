//! The model `auto`, from the rules that are set to the bill.

use crate::client::{Answer, Call};
use crate::gateway::{Gateway, Tenant, header_of, ledger};
use paddock_local::StackOptions;
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";

fn rules() -> Value {
    json!({
        "name": "by-cost", "fallback_model": "gpt-4.1", "rules": [
            {"name": "batch", "match_conditions": {"batch_mode": true}, "target_model": "deepseek"},
            {"name": "classify", "target_model": "gemini", "match_conditions":
                {"max_output_tokens": 64, "system_prompt_contains": ["Classify", "Translate"]}},
            {"name": "precise", "match_conditions": {"temperature": 0.2}, "target_model": "claude"},
            {"name": "urgent", "match_conditions": {"priority": "high"}, "target_model": "claude"},
            {"name": "pictures", "match_conditions": {"model_capability_required": "vision"},
             "target_model": "gemini-2.5-flash"},
            {"name": "tiny", "match_conditions": {"max_output_tokens": 5},
             "target_model": "deepseek-v3.2"},
        ],
    })
}

/// A tenant whose namespace has these rules.
fn routed(name: &str, fields: Value, rules: &Value) -> Tenant {
    let gateway = Gateway::shared();
    let tenant = gateway.namespace(name, fields);
    let path = format!("/v1/namespaces/{}/routing", tenant.namespace);
    gateway.manage("PUT", &path, Some(rules));
    tenant
}

fn auto(tenant: &Tenant, fields: Value) -> Call {
    let mut fields = fields;
    fields["model"] = json!("auto");
    tenant.chat_with(fields)
}

#[track_caller]
fn is_served(answer: Answer, model: &str, reason: &str) -> Answer {
    let answer = answer.expect(200).with("x-paddock-model", model);
    answer.with("x-paddock-reason", reason)
}

/// Nano-dollars of an input and an output token.
fn price(model: &str) -> (i64, i64) {
    match model {
        "gpt-4.1" => (ledger::INPUT, ledger::OUTPUT),
        "claude-sonnet-4.5" => (3_000, 15_000),
        "gemini-2.5-flash" => (300, 2_500),
        "deepseek-v3.2" => (100, 420),
        other => panic!("{other}"),
    }
}

#[test]
fn the_first_rule_whose_conditions_hold_chooses() {
    type With<'a> = &'a dyn Fn(Call) -> Call;
    let gateway = Gateway::shared();
    let tenant = routed("rules", json!({}), &rules());
    let system = |text: &str| json!([{"role": "system", "content": text}, {"role": "user", "content": "Hello, horse"}]);
    let picture = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]);
    let batch = |call: Call| call.header("x-batch-mode", "true");
    let same = |call: Call| call;
    let urgent = |call: Call| call.header("x-priority", "high");
    let cases: [(Value, With<'_>, &str, &str); 12] = [
        (
            json!({"batch_mode": true}),
            &same,
            "deepseek-v3.2",
            "routed: batch",
        ),
        (
            json!({"metadata": {"batch_mode": "true"}}),
            &same,
            "deepseek-v3.2",
            "routed: batch",
        ),
        (json!({}), &batch, "deepseek-v3.2", "routed: batch"),
        // Two rules would match: the first one counts.
        (
            json!({"temperature": 0.1}),
            &batch,
            "deepseek-v3.2",
            "routed: batch",
        ),
        (
            json!({"max_tokens": 64, "messages": system("You classify.")}),
            &same,
            "gemini-2.5-flash",
            "routed: classify",
        ),
        (
            json!({"max_tokens": 65, "messages": system("You classify.")}),
            &same,
            "gpt-4.1",
            "routed: no rule matches (fallback_model)",
        ),
        (
            json!({"temperature": 0.2}),
            &same,
            "claude-sonnet-4.5",
            "routed: precise",
        ),
        (
            json!({"priority": "high"}),
            &same,
            "claude-sonnet-4.5",
            "routed: urgent",
        ),
        (json!({}), &urgent, "claude-sonnet-4.5", "routed: urgent"),
        (
            json!({"messages": picture}),
            &same,
            "gemini-2.5-flash",
            "routed: pictures",
        ),
        (
            json!({"max_completion_tokens": 5}),
            &same,
            "deepseek-v3.2",
            "routed: tiny",
        ),
        (
            json!({"max_tokens": 6}),
            &same,
            "gpt-4.1",
            "routed: no rule matches (fallback_model)",
        ),
    ];
    for (fields, with, model, reason) in &cases {
        let answer = gateway.send(&with(auto(&tenant, fields.clone())));
        is_served(answer, model, reason).says("/model", *model);
    }
    let seen = gateway.seen(&tenant);
    let lines = gateway.ledger(&tenant, cases.len());
    for ((request, line), (fields, _, model, reason)) in seen.iter().zip(&lines).zip(&cases) {
        let about = (request, line, reason);
        let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["model"], *model, "{about:?}");
        for hint in ["batch_mode", "priority"] {
            assert_eq!(body.get(hint), None, "{about:?}");
        }
        assert_eq!(body.pointer("/metadata/batch_mode"), None, "{about:?}");
        assert_eq!(
            body.get("temperature"),
            fields.get("temperature"),
            "{about:?}"
        );
        for header in ["x-batch-mode", "x-priority", "x-capability"] {
            assert_eq!(header_of(request, header), None, "{about:?}");
        }
        assert_eq!(
            (line.model.as_str(), line.requested_model.as_str()),
            (*model, "auto")
        );
        let (input, output) = price(model);
        assert_eq!(
            line.cost,
            line.input * input + line.output * output,
            "{about:?}"
        );
    }
}

#[test]
fn a_target_that_may_not_be_used_gives_way() {
    let gateway = Gateway::shared();
    let with_fallback = |fallback: Option<&str>, last: Option<&str>| {
        json!({"name": "r", "fallback_model": last, "rules": [
            {"name": "small", "match_conditions": {"max_output_tokens": 20},
             "target_model": "claude", "fallback": fallback}]})
    };
    let only = json!({"allowed_models": ["gpt-4.1", "deepseek-v3.2"]});
    let call = |tenant: &Tenant| auto(tenant, json!({"max_tokens": 16}));
    let tenant = routed(
        "own-fallback",
        only.clone(),
        &with_fallback(Some("deepseek"), Some("gpt4")),
    );
    is_served(
        gateway.send(&call(&tenant)),
        "deepseek-v3.2",
        "routed: small (fallback)",
    );
    let tenant = routed(
        "last-fallback",
        only.clone(),
        &with_fallback(Some("gemini"), Some("gpt4")),
    );
    is_served(
        gateway.send(&call(&tenant)),
        "gpt-4.1",
        "routed: small (fallback)",
    );
    let tenant = routed("no-fallback", only, &with_fallback(Some("gemini"), None));
    let refused = gateway
        .send(&call(&tenant))
        .expect(403)
        .with("x-should-retry", "false");
    let refused = refused.says("/error/code", "model_not_allowed");
    let scope = tenant.namespace_scope();
    let refused = refused.says("/error/scope", scope.clone());
    for part in [
        format!("{scope} may not use 'claude'"),
        format!("{scope} may not use 'gemini'"),
    ] {
        refused.clone().mentions("/error/message", &part);
    }
    let refused = gateway.send(&auto(&tenant, json!({}))).expect(404);
    refused.mentions("/error/message", "No routing rule");
    assert!(gateway.seen(&tenant).is_empty());
}

#[test]
fn without_routing_auto_is_refused_with_what_to_do() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("unrouted", json!({}));
    let refused = gateway.send(&auto(&tenant, json!({}))).expect(404);
    let path = format!("PUT /v1/namespaces/{}/routing", tenant.namespace);
    refused
        .says("/error/code", "model_not_found")
        .mentions("/error/message", &path);
}

#[test]
fn a_stream_is_routed_metered_and_not_touched() {
    let gateway = Gateway::shared();
    let tenant = routed("stream", json!({}), &rules());
    let call = auto(&tenant, json!({"stream": true, "batch_mode": true}));
    let answer = is_served(gateway.send(&call), "deepseek-v3.2", "routed: batch");
    let text = String::from_utf8(answer.body).unwrap();
    assert!(
        text.contains("[DONE]") && !text.contains("prompt_tokens"),
        "{text}"
    );
    let line = gateway.ledger(&tenant, 1).remove(0);
    assert_eq!(
        line.charge(),
        (3, 16, 3 * 100 + 16 * 420, false),
        "{line:?}"
    );
    assert!(line.stream);
}

#[test]
fn the_other_dialects_are_routed_too() {
    let gateway = Gateway::shared();
    // Its upstream serves every format.
    let name = format!("polyglot-{}", gateway.number());
    let price = json!({"upstream": "gemini", "input": 0.3, "output": 2.5});
    gateway.model(&name, &price);
    let mut rules = rules();
    rules["rules"][1]["target_model"] = json!(name);
    let tenant = routed("dialects", json!({}), &rules);
    let messages = json!({"model": "auto", "max_tokens": 16, "system": "Translate, please",
        "messages": [{"role": "user", "content": "Hello, horse"}],
        "metadata": {"user_id": "u1"}});
    let answer = gateway.send(&tenant.post("/v1/messages", messages.to_string()));
    is_served(answer, &name, "routed: classify");
    let content = json!({"systemInstruction": {"parts": [{"text": "translate"}]},
        "generationConfig": {"maxOutputTokens": 16},
        "contents": [{"role": "user", "parts": [{"text": "Hello, horse"}]}]});
    for path in [
        "/v1beta/models/auto:generateContent",
        "/v1beta/models/auto:streamGenerateContent?alt=sse",
        "/v1/models/auto:generateContent",
    ] {
        let answer = gateway.send(&tenant.post(path, content.to_string()));
        is_served(answer, &name, "routed: classify");
    }
    let response = json!({"model": "auto", "instructions": "Translate", "input": "Hello, horse",
        "max_output_tokens": 16});
    let answer = gateway.send(&tenant.post("/v1/responses", response.to_string()));
    is_served(answer, &name, "routed: classify");
    let seen = gateway.seen(&tenant);
    let paths: Vec<&str> = seen
        .iter()
        .map(|request| request["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "/v1/messages",
            &format!("/v1beta/models/{name}:generateContent"),
            &format!("/v1beta/models/{name}:streamGenerateContent?alt=sse"),
            &format!("/v1/models/{name}:generateContent"),
            "/v1/responses",
        ]
    );
    for line in gateway.ledger(&tenant, 5) {
        assert_eq!(
            (line.model.as_str(), line.requested_model.as_str()),
            (name.as_str(), "auto")
        );
        assert_eq!(
            line.cost,
            line.input * 300 + line.output * 2_500,
            "{line:?}"
        );
        assert!(!line.estimated, "{line:?}");
    }
}

/// What `resolve` answers is what is then reserved: a budget of exactly that is enough, and one
/// nano-dollar less is not.
#[test]
fn what_is_resolved_is_what_is_reserved() {
    let gateway = Gateway::shared();
    let fields = json!({"batch_mode": true, "priority": "low", "max_tokens": 40, "n": 2});
    let resolved = |tenant: &Tenant| {
        let path = format!("/v1/namespaces/{}/routing/resolve", tenant.namespace);
        let body = auto(tenant, fields.clone()).body;
        gateway.send(&tenant.post(&path, body)).expect(200).json()
    };
    let first = routed("resolved", json!({}), &rules());
    let found = resolved(&first);
    assert_eq!(
        (&found["model"], &found["rule"]),
        (&json!("deepseek-v3.2"), &json!("batch"))
    );
    assert!(
        found["cost_savings_pct"].as_f64().unwrap() > 90.0,
        "{found}"
    );
    assert!(gateway.seen(&first).is_empty(), "nothing was sent");
    let cost = found["estimated_cost"].as_f64().unwrap();
    assert!(cost >= 80.0 * 0.42 / 1e6, "{found}");
    for (quota, status) in [(cost, 200), (cost - 1e-9, 402)] {
        let tenant = routed("exact", json!({"monthly_quota_usd": quota}), &rules());
        let answer = gateway.send(&auto(&tenant, fields.clone())).expect(status);
        if status == 200 {
            let line = gateway.ledger(&tenant, 1).remove(0);
            assert!(line.cost as f64 / 1e9 <= cost, "{line:?}");
        } else {
            answer.says("/error/code", "budget_exceeded");
        }
    }
}

/// An inline policy routes as well, and says what becomes of models without a price.
#[test]
fn a_standalone_gateway_routes() {
    let key = |name: &str| format!("a-key-of-the-operators-own-{name}");
    let digest = |name: &str| paddock_core::secret::digest(key(name).as_bytes()).to_hex();
    let routing = json!({"name": "r", "fallback_model": "big", "rules": [
        {"name": "free", "match_conditions": {"batch_mode": true}, "target_model": "unpriced"},
        {"name": "see", "match_conditions": {"model_capability_required": "code"},
         "target_model": "small"}]});
    let policy = json!({
        "models": [
            {"name": "big", "upstream": "openai", "input": 10, "output": 100},
            {"name": "small", "upstream": "openai", "input": 1, "output": 2, "reasoning": 3,
             "batch_percent": 50, "capabilities": ["code"]},
            {"name": "unpriced", "upstream": "openai"},
        ],
        "namespaces": [
            {"name": "strict", "routing": routing.clone()},
            {"name": "lax", "routing": routing, "unknown_price": "free"},
        ],
        "keys": [
            {"id": "strict", "sha256": digest("strict"), "namespace": "strict"},
            {"id": "lax", "sha256": digest("lax"), "namespace": "lax"},
        ],
    });
    let gateway = Gateway::start(StackOptions {
        with_service: false,
        edit_plugin: Some(Box::new(move |plugin| *plugin = json!({"policy": policy}))),
        ..StackOptions::default()
    });
    let ask = |name: &str, fields: Value| {
        let mut fields = fields;
        fields["model"] = json!("auto");
        Call::chat_with(&key(name), &fields)
    };
    let batch = json!({"batch_mode": true});
    let strict = gateway.send(&ask("strict", batch.clone()));
    is_served(strict, "big", "routed: free (fallback)");
    let lax = gateway.send(&ask("lax", batch));
    is_served(lax, "unpriced", "routed: free");
    let code = ask("strict", json!({})).header("x-capability", "code");
    is_served(gateway.send(&code), "small", "routed: see");
    let named = Call::post(CHAT, r#"{"model":"unpriced","messages":[]}"#).key(&key("strict"));
    gateway
        .send(&named)
        .expect(403)
        .mentions("/error/message", "has no price");
    crate::gateway::eventually("all is logged", || {
        let lines = gateway.access_log();
        let costs = |name: &str| -> Vec<f64> {
            let of_key = lines.iter().filter(|line| line["event"]["key_id"] == name);
            of_key
                .filter_map(|line| Some(line["event"]["cost"].as_f64()? / 1e9))
                .collect()
        };
        let (strict, lax) = (costs("strict"), costs("lax"));
        (strict.len() == 2 && lax.len() == 1).then(|| {
            // Three tokens in, sixteen out.
            assert_eq!(
                strict,
                [0.001_63, 0.000_035],
                "the big one, then the small one"
            );
            assert_eq!(lax, [0.0]);
        })
    });
}
