//! Who one is and what one asks for.

use super::{lasting, nothing_arrived};
use crate::client::Call;
use crate::gateway::{Gateway, Tenant, eventually};
use serde_json::json;

#[test]
fn nobody_without_a_good_key() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("nobody", json!({}));
    let send = |call: Call| gateway.send(&tenant.mark(call));
    let refused = |call: Call| lasting(send(call), 401, "invalid_api_key");
    let mut nobody = Call::chat("");
    nobody.headers.retain(|(name, _)| name != "authorization");

    refused(nobody.clone()).mentions("/error/message", "No API key was sent");
    refused(nobody.clone().header("authorization", "Basic abc"));
    refused(nobody.clone().header("authorization", "Bearer "));
    let foreign = refused(Call::chat("sk-0123456789abcdef"));
    foreign.mentions("/error/message", "not known here");
    let mut typo = tenant.key.clone().into_bytes();
    typo[20] = if typo[20] == b'a' { b'b' } else { b'a' };
    let typo = String::from_utf8(typo).unwrap();
    refused(Call::chat(&typo)).mentions("/error/message", "mistyped or cut off");
    refused(Call::chat(&tenant.key[..30])).mentions("/error/message", "mistyped or cut off");
    // Well-formed, and nobody's.
    let unknown = paddock_core::secret::write(&[7; 32]);
    refused(Call::chat(&unknown)).mentions("/error/message", "not known here");
    refused(nobody.header("x-api-key", &unknown));
    nothing_arrived(gateway, &tenant);
}

#[test]
fn a_disabled_key_and_one_of_another_namespace() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("named", json!({}));
    for header in ["x-namespace", "x-team", "x-project"] {
        let call = tenant.chat().header(header, "somebody-else");
        let answer = lasting(gateway.send(&call), 401, "invalid_api_key");
        let answer = answer.says("/error/scope", tenant.key_scope());
        answer.mentions(
            "/error/message",
            "does not belong to namespace 'somebody-else'",
        );
    }
    nothing_arrived(gateway, &tenant);
    // Its own may be named.
    let own = |tenant: &Tenant| tenant.chat().header("x-namespace", &tenant.namespace);
    gateway.send(&own(&tenant)).expect(200);

    // No worker knows this one yet, so none has to be told.
    let tenant = gateway.tenant("disabled", json!({}));
    let switch =
        |verb: &str| gateway.manage("POST", &format!("{}/{verb}", tenant.key_path()), None);
    switch("disable");
    let answer = lasting(gateway.send(&tenant.chat()), 401, "invalid_api_key");
    let answer = answer.says("/error/scope", tenant.key_scope());
    answer.mentions("/error/message", "is disabled");
    nothing_arrived(gateway, &tenant);
    switch("enable");
    eventually("the key is good", || {
        (gateway.send(&own(&tenant)).status == 200).then_some(())
    });
}

#[test]
fn the_operators_key_must_name_a_namespace_there_is() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("operator", json!({}));
    let call = || tenant.mark(Call::chat(gateway.admin_key()));
    let answer = lasting(gateway.send(&call()), 403, "namespace_not_found");
    answer.mentions("/error/message", "X-Namespace");
    let unknown = call().header("x-namespace", "no-such-team");
    let answer = lasting(gateway.send(&unknown), 403, "namespace_not_found");
    let answer = answer.says("/error/scope", "namespace:no-such-team");
    answer.mentions("/error/message", "There is no namespace 'no-such-team'");
    nothing_arrived(gateway, &tenant);
    for header in ["x-namespace", "x-team", "x-project"] {
        gateway
            .send(&call().header(header, &tenant.namespace))
            .expect(200);
    }
    let both = call()
        .header("x-namespace", &tenant.namespace)
        .header("x-team", "other");
    gateway
        .send(&both)
        .expect(400)
        .says("/error/code", "invalid_request_error");
    assert_eq!(gateway.ledger(&tenant, 3)[0].key_id, "admin");
}

