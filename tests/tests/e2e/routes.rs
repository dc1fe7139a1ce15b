//! Each provider is asked in its own words: host, path, and name of the model.

mod fixed;
mod hidden;

use crate::client::{Answer, Call};
use crate::gateway::{Gateway, Tenant, header_of};
use paddock_local::StackOptions;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The providers' own names, as `envoy/envoy.yaml` shows them for the real ones.
const HOSTS: [(&str, &str); 4] = [
    ("openai", "api.openai.com"),
    ("anthropic", "api.anthropic.com"),
    ("gemini", "generativelanguage.googleapis.com"),
    ("deepseek", "api.deepseek.com"),
];

/// All clusters lead to the fake provider, each with the name of the real one.
fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let options = StackOptions {
            edit_bootstrap: Some(Box::new(name_hosts)),
            ..StackOptions::default()
        };
        Gateway::lasting("routes", options)
    })
}

fn name_hosts(bootstrap: &mut Value) {
    let clusters = bootstrap.pointer_mut("/static_resources/clusters");
    for cluster in clusters.unwrap().as_array_mut().unwrap() {
        let name = cluster["name"].as_str().unwrap();
        if let Some((_, host)) = HOSTS.iter().find(|(cluster, _)| *cluster == name) {
            let endpoint = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/hostname";
            *cluster.pointer_mut(endpoint).unwrap() = json!(host);
        }
    }
}

/// Host, path and model of the only request of a tenant's that the provider saw.
#[track_caller]
fn asked(gateway: &Gateway, tenant: &Tenant) -> (String, String, Value) {
    let seen = gateway.seen(tenant);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let body: Value = serde_json::from_str(seen[0]["body"].as_str().unwrap()).unwrap();
    let host = header_of(&seen[0], "host").unwrap().to_owned();
    let path = seen[0]["path"].as_str().unwrap().to_owned();
    (host, path, body["model"].clone())
}

/// Thousandths of a dollar per million tokens are nano-dollars a token.
#[track_caller]
fn costs(gateway: &Gateway, tenant: &Tenant, prices: (i64, i64)) {
    let line = gateway.ledger(tenant, 1).remove(0);
    let (input, output) = prices;
    let cost = line.input * input + line.output * output;
    assert_eq!(
        (line.output, line.cost, line.estimated),
        (16, cost, false),
        "{line:?}"
    );
}

#[test]
fn one_openai_client_reaches_every_provider() {
    let gateway = gateway();
    for (model, host, path, prices) in [
        ("gpt-4.1", 0, "/v1/chat/completions", (2_500, 8_000)),
        (
            "claude-sonnet-4.5",
            1,
            "/v1/chat/completions",
            (3_000, 15_000),
        ),
        (
            "gemini-2.5-flash",
            2,
            "/v1beta/openai/chat/completions",
            (300, 2_500),
        ),
        ("deepseek-v3.2", 3, "/v1/chat/completions", (100, 420)),
    ] {
        for stream in [false, true] {
            let tenant = gateway.tenant("one-client", json!({}));
            let call = tenant.chat_with(json!({"model": model, "stream": stream}));
            let answer = gateway.send(&call).expect(200);
            // The caller asked for this model, and nobody chose another.
            answer.without("x-paddock-model");
            let expected = (HOSTS[host].1.to_owned(), path.to_owned(), json!(model));
            assert_eq!(asked(gateway, &tenant), expected);
            costs(gateway, &tenant, prices);
        }
    }
}

#[test]
fn each_provider_is_reached_in_its_own_format_too() {
    let gateway = gateway();
    let message = |model: &str| {
        json!({"model": model, "max_tokens": 100,
            "messages": [{"role": "user", "content": "Hello, horse"}]})
    };
    let contents = json!({"contents": [{"parts": [{"text": "Hello, horse"}]}]});
    let generate = "/v1beta/models/gemini-2.5-flash:generateContent";
    // The Python client asks below v1, the JavaScript client below v1beta. Google serves both.
    let python = "/v1/models/gemini-2.5-flash:generateContent";
    for (path, body, host, asked_at, prices) in [
        (
            "/v1/messages",
            message("claude-sonnet-4.5"),
            1,
            "/v1/messages",
            (3_000, 15_000),
        ),
        (
            "/v1/messages",
            message("deepseek-v3.2"),
            3,
            "/anthropic/v1/messages",
            (100, 420),
        ),
        (generate, contents.clone(), 2, generate, (300, 2_500)),
        (python, contents, 2, python, (300, 2_500)),
    ] {
        let tenant = gateway.tenant("own-format", json!({}));
        gateway
            .send(&tenant.post(path, body.to_string()))
            .expect(200);
        let expected = (
            HOSTS[host].1.to_owned(),
            asked_at.to_owned(),
            body["model"].clone(),
        );
        assert_eq!(asked(gateway, &tenant), expected);
        costs(gateway, &tenant, prices);
    }
}

