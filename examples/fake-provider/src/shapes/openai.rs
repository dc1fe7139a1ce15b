//! OpenAI's completions, their chunks, and its list of models.

use super::Completion;
use crate::usage::Usage;
use serde_json::{Value, json};

/// The two endpoints that complete text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Text,
}

const FINGERPRINT: &str = "fp_44709d6fcb";

impl Kind {
    /// The whole answer at once.
    pub fn whole(self, completion: &Completion) -> String {
        let Completion {
            id,
            created,
            model,
            tier,
            ..
        } = completion;
        let (text, finish) = (completion.text(), finish(completion));
        let choices = (0..completion.choices).map(|index| match self {
            Self::Chat => format!(r#"{{"index":{index},"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"{finish}"}}"#),
            Self::Text => format!(r#"{{"text":"{text}","index":{index},"logprobs":null,"finish_reason":"{finish}"}}"#),
        });
        let choices = choices.collect::<Vec<_>>().join(",");
        let usage = completion
            .usage
            .map(|usage| format!(r#","usage":{}"#, render(usage)));
        let usage = usage.unwrap_or_default();
        let (prefix, object) = (self.prefix(), self.object(false));
        format!(
            r#"{{"id":"{prefix}{id}","object":"{object}","created":{created},"model":{model},"choices":[{choices}]{usage},"service_tier":{tier},"system_fingerprint":"{FINGERPRINT}"}}"#
        )
    }

    /// The events of a stream, each with its blank line. `asked` says that the client wants the
    /// usage as a chunk of its own, `on_finish` puts it on the finish chunk.
    pub fn events(self, completion: &Completion, asked: bool, on_finish: bool) -> Vec<String> {
        let usage = completion.usage.map(render);
        let chunk = |choices: &str, usage: &str| self.chunk(completion, choices, usage);
        // A provider that was asked for usage says `null` until it knows.
        let pending = if asked && usage.is_some() {
            r#","usage":null"#
        } else {
            ""
        };
        let mut events = Vec::new();
        for index in 0..completion.choices {
            if self == Self::Chat {
                let delta = r#"{"role":"assistant","content":"","refusal":null}"#;
                events.push(chunk(&choice(index, Some(delta), "", "null"), pending));
            }
            for word in completion.words() {
                let delta = format!(r#"{{"content":"{word}"}}"#);
                let delta = (self == Self::Chat).then_some(delta.as_str());
                events.push(chunk(&choice(index, delta, word, "null"), pending));
            }
            let last = index.saturating_add(1) == completion.choices;
            let on_finish = usage.as_ref().filter(|_| on_finish && last);
            let trailing = on_finish.map(|usage| format!(r#","usage":{usage}"#));
            let delta = (self == Self::Chat).then_some("{}");
            let finish = format!(r#""{}""#, finish(completion));
            let choice = choice(index, delta, "", &finish);
            events.push(chunk(&choice, trailing.as_deref().unwrap_or(pending)));
        }
        if let Some(usage) = usage.filter(|_| asked && !on_finish) {
            events.push(chunk("", &format!(r#","usage":{usage}"#)));
        }
        events.push("data: [DONE]\n\n".to_owned());
        events
    }

    fn chunk(self, completion: &Completion, choices: &str, usage: &str) -> String {
        let Completion {
            id,
            created,
            model,
            tier,
            ..
        } = completion;
        let (prefix, object) = (self.prefix(), self.object(true));
        format!(
            "data: {{\"id\":\"{prefix}{id}\",\"object\":\"{object}\",\"created\":{created},\"model\":{model},\"service_tier\":{tier},\"system_fingerprint\":\"{FINGERPRINT}\",\"choices\":[{choices}]{usage}}}\n\n"
        )
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Chat => "chatcmpl-",
            Self::Text => "cmpl-",
        }
    }

    fn object(self, chunk: bool) -> &'static str {
        match (self, chunk) {
            (Self::Chat, true) => "chat.completion.chunk",
            (Self::Chat, false) => "chat.completion",
            (Self::Text, _) => "text_completion",
        }
    }
}

fn finish(completion: &Completion) -> &'static str {
    if completion.cut { "length" } else { "stop" }
}

/// Prompt and completion are wholes, the details parts of them.
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
        r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":{cached},"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":{reasoning},"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}}"#
    )
}

/// One choice of a chunk: with a delta for chat, with a text otherwise.
fn choice(index: u64, delta: Option<&str>, text: &str, finish: &str) -> String {
    match delta {
        Some(delta) => format!(
            r#"{{"index":{index},"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#
        ),
        None => format!(
            r#"{{"text":"{text}","index":{index},"logprobs":null,"finish_reason":{finish}}}"#
        ),
    }
}

/// The list of models.
pub fn models(names: &[&str]) -> Value {
    let model =
        |name| json!({"id": name, "object": "model", "created": 1_735_689_600, "owned_by": "fake"});
    json!({"object": "list", "data": names.iter().map(model).collect::<Vec<_>>()})
}
