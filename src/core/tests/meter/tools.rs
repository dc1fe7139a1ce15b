//! The calls of tools that the provider runs.

use crate::{chat, events, read};
use paddock_core::usage::{Tool, ToolCalls};
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};

fn check(format: WireFormat, body: &str, expected: &[(Tool, u64)]) {
    let found: Vec<(Tool, u64)> = read(format, body).tools.iter().collect();
    assert_eq!(found, expected, "{body}");
}

fn message(tools: &str) -> String {
    format!(
        r#"{{"type":"message","content":[{{"type":"text","text":"Ob"}}],"usage":{{"input_tokens":100,"output_tokens":10,"server_tool_use":{tools}}}}}"#
    )
}

#[test]
fn anthropic_counts_them_in_its_usage() {
    let tools =
        r#"{"web_search_requests":7,"web_fetch_requests":"2","code_execution_requests":1.0}"#;
    let expected = [
        (Tool::WebSearch, 7),
        (Tool::CodeInterpreter, 1),
        (Tool::WebFetch, 2),
    ];
    check(Anthropic, &message(tools), &expected);
    for none in [
        "null",
        "[]",
        "{}",
        r#"{"web_search_requests":-1}"#,
        r#"{"other_requests":3}"#,
    ] {
        check(Anthropic, &message(none), &[]);
    }
    let delta = |count: u64| {
        format!(
            r#"{{"type":"message_delta","delta":{{}},"usage":{{"output_tokens":1,"server_tool_use":{{"web_search_requests":{count}}}}}}}"#
        )
    };
    check(
        Anthropic,
        &events([delta(2), delta(3), delta(0)]),
        &[(Tool::WebSearch, 3)],
    );
}