/// A model that its upstream knows by another name and serves below other paths.
fn renamed(gateway: &Gateway) -> String {
    let name = format!("house-model-{}", gateway.number());
    let model = json!({
        "upstream": "deepseek", "upstream_model": "vendor/model-2026", "input": 1, "output": 1,
        "paths": {"openai": "/v1beta/openai", "anthropic": "/anthropic/v1", "gemini": "/v1beta"},
    });
    gateway.model(&name, &model);
    name
}

#[test]
fn the_upstreams_name_of_a_model_is_the_upstreams_alone() {
    let gateway = gateway();
    let name = renamed(gateway);
    let tenant = gateway.tenant("renamed", json!({}));
    let answer = gateway
        .send(&tenant.chat_with(json!({"model": name})))
        .expect(200);
    let answer = answer
        .without("x-paddock-model")
        .says("/model", "vendor/model-2026");
    let (host, path, model) = asked(gateway, &tenant);
    assert_eq!(
        (host.as_str(), model),
        (HOSTS[3].1, json!("vendor/model-2026")),
        "{answer}"
    );
    assert_eq!(path, "/v1beta/openai/chat/completions");
    let line = gateway.ledger(&tenant, 1).remove(0);
    assert_eq!((&line.model, &line.requested_model), (&name, &name));
    // Callers name models as the catalog does.
    let call = tenant.chat_with(json!({"model": "vendor/model-2026"}));
    gateway.send(&call).expect(404);
}

#[test]
fn googles_paths_and_batches_name_the_upstreams_model() {
    let gateway = gateway();
    let name = renamed(gateway);
    let tenant = gateway.tenant("batch", json!({}));
    let request = |text: &str| json!({"model": format!("models/{name}"), "content": {"parts": [{"text": text}]}});
    let body = json!({"requests": [request("Hello, horse"), request("abcd")]});
    let path = format!("/v1/models/{name}:batchEmbedContents");
    gateway
        .send(&tenant.post(&path, body.to_string()))
        .expect(200);
    let seen = gateway.seen(&tenant);
    assert_eq!(
        seen[0]["path"],
        "/v1beta/models/vendor%2Fmodel-2026:batchEmbedContents"
    );
    let sent = seen[0]["body"].as_str().unwrap();
    assert_eq!(sent, body.to_string().replace(&name, "vendor/model-2026"));
    let line = gateway.ledger(&tenant, 1).remove(0);
    // Four tokens, at a dollar per million.
    assert_eq!(line.charge(), (4, 0, 4_000, false), "{line:?}");
}

#[track_caller]
fn names_the_others(answer: Answer, message: &str, others: &str) {
    let answer = answer.expect(400);
    answer
        .mentions("/error/message", message)
        .mentions("/error/message", others);
}

#[test]
fn a_format_that_the_provider_does_not_serve_is_refused() {
    let gateway = gateway();
    let tenant = gateway.tenant("no-format", json!({}));
    let post = |path: &str, body: Value| -> Call { tenant.post(path, body.to_string()) };
    let messages = json!({"model": "gemini-2.5-flash", "max_tokens": 10, "messages": []});
    let answer = gateway.send(&post("/v1/messages", messages));
    let answer = answer.says("/error/type", "invalid_request_error");
    names_the_others(answer, "wire format 'anthropic'", "one of: openai, gemini.");
    let response = json!({"model": "claude", "input": "Hello"});
    let answer = gateway.send(&post("/v1/responses", response));
    names_the_others(
        answer,
        "wire format 'responses'",
        "one of: openai, anthropic.",
    );
    let path = "/v1beta/models/deepseek:generateContent";
    let answer = gateway.send(&post(path, json!({"contents": []})));
    let answer = answer.says("/error/status", "INVALID_ARGUMENT");
    names_the_others(answer, "wire format 'gemini'", "one of: openai, anthropic.");
    assert!(gateway.seen(&tenant).is_empty());
    assert!(gateway.settled_ledger(&tenant).is_empty());
}
