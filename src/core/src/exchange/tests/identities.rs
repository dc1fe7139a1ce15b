//! Callers without a key: who they are, what they may, and what is written of them.

use super::bench::{Bench, CHAT, HeaderList, KEY, body, error, event, headers, reply};
use crate::cache::PolicyCache;
use crate::config::Config;
use crate::exchange::{Effect, Exchange, Input, Question, Step, Verdict};
use crate::request::Headers;
use crate::wire::ResolveAnswer;

const HEADER: &str = r#"[{"header":{"name":"x-tenant"}},{"key":{}}]"#;

fn accepting(mut bench: Bench, identity: &str) -> Bench {
    let text = format!(r#"{{"accounting":{{"cluster":"c"}},"identity":{identity}}}"#);
    bench.worker.config.identity = Config::parse(text.as_bytes()).unwrap().identity;
    bench
}

fn chat(bench: &mut Bench, key: &str, more: &[(&str, &str)]) -> (Exchange, Step) {
    let mut exchange = Exchange::default();
    let step = bench.send(&mut exchange, &headers(CHAT, key, more), &body("small", ""));
    (exchange, step)
}

#[track_caller]
fn is_refused(step: Step, status: u16, code: &str, scope: Option<&str>) {
    let reply = reply(step);
    let error = error(&reply);
    assert_eq!(
        (reply.status, error["code"].as_str()),
        (status, Some(code)),
        "{error}"
    );
    assert_eq!(error["scope"].as_str(), scope, "{error}");
}

#[test]
fn what_they_use_is_their_namespaces() {
    let mut bench = accepting(Bench::standalone("", r#","daily_quota_usd":1"#), HEADER);
    let (mut exchange, sent) = chat(&mut bench, "", &[("x-tenant", "n")]);
    assert_eq!(sent.verdict, Verdict::Continue);
    let removed = Effect::RemoveRequestHeader("x-tenant".to_owned());
    assert!(sent.effects.contains(&removed), "{:?}", sent.effects);
    let set = Effect::SetRequestHeader("x-paddock-namespace", "n".to_owned());
    assert!(sent.effects.contains(&set), "{:?}", sent.effects);
    let headers = bench.answer(&mut exchange, 200, "application/json");
    let answer = br#"{"usage":{"prompt_tokens":7,"completion_tokens":5}}"#;
    let last = bench.step(
        &mut exchange,
        Input::ResponseBody {
            chunk: answer,
            end: true,
        },
    );
    let steps = [sent, headers, last];
    let event = event(&steps);
    assert_eq!((&*event.key_id, &*event.namespace), ("header:n", "n"));
    assert!(bench.record("namespace:n").encode() != bench.record("namespace:m").encode());
}

#[test]
fn a_key_does_not_help_where_the_header_is_void_nor_the_header_where_it_is_not_accepted() {
    let mut bench = accepting(Bench::standalone("", ""), HEADER);
    let nobody = chat(&mut bench, KEY, &[("x-tenant", "nobody")]).1;
    is_refused(nobody, 403, "namespace_not_found", Some("namespace:nobody"));
    let other = chat(&mut bench, "", &[("x-tenant", "n"), ("x-namespace", "m")]).1;
    is_refused(other, 401, "invalid_api_key", Some("key:header:n"));
    let same = chat(&mut bench, "", &[("x-tenant", "n"), ("x-namespace", "n")]).1;
    assert_eq!(same.verdict, Verdict::Continue);
    let mut bench = Bench::standalone("", "");
    is_refused(
        chat(&mut bench, "", &[("x-tenant", "n")]).1,
        401,
        "invalid_api_key",
        None,
    );
}

#[test]
fn their_role_is_the_sources() {
    let viewers = r#"[{"header":{"name":"x-tenant","role":"viewer"}}]"#;
    let mut bench = accepting(Bench::standalone("", ""), viewers);
    let step = chat(&mut bench, "", &[("x-tenant", "n")]).1;
    is_refused(step, 403, "endpoint_not_allowed", Some("key:header:n"));
}

#[test]
fn headers_that_software_takes_for_the_trusted_one_go_no_further() {
    let mut bench = accepting(Bench::standalone("", ""), HEADER);
    let more = [("x-tenant", "n"), ("x_tenant", "m")];
    let (_, step) = chat(&mut bench, "", &more);
    for name in ["x-tenant", "x_tenant"] {
        let removed = Effect::RemoveRequestHeader(name.to_owned());
        assert!(step.effects.contains(&removed), "{:?}", step.effects);
    }
}

/// The service is asked for the namespace alone, and its answer is remembered.
#[test]
fn the_service_is_asked_for_their_namespace() {
    let (bench, _, namespace) = Bench::leased("");
    let spiffe = r#"[{"spiffe":{"trust_domain":"td"}}]"#;
    let mut bench = accepting(bench, spiffe);
    let attributes = [Some(b"spiffe://td/ns/n/sa/api".to_vec())];
    let list: HeaderList = headers("/v1/models", "", &[]);
    let ask = |bench: &mut Bench| {
        let mut exchange = Exchange::default();
        let input = Input::RequestHeaders {
            headers: Headers(&crate::request::borrowed(&list)),
            attributes: &attributes,
            end: true,
        };
        let step = bench.step(&mut exchange, input);
        (exchange, step)
    };
    let (mut exchange, step) = ask(&mut bench);
    let [.., Effect::Ask(Question::Resolve(question))] = &step.effects[..] else {
        panic!("{step:?}")
    };
    assert_eq!(
        (question.key, question.namespace.as_deref()),
        (None, Some("n"))
    );
    let answer = ResolveAnswer {
        namespaces: vec![namespace],
        catalog: Bench::standalone("", "")
            .worker
            .config
            .policy
            .map(|policy| policy.catalog),
        ..ResolveAnswer::default()
    };
    bench.worker.cache.learn(question, answer, bench.now);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    assert_eq!(reply(step).status, 200);
    assert_eq!(reply(ask(&mut bench).1).status, 200, "not asked again");

    bench.worker.cache = PolicyCache::new(10, 0);
    let (mut exchange, step) = ask(&mut bench);
    let [.., Effect::Ask(Question::Resolve(question))] = &step.effects[..] else {
        panic!("{step:?}")
    };
    let nothing = ResolveAnswer::default();
    bench.worker.cache.learn(question, nothing, bench.now);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    is_refused(step, 403, "namespace_not_found", Some("namespace:n"));
}
