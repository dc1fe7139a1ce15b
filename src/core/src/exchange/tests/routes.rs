//! The path and the name by which a model's upstream is asked.

use super::bench::{Bench, CHAT, KEY, error, headers, reply};
use crate::cache::PolicyCache;
use crate::config::HoldAt;
use crate::exchange::{Effect, Exchange, Step, Verdict};
use crate::policy::FormatPaths;

const MESSAGES: &str = "/v1/messages";
const RESPONSES: &str = "/v1/responses";
const GENERATE: &str = "/v1beta/models/small:generateContent";

/// A gateway whose model `small` (alias `tiny`) is called so, and served there, by its upstream.
fn routed(upstream_model: Option<&str>, paths: &str) -> Bench {
    let mut bench = Bench::standalone("", "");
    let mut policy = bench.worker.config.policy.clone().unwrap();
    let model = &mut policy.catalog.models[0];
    model.upstream_model = upstream_model.map(str::to_owned);
    model.paths = serde_json::from_str::<FormatPaths>(paths).unwrap();
    let (keys, namespaces) = (policy.keys, policy.namespaces);
    let (organizations, catalog) = (policy.organizations, policy.catalog);
    bench.worker.cache = PolicyCache::complete(keys, namespaces, organizations, catalog);
    bench
}

fn send(bench: &mut Bench, path: &str, body: &str) -> (Exchange, Step) {
    let mut exchange = Exchange::default();
    let step = bench.send(&mut exchange, &headers(path, KEY, &[]), body.as_bytes());
    (exchange, step)
}

/// The path and the body the upstream sees, where they were changed.
fn seen(step: &Step) -> (Option<&str>, Option<&str>) {
    assert_eq!(step.verdict, Verdict::Continue, "{step:?}");
    let path = step.effects.iter().rev().find_map(|effect| match effect {
        Effect::SetPath(path) => Some(path.as_str()),
        _ => None,
    });
    let body = step.effects.iter().find_map(|effect| match effect {
        Effect::ReplaceRequestBody(body) => Some(str::from_utf8(body).unwrap()),
        _ => None,
    });
    (path, body)
}

const SMALL: &str = r#"{"model":"small"}"#;

