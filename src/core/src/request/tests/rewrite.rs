//! Changes to bodies, and all that must not change.

use super::{gemini, read};
use crate::policy::OutputLimitField;
use crate::request::{Endpoint, GeminiVerb, Rewrite, read_body};
use proptest::prelude::*;
use serde_json::{Value, json};

fn rewrite(
    endpoint: &Endpoint,
    body: &str,
    model: Option<&str>,
    force_usage: bool,
) -> Option<String> {
    let request = read(endpoint, body).unwrap();
    let to = Rewrite {
        model,
        force_usage,
        ..Rewrite::default()
    };
    let bytes = request.rewrite(body.as_bytes(), &to)?;
    Some(String::from_utf8(bytes).unwrap())
}

#[test]
fn only_the_models_value_changes() {
    for (body, model, expected) in [
        (
            r#"{ "model" : "a" , "x":1.10}"#,
            "b",
            Some(r#"{ "model" : "b" , "x":1.10}"#),
        ),
        (
            r#"{"x":"model","model":"\u0061"}"#,
            "b",
            Some(r#"{"x":"model","model":"b"}"#),
        ),
        (
            r#"{"model":"a"}"#,
            "q\"\\\n/é",
            Some("{\"model\":\"q\\\"\\\\\\n/é\"}"),
        ),
        (r#"{"model":" A "}"#, "A", Some(r#"{"model":"A"}"#)),
        (r#"{"model":"a"}"#, "a", None),
        (r#"{"model":"\u0061"}"#, "a", None),
    ] {
        let found = rewrite(&Endpoint::Messages, body, Some(model), true);
        assert_eq!(found.as_deref(), expected, "{body}");
    }
    assert_eq!(
        rewrite(&Endpoint::Messages, r#"{"model":"a"}"#, None, true),
        None
    );
}

#[test]
fn a_gemini_body_keeps_its_prefix() {
    let endpoint = gemini(GeminiVerb::GenerateContent);
    for (body, expected) in [
        (
            r#"{"model":"models/gemini-2.5-flash"}"#,
            Some(r#"{"model":"models/new"}"#),
        ),
        (
            r#"{"model":"gemini-2.5-flash"}"#,
            Some(r#"{"model":"new"}"#),
        ),
        (r#"{"model":null}"#, None),
        (r#"{"contents":[]}"#, None),
    ] {
        assert_eq!(
            rewrite(&endpoint, body, Some("new"), true).as_deref(),
            expected,
            "{body}"
        );
    }
}

#[test]
fn a_stream_is_made_to_report_its_usage() {
    for (body, expected) in [
        (
            r#"{"model":"a","stream":true}"#,
            Some(r#"{"stream_options":{"include_usage":true},"model":"a","stream":true}"#),
        ),
        (
            r#"{"stream_options":null,"model":"a","stream":true}"#,
            Some(r#"{"stream_options":{"include_usage":true},"model":"a","stream":true}"#),
        ),
        (
            r#"{"model":"a","stream":true,"stream_options":{ }}"#,
            Some(r#"{"model":"a","stream":true,"stream_options":{"include_usage":true }}"#),
        ),
        (
            r#"{"model":"a","stream":true,"stream_options":{"x": {}}}"#,
            Some(r#"{"model":"a","stream":true,"stream_options":{"include_usage":true,"x": {}}}"#),
        ),
        (
            r#"{"model":"a","stream":true,"stream_options":{"x":1,"include_usage":false,"y":2}}"#,
            Some(
                r#"{"model":"a","stream":true,"stream_options":{"x":1,"include_usage":true,"y":2}}"#,
            ),
        ),
        (
            r#"{"model":"a","stream":true,"stream_options":{"include_usage": null}}"#,
            Some(r#"{"model":"a","stream":true,"stream_options":{"include_usage": true}}"#),
        ),
        (
            r#"{"model":"a","stream":true,"stream_options":{"include_usage":true}}"#,
            None,
        ),
        (
            r#"{"model":"a","stream":false,"stream_options":{"include_usage":false}}"#,
            None,
        ),
        (r#"{"model":"a"}"#, None),
    ] {
        for endpoint in [Endpoint::ChatCompletions, Endpoint::Completions] {
            assert_eq!(
                rewrite(&endpoint, body, None, true).as_deref(),
                expected,
                "{body}"
            );
            assert_eq!(rewrite(&endpoint, body, None, false), None);
        }
        assert_eq!(rewrite(&Endpoint::Messages, body, None, true), None);
        assert_eq!(rewrite(&Endpoint::Responses, body, None, true), None);
    }
}

#[test]
fn both_change_at_once_in_either_order() {
    let endpoint = Endpoint::ChatCompletions;
    for (body, expected) in [
        (
            r#"{"model":"a","stream":true,"stream_options":null}"#,
            r#"{"model":"b","stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream_options":{"include_usage":false},"model":"a","stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"model":"b","stream":true}"#,
        ),
        (
            r#" {"model":"a","stream":true} "#,
            r#" {"stream_options":{"include_usage":true},"model":"b","stream":true} "#,
        ),
    ] {
        assert_eq!(
            rewrite(&endpoint, body, Some("b"), true).as_deref(),
            Some(expected)
        );
    }
}

#[test]
fn another_body_than_was_read_does_no_harm() {
    let body = r#"{"stream":true,"x":"a long text","model":"a"}"#;
    let request = read(&Endpoint::ChatCompletions, body).unwrap();
    let to = Rewrite {
        model: Some("b"),
        force_usage: true,
        ..Rewrite::default()
    };
    assert_eq!(request.rewrite(b"{}", &to), None);
}

#[test]
fn a_limit_that_the_model_would_not_read_is_told_in_the_field_it_reads() {
    let changed = |endpoint: &Endpoint, body: &str, field| {
        let request = read(endpoint, body).unwrap();
        let to = Rewrite {
            output_limit_field: Some(field),
            ..Rewrite::default()
        };
        let changed = request.rewrite(body.as_bytes(), &to);
        let changed = changed.map(|bytes| String::from_utf8(bytes).unwrap());
        let limits = request.output_limits.as_sent_to(Some(field));
        (limits.read_as(Some(field)), changed)
    };
    let (chat, completions) = (&Endpoint::ChatCompletions, &Endpoint::Completions);
    let new = r#"{"model":"m","max_completion_tokens":7}"#;
    let told = r#"{"max_tokens":7,"model":"m","max_completion_tokens":7}"#;
    let max_tokens = OutputLimitField::MaxTokens;
    let expected = (Some(7), Some(told.to_owned()));
    assert_eq!(changed(chat, new, max_tokens), expected);
    let both = r#"{"model":"m","max_completion_tokens":7,"max_tokens":9}"#;
    assert_eq!(changed(chat, both, max_tokens), (Some(9), None));
    assert_eq!(
        changed(chat, both, OutputLimitField::MaxCompletionTokens),
        (Some(7), None)
    );
    assert_eq!(changed(chat, both, OutputLimitField::None), (None, None));
    let old = r#"{"model":"m","max_tokens":9}"#;
    assert_eq!(
        changed(chat, old, OutputLimitField::MaxCompletionTokens),
        (None, None)
    );
    // Where a prompt is completed, nothing else is read.
    assert_eq!(changed(completions, new, max_tokens), (None, None));
    let zero = r#"{"model":"m","max_tokens":0,"max_completion_tokens":0}"#;
    assert_eq!(changed(chat, zero, max_tokens), (None, None));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-zé\"\\\\]{0,8}", inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_else_changes(
        extra in prop::collection::hash_map("x_[a-zé\"\\\\]{0,6}", any_json(), 0..5),
        options in prop::option::of(prop_oneof![
            Just(json!(null)),
            Just(json!({})),
            Just(json!({"include_usage": false})),
            Just(json!({"include_usage": null, "x": {"include_usage": 1}})),
            Just(json!({"include_obfuscation": false})),
            Just(json!({"include_usage": true})),
        ]),
        old: String,
        new: String,
        pretty: bool,
        renames: bool,
        force: bool,
    ) {
        let mut body = Value::Object(extra.into_iter().collect());
        body["model"] = json!(format!("m{old}"));
        body["stream"] = json!(true);
        if let Some(options) = options {
            body["stream_options"] = options;
        }
        let bytes = if pretty { serde_json::to_vec_pretty(&body) } else { serde_json::to_vec(&body) };
        let bytes = bytes.unwrap();
        let endpoint = Endpoint::ChatCompletions;
        let request = read_body(&endpoint, &bytes).unwrap();
        let to = Rewrite {
            model: renames.then_some(new.as_str()), force_usage: force, ..Rewrite::default()
        };
        let rewritten = request.rewrite(&bytes, &to);

        let mut expected = body.clone();
        if renames {
            expected["model"] = json!(new);
        }
        if force {
            if !expected["stream_options"].is_object() {
                expected["stream_options"] = json!({});
            }
            expected["stream_options"]["include_usage"] = json!(true);
        }
        prop_assert_eq!(rewritten.is_some(), expected != body);
        let rewritten = rewritten.unwrap_or(bytes);
        prop_assert_eq!(serde_json::from_slice::<Value>(&rewritten).unwrap(), expected);
    }
}
