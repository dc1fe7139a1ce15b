//! Which model an answer says it was served by, and what others used within it.

use crate::{events, read};
use paddock_core::usage::TokenUsage;
use paddock_core::wire_format::WireFormat::{Anthropic, Gemini, OpenAi, OpenAiResponses};

#[test]
fn an_answer_names_its_model() {
    for (format, body, expected) in [
        (
            OpenAi,
            r#"{"model":"probe","choices":[{"model":"no"}]}"#.to_owned(),
            "probe",
        ),
        (
            OpenAi,
            events([
                r#"{"model":"a","choices":[]}"#,
                r#"{"model":"","choices":[]}"#,
                r#"{"model":"b","choices":[]}"#,
            ]),
            "b",
        ),
        (
            OpenAi,
            r#"{"model":"meta-llama\/Llama-3.1"}"#.to_owned(),
            "meta-llama/Llama-3.1",
        ),
        (
            OpenAiResponses,
            r#"{"object":"response","model":"probe"}"#.to_owned(),
            "probe",
        ),
        (
            OpenAiResponses,
            events([r#"{"type":"response.created","response":{"model":"probe"}}"#]),
            "probe",
        ),
        (
            Anthropic,
            r#"{"type":"message","model":"probe"}"#.to_owned(),
            "probe",
        ),
        (
            Anthropic,
            events([r#"{"type":"message_start","message":{"model":"probe"}}"#]),
            "probe",
        ),
        (
            Gemini,
            r#"[{"modelVersion":"gemini-2.5-flash"}]"#.to_owned(),
            "gemini-2.5-flash",
        ),
    ] {
        assert_eq!(
            read(format, &body).model.as_deref(),
            Some(expected),
            "{body}"
        );
    }
    let long = format!(r#"{{"model":"{}","choices":[]}}"#, "m".repeat(200));
    assert_eq!(read(OpenAi, &long).model, None);
}

fn tokens(input: u64, output: u64) -> TokenUsage {
    TokenUsage {
        input,
        output,
        ..TokenUsage::default()
    }
}

fn message(usage: &str) -> String {
    format!(
        r#"{{"type":"message","model":"probe","content":[{{"type":"text","text":"Ob"}}],"stop_reason":"end_turn","usage":{usage}}}"#
    )
}

fn read_usage(usage: &str) -> (TokenUsage, Vec<(String, TokenUsage)>) {
    let reading = read(Anthropic, &message(usage));
    assert!(reading.output_final);
    (reading.usage.unwrap(), reading.others)
}

#[test]
fn compactions_are_outside_the_counts_beside_them() {
    let usage = r#"{"input_tokens":23000,"output_tokens":1000,"iterations":[
        {"type":"compaction","input_tokens":180000,"output_tokens":3500},
        {"type":"message","input_tokens":23000,"output_tokens":1000}]}"#;
    assert_eq!(read_usage(usage), (tokens(203_000, 4500), vec![]));
}

#[test]
fn an_adviser_is_charged_by_its_own_name() {
    // As in Anthropic's description of the advisor tool.
    let usage = r#"{"input_tokens":412,"cache_read_input_tokens":0,"output_tokens":531,"iterations":[
        {"type":"message","input_tokens":412,"output_tokens":89},
        {"type":"advisor_message","model":"oracle","input_tokens":823,"output_tokens":1612},
        {"type":"message","model":"probe","input_tokens":1348,"cache_read_input_tokens":412,"output_tokens":442}]}"#;
    let own = TokenUsage {
        cached_input: 412,
        ..tokens(1760, 531)
    };
    let others = vec![("oracle".to_owned(), tokens(823, 1612))];
    assert_eq!(read_usage(usage), (own, others));
}

#[test]
fn iterations_never_lower_what_is_told_beside_them_or_earlier() {
    for iterations in [
        "null",
        "[]",
        "{}",
        "7",
        r#"[null,{"type":"message"},[]]"#,
        r#"[{"input_tokens":-1}]"#,
    ] {
        let usage = format!(r#"{{"input_tokens":9,"output_tokens":3,"iterations":{iterations}}}"#);
        assert_eq!(read_usage(&usage).0, tokens(9, 3), "{iterations}");
    }
    let delta = |iterations: &str| {
        format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{{"input_tokens":9,"output_tokens":3,"iterations":[{iterations}]}}}}"#
        )
    };
    let one = r#"{"model":"oracle","input_tokens":100,"output_tokens":10},{"input_tokens":9,"output_tokens":3}"#;
    let two = r#"{"model":"oracle","input_tokens":70,"output_tokens":40}"#;
    let reading = read(Anthropic, &events([delta(one), delta(two), delta("")]));
    assert_eq!(reading.others, [("oracle".to_owned(), tokens(100, 40))]);
}

#[test]
fn many_models_are_bounded_and_none_is_lost() {
    let iterations: Vec<String> = (0..100)
        .map(|n| format!(r#"{{"model":"m{n}","input_tokens":1,"output_tokens":2}}"#))
        .collect();
    let usage = format!(
        r#"{{"output_tokens":1,"iterations":[{}]}}"#,
        iterations.join(",")
    );
    let (own, others) = read_usage(&usage);
    assert_eq!(others.len(), 16);
    let all = others.iter().fold(own, |sum, (_, tokens)| sum.plus(tokens));
    assert_eq!((all.input, all.output), (100, 201));
}