#[test]
fn a_format_is_asked_where_the_upstream_serves_it() {
    let google = r#"{"openai":"/v1beta/openai","gemini":""}"#;
    let everywhere = r#"{"openai":"/a","responses":"/b","anthropic":"/c","gemini":"/d"}"#;
    let calls = "/v1/models/small:generateContent?alt=sse";
    for (paths, path, body, expected) in [
        ("{}", CHAT, SMALL, None),
        ("{}", MESSAGES, SMALL, None),
        (google, CHAT, SMALL, Some("/v1beta/openai/chat/completions")),
        (
            google,
            "/v1/embeddings?x=1",
            SMALL,
            Some("/v1beta/openai/embeddings"),
        ),
        (google, GENERATE, "{}", None),
        (google, calls, "{}", None),
        (everywhere, CHAT, SMALL, Some("/a/chat/completions")),
        (everywhere, RESPONSES, SMALL, Some("/b/responses")),
        (
            everywhere,
            "/v1/messages/count_tokens",
            SMALL,
            Some("/c/messages/count_tokens"),
        ),
        (
            everywhere,
            calls,
            "{}",
            Some("/d/models/small:generateContent?alt=sse"),
        ),
        (r#"{"openai":"/v1"}"#, CHAT, SMALL, None),
    ] {
        let mut bench = routed(None, paths);
        let (exchange, step) = send(&mut bench, path, body);
        assert_eq!(seen(&step), (expected, None), "{path} {paths}");
        assert!(exchange.has_hold());
    }
}

#[test]
fn the_key_and_what_hides_the_usage_stay_behind_when_the_path_changes() {
    let mut bench = routed(None, r#"{"gemini":"/x"}"#);
    let path = format!("{GENERATE}?key={KEY}&fields=candidates&alt=json");
    let (_, step) = send(&mut bench, &path, "{}");
    let expected = "/x/models/small:generateContent?alt=json";
    assert_eq!(seen(&step).0, Some(expected));
}

#[test]
fn the_upstream_reads_its_own_name_of_the_model() {
    let mut bench = routed(Some("small-2026-01"), "{}");
    for (path, body, expected) in [
        (CHAT, SMALL, (None, Some(r#"{"model":"small-2026-01"}"#))),
        (
            CHAT,
            r#"{"model":"tiny"}"#,
            (None, Some(r#"{"model":"small-2026-01"}"#)),
        ),
        (CHAT, r#"{"model":"small-2026-01"}"#, (None, None)),
        (
            GENERATE,
            "{}",
            (Some("/v1beta/models/small-2026-01:generateContent"), None),
        ),
    ] {
        if body.contains("2026") {
            // Callers name models as the catalog does, not as their upstreams do.
            assert_eq!(reply(send(&mut bench, path, body).1).status, 404);
            continue;
        }
        let (mut exchange, step) = send(&mut bench, path, body);
        assert_eq!(seen(&step), expected, "{path} {body}");
        let answer = bench.answer(&mut exchange, 200, "application/json");
        let tells = answer.effects.iter().any(|effect| {
            matches!(effect, Effect::SetResponseHeader("x-paddock-model", model) if model == "small")
        });
        assert_eq!(
            tells,
            body.contains("tiny"),
            "only an alias is told of: {body}"
        );
    }
}

#[test]
fn every_request_of_a_batch_names_the_upstreams_model() {
    let mut bench = routed(Some("small-2026-01"), "{}");
    let path = "/v1beta/models/tiny:batchEmbedContents";
    let body = r#"{"requests":[{"model":"models/tiny","content":{"parts":[{"text":"a"}]}},
        {"content":{"parts":[{"text":"b"}]},"model":"tiny"},{"content":{}}]}"#;
    let (_, step) = send(&mut bench, path, body);
    let renamed = body
        .replace("models/tiny", "models/small-2026-01")
        .replace(r#""tiny""#, r#""small-2026-01""#);
    let path = "/v1beta/models/small-2026-01:batchEmbedContents";
    assert_eq!(seen(&step), (Some(path), Some(renamed.as_str())));
}

#[test]
fn a_format_that_is_served_nowhere_is_refused_with_those_that_are() {
    let mut bench = routed(None, r#"{"openai":"/v1","gemini":""}"#);
    for (path, name) in [(MESSAGES, "anthropic"), (RESPONSES, "responses")] {
        let (exchange, step) = send(&mut bench, path, SMALL);
        let reply = reply(step);
        let message = error(&reply)["message"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 400, "{message}");
        let reason = format!("is not served in the wire format '{name}'");
        assert!(message.contains(&reason), "{message}");
        assert!(message.ends_with("one of: openai, gemini."), "{message}");
        assert!(exchange.is_over());
    }
}

#[test]
fn at_the_body_no_path_can_be_changed() {
    let cases = [
        (Some("small-2026-01"), "{}", GENERATE, "{}", false),
        (None, r#"{"openai":"/x"}"#, CHAT, SMALL, false),
        (None, r#"{"openai":"/v1"}"#, CHAT, SMALL, true),
        (Some("small-2026-01"), r#"{"openai":""}"#, CHAT, SMALL, true),
    ];
    for (name, paths, path, body, goes) in cases {
        let mut bench = routed(name, paths);
        let upstream = "openai".to_owned();
        bench.worker.config.hold = HoldAt::Body { upstream };
        let mut exchange = Exchange::default();
        let headers = headers(path, KEY, &[]);
        let headers = crate::request::borrowed(&headers);
        let begun = crate::exchange::Input::RequestHeaders {
            headers: crate::request::Headers(&headers),
            attributes: &[],
            end: false,
        };
        bench.step(&mut exchange, begun);
        let body = body.as_bytes();
        let step = bench.step(&mut exchange, crate::exchange::Input::RequestBody { body });
        if goes {
            assert_eq!(seen(&step).0, None, "{path} {paths}");
            continue;
        }
        let reply = reply(step);
        let message = error(&reply)["message"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 403, "{message}");
        assert!(message.contains("where the path is fixed"), "{message}");
    }
}