#[test]
fn compatible_servers_count_them_under_many_names() {
    for (usage, expected) in [
        (r#""num_search_queries":18"#, vec![(Tool::WebSearch, 18)]),
        (r#""num_sources_used":4"#, vec![(Tool::WebSearch, 4)]),
        (
            r#""server_tool_use":{"web_search_requests":2}"#,
            vec![(Tool::WebSearch, 2)],
        ),
        (
            r#""num_sources_used":0,"num_server_side_tools_used":4,"server_side_tool_usage_details":{"web_search_calls":2,"x_search_calls":3,"file_search_calls":1,"document_search_calls":1,"code_interpreter_calls":1,"image_generation_calls":1,"mcp_calls":9}"#,
            vec![
                (Tool::WebSearch, 5),
                (Tool::FileSearch, 2),
                (Tool::CodeInterpreter, 1),
                (Tool::ImageGeneration, 1),
            ],
        ),
    ] {
        let usage = format!(r#"{{"prompt_tokens":1,"completion_tokens":1,{usage}}}"#);
        check(OpenAi, &chat("Ob", &usage), &expected);
        check(
            OpenAiResponses,
            &format!(r#"{{"output":[],"usage":{usage}}}"#),
            &expected,
        );
    }
}

#[test]
fn an_answer_that_cites_pages_was_searched_for_once() {
    let cites = |kind: &str| {
        let url = r#""url_citation":{"url":"https://a.test","content":"Much text of a page."}"#;
        format!(
            r#"{{"choices":[{{"message":{{"content":"Ob","annotations":[{{"type":"{kind}",{url}}},{{"type":"{kind}",{url}}}]}}}}]}}"#
        )
    };
    check(OpenAi, &cites("url_citation"), &[(Tool::WebSearch, 1)]);
    check(OpenAi, &cites("file_citation"), &[]);
    assert_eq!(
        read(OpenAi, &cites("url_citation")).seen_output_tokens,
        1,
        "pages are no output"
    );
}

const ITEMS: [&str; 7] = [
    r#"{"type":"web_search_call","status":"completed","action":{"type":"search","query":"rivers"}}"#,
    r#"{"type":"web_search_call","action":{"type":"open_page","url":"https://a.test"}}"#,
    r#"{"action":{"type":"find_in_page"},"type":"web_search_call"}"#,
    r#"{"type":"web_search_call","status":"completed"}"#,
    r#"{"type":"file_search_call","queries":["rivers"]}"#,
    r#"{"type":"code_interpreter_call","code":"1+1"}"#,
    r#"{"type":"image_generation_call","result":"aGVsbG8="}"#,
];

const CALLS: [(Tool, u64); 4] = [
    (Tool::WebSearch, 2),
    (Tool::FileSearch, 1),
    (Tool::CodeInterpreter, 1),
    (Tool::ImageGeneration, 1),
];

#[test]
fn each_item_of_a_response_is_a_call() {
    let output = ITEMS.join(",");
    let whole = format!(r#"{{"object":"response","output":[{output}],"usage":null}}"#);
    check(OpenAiResponses, &whole, &CALLS);

    let item = |event: &str, item: &str| {
        format!(r#"{{"type":"response.output_item.{event}","item":{item}}}"#)
    };
    let done: Vec<String> = ITEMS.iter().map(|it| item("done", it)).collect();
    check(OpenAiResponses, &events(&done), &CALLS);
    // What was done after it was begun, and is in the whole response again, was called once.
    let begun = ITEMS
        .iter()
        .map(|it| item("added", &it.replace("action", "x")));
    let completed =
        format!(r#"{{"type":"response.completed","response":{{"output":[{output}]}}}}"#);
    let documents: Vec<String> = begun.chain(done).chain([completed]).collect();
    check(OpenAiResponses, &events(&documents), &CALLS);
    // Of a stream that breaks off, what was begun counts.
    check(
        OpenAiResponses,
        &events(&documents[..1]),
        &[(Tool::WebSearch, 1)],
    );
    // An item of no tool is no call.
    check(
        OpenAiResponses,
        r#"{"output":[{"type":"message"},{"type":"function_call"}]}"#,
        &[],
    );
}

#[test]
fn a_response_sums_its_searches_up() {
    let tool_usage =
        r#""tool_usage":{"image_gen":{"input_tokens":0},"web_search":{"num_requests":3}}"#;
    let whole = format!(r#"{{"output":[{}],{tool_usage}}}"#, ITEMS[0]);
    check(OpenAiResponses, &whole, &[(Tool::WebSearch, 3)]);
    let completed = format!(r#"{{"type":"response.completed","response":{{{tool_usage}}}}}"#);
    check(
        OpenAiResponses,
        &events([completed]),
        &[(Tool::WebSearch, 3)],
    );
}

#[test]
fn gemini_is_charged_by_the_prompt_and_later_by_the_query() {
    let answer = |model: &str, grounding: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"Ob"}}]}},"finishReason":"STOP","groundingMetadata":{grounding}}}],"modelVersion":{model}}}"#
        )
    };
    let two = r#"{"webSearchQueries":["rivers","","lakes"],"groundingChunks":[{"web":{"uri":"https://a.test"}}]}"#;
    let pages = r#"{"groundingChunks":[{"maps":{"uri":"https://a.test"}}]}"#;
    let none = r#"{"webSearchQueries":[""],"groundingChunks":[],"searchEntryPoint":{"renderedContent":"x"}}"#;
    for (model, grounding, expected) in [
        (r#""gemini-2.5-flash""#, two, 1),
        (r#""models/gemini-1.5-pro-002""#, two, 1),
        (r#""gemini-3-flash-preview""#, two, 2),
        (r#""gemini-3.5-flash""#, pages, 1),
        (r#""gemini-2.5-flash""#, pages, 1),
        ("null", two, 2),
        (r#""gemini-3-flash-preview""#, none, 0),
        (r#""gemini-3-flash-preview""#, "{}", 0),
    ] {
        let mut calls = ToolCalls::NONE;
        calls.add(Tool::Grounding, expected);
        let expected: Vec<(Tool, u64)> = calls.iter().collect();
        let body = answer(model, grounding);
        check(Gemini, &body, &expected);
        // A stream may repeat them.
        check(Gemini, &events([&body, &body]), &expected);
    }
}
