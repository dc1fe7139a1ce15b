//! Tiers, tools, and whatever else of a body has a price.

use super::{gemini, read};
use crate::request::{BodyError, Endpoint, GeminiVerb};
use crate::usage::Tool;

const CHAT: Endpoint = Endpoint::ChatCompletions;
const RESPONSES: Endpoint = Endpoint::Responses;
const MESSAGES: Endpoint = Endpoint::Messages;

fn google() -> Endpoint {
    gemini(GeminiVerb::GenerateContent)
}

fn body(fields: &str) -> String {
    format!(r#"{{"model":"gemini-2.5-flash",{fields}}}"#)
}

#[test]
fn tier_speed_and_region_are_read() {
    for (endpoint, fields, tier, speed, region) in [
        (
            &CHAT,
            r#""service_tier":"priority""#,
            Some("priority"),
            None,
            None,
        ),
        (
            &CHAT,
            r#""service_tier":"fast""#,
            Some("priority"),
            None,
            None,
        ),
        (
            &CHAT,
            r#""service_tier":"FLEX","speed":"fast""#,
            Some("flex"),
            Some("fast"),
            None,
        ),
        (
            &RESPONSES,
            r#""service_tier":"flex""#,
            Some("flex"),
            None,
            None,
        ),
        (
            &MESSAGES,
            r#""service_tier":"auto","speed":"fast","inference_geo":"us""#,
            Some("auto"),
            Some("fast"),
            Some("us"),
        ),
        (
            &MESSAGES,
            r#""service_tier":null,"speed":null,"inference_geo":"""#,
            None,
            None,
            None,
        ),
        (
            &google(),
            r#""serviceTier":"priority""#,
            Some("priority"),
            None,
            None,
        ),
        (
            &google(),
            r#""service_tier":"SERVICE_TIER_FLEX""#,
            Some("flex"),
            None,
            None,
        ),
        (
            &google(),
            r#""serviceTier":"unspecified""#,
            None,
            None,
            None,
        ),
    ] {
        let body = body(fields);
        let request = read(endpoint, &body).unwrap();
        let found = (
            request.tier.as_deref(),
            request.speed.as_deref(),
            request.region.as_deref(),
        );
        assert_eq!(found, (tier, speed, region), "{fields}");
    }
    for (endpoint, fields, field) in [
        (
            &CHAT,
            r#""service_tier":"flex","service_tier":"priority""#,
            "service_tier",
        ),
        (&MESSAGES, r#""Speed":"fast""#, "speed"),
        (&MESSAGES, "\"\u{17f}peed\":\"fast\"", "speed"),
        (
            &MESSAGES,
            r#""inference_geo":"us","INFERENCE_GEO":"eu""#,
            "inference_geo",
        ),
        (
            &google(),
            r#""serviceTier":"a","service_tier":"b""#,
            "serviceTier",
        ),
    ] {
        assert_eq!(
            read(endpoint, &body(fields)),
            Err(BodyError::Ambiguous { field }),
            "{fields}"
        );
    }
    let long = body(&format!(r#""service_tier":"{}""#, "x".repeat(65)));
    assert_eq!(
        read(&CHAT, &long).unwrap_err().param(),
        Some("service_tier")
    );
}

#[test]
fn the_providers_tools_are_counted_with_their_bounds() {
    use Tool::{CodeInterpreter, FileSearch, Grounding, ImageGeneration, WebFetch, WebSearch};
    let google = google();
    type Case<'a> = (&'a Endpoint, &'a str, &'a [(Tool, u64)]);
    let cases: &[Case<'_>] = &[
        (
            &MESSAGES,
            r#""tools":[{"type":"web_search_20250305","name":"web_search","max_uses":7}]"#,
            &[(WebSearch, 7)],
        ),
        (
            &MESSAGES,
            r#""tools":[{"max_uses":2.0,"type":"web_fetch_20250910"},{"type":"code_execution_20250825"}]"#,
            &[(CodeInterpreter, 10), (WebFetch, 2)],
        ),
        (
            &MESSAGES,
            r#""tools":[{"type":"web_search_20250305","max_uses":null}]"#,
            &[(WebSearch, 10)],
        ),
        (
            &MESSAGES,
            r#""tools":[{"type":"web_search_20250305","max_uses":-1}]"#,
            &[(WebSearch, 10)],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"web_search_preview"},{"type":"file_search","vector_store_ids":[]}]"#,
            &[(WebSearch, 10), (FileSearch, 10)],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"web_search"}],"max_tool_calls":3"#,
            &[(WebSearch, 3)],
        ),
        (
            &RESPONSES,
            r#""max_tool_calls":40,"tools":[{"type":"image_generation"}]"#,
            &[(ImageGeneration, 40)],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"code_interpreter","container":{"type":"auto"}}]"#,
            &[(CodeInterpreter, 10)],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"shell","environment":{"type":"container_auto"}}]"#,
            &[(CodeInterpreter, 10)],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"shell","environment":{"type":"local"}}]"#,
            &[],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"namespace","tools":[{"type":"web_search"}]}]"#,
            &[(WebSearch, 10)],
        ),
        (
            &RESPONSES,
            r#""input":[{"type":"additional_tools","tools":[{"type":"web_search"}]}]"#,
            &[(WebSearch, 10)],
        ),
        (
            &RESPONSES,
            r#""Tools":[{"type":"web_search"}]"#,
            &[(WebSearch, 10)],
        ),
        (&CHAT, r#""web_search_options":{}"#, &[(WebSearch, 10)]),
        (&CHAT, r#""web_search_options":null"#, &[]),
        (&CHAT, r#""enable_search":true"#, &[(WebSearch, 10)]),
        (&CHAT, r#""enable_search":false"#, &[]),
        (
            &CHAT,
            r#""search_parameters":{"mode":"auto"}"#,
            &[(WebSearch, 20)],
        ),
        (
            &CHAT,
            r#""search_parameters":{"max_search_results":5}"#,
            &[(WebSearch, 5)],
        ),
        (
            &CHAT,
            r#""search_parameters":{"mode":"off","max_search_results":5}"#,
            &[],
        ),
        (&CHAT, r#""search_parameters":null"#, &[]),
        (&CHAT, r#""plugins":[{"id":"web"}]"#, &[(WebSearch, 10)]),
        (
            &google,
            r#""tools":[{"googleSearch":{}}]"#,
            &[(Grounding, 10)],
        ),
        (
            &google,
            r#""tools":[{"google_search":{},"urlContext":{}},{"googleMaps":{}}]"#,
            &[(Grounding, 20), (WebFetch, 10)],
        ),
        (
            &google,
            r#""tools":[{"codeExecution":{}},{"functionDeclarations":[{"name":"googleSearch"}]}]"#,
            &[],
        ),
        // The caller's own, and those without a fee.
        (
            &CHAT,
            r#""tools":[{"type":"function","function":{"name":"web_search"}}]"#,
            &[],
        ),
        (
            &RESPONSES,
            r#""tools":[{"type":"function","name":"web_search"},{"type":"mcp"},{"type":"computer_use_preview"},{"type":"local_shell"}]"#,
            &[],
        ),
        (
            &MESSAGES,
            r#""tools":[{"name":"web_search","input_schema":{"type":"web_search_20250305"}}]"#,
            &[],
        ),
        (
            &MESSAGES,
            r#""messages":[{"content":[{"type":"tool_use","input":{"tools":[{"type":"web_search"}]}}]}]"#,
            &[],
        ),
    ];
    for (endpoint, fields, expected) in cases {
        let body = body(fields);
        let tools = read(endpoint, &body).unwrap().tools;
        assert_eq!(tools.iter().collect::<Vec<_>>(), *expected, "{fields}");
    }
}

#[test]
fn a_prompt_that_may_be_shortened_is_read_twice() {
    for (endpoint, fields, passes) in [
        (
            &MESSAGES,
            r#""context_management":{"edits":[{"type":"compact_20260112"}]}"#,
            2,
        ),
        (
            &MESSAGES,
            r#""context_management":{"edits":[{"type":"clear_tool_uses_20250919"}]}"#,
            1,
        ),
        (
            &RESPONSES,
            r#""context_management":[{"type":"compaction","compact_threshold":1000}]"#,
            2,
        ),
        (&RESPONSES, r#""input":[{"type":"compaction_trigger"}]"#, 2),
        (
            &RESPONSES,
            r#""input":[{"type":"compaction","encrypted_content":"e"}],"truncation":"auto""#,
            1,
        ),
        (
            &MESSAGES,
            r#""messages":[{"content":[{"type":"compaction","content":"c"}]}]"#,
            1,
        ),
    ] {
        assert_eq!(
            read(endpoint, &body(fields)).unwrap().passes,
            passes,
            "{fields}"
        );
    }
}

#[test]
fn a_prediction_that_fails_is_output_beyond_any_cap() {
    let text = "x".repeat(1_000);
    let fields = format!(r#""max_tokens":10,"prediction":{{"type":"content","content":"{text}"}}"#);
    let request = body(&fields);
    let cap = read(&CHAT, &request)
        .unwrap()
        .output_limits
        .read_as(None)
        .unwrap();
    assert!((510..600).contains(&cap), "{cap}");
}

#[test]
fn the_end_user_has_two_names() {
    for (endpoint, fields, user) in [
        (&RESPONSES, r#""safety_identifier":"u-si""#, Some("u-si")),
        (&CHAT, r#""safety_identifier":"u-si""#, Some("u-si")),
        (&CHAT, r#""safety_identifier":"u-si","user":"u""#, Some("u")),
        (
            &CHAT,
            r#""user":"","safety_identifier":"u-si""#,
            Some("u-si"),
        ),
        (&CHAT, r#""prompt_cache_key":"k""#, None),
        (&MESSAGES, r#""metadata":{"user_id":"u"}"#, Some("u")),
    ] {
        assert_eq!(
            read(endpoint, &body(fields)).unwrap().user.as_deref(),
            user,
            "{fields}"
        );
    }
    let twice = body(r#""safety_identifier":"a","safety_identifier":"b""#);
    let field = "safety_identifier";
    assert_eq!(read(&CHAT, &twice), Err(BodyError::Ambiguous { field }));
}
