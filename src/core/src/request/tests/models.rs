//! Models that a body names beside its own.

use super::{gemini, read};
use crate::request::{BodyError, Endpoint, GeminiVerb, Rewrite};
use proptest::prelude::*;

/// The other models of a body with these fields, each with its calls.
fn others(endpoint: &Endpoint, fields: &str) -> Result<Vec<(String, u64)>, BodyError> {
    let body = format!(r#"{{"model":"own",{fields}}}"#);
    let request = read(endpoint, &body)?;
    let others = request.other_models.iter();
    Ok(others
        .map(|other| (other.name.clone().into_owned(), other.calls))
        .collect())
}

#[test]
fn every_model_a_body_can_name_is_found() {
    use Endpoint::{ChatCompletions, Messages, Responses};
    let google = Endpoint::Gemini {
        model: "own".to_owned(),
        verb: GeminiVerb::GenerateContent,
    };
    type Case<'a> = (&'a Endpoint, &'a str, &'a [(&'a str, u64)]);
    let cases: &[Case<'_>] = &[
        // OpenRouter's fallbacks, and its order of the two.
        (
            &ChatCompletions,
            r#""models":["own","dear"]"#,
            &[("dear", 0)],
        ),
        (
            &ChatCompletions,
            r#""route":"fallback","models":["dear"]"#,
            &[("dear", 0)],
        ),
        (&ChatCompletions, r#""Models":["dear"]"#, &[("dear", 0)]),
        (
            &ChatCompletions,
            r#""mod\u0065ls":["d\u0065ar"]"#,
            &[("dear", 0)],
        ),
        (&ChatCompletions, r#""models":"dear""#, &[("dear", 0)]),
        (
            &ChatCompletions,
            r#""models":["a"],"models":["b"]"#,
            &[("a", 0), ("b", 0)],
        ),
        (&ChatCompletions, r#""models":["a","a","own"]"#, &[("a", 0)]),
        // LiteLLM's and Anthropic's.
        (
            &ChatCompletions,
            r#""fallbacks":["a","b"]"#,
            &[("a", 0), ("b", 0)],
        ),
        (
            &ChatCompletions,
            r#""fallbacks":[{"own":["a","b"]}]"#,
            &[("a", 0), ("b", 0)],
        ),
        (
            &ChatCompletions,
            r#""fallbacks":[{"model":"a","messages":[{"model":"no"}]}]"#,
            &[("a", 0)],
        ),
        (
            &ChatCompletions,
            r#""context_window_fallbacks":[{"own":["a"]}]"#,
            &[("a", 0)],
        ),
        (&ChatCompletions, r#""fallback_models":["a"]"#, &[("a", 0)]),
        (
            &Messages,
            r#""fallbacks":[{"model":"a","thinking":{"type":"adaptive"},
            "output_config":{"format":{"schema":{"required":["model"]}}}}]"#,
            &[("a", 0)],
        ),
        // Tools and what is like them.
        (
            &Messages,
            r#""tools":[{"type":"advisor_20260301","name":"advisor","model":"dear"}]"#,
            &[("dear", 10)],
        ),
        (
            &Messages,
            r#""tools":[{"model":"dear","type":"advisor_20260301","max_uses":3}]"#,
            &[("dear", 3)],
        ),
        (
            &Messages,
            r#""tools":[{"model":"a","max_uses":3},{"model":"a","max_uses":2}]"#,
            &[("a", 5)],
        ),
        (
            &Messages,
            r#""tools":[{"model":"own","max_uses":2}]"#,
            &[("own", 2)],
        ),
        (
            &Messages,
            r#""tools":[{"model":"a","max_uses":0}]"#,
            &[("a", 1)],
        ),
        (
            &Responses,
            r#""tools":[{"type":"image_generation","model":"gpt-image-2"}]"#,
            &[("gpt-image-2", 10)],
        ),
        (
            &Responses,
            r#""tools":[{"type":"image_generation","svg":{"model":"a"}}]"#,
            &[("a", 10)],
        ),
        (
            &Responses,
            r#""input":[{"type":"additional_tools","tools":[{"type":"image_generation","model":"a"}]}]"#,
            &[("a", 10)],
        ),
        (
            &ChatCompletions,
            r#""tools":[{"type":"openrouter:advisor","parameters":{"model":"a"}}]"#,
            &[("a", 10)],
        ),
        (
            &ChatCompletions,
            r#""tools":[{"parameters":{"model":"a"},"type":"openrouter:advisor"}]"#,
            &[("a", 10)],
        ),
        (
            &ChatCompletions,
            r#""plugins":[{"id":"fusion","analysis_models":["a","b"],"model":"c"}]"#,
            &[("a", 10), ("b", 10), ("c", 10)],
        ),
        (&ChatCompletions, r#""advisor":{"model":"a"}"#, &[("a", 10)]),
        (
            &ChatCompletions,
            r#""image_generation":{"model":"a"}"#,
            &[("a", 10)],
        ),
        (
            &ChatCompletions,
            r#""input_audio_transcription":{"model":"a"}"#,
            &[("a", 10)],
        ),
        (
            &ChatCompletions,
            r#""extra_body":{"models":["a"]}"#,
            &[("a", 10)],
        ),
        (
            &ChatCompletions,
            r#""something_new":{"deep":[{"judge_model":"a"}]}"#,
            &[("a", 10)],
        ),
        (
            &google,
            r#""generationConfig":{"routingConfig":{"manualMode":{"modelName":"a"}}}"#,
            &[("a", 10)],
        ),
        // Everything else is what somebody says, or somebody's own.
        (
            &ChatCompletions,
            r#""messages":[{"role":"user","content":[{"type":"text","text":"t","model":"no"}],"models":["no"]}]"#,
            &[],
        ),
        (
            &Responses,
            r#""input":[{"type":"message","model":"no"}],"instructions":"model"}"#,
            &[],
        ),
        (
            &Messages,
            r#""messages":[{"content":[{"type":"tool_use","input":{"model":"no"}}]}]"#,
            &[],
        ),
        (
            &Messages,
            r#""tools":[{"name":"t","input_schema":{"default":{"model":"no"},"required":["model"]}}]"#,
            &[],
        ),
        (
            &ChatCompletions,
            r#""tools":[{"type":"function","function":{"parameters":{"default":{"model":"no"}}}}]"#,
            &[],
        ),
        (
            &Responses,
            r#""tools":[{"type":"function","parameters":{"enum":[{"models":["no"]}]}}]"#,
            &[],
        ),
        (
            &Responses,
            r#""tools":[{"parameters":{"const":{"model":"no"}},"type":"function"}]"#,
            &[],
        ),
        (
            &ChatCompletions,
            r#""functions":[{"parameters":{"examples":[{"model":"no"}]}}]"#,
            &[],
        ),
        (
            &ChatCompletions,
            r#""response_format":{"json_schema":{"schema":{"default":{"model":"no"}}}}"#,
            &[],
        ),
        (
            &ChatCompletions,
            r#""metadata":{"model":"no","fallbacks":["no"]}"#,
            &[],
        ),
        (
            &ChatCompletions,
            r#""moderation":{"model":"omni-moderation-latest"}"#,
            &[],
        ),
        (
            &ChatCompletions,
            r#""models":null,"fallbacks":[],"x_model":"","y_model":7"#,
            &[],
        ),
        (
            &ChatCompletions,
            r#""provider":{"order":["a"],"allow_fallbacks":false}"#,
            &[],
        ),
        (&Messages, r#""fallback_credit_token":"abc""#, &[]),
        (
            &google,
            r#""contents":[{"parts":[{"functionCall":{"args":{"model":"no"}}}]}]"#,
            &[],
        ),
    ];
    for (endpoint, fields, expected) in cases {
        let fields = fields.trim_end_matches('}');
        let balance = |open, close| fields.matches(open).count() - fields.matches(close).count();
        let fields = format!("{fields}{}", "}".repeat(balance('{', '}')));
        let found = others(endpoint, &fields).unwrap();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, calls)| ((*name).to_owned(), *calls))
            .collect();
        assert_eq!(found, expected, "{fields}");
    }
}

#[test]
fn a_fallback_raises_what_the_call_can_come_to() {
    let body = r#"{"model":"m","max_tokens":10,"fallbacks":[{"model":"a","max_tokens":99,"speed":"fast"}]}"#;
    let request = read(&Endpoint::Messages, body).unwrap();
    assert_eq!(request.output_limits.read_as(None), Some(99));
    assert_eq!(request.speed.as_deref(), Some("fast"));
    let body = r#"{"model":"m","max_tokens":10,"tools":[{"type":"advisor_1","model":"a","max_tokens":2000}]}"#;
    let request = read(&Endpoint::Messages, body).unwrap();
    assert_eq!(request.output_limits.read_as(None), Some(10));
    assert_eq!(request.other_models[0].max_output_tokens, Some(2_000));
}

#[test]
fn what_the_provider_would_choose_is_refused() {
    for (fields, param) in [
        (r#""fallbacks":"default""#, "fallbacks"),
        (r#""route":"fallback""#, "route"),
        (r#""route":"fallback","models":["own"]"#, "route"),
        (r#""tools":[{"type":"openrouter:advisor"}]"#, "tools"),
        (r#""plugins":[{"id":"fusion"}]"#, "tools"),
    ] {
        let error = others(&Endpoint::ChatCompletions, fields).unwrap_err();
        assert_eq!(error.param(), Some(param), "{fields}: {error}");
    }
    let twice = r#""tools":[{"type":"function","type":"web_search"}]"#;
    let error = others(&Endpoint::ChatCompletions, twice).unwrap_err();
    assert_eq!(
        error,
        BodyError::Ambiguous {
            field: "tools.type"
        }
    );
}

#[test]
fn models_are_bounded_in_number_and_in_depth() {
    let list = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!(r#""m{n}""#)).collect();
        format!(r#""models":[{}]"#, names.join(","))
    };
    assert_eq!(
        others(&Endpoint::ChatCompletions, &list(16)).unwrap().len(),
        16
    );
    let error = others(&Endpoint::ChatCompletions, &list(17)).unwrap_err();
    assert!(error.to_string().contains("16 models"), "{error}");
    for (open, close) in [
        (r#"{"models":"#, "}"),
        (r#"[{"fallbacks":"#, "}]"),
        (r#"[{"parameters":{"tools":"#, r#"},"type":"x"}]"#),
        (r#"{"a_model":["#, "]}"),
    ] {
        for depth in [5, 100, 100_000] {
            let value = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for key in ["tools", "fallbacks", "models", "x"] {
                let found = others(&Endpoint::ChatCompletions, &format!(r#""{key}":{value}"#));
                assert!(found.is_err(), "{key} {open} {depth}");
            }
        }
    }
}

/// WebAssembly has a stack of 1 MiB.
#[test]
fn the_deepest_body_that_is_read_fits_the_stack() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let deepest = |inner: &str| nested(r#"{"x":"#, inner, "}", 120);
    let once = deepest(r#"{"model":{"y":1}}"#);
    let twice = deepest(&format!(r#"{{"model":{once}}}"#));
    let content = format!(r#"{{"messages":{}}}"#, deepest("1"));
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let reading = thread.spawn(move || {
        for value in [once, twice, content] {
            let found = others(&Endpoint::ChatCompletions, &format!(r#""z":{value}"#));
            assert!(found.is_ok(), "{found:?}");
        }
    });
    reading.unwrap().join().unwrap();
}

#[test]
fn other_models_are_renamed_as_the_body_own() {
    let body = r#"{"model":"own","models":["own", "a" ,"b","\u0061"],
        "tools":[{"model":"a","input_schema":{"default":{"model":"a"}}}],"messages":[{"model":"a"}]}"#;
    let request = read(&Endpoint::ChatCompletions, body).unwrap();
    let names: Vec<_> = request
        .other_models
        .iter()
        .map(|other| &*other.name)
        .collect();
    assert_eq!(names, ["a", "b", "a"]);
    let rename = |model, others: &[Option<&str>]| {
        let to = Rewrite {
            model,
            others,
            ..Rewrite::default()
        };
        let changed = request.rewrite(body.as_bytes(), &to)?;
        Some(String::from_utf8(changed).unwrap())
    };
    assert_eq!(
        rename(Some("new"), &[Some("x"), Some("b"), Some("y")]).unwrap(),
        r#"{"model":"new","models":["new", "x" ,"b","x"],
        "tools":[{"model":"y","input_schema":{"default":{"model":"a"}}}],"messages":[{"model":"a"}]}"#
    );
    assert_eq!(
        rename(Some("own"), &[Some("a"), Some("b"), Some("a")]),
        None
    );
    assert_eq!(rename(None, &[]), None);
}

proptest! {
    /// A model that any settings name, however deep and whatever stands around it, is found, and none
    /// that stands in what a model reads.
    #[test]
    fn a_named_model_is_never_missed(
        path in prop::collection::vec(prop::sample::select(vec!["x", "options", "plugins", "provider", "extra_body"]), 0..6),
        key in prop::sample::select(vec!["model", "models", "Model", "model_id", "some_model", "fallback_models"]),
        in_list: bool,
        content in prop::sample::select(vec!["messages", "metadata", "system", "response_format"]),
    ) {
        let name = if in_list { r#"["dear"]"# } else { r#""dear""# };
        let key = if path.is_empty() && key.eq_ignore_ascii_case("model") { "models" } else { key };
        let mut settings = format!(r#""{key}":{name}"#);
        for outer in path.iter().rev() {
            settings = format!(r#""{outer}":{{"y":1,{settings}}}"#);
        }
        let schema = r#"{"role":"user","content":[],"schema":{"default":{"model":"no"}}}"#;
        let fields = format!(r#""{content}":[{schema}],{settings},"z":[]"#);
        let found = others(&Endpoint::ChatCompletions, &fields);
        if content == "metadata" {
            return Ok(());
        }
        let found = found.unwrap();
        prop_assert_eq!(found.len(), 1, "{}", fields);
        prop_assert_eq!(&found[0].0, "dear");
    }
}

#[test]
fn a_model_may_be_named_as_a_resource() {
    let endpoint = gemini(GeminiVerb::CountTokens);
    let body = r#"{"generateContentRequest":{"model":"models/gemini-2.5-flash","contents":[]},
        "fallbacks":["models/gemini-2.5-flash","models\u002fother"]}"#;
    let request = read(&endpoint, body).unwrap();
    let names = request.other_models.iter();
    let names: Vec<_> = names
        .map(|other| (&*other.name, other.may_serve()))
        .collect();
    assert_eq!(names, [("gemini-2.5-flash", false), ("other", true)]);
    let to = Rewrite {
        model: Some("new"),
        others: &[Some("new"), Some("x")],
        ..Rewrite::default()
    };
    let renamed = request.rewrite(body.as_bytes(), &to);
    assert_eq!(
        String::from_utf8(renamed.unwrap()).unwrap(),
        r#"{"generateContentRequest":{"model":"models/new","contents":[]},
        "fallbacks":["models/new","models/x"]}"#
    );
}
