//! Every refusal of the contract, and what is let through.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Verdict};
use crate::refusal::Reply;
use crate::request::Headers;

/// What was refused: status, code, scope.
fn outcome(reply: &Reply) -> (u16, String, String) {
    let error = error(reply);
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    (reply.status, text("code"), text("scope"))
}

/// Fields of key and namespace, the request, and its status, code and scope; status 0: it passes.
type Row = (
    &'static str,
    &'static str,
    HeaderList,
    Vec<u8>,
    u16,
    &'static str,
    &'static str,
);

#[test]
fn every_refusal_has_its_status_code_and_scope() {
    let narrow = r#","allowed_models":["tiny"]"#;
    let chat = |more| body("small", more);
    let named = |key: &str, name: &str| headers(CHAT, key, &[("x-namespace", name)]);
    let plain = || headers(CHAT, KEY, &[]);
    let path = |path: &str| headers(path, KEY, &[]);
    let table: Vec<Row> = vec![
        (
            "",
            "",
            headers(CHAT, "", &[]),
            chat(""),
            401,
            "invalid_api_key",
            "",
        ),
        (
            "",
            "",
            headers(CHAT, "sk-bob", &[]),
            chat(""),
            401,
            "invalid_api_key",
            "",
        ),
        (
            "",
            "",
            headers(CHAT, "pdk_x", &[]),
            chat(""),
            401,
            "invalid_api_key",
            "",
        ),
        (
            "",
            "",
            named(KEY, "m"),
            chat(""),
            401,
            "invalid_api_key",
            "key:k",
        ),
        (
            r#","expires_at":1800000000"#,
            "",
            plain(),
            chat(""),
            401,
            "invalid_api_key",
            "key:k",
        ),
        (
            "",
            r#","monthly_quota_usd":0.000001"#,
            plain(),
            chat(""),
            402,
            "budget_exceeded",
            "namespace:n",
        ),
        (
            r#","daily_quota_usd":0"#,
            "",
            plain(),
            chat(""),
            402,
            "budget_exceeded",
            "key:k",
        ),
        (
            "",
            "",
            headers(CHAT, "sk-admin", &[]),
            chat(""),
            403,
            "namespace_not_found",
            "key:admin",
        ),
        (
            "",
            "",
            named("sk-admin", "x"),
            chat(""),
            403,
            "namespace_not_found",
            "namespace:x",
        ),
        (
            narrow,
            "",
            plain(),
            body("large", ""),
            403,
            "model_not_allowed",
            "key:k",
        ),
        (
            "",
            narrow,
            plain(),
            body("huge", ""),
            403,
            "model_not_allowed",
            "namespace:n",
        ),
        (
            "",
            "",
            plain(),
            body("secret", ""),
            403,
            "model_not_allowed",
            "namespace:n",
        ),
        (
            r#","role":"viewer""#,
            "",
            plain(),
            chat(""),
            403,
            "endpoint_not_allowed",
            "key:k",
        ),
        (
            r#","scopes":["embeddings:create"]"#,
            "",
            plain(),
            chat(""),
            403,
            "endpoint_not_allowed",
            "key:k",
        ),
        (
            "",
            "",
            plain(),
            body("gpt-9", ""),
            404,
            "model_not_found",
            "",
        ),
        (
            "",
            "",
            path("/v1/audio/voices"),
            chat(""),
            404,
            "not_found",
            "",
        ),
        (
            "",
            "",
            path("/v1/filesystem"),
            chat(""),
            404,
            "not_found",
            "",
        ),
        (
            "",
            "",
            plain(),
            b"[1]".to_vec(),
            400,
            "invalid_request_error",
            "",
        ),
        (
            "",
            "",
            plain(),
            br#"{"messages":[]}"#.to_vec(),
            400,
            "invalid_request_error",
            "",
        ),
        (
            "",
            "",
            plain(),
            br#"{"model":"small","model":"large"}"#.to_vec(),
            400,
            "invalid_request_error",
            "",
        ),
        (
            "",
            "",
            plain(),
            vec![b' '; 2_049],
            413,
            "request_too_large",
            "",
        ),
        (
            "",
            r#","tokens_per_minute":10"#,
            plain(),
            chat(""),
            0,
            "",
            "",
        ),
        (narrow, narrow, plain(), body(" TINY ", ""), 0, "", ""),
        ("", "", named("sk-admin", "m"), chat(""), 0, "", ""),
        ("", "", path("/v1/files"), chat(""), 0, "", ""),
        (
            "",
            "",
            path("/v1/files/f-1"),
            chat(""),
            404,
            "file_not_found",
            "namespace:n",
        ),
    ];
    for (row, (key, namespace, headers, body, status, code, scope)) in table.into_iter().enumerate()
    {
        let mut bench = Bench::standalone(key, namespace);
        let mut exchange = Exchange::default();
        let step = bench.send(&mut exchange, &headers, &body);
        if status == 0 {
            assert_eq!(step.verdict, Verdict::Continue, "row {row}");
            assert!(exchange.has_hold(), "row {row}");
            continue;
        }
        let reply = reply(step);
        assert_eq!(
            outcome(&reply),
            (status, code.to_owned(), scope.to_owned()),
            "row {row}"
        );
        let retry = matches!(status, 401..=404).then_some("false");
        if retry.is_some() {
            assert_eq!(header(&reply, "x-should-retry"), retry, "row {row}");
        }
        assert_eq!(header(&reply, "x-request-id"), Some("req-1"), "row {row}");
        assert!(!exchange.has_hold());
    }
}

