//! What a call is charged, to the nano-dollar, however it ends.

use crate::client::{Call, Connection};
use crate::gateway::ledger::{Line, cost};
use crate::gateway::{Gateway, Tenant};
use serde_json::json;

#[track_caller]
fn only_line(gateway: &Gateway, tenant: &Tenant) -> Line {
    gateway.ledger(tenant, 1).remove(0)
}

/// A call charged for what the provider reported.
#[track_caller]
fn is_exact(line: &Line, input: u64, output: u64) {
    let tokens = (
        i64::try_from(input).unwrap(),
        i64::try_from(output).unwrap(),
    );
    let expected = (tokens.0, tokens.1, cost(input, output), false);
    assert_eq!(line.charge(), expected, "{line:?}");
    assert_eq!(
        (line.status, line.outcome.as_str()),
        (200, "complete"),
        "{line:?}"
    );
}

/// A call that costs nothing because the provider failed.
#[track_caller]
fn is_free(line: &Line, status: i64) {
    assert_eq!(line.charge(), (0, 0, 0, false), "{line:?}");
    assert_eq!(
        (line.status, line.outcome.as_str()),
        (status, "upstream_error"),
        "{line:?}"
    );
}

#[test]
fn a_plain_call() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("plain", json!({}));
    let answer = gateway.send(&tenant.chat()).expect(200);
    assert_eq!(answer.usage(), (3, 16));
    let line = only_line(gateway, &tenant);
    is_exact(&line, 3, 16);
    assert_eq!(line.key_id, tenant.id);
    assert_eq!((line.model.as_str(), line.stream), ("gpt-4.1", false));
    assert_eq!(line.endpoint, "/v1/chat/completions");
    // The client can name its line; the provider's own id would be of no use here.
    assert_eq!(answer.header("x-request-id"), Some(line.request_id));
}

#[test]
fn cached_and_reasoning_tokens_are_subsets() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("subsets", json!({}));
    let call = tenant
        .chat()
        .fake("exact-prompt-tokens", 1_000)
        .fake("cached-tokens", 400);
    gateway
        .send(
            &call
                .fake("completion-tokens", 50)
                .fake("reasoning-tokens", 20),
        )
        .expect(200);
    let line = only_line(gateway, &tenant);
    assert_eq!(
        (line.input, line.cached, line.output, line.reasoning),
        (600, 400, 50, 20)
    );
    // A cached token of this model costs fifty cents a million.
    assert_eq!(line.cost, cost(600, 50) + 400 * 500);
}

#[test]
fn aliases_completions_and_embeddings() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("endpoints", json!({}));
    let chat = gateway
        .send(&tenant.chat_with(json!({"model": " GPT4 "})))
        .expect(200);
    let chat = chat
        .with("x-paddock-model", "gpt-4.1")
        .with("x-paddock-reason", "aliased");
    chat.says("/model", "gpt-4.1");
    let text = json!({"model": "gpt-4.1", "prompt": "Hello, horse"}).to_string();
    gateway
        .send(&tenant.post("/v1/completions", text))
        .expect(200);
    let embed = json!({"model": "text-embedding-3-small", "input": ["Hello, horse", "abcd"],
        "encoding_format": "base64"});
    gateway
        .send(&tenant.post("/v1/embeddings", embed.to_string()))
        .expect(200);
    let lines = gateway.ledger(&tenant, 3);
    is_exact(&lines[0], 3, 16);
    assert_eq!(
        (lines[0].requested_model.as_str(), lines[0].model.as_str()),
        (" GPT4 ", "gpt-4.1")
    );
    is_exact(&lines[1], 3, 16);
    // Four tokens at two cents per million.
    assert_eq!(lines[2].charge(), (4, 0, 80, false), "{:?}", lines[2]);
    assert_eq!(lines[2].endpoint, "/v1/embeddings");
}

#[test]
fn a_stream_that_the_client_leaves() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("leaves", json!({}));
    let call = tenant
        .stream()
        .fake("chunk-ms", 50)
        .fake("completion-tokens", 200);
    let mut connection = Connection::open(gateway.address);
    connection.ask(&call);
    let mut answer = connection.head(&call).expect(200);
    for _ in 0..6 {
        connection.piece(&mut answer).unwrap();
    }
    drop(connection);
    let line = only_line(gateway, &tenant);
    assert_eq!(
        (line.status, line.outcome.as_str()),
        (200, "truncated"),
        "{line:?}"
    );
    assert!(line.estimated && line.input >= 3, "{line:?}");
    // A role and five words have been seen at least, and no more than a few were under way.
    assert!((5..=40).contains(&line.output), "{line:?}");
    let tokens = (
        u64::try_from(line.input).unwrap(),
        u64::try_from(line.output).unwrap(),
    );
    assert_eq!(line.cost, cost(tokens.0, tokens.1), "{line:?}");
}

