//! Streams pass byte for byte, but for the usage chunk that the client did not ask for.

use crate::client::{Answer, Call, Connection, http2, sse};
use crate::gateway::ledger::cost;
use crate::gateway::{Gateway, Tenant};
use serde_json::{Value, json};

const SPLITS: [usize; 3] = [1, 7, 1_000];

/// What the provider itself sends when it is asked for usage.
fn reference(gateway: &Gateway, path: &str, fields: &Value, split: usize) -> Answer {
    let mut body = fields.clone();
    body["stream_options"]["include_usage"] = json!(true);
    let call = Call::post(path, body.to_string()).fake("split", split);
    gateway.send_to_provider(&call).expect(200)
}

fn chat(fields: Value) -> Value {
    let mut body = json!({
        "model": "gpt-4.1",
        "messages": [{"role": "user", "content": "Hello, horse"}],
        "stream": true,
    });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Ids and times of creation differ from answer to answer; all else must be the same.
fn without_names(stream: &[u8]) -> String {
    let text = String::from_utf8(stream.to_vec()).unwrap();
    let first = sse::data(stream).remove(0);
    let first: Value = serde_json::from_str(&first).unwrap();
    let created = format!(r#""created":{}"#, first["created"]);
    text.replace(first["id"].as_str().unwrap(), "ID")
        .replace(&created, r#""created":0"#)
}

#[track_caller]
fn same_bytes(found: &Answer, expected: &[u8]) {
    let (found_text, expected) = (without_names(&found.body), without_names(expected));
    assert!(
        found_text == expected,
        "expected\n{expected}\nfound\n{found}"
    );
    assert!(found.complete, "{found}");
}

#[track_caller]
fn is_booked(gateway: &Gateway, tenant: &Tenant, count: usize, input: u64, output: u64) {
    for line in gateway.ledger(tenant, count) {
        let (i, o) = (
            i64::try_from(input).unwrap(),
            i64::try_from(output).unwrap(),
        );
        assert_eq!(
            line.charge(),
            (i, o, cost(input, output), false),
            "{line:?}"
        );
        assert_eq!(
            (line.stream, line.outcome.as_str()),
            (true, "complete"),
            "{line:?}"
        );
    }
}

#[test]
fn usage_that_was_not_asked_for_is_metered_and_removed() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("hidden", json!({}));
    let mut count = 0;
    for fields in [
        json!({}),
        json!({"stream_options": {"include_usage": false}}),
        json!({"stream_options": null}),
    ] {
        for split in SPLITS {
            let body = chat(fields.clone());
            let reference = reference(gateway, "/v1/chat/completions", &chat(json!({})), split);
            let expected = sse::without_usage_chunk(&reference.body);
            let call = tenant
                .post("/v1/chat/completions", body.to_string())
                .fake("split", split);
            let answer = gateway.send(&call).expect(200);
            same_bytes(&answer, &expected);
            let answer = http2::send(gateway.address, &call).expect(200);
            same_bytes(&answer, &expected);
            count += 2;
        }
    }
    is_booked(gateway, &tenant, count, 3, 16);
    // The provider was asked for it every time, and saw the rest of the options as they were.
    for request in gateway.seen(&tenant) {
        let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["stream_options"]["include_usage"], true, "{request:#}");
    }
}

#[test]
fn usage_that_was_asked_for_is_passed_on() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("asked", json!({}));
    let body = chat(json!({"stream_options": {"include_usage": true}}));
    for split in SPLITS {
        let reference = reference(gateway, "/v1/chat/completions", &body, split);
        let call = tenant
            .post("/v1/chat/completions", body.to_string())
            .fake("split", split);
        let answer = gateway.send(&call).expect(200);
        same_bytes(&answer, &reference.body);
        let usage = sse::chunks(&answer.body).pop().unwrap();
        assert_eq!(usage["usage"]["completion_tokens"], 16, "{usage}");
    }
    is_booked(gateway, &tenant, SPLITS.len(), 3, 16);
    // Nothing had to be changed on the way there either.
    for request in gateway.seen(&tenant) {
        assert_eq!(request["body"], body.to_string());
    }
}

#[test]
fn usage_on_the_finish_chunk_is_no_chunk_to_remove() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("on-finish", json!({}));
    let plain = |call: Call| call.fake("usage-on-finish", true);
    let body = chat(json!({"stream_options": {"include_usage": true}})).to_string();
    let reference = gateway.send_to_provider(&plain(Call::post("/v1/chat/completions", &body)));
    let call = plain(tenant.post("/v1/chat/completions", chat(json!({})).to_string()));
    for split in SPLITS {
        same_bytes(
            &gateway.send(&call.clone().fake("split", split)).expect(200),
            &reference.body,
        );
    }
    is_booked(gateway, &tenant, SPLITS.len(), 3, 16);
}

#[test]
fn text_completions_stream_alike() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("text", json!({}));
    let body = json!({"model": "gpt-4.1", "prompt": "Hello, horse", "stream": true, "n": 2});
    for split in SPLITS {
        let reference = reference(gateway, "/v1/completions", &body, split);
        let call = tenant
            .post("/v1/completions", body.to_string())
            .fake("split", split);
        same_bytes(
            &gateway.send(&call).expect(200),
            &sse::without_usage_chunk(&reference.body),
        );
    }
    is_booked(gateway, &tenant, SPLITS.len(), 3, 32);
}

/// The provider waits before each event; were events held back for later ones, they would come
/// together with them. A machine that stalls may join two, and no more than a few.
#[test]
fn events_arrive_one_by_one_as_they_are_sent() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("one-by-one", json!({}));
    let call = tenant.stream().fake("chunk-ms", 100);
    let mut connection = Connection::open(gateway.address);
    connection.ask(&call);
    let mut answer = connection.head(&call).expect(200);
    assert!(gateway.lines(&tenant).is_empty());
    let mut pieces = Vec::new();
    while let Some(piece) = connection.piece(&mut answer) {
        // The first is here before the provider has finished the last.
        if pieces.is_empty() {
            let completed = gateway
                .access_log()
                .iter()
                .any(|line| line["event"]["namespace"] == tenant.namespace);
            assert!(!completed, "the stream was over when its first event came");
        }
        pieces.push(piece);
    }
    // A role, sixteen words, the end, and `[DONE]`: each by itself, and always whole.
    let events: Vec<usize> = pieces.iter().map(|piece| sse::data(piece).len()).collect();
    assert_eq!(events.iter().sum::<usize>(), 19, "{events:?}");
    assert!(events.len() >= 15, "{events:?}");
}

#[test]
fn trailers_of_the_provider_end_a_stream_too() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("end-trailers", json!({}));
    let call = tenant
        .stream()
        .fake("trailers", true)
        .header("te", "trailers");
    let reference = reference(gateway, "/v1/chat/completions", &chat(json!({})), 1_000);
    let expected = sse::without_usage_chunk(&reference.body);
    for answer in [gateway.send(&call), http2::send(gateway.address, &call)] {
        let answer = answer.expect(200);
        same_bytes(&answer, &expected);
        assert_eq!(
            answer.trailers,
            [("x-fake-trailer".to_owned(), b"end".to_vec())],
            "{answer}"
        );
    }
    is_booked(gateway, &tenant, 2, 3, 16);
}
