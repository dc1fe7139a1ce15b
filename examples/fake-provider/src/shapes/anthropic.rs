//! Anthropic's messages.

use super::{Completion, typed_event};
use crate::usage::Usage;
use serde_json::{Value, json};

/// The whole answer at once.
pub fn whole(completion: &Completion) -> String {
    let text = completion.text();
    let usage = completion.usage.map(|usage| input(usage, usage.completion));
    message(
        completion,
        &format!(r#"{{"type":"text","text":"{text}"}}"#),
        &format!(r#""{}""#, stop_reason(completion)),
        usage.as_deref(),
    )
}

/// The events of a stream, each with its blank line. The input is counted in the first, the output
/// in the last but one, cumulatively: what is told again replaces what was told before.
pub fn events(completion: &Completion) -> Vec<String> {
    // One token has been made by the time the stream begins.
    let begun = |usage: Usage| input(usage, usage.completion.min(1));
    let usage = completion.usage.map(begun);
    let message = message(completion, "", "null", usage.as_deref());
    let mut events = vec![
        typed_event("message_start", &format!(r#","message":{message}"#)),
        typed_event(
            "content_block_start",
            r#","index":0,"content_block":{"type":"text","text":""}"#,
        ),
        typed_event("ping", ""),
    ];
    for word in completion.words() {
        let delta = format!(r#","index":0,"delta":{{"type":"text_delta","text":"{word}"}}"#);
        events.push(typed_event("content_block_delta", &delta));
    }
    events.push(typed_event("content_block_stop", r#","index":0"#));
    let usage = completion.usage.map(cumulative).unwrap_or_default();
    let reason = stop_reason(completion);
    events.push(typed_event(
        "message_delta",
        &format!(r#","delta":{{"stop_reason":"{reason}","stop_sequence":null}}{usage}"#),
    ));
    events.push(typed_event("message_stop", ""));
    events
}

/// The answer to `count_tokens`.
pub fn count(tokens: u64) -> Value {
    json!({ "input_tokens": tokens })
}

fn message(completion: &Completion, content: &str, stop: &str, usage: Option<&str>) -> String {
    let Completion { id, model, .. } = completion;
    let usage = usage.map_or(String::new(), |usage| format!(r#","usage":{usage}"#));
    format!(
        r#"{{"id":"msg_{id}","type":"message","role":"assistant","model":{model},"content":[{content}],"stop_reason":{stop},"stop_sequence":null{usage}}}"#
    )
}

fn stop_reason(completion: &Completion) -> &'static str {
    if completion.cut {
        "max_tokens"
    } else {
        "end_turn"
    }
}

/// The input without what was read from and written to the cache.
fn uncached(usage: Usage) -> u64 {
    let parts = [usage.cached, usage.written_5m, usage.written_1h];
    parts
        .into_iter()
        .fold(usage.prompt, |left, part| left.saturating_sub(part))
}

fn input(usage: Usage, output: u64) -> String {
    let plain = uncached(usage);
    let Usage {
        cached,
        written_5m,
        written_1h,
        ..
    } = usage;
    let written = written_5m.saturating_add(written_1h);
    format!(
        r#"{{"input_tokens":{plain},"cache_creation_input_tokens":{written},"cache_read_input_tokens":{cached},"cache_creation":{{"ephemeral_5m_input_tokens":{written_5m},"ephemeral_1h_input_tokens":{written_1h}}},"output_tokens":{output},"service_tier":"standard"}}"#
    )
}

fn cumulative(usage: Usage) -> String {
    let (plain, output, cached) = (uncached(usage), usage.completion, usage.cached);
    let written = usage.written_5m.saturating_add(usage.written_1h);
    format!(
        r#","usage":{{"input_tokens":{plain},"cache_creation_input_tokens":{written},"cache_read_input_tokens":{cached},"output_tokens":{output}}}"#
    )
}
