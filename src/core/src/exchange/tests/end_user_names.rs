//! Who the end user is: where requests name them, and which part of the name counts.

use super::bench::*;
use crate::config::Config;
use crate::exchange::{Effect, Exchange, Input, Verdict};

const MESSAGES: &str = "/v1/messages";
/// Room for two small requests that cost $0.0006 each, not for three.
const CAPPED: &str = r#","user_monthly_quota_usd":0.001"#;

fn bench(end_users: &str) -> Bench {
    let mut bench = Bench::standalone("", CAPPED);
    let text = format!(r#"{{"accounting":{{"cluster":"c"}},"end_users":{end_users}}}"#);
    bench.worker.config.end_users = Config::parse(text.as_bytes()).unwrap().end_users;
    bench
}

fn message(user_id: &str) -> Vec<u8> {
    let user_id = serde_json::to_string(user_id).unwrap();
    body(
        "small",
        &format!(r#","max_tokens":10,"metadata":{{"user_id":{user_id}}}"#),
    )
}

/// A call of a whole request and answer that costs $0.0006: its status, and its user in the ledger.
fn call(bench: &mut Bench, headers: &HeaderList, body: &[u8]) -> (u16, Option<String>) {
    let mut exchange = Exchange::default();
    let begun = bench.send(&mut exchange, headers, body);
    if begun.verdict != Verdict::Continue {
        return (reply(bench.waited((exchange, begun))).status, None);
    }
    bench.answer(&mut exchange, 200, "application/json");
    let chunk = br#"{"stop_reason":"end_turn","usage":{"input_tokens":500,"output_tokens":10,
        "prompt_tokens":500,"completion_tokens":10}}"#;
    let done = [bench.step(&mut exchange, Input::ResponseBody { chunk, end: true })];
    (200, event(&done).user.as_deref().map(str::to_owned))
}

#[test]
fn sessions_of_one_account_are_one_user() {
    let json = |session: &str| {
        format!(r#"{{"device_id":"d1","account_uuid":"a1","session_id":"{session}"}}"#)
    };
    let text = |session: &str| format!("user_h_account_a1_session_{session}");
    for form in [&json as &dyn Fn(&str) -> String, &text] {
        let mut bench = bench("{}");
        let headers = headers(MESSAGES, KEY, &[]);
        let mut statuses = Vec::new();
        for session in ["s1", "s1", "s1", "s2", "s3"] {
            let (status, user) = call(&mut bench, &headers, &message(&form(session)));
            assert!(user.is_none_or(|user| user == "a1"));
            statuses.push(status);
        }
        assert_eq!(statuses, [200, 200, 402, 402, 402]);
        assert_eq!(bench.record("user:n/a1").books.month_spent, 1_200_000);
    }
}

#[test]
fn sessions_do_not_use_up_the_seats() {
    let mut bench = bench("{}");
    bench.worker.config.max_limited_users = 10;
    let headers = headers(MESSAGES, KEY, &[]);
    for session in 0..50 {
        let user = format!("user_h_account_a_session_{session}");
        let _ = call(&mut bench, &headers, &message(&user));
    }
    let (status, user) = call(&mut bench, &headers, &message("bob"));
    assert_eq!((status, user.as_deref()), (200, Some("bob")));
    assert!(bench.store.values.contains_key("scope/user:n/bob"));
    assert!(!bench.store.values.contains_key("scope/user:n/*"));
}

#[test]
fn an_operator_says_where_the_user_is_named() {
    let both = headers(
        CHAT,
        KEY,
        &[
            ("x-user", "header"),
            ("x_person", "no"),
            ("x-person", "proxy"),
        ],
    );
    let none = headers(CHAT, KEY, &[]);
    let in_body = body("small", r#","max_tokens":10,"user":"body""#);
    let nobody = body("small", r#","max_tokens":10"#);
    for (end_users, headers, body, user) in [
        ("{}", &both, &in_body, Some("body")),
        ("{}", &both, &nobody, Some("header")),
        ("{}", &none, &nobody, None),
        (
            r#"{"named_by":["x-person","body"]}"#,
            &both,
            &in_body,
            Some("proxy"),
        ),
        (
            r#"{"named_by":["x-person","body"]}"#,
            &none,
            &in_body,
            Some("body"),
        ),
        (
            r#"{"named_by":["body","x-person"]}"#,
            &both,
            &in_body,
            Some("body"),
        ),
        (r#"{"named_by":["x-person"]}"#, &none, &in_body, None),
        (
            r#"{"named_by":["x-absent","x-user"]}"#,
            &both,
            &in_body,
            Some("header"),
        ),
    ] {
        let mut bench = bench(end_users);
        let (status, found) = call(&mut bench, headers, body);
        assert_eq!((status, found.as_deref()), (200, user), "{end_users}");
    }
    let mut bench = bench(r#"{"named_by":["x-person"]}"#);
    let step = bench.send(&mut Exchange::default(), &both, &in_body);
    for name in ["x-person", "x_person", "x-user"] {
        let removed = Effect::RemoveRequestHeader(name.to_owned());
        assert!(step.effects.contains(&removed), "{name} stays here");
    }
}

#[test]
fn a_safety_identifier_is_a_user() {
    let mut bench = bench("{}");
    let body =
        br#"{"model":"small","max_output_tokens":10,"input":"t","safety_identifier":"u-si"}"#;
    let (status, user) = call(&mut bench, &headers("/v1/responses", KEY, &[]), body);
    assert_eq!((status, user.as_deref()), (200, Some("u-si")));
}
