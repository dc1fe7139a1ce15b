//! Models, media and references that a body names beside its own model: allowed, paid for, renamed.

use super::bench::*;
use crate::cache::PolicyCache;
use crate::config::ForeignIds;
use crate::exchange::{Effect, Exchange, Step, Verdict};
use crate::policy::OutputLimitField;

const MESSAGES: &str = "/v1/messages";
const RESPONSES: &str = "/v1/responses";
const GEMINI: &str = "/v1beta/models/small:generateContent";

fn sent(bench: &mut Bench, path: &str, body: &str) -> Step {
    let headers = headers(path, KEY, &[]);
    bench.send(&mut Exchange::default(), &headers, body.as_bytes())
}

/// What is held for a request, in nano-dollars.
fn held(path: &str, body: &str) -> i64 {
    let mut bench = Bench::standalone(
        "",
        r#","unknown_price":"dearest","monthly_quota_usd":1000000"#,
    );
    bench.worker.config.max_request_bytes = usize::MAX;
    bench.worker.config.foreign_ids = ForeignIds::Allow;
    let step = sent(&mut bench, path, body);
    assert_eq!(step.verdict, Verdict::Continue, "{body:.200}");
    bench.record("namespace:n").books.held.total()
}

#[test]
fn every_model_a_body_names_must_be_allowed() {
    let narrow = r#","unknown_price":"dearest","allowed_models":["small"]"#;
    for (path, body) in [
        (
            MESSAGES,
            r#"{"model":"small","max_tokens":9,"messages":[],"tools":[{"type":"advisor_20260301","name":"advisor","model":"large"}]}"#,
        ),
        (
            CHAT,
            r#"{"model":"small","messages":[],"models":["small","large"]}"#,
        ),
        (
            CHAT,
            r#"{"model":"small","messages":[],"route":"fallback","models":["large"]}"#,
        ),
        (
            CHAT,
            r#"{"model":"small","messages":[],"fallbacks":[{"model":"huge"}]}"#,
        ),
        (
            CHAT,
            r#"{"model":"small","messages":[],"plugins":[{"id":"x","model":"large"}]}"#,
        ),
        (
            RESPONSES,
            r#"{"model":"small","input":"t","tools":[{"type":"image_generation","model":"large"}]}"#,
        ),
    ] {
        let mut bench = Bench::standalone("", narrow);
        let refused = reply(sent(&mut bench, path, body));
        assert_eq!(refused.status, 403, "{body}");
        assert_eq!(error(&refused)["code"], "model_not_allowed", "{body}");
        assert_eq!(bench.record("namespace:n").books.held.total(), 0);
        let unknown = body
            .replace("\"large\"", "\"unheard-of\"")
            .replace("huge", "unheard-of");
        let refused = reply(sent(&mut bench, path, &unknown));
        assert_eq!(refused.status, 404, "{unknown}");
        let allowed = body
            .replace("\"large\"", "\"tiny\"")
            .replace("huge", "tiny");
        assert_eq!(
            sent(&mut bench, path, &allowed).verdict,
            Verdict::Continue,
            "{allowed}"
        );
    }
}

