//! A refusal in the caller's own wire format.

use super::{lasting, nothing_arrived};
use crate::client::{Answer, Call};
use crate::gateway::{Gateway, Tenant};
use serde_json::{Value, json};

const MESSAGES: &str = "/v1/messages";
const GENERATE: &str = "/v1beta/models/gemini-2.5-flash:generateContent";

fn anthropic(tenant: &Tenant, model: &str) -> Call {
    let content = json!([{"role": "user", "content": "Hi"}]);
    let body = json!({"model": model, "max_tokens": 100_000, "messages": content});
    tenant.mark(Call::post(MESSAGES, body.to_string()).header("x-api-key", &tenant.key))
}

fn gemini(tenant: &Tenant) -> Call {
    let body = json!({"contents": [{"parts": [{"text": "Hi"}]}],
        "generationConfig": {"maxOutputTokens": 100_000}});
    tenant.mark(Call::post(GENERATE, body.to_string()).header("x-goog-api-key", &tenant.key))
}

#[track_caller]
fn is_anthropic(answer: Answer, status: u16, kind: &str) -> Answer {
    let answer = answer
        .expect(status)
        .says("/type", "error")
        .says("/error/type", kind);
    let id = answer.header("x-request-id").unwrap();
    let answer = answer.with("request-id", &id).says("/request_id", id);
    let message = answer.json()["error"]["message"].as_str().map(str::len);
    assert!(message.is_some_and(|length| length > 10), "{answer}");
    answer
}

#[track_caller]
fn is_gemini(answer: Answer, status: u16, word: &str) -> Answer {
    let answer = answer
        .expect(status)
        .says("/error/code", status)
        .says("/error/status", word);
    assert!(answer.json()["error"]["message"].is_string(), "{answer}");
    answer.says("/error/details", Value::Array(Vec::new()))
}

#[test]
fn openai() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("openai", json!({"monthly_quota_usd": 0.01}));
    let dear = tenant.chat_with(json!({"max_tokens": 100_000}));
    let answer = lasting(gateway.send(&dear), 402, "budget_exceeded");
    answer
        .says("/error/type", "insufficient_quota")
        .says("/error/param", Value::Null);
    let nobody = Call::post("/v1/chat/completions", "{}");
    let answer = lasting(gateway.send(&nobody), 401, "invalid_api_key");
    answer.says("/error/type", "authentication_error");
}

#[test]
fn anthropics() {
    let gateway = Gateway::shared();
    let limits = json!({"monthly_quota_usd": 0.01, "allowed_models": ["claude-sonnet-4.5"]});
    let tenant = gateway.tenant("anthropic", limits);
    let send = |model: &str| gateway.send(&anthropic(&tenant, model));
    let nobody = gateway.send(&Call::post(MESSAGES, "{}"));
    is_anthropic(nobody, 401, "authentication_error").with("x-should-retry", "false");
    let budget = is_anthropic(send("claude"), 402, "billing_error");
    let budget = budget
        .with("x-should-retry", "false")
        .says("/error/code", "budget_exceeded");
    budget
        .says("/error/remaining", 0.01)
        .says("/error/scope", tenant.key_scope());
    is_anthropic(send("gpt-4.1"), 403, "permission_error");
    is_anthropic(send("claude-9"), 404, "not_found_error");
    let junk = tenant.mark(Call::post(MESSAGES, "junk").header("x-api-key", &tenant.key));
    is_anthropic(gateway.send(&junk), 400, "invalid_request_error");
    nothing_arrived(gateway, &tenant);
}

#[test]
fn geminis() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("gemini", json!({"monthly_quota_usd": 0.01}));
    let nobody = gateway.send(&Call::post(GENERATE, "{}"));
    is_gemini(nobody, 401, "UNAUTHENTICATED").says("/error/reason", "invalid_api_key");
    let budget = is_gemini(gateway.send(&gemini(&tenant)), 402, "FAILED_PRECONDITION");
    budget
        .with("x-should-retry", "false")
        .says("/error/reason", "budget_exceeded");
    let path = format!("/v1/models/gemini-9:generateContent?key={}", tenant.key);
    let unknown = tenant.mark(Call::post(&path, "{}"));
    is_gemini(gateway.send(&unknown), 404, "NOT_FOUND");
    let only = gateway.tenant("gemini-only", json!({"allowed_models": ["gpt-4.1"]}));
    is_gemini(gateway.send(&gemini(&only)), 403, "PERMISSION_DENIED");
    nothing_arrived(gateway, &tenant);
}

#[test]
fn rates_in_every_dialect() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant(
        "dialect-rate",
        json!({"rate_limits": {"rpm": 10, "burst": 1}}),
    );
    gateway.send(&tenant.chat()).expect(200);
    let answer = is_anthropic(
        gateway.send(&anthropic(&tenant, "claude")),
        429,
        "rate_limit_error",
    );
    assert!(answer.header("retry-after").is_some(), "{answer}");
    let answer = is_gemini(gateway.send(&gemini(&tenant)), 429, "RESOURCE_EXHAUSTED");
    assert!(answer.header("retry-after").is_some(), "{answer}");
}
