//! OpenAI's responses.

use super::{Completion, typed_event};
use crate::usage::Usage;

/// Where a response stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    InProgress,
    Over,
}

/// The whole answer at once.
pub fn whole(completion: &Completion) -> String {
    response(completion, Status::Over)
}

/// The events of a stream, each with its blank line. The last one carries the whole response with
/// its usage.
pub fn events(completion: &Completion) -> Vec<String> {
    let mut number = 0_u64;
    let mut event = |kind: &str, body: &str| {
        let event = typed_event(kind, &format!(r#","sequence_number":{number}{body}"#));
        number = number.saturating_add(1);
        event
    };
    let begun = format!(
        r#","response":{}"#,
        response(completion, Status::InProgress)
    );
    let over = format!(r#","response":{}"#, response(completion, Status::Over));
    let item = format!(r#""item_id":"msg_{}","output_index":0"#, completion.id);
    let part = |text: &str| format!(r#","part":{},"content_index":0,{item}"#, text_part(text));
    let text = completion.text();
    let mut events = vec![
        event("response.created", &begun),
        event("response.in_progress", &begun),
        event(
            "response.output_item.added",
            &format!(
                r#","output_index":0,"item":{}"#,
                message(completion, Status::InProgress)
            ),
        ),
        event("response.content_part.added", &part("")),
    ];
    for word in completion.words() {
        let delta = format!(r#",{item},"content_index":0,"delta":"{word}","logprobs":[]"#);
        events.push(event("response.output_text.delta", &delta));
    }
    let done = format!(r#",{item},"content_index":0,"text":"{text}","logprobs":[]"#);
    events.push(event("response.output_text.done", &done));
    events.push(event("response.content_part.done", &part(&text)));
    let done = format!(
        r#","output_index":0,"item":{}"#,
        message(completion, Status::Over)
    );
    events.push(event("response.output_item.done", &done));
    let last = if completion.cut {
        "response.incomplete"
    } else {
        "response.completed"
    };
    events.push(event(last, &over));
    events
}

fn response(completion: &Completion, status: Status) -> String {
    let Completion {
        id, created, model, ..
    } = completion;
    // The tier is known once it has served.
    let tier = match status {
        Status::InProgress => r#""auto""#,
        Status::Over => &completion.tier,
    };
    let (word, details, output, usage) = match status {
        Status::InProgress => ("in_progress", "null", String::new(), None),
        Status::Over if completion.cut => (
            "incomplete",
            r#"{"reason":"max_output_tokens"}"#,
            message(completion, status),
            completion.usage,
        ),
        Status::Over => (
            "completed",
            "null",
            message(completion, status),
            completion.usage,
        ),
    };
    let usage = usage.map_or("null".to_owned(), render);
    format!(
        r#"{{"id":"resp_{id}","object":"response","created_at":{created},"status":"{word}","background":false,"error":null,"incomplete_details":{details},"instructions":null,"max_output_tokens":null,"metadata":{{}},"model":{model},"output":[{output}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{{"effort":null,"summary":null}},"service_tier":{tier},"store":true,"temperature":1.0,"text":{{"format":{{"type":"text"}}}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":{usage},"user":null}}"#
    )
}

fn message(completion: &Completion, status: Status) -> String {
    let id = &completion.id;
    let (word, content) = match status {
        Status::InProgress => ("in_progress", String::new()),
        Status::Over if completion.cut => ("incomplete", text_part(&completion.text())),
        Status::Over => ("completed", text_part(&completion.text())),
    };
    format!(
        r#"{{"id":"msg_{id}","type":"message","status":"{word}","content":[{content}],"role":"assistant"}}"#
    )
}

fn text_part(text: &str) -> String {
    format!(r#"{{"type":"output_text","annotations":[],"logprobs":[],"text":"{text}"}}"#)
}

/// Input and output are wholes, the details parts of them.
fn render(usage: Usage) -> String {
    let total = usage.total();
    let Usage {
        prompt,
        completion,
        cached,
        reasoning,
        ..
    } = usage;
    format!(
        r#"{{"input_tokens":{prompt},"input_tokens_details":{{"cached_tokens":{cached}}},"output_tokens":{completion},"output_tokens_details":{{"reasoning_tokens":{reasoning}}},"total_tokens":{total}}}"#
    )
}