#[test]
fn models_that_are_not_allowed_or_not_there() {
    let gateway = Gateway::shared();
    let only = json!({"allowed_models": ["gpt-4.1", "deepseek-v3.2"]});
    let tenant = gateway.namespace("models", only);
    let ask = |model: &str| gateway.send(&tenant.chat_with(json!({"model": model})));

    let answer = lasting(ask("claude-sonnet-4.5"), 403, "model_not_allowed");
    let answer = answer.says("/error/scope", tenant.namespace_scope());
    let answer = answer.says("/error/param", "model");
    answer.mentions("/error/message", "Allowed models: gpt-4.1, deepseek-v3.2.");
    lasting(ask("Claude"), 403, "model_not_allowed");
    let answer = lasting(ask("gpt-9"), 404, "model_not_found");
    answer.mentions("/error/message", "Known models: gpt-4.1, deepseek-v3.2.");
    nothing_arrived(gateway, &tenant);

    // The key narrows what the namespace allows.
    let narrow = json!({"namespace": tenant.namespace, "allowed_models": ["deepseek-v3.2"]});
    let key = gateway.tenant("narrow", narrow);
    let answer = lasting(gateway.send(&key.chat()), 403, "model_not_allowed");
    answer.says("/error/scope", key.key_scope());
    gateway
        .send(&key.chat_with(json!({"model": " DeepSeek "})))
        .expect(200);
}

#[test]
fn endpoints_that_role_or_scope_do_not_cover() {
    let gateway = Gateway::shared();
    let scoped = gateway.tenant("scoped", json!({"scopes": ["embeddings:create"]}));
    let answer = lasting(gateway.send(&scoped.chat()), 403, "endpoint_not_allowed");
    answer.says("/error/scope", scoped.key_scope());
    nothing_arrived(gateway, &scoped);
    let embed = json!({"model": "text-embedding-3-small", "input": "Hello"}).to_string();
    gateway
        .send(&scoped.post("/v1/embeddings", embed))
        .expect(200);

    let viewer = gateway.tenant("viewer", json!({"role": "viewer"}));
    let answer = lasting(gateway.send(&viewer.chat()), 403, "endpoint_not_allowed");
    answer.mentions("/error/message", "The role 'viewer'");
    nothing_arrived(gateway, &viewer);
}

#[test]
fn paths_that_are_no_endpoint() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("paths", json!({}));
    for path in [
        "/v1/files",
        "/v1",
        "/",
        "/v1/chat",
        "/v1/chat/completions/x",
        "/_fake/requests",
    ] {
        let answer = gateway.send(&tenant.post(path, "{}"));
        let answer = lasting(answer, 404, "not_found");
        answer.mentions(
            "/error/message",
            &format!("This gateway does not serve POST {path}."),
        );
    }
    lasting(
        gateway.send(&tenant.get("/v1/chat/completions")),
        404,
        "not_found",
    );
    let secret = gateway.send(&tenant.get("/v1/files?key=hush-hush-hush"));
    assert!(
        !secret
            .to_string()
            .split('<')
            .skip(1)
            .any(|part| part.contains("hush")),
        "{secret}"
    );
    nothing_arrived(gateway, &tenant);
}

#[test]
fn bodies_that_cannot_be_governed() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("bodies", json!({}));
    let message = r#""messages":[{"role":"user","content":"hi"}]"#;
    let cases = [
        ("".to_owned(), "JSON"),
        ("not json".to_owned(), "JSON"),
        (r#"{"model":"gpt-4.1""#.to_owned(), "JSON"),
        (r#"["gpt-4.1"]"#.to_owned(), "object"),
        (format!("{{{message}}}"), "model"),
        (format!(r#"{{"model":7,{message}}}"#), "model"),
        (
            format!(r#"{{"model":"gpt-4.1","model":"deepseek",{message}}}"#),
            "model",
        ),
        (format!(r#"{{"model":"gpt-4.1",{message}}}{{}}"#), "JSON"),
    ];
    for (body, part) in cases {
        let answer = gateway
            .send(&tenant.post("/v1/chat/completions", &body))
            .expect(400);
        let answer = answer.says("/error/code", "invalid_request_error");
        answer.mentions("/error/message", part);
    }
    // Bytes that are no UTF-8.
    let body = b"{\"model\":\"gpt-4.1\",\"messages\":[{\"content\":\"\xff\xfe\"}]}";
    gateway
        .send(&tenant.post("/v1/chat/completions", body))
        .expect(400);
    nothing_arrived(gateway, &tenant);
}

#[test]
fn an_expired_key() {
    // A secret's life is counted in days: the standalone policy can say any moment.
    let gateway = crate::standalone::gateway_with_an_expired_key();
    let call = Call::chat(crate::standalone::EXPIRED_KEY);
    let answer = lasting(gateway.send(&call), 401, "invalid_api_key");
    let answer = answer.says("/error/scope", "key:expired");
    answer.mentions("/error/message", "expired at 2001-09-09T01:46:40Z");
}