#[test]
fn the_dearest_that_may_serve_is_held_and_what_is_called_beside_it_is_added() {
    // A hundred tokens are the most of `small`; of `large` nothing is known, so 4,096 are assumed.
    let small = held(CHAT, r#"{"model":"small","messages":[]}"#);
    let large = held(CHAT, r#"{"model":"large","messages":[]}"#);
    assert!(large > small);
    let either = held(
        CHAT,
        r#"{"model":"small","messages":[],"models":["large","small"]}"#,
    );
    let text = 6 * 1_000;
    assert!(
        (large..large + text * 4).contains(&either),
        "{either} of {large}"
    );
    for (uses, calls) in [(r#","max_uses":3"#, 3), ("", 10)] {
        let tool = format!(r#"{{"type":"advisor_20260301","model":"large"{uses}}}"#);
        let body = format!(r#"{{"model":"small","max_tokens":9,"messages":[],"tools":[{tool}]}}"#);
        let both = held(MESSAGES, &body);
        assert!(both >= calls * large, "{calls} calls of {large} in {both}");
    }
    // An advisor's cap is its own, not that of the call.
    let tool = r#"{"type":"advisor_20260301","model":"large","max_uses":1,"max_tokens":50}"#;
    let body = format!(r#"{{"model":"small","max_tokens":9,"messages":[],"tools":[{tool}]}}"#);
    let capped = held(MESSAGES, &body);
    assert!(capped > 59 * 10_000 && capped < large, "{capped}");
}

#[test]
fn other_models_are_renamed_for_the_upstream() {
    let mut bench = Bench::standalone("", "");
    let body =
        r#"{"model":"tiny","messages":[{"content":"huge"}],"models":["huge","tiny","small"]}"#;
    let step = sent(&mut bench, CHAT, body);
    let changed = step.effects.iter().find_map(|effect| match effect {
        Effect::ReplaceRequestBody(body) => Some(String::from_utf8(body.clone()).unwrap()),
        _ => None,
    });
    let expected =
        r#"{"model":"small","messages":[{"content":"huge"}],"models":["large","small","small"]}"#;
    assert_eq!(changed.as_deref(), Some(expected));
}

#[test]
fn a_namespace_can_refuse_what_is_not_in_the_body() {
    let refusing = r#","settings":{"references":"refuse"}"#;
    for (path, body) in [
        (
            RESPONSES,
            r#"{"model":"small","input":"t","previous_response_id":"resp_1"}"#,
        ),
        (
            RESPONSES,
            r#"{"model":"small","input":"t","prompt":{"id":"pmpt_1"}}"#,
        ),
        (
            CHAT,
            r#"{"model":"small","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.example/a.png"}}]}]}"#,
        ),
        (
            CHAT,
            r#"{"model":"small","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}"#,
        ),
        (
            RESPONSES,
            r#"{"model":"small","input":"t","conversation":{"id":"conv_1"}}"#,
        ),
        (
            RESPONSES,
            r#"{"model":"small","input":[{"type":"item_reference","id":"msg_1"}]}"#,
        ),
        (
            RESPONSES,
            r#"{"model":"small","input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x.example/a.pdf"}]}]}"#,
        ),
        (
            MESSAGES,
            r#"{"model":"small","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x.example/a.pdf"}}]}]}"#,
        ),
        (
            MESSAGES,
            r#"{"model":"small","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"file_1"}}]}]}"#,
        ),
        (
            MESSAGES,
            r#"{"model":"small","max_tokens":1,"container":"container_1","messages":[]}"#,
        ),
        (
            GEMINI,
            r#"{"cachedContent":"cachedContents/1","contents":[]}"#,
        ),
        (
            GEMINI,
            r#"{"contents":[{"parts":[{"fileData":{"fileUri":"gs://bucket/a.mp4"}}]}]}"#,
        ),
    ] {
        for (namespace, is_refused) in [(refusing, true), ("", false)] {
            let mut bench = Bench::standalone("", namespace);
            bench.worker.config.foreign_ids = ForeignIds::Allow;
            let step = sent(&mut bench, path, body);
            if !is_refused {
                assert_eq!(step.verdict, Verdict::Continue, "{body}");
                continue;
            }
            let refused = reply(step);
            assert_eq!(refused.status, 400, "{body}");
            assert_eq!(error(&refused)["scope"], "namespace:n", "{body}");
            assert_eq!(bench.record("namespace:n").books.held.total(), 0);
        }
    }
    let mut bench = Bench::standalone("", refusing);
    let plain = sent(&mut bench, CHAT, r#"{"model":"small","messages":[]}"#);
    assert_eq!(plain.verdict, Verdict::Continue);
}

#[test]
fn a_limit_that_another_model_would_not_read_is_not_believed_for_it() {
    let held = |field: Option<OutputLimitField>| {
        let mut bench = Bench::standalone("", r#","monthly_quota_usd":1000000"#);
        let mut policy = bench.worker.config.policy.clone().unwrap();
        policy.catalog.models[1].output_limit_field = field;
        let (keys, namespaces) = (policy.keys, policy.namespaces);
        let (organizations, catalog) = (policy.organizations, policy.catalog);
        bench.worker.cache = PolicyCache::complete(keys, namespaces, organizations, catalog);
        let body =
            r#"{"model":"small","max_completion_tokens":1,"messages":[],"models":["large"]}"#;
        assert_eq!(sent(&mut bench, CHAT, body).verdict, Verdict::Continue);
        bench.record("namespace:n").books.held.total()
    };
    let believed = held(None);
    assert!(held(Some(OutputLimitField::MaxTokens)) >= 4_096 * 10_000);
    assert!(believed < 4_096 * 10_000, "{believed}");
}

#[test]
fn what_is_not_in_the_text_is_held_for() {
    let plain = held(CHAT, r#"{"model":"small","messages":[]}"#);
    // A token costs 1,000 nano-dollars.
    let pdf = format!(
        r#"{{"model":"small","messages":[{{"role":"user","content":[{{"type":"document","source":
        {{"type":"base64","media_type":"application/pdf","data":"{}"}}}}]}}]}}"#,
        "A".repeat(1_048_576)
    );
    assert!(held(MESSAGES, &pdf) > 150_000 * 1_000);
    let window = 1_000_000 * 1_000;
    for (path, body) in [
        (
            CHAT,
            r#"{"model":"small","messages":[{"content":[{"type":"image_url","image_url":{"url":"https://pics.test/a.png"}}]}]}"#,
        ),
        (
            RESPONSES,
            r#"{"model":"small","input":"t","previous_response_id":"resp_long"}"#,
        ),
        (
            RESPONSES,
            r#"{"model":"small","input":"t","conversation":{"id":"conv_1"}}"#,
        ),
        (
            RESPONSES,
            r#"{"model":"small","input":[{"content":[{"type":"input_file","file_id":"file-1"}]}]}"#,
        ),
    ] {
        assert!(held(path, body) > window, "{body}");
    }
    let inline = r#"{"model":"small","messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}"#;
    assert!((plain + 25_500 * 1_000..window).contains(&held(CHAT, inline)));
    let searches = held(
        MESSAGES,
        r#"{"model":"small","messages":[],"tools":[{"type":"web_search_20250305","max_uses":7}]}"#,
    );
    assert!(searches > plain + 7 * 10_000_000, "seven fees at least");
}

#[test]
fn six_at_once_do_not_pass_a_cap_with_what_is_not_in_their_text() {
    let mut bench = Bench::standalone("", r#","monthly_quota_usd":0.05"#);
    bench.worker.config.max_request_bytes = usize::MAX;
    bench.worker.config.foreign_ids = ForeignIds::Allow;
    let body =
        r#"{"model":"small","input":"Name three rivers.","previous_response_id":"resp_long"}"#;
    for _ in 0..6 {
        let mut exchange = Exchange::default();
        let step = bench.send(
            &mut exchange,
            &headers(RESPONSES, KEY, &[]),
            body.as_bytes(),
        );
        assert_eq!(reply(bench.waited((exchange, step))).status, 402);
    }
}