#[test]
fn a_rate_says_which_limit_it_is_and_when_to_come_back() {
    let table = [
        (r#","rate_limit_per_minute":30,"burst":1"#, "2", "0"),
        (
            r#","tokens_per_minute":60,"rate_limit_per_minute":90"#,
            "60",
            "89",
        ),
        (
            r#","max_concurrency":1,"rate_limit_per_minute":90"#,
            "1",
            "89",
        ),
    ];
    for (limit, seconds, left) in table {
        let mut bench = Bench::standalone("", limit);
        // 60 tokens: all of a minute's worth.
        let (_held, first) = bench.chat(&body("small", r#","max_tokens":100"#));
        assert_eq!(first.verdict, Verdict::Continue);
        let reply = reply(bench.chat(&body("small", r#","max_tokens":100"#)).1);
        let refused = (
            429,
            "rate_limit_exceeded".to_owned(),
            "namespace:n".to_owned(),
        );
        assert_eq!(outcome(&reply), refused);
        assert_eq!(header(&reply, "retry-after"), Some(seconds), "{limit}");
        assert_eq!(header(&reply, "x-should-retry"), None);
        assert_eq!(header(&reply, "x-ratelimit-remaining-requests"), Some(left));
        bench.now = bench.now.plus(core::time::Duration::from_secs(60));
        if !limit.contains("concurrency") {
            assert_eq!(bench.chat(&body("small", "")).1.verdict, Verdict::Continue);
        }
    }
}

#[test]
fn a_spent_budget_says_what_is_left_and_until_when() {
    let mut bench = Bench::standalone("", r#","daily_quota_usd":0.0005"#);
    let reply = reply(bench.chat(&body("small", "")).1);
    let error = error(&reply);
    assert_eq!(error["remaining"], 0.0005);
    assert_eq!(error["resets_at"], "2027-01-16T00:00:00Z");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("Daily budget exhausted")
    );
    // What fits passes: 28 ceiling tokens of prompt and 40 of output.
    let (_held, step) = bench.chat(&body("small", r#","max_tokens":40"#));
    assert_eq!(step.verdict, Verdict::Continue);
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_has_come() {
    let mut bench = Bench::standalone("", "");
    let long = headers(CHAT, KEY, &[("content-length", "2049")]);
    let input = Input::RequestHeaders {
        headers: Headers(&crate::request::borrowed(&long)),
        attributes: &[],
        end: false,
    };
    let step = bench.step(&mut Exchange::default(), input);
    assert_eq!(reply(step).status, 413);

    let unsaid = headers(CHAT, KEY, &[]);
    let mut exchange = Exchange::default();
    let input = Input::RequestHeaders {
        headers: Headers(&crate::request::borrowed(&unsaid)),
        attributes: &[],
        end: false,
    };
    assert_eq!(bench.step(&mut exchange, input).verdict, Verdict::Wait);
    let grows = |received| Input::RequestBodyGrows { received };
    assert_eq!(
        bench.step(&mut exchange, grows(2_048)).verdict,
        Verdict::Wait
    );
    assert_eq!(reply(bench.step(&mut exchange, grows(2_049))).status, 413);
}

#[test]
fn the_tenants_key_and_what_it_may_not_set_are_removed_and_the_alias_is_rewritten() {
    let mut bench = Bench::standalone("", "");
    let mut exchange = Exchange::default();
    let spoofed = headers(
        CHAT,
        KEY,
        &[("x-paddock-upstream", "free"), ("x-api-key", KEY)],
    );
    let step = bench.send(&mut exchange, &spoofed, &body("tiny", ""));
    assert_eq!(step.verdict, Verdict::Continue);
    let position = |effect: &Effect| step.effects.iter().position(|other| other == effect);
    for name in ["authorization", "x-api-key", "x-paddock-upstream"] {
        let removed = position(&Effect::RemoveRequestHeader(name.to_owned()));
        let set = position(&Effect::SetRequestHeader(
            "x-paddock-upstream",
            "openai".to_owned(),
        ));
        assert!(removed.unwrap() < set.unwrap(), "{name}");
    }
    let namespace = Effect::SetRequestHeader("x-paddock-namespace", "n".to_owned());
    assert!(position(&namespace).is_some());
    assert!(position(&Effect::ReplaceRequestBody(body("small", ""))).is_some());
    let answered = bench.answer(&mut exchange, 200, "application/json");
    let model = Effect::SetResponseHeader("x-paddock-model", "small".to_owned());
    assert!(answered.effects.contains(&model));
}

#[test]
fn the_list_of_models_is_the_callers_own() {
    let mut bench = Bench::standalone(
        r#","allowed_models":["tiny","large"]"#,
        r#","allowed_models":["small"]"#,
    );
    let mut exchange = Exchange::default();
    let list = headers("/v1/models", KEY, &[]);
    let input = Input::RequestHeaders {
        headers: Headers(&crate::request::borrowed(&list)),
        attributes: &[],
        end: true,
    };
    let reply = reply(bench.step(&mut exchange, input));
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(body["data"].as_array().unwrap().len(), 1);
    assert_eq!(body["data"][0]["id"], "small");
}