#[test]
fn a_client_that_leaves_before_the_answer() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("hangs-up", json!({}));
    let mut connection = Connection::open(gateway.address);
    connection.ask(&tenant.chat().fake("latency-ms", 60_000));
    crate::gateway::eventually("the provider has it", || {
        (gateway.seen(&tenant).len() == 1).then_some(())
    });
    drop(connection);
    let line = only_line(gateway, &tenant);
    assert_eq!(
        (line.status, line.outcome.as_str()),
        (0, "truncated"),
        "{line:?}"
    );
    assert!(
        line.estimated && line.input >= 3 && line.output >= 4_096,
        "{line:?}"
    );
}

#[test]
fn an_upstream_that_breaks_off_in_the_middle() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("breaks-off", json!({}));
    let answer = gateway.send(&tenant.stream().fake("reset-after", 5).fake("chunk-ms", 5));
    assert!(answer.status == 200 && !answer.complete, "{answer}");
    let line = only_line(gateway, &tenant);
    assert_eq!(
        (line.status, line.outcome.as_str()),
        (200, "truncated"),
        "{line:?}"
    );
    assert!(line.estimated && line.input >= 3, "{line:?}");
    // A role and four words.
    assert!((4..=6).contains(&line.output), "{line:?}");
}

#[test]
fn an_upstream_that_breaks_off_before_any_answer() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("no-answer", json!({}));
    let answer = gateway
        .send(&tenant.chat().fake("reset-after", 0))
        .expect(503);
    let answer = answer.says("/error/code", "upstream_unavailable");
    assert!(answer.header("x-request-id").is_some(), "{answer}");
    is_free(&only_line(gateway, &tenant), 503);
}

#[test]
fn an_upstreams_error_costs_nothing_and_reads_as_it_was() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("upstream-error", json!({}));
    let answer = gateway.send(&tenant.chat().fake("status", 500)).expect(500);
    answer.mentions("/error/message", "The server had an error");
    is_free(&only_line(gateway, &tenant), 500);
}

#[test]
fn an_upstream_too_busy_is_asked_again() {
    let gateway = Gateway::shared();
    for status in [429, 503] {
        let tenant = gateway.tenant("retried", json!({}));
        let flaky = |times: u32| {
            let call = tenant
                .chat()
                .fake("status", status)
                .fake("fail-times", times);
            call.fake("token", format!("{}-{times}", tenant.mark))
        };
        // Once busy, then not: the client notices nothing, and pays once.
        gateway.send(&flaky(1)).expect(200);
        assert_eq!(gateway.seen(&tenant).len(), 2);
        is_exact(&only_line(gateway, &tenant), 3, 16);
        // Busy for good: the client gets the provider's own answer, and pays nothing.
        gateway
            .send(&flaky(99))
            .expect(status)
            .says("/error/param", serde_json::Value::Null);
        assert_eq!(gateway.seen(&tenant).len(), 5);
        is_free(&gateway.ledger(&tenant, 2)[1], i64::from(status));
    }
}

#[test]
fn usage_that_is_missing_is_estimated() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("missing", json!({}));
    gateway
        .send(&tenant.chat().fake("no-usage", true))
        .expect(200);
    gateway
        .send(&tenant.stream().fake("no-usage", true))
        .expect(200);
    for line in gateway.ledger(&tenant, 2) {
        assert_eq!(
            (line.outcome.as_str(), line.estimated),
            ("complete", true),
            "{line:?}"
        );
        assert!(
            line.input >= 3 && line.output > 0 && line.cost > 0,
            "{line:?}"
        );
    }
}

#[test]
fn usage_of_zero_with_an_answer_is_no_count() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("zero", json!({}));
    gateway
        .send(&tenant.chat().fake("zero-usage", true))
        .expect(200);
    gateway
        .send(&tenant.stream().fake("zero-usage", true))
        .expect(200);
    for line in gateway.ledger(&tenant, 2) {
        assert!(
            line.estimated && line.input >= 3 && line.output > 0,
            "{line:?}"
        );
    }
}

#[test]
fn an_answer_the_client_did_not_ask_to_be_compressed_is_not() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("compressed", json!({}));
    let call: Call = tenant.chat().header("accept-encoding", "gzip, deflate");
    gateway.send(&call).expect(200).without("content-encoding");
    let seen = gateway.seen(&tenant);
    assert_eq!(crate::gateway::header_of(&seen[0], "accept-encoding"), None);
}
