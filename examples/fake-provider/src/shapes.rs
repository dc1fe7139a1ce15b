//! OpenAI's JSON: completions, chunks, embeddings, models and errors.

use crate::text::words;
use base64::Engine;
use serde_json::{Value, json};

/// The two endpoints that complete text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Text,
}

/// The token counts of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Tokens of the prompt, cached ones among them.
    pub prompt: u64,
    /// Tokens of the completion, reasoning among them.
    pub completion: u64,
    /// Of the prompt.
    pub cached: u64,
    /// Of the completion.
    pub reasoning: u64,
}

impl Usage {
    /// As a completion reports it.
    pub fn render(self) -> String {
        let Self {
            prompt,
            completion,
            cached,
            reasoning,
        } = self;
        let total = prompt.saturating_add(completion);
        format!(
            r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":{cached},"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":{reasoning},"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}}"#
        )
    }
}

/// What all chunks of an answer, or the whole answer, share.
#[derive(Clone, Debug)]
pub struct Completion {
    /// Chat or text.
    pub kind: Kind,
    /// The answer's id.
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// The model's name, as a JSON string with its quotes.
    pub model: String,
    /// Where the words start.
    pub seed: u64,
    /// Tokens of each choice.
    pub tokens: u64,
    /// How many choices.
    pub choices: u64,
    /// `stop` or `length`.
    pub finish: &'static str,
    /// What to report, if anything.
    pub usage: Option<Usage>,
}

const FINGERPRINT: &str = "fp_44709d6fcb";

impl Completion {
    /// The whole answer at once.
    pub fn whole(&self) -> String {
        let Self {
            id,
            created,
            model,
            finish,
            ..
        } = self;
        let text: String = words(self.seed, self.tokens).collect();
        let choices = (0..self.choices).map(|index| match self.kind {
            Kind::Chat => format!(r#"{{"index":{index},"message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"{finish}"}}"#),
            Kind::Text => format!(r#"{{"text":"{text}","index":{index},"logprobs":null,"finish_reason":"{finish}"}}"#),
        });
        let choices = choices.collect::<Vec<_>>().join(",");
        let usage = self
            .usage
            .map(|usage| format!(r#","usage":{}"#, usage.render()));
        let usage = usage.unwrap_or_default();
        let object = self.object(false);
        format!(
            r#"{{"id":"{id}","object":"{object}","created":{created},"model":{model},"choices":[{choices}]{usage},"service_tier":"default","system_fingerprint":"{FINGERPRINT}"}}"#
        )
    }

    /// The events of a stream, each with its blank line. `asked` says that the client wants the
    /// usage as a chunk of its own, `on_finish` puts it on the finish chunk.
    pub fn events(&self, asked: bool, on_finish: bool) -> Vec<String> {
        let usage = self.usage.map(Usage::render);
        // A provider that was asked for usage says `null` until it knows.
        let pending = if asked && usage.is_some() {
            r#","usage":null"#
        } else {
            ""
        };
        let mut events = Vec::new();
        for index in 0..self.choices {
            if self.kind == Kind::Chat {
                let delta = r#"{"role":"assistant","content":"","refusal":null}"#;
                events.push(self.chunk(&choice(index, Some(delta), "", "null"), pending));
            }
            for word in words(self.seed, self.tokens) {
                let delta = format!(r#"{{"content":"{word}"}}"#);
                let delta = (self.kind == Kind::Chat).then_some(delta.as_str());
                events.push(self.chunk(&choice(index, delta, word, "null"), pending));
            }
            let last = index.saturating_add(1) == self.choices;
            let on_finish = usage.as_ref().filter(|_| on_finish && last);
            let trailing = on_finish.map(|usage| format!(r#","usage":{usage}"#));
            let delta = (self.kind == Kind::Chat).then_some("{}");
            let finish = format!(r#""{}""#, self.finish);
            let choice = choice(index, delta, "", &finish);
            events.push(self.chunk(&choice, trailing.as_deref().unwrap_or(pending)));
        }
        if let Some(usage) = usage.filter(|_| asked && !on_finish) {
            events.push(self.chunk("", &format!(r#","usage":{usage}"#)));
        }
        events.push("data: [DONE]\n\n".to_owned());
        events
    }

    fn chunk(&self, choices: &str, usage: &str) -> String {
        let Self {
            id, created, model, ..
        } = self;
        let object = self.object(true);
        format!(
            "data: {{\"id\":\"{id}\",\"object\":\"{object}\",\"created\":{created},\"model\":{model},\"service_tier\":\"default\",\"system_fingerprint\":\"{FINGERPRINT}\",\"choices\":[{choices}]{usage}}}\n\n"
        )
    }

    fn object(&self, chunk: bool) -> &'static str {
        match (self.kind, chunk) {
            (Kind::Chat, true) => "chat.completion.chunk",
            (Kind::Chat, false) => "chat.completion",
            (Kind::Text, _) => "text_completion",
        }
    }
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

/// The vectors of some inputs, as numbers or as base64 of little-endian 32-bit floats.
pub fn embeddings(
    model: &str,
    seeds: &[u64],
    dimensions: usize,
    base64: bool,
    tokens: Option<u64>,
) -> Value {
    let data = seeds.iter().enumerate().map(|(index, seed)| {
        let vector = (0..dimensions).map(|at| component(*seed, at));
        let embedding = if base64 {
            let bytes = vector.flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
            base64::engine::general_purpose::STANDARD
                .encode(bytes)
                .into()
        } else {
            Value::from(vector.collect::<Vec<f32>>())
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let mut answer = json!({"object": "list", "data": data.collect::<Vec<_>>(), "model": model});
    if let (Some(tokens), Some(answer)) = (tokens, answer.as_object_mut()) {
        answer.insert(
            "usage".into(),
            json!({"prompt_tokens": tokens, "total_tokens": tokens}),
        );
    }
    answer
}

fn component(seed: u64, at: usize) -> f32 {
    let at = u64::try_from(at).unwrap_or(0);
    let number = seed.wrapping_add(at).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    f32::from(u16::try_from(number).unwrap_or(0)) / 65_536.0 - 0.5
}

/// The list of models.
pub fn models(names: &[&str]) -> Value {
    let model =
        |name| json!({"id": name, "object": "model", "created": 1_735_689_600, "owned_by": "fake"});
    json!({"object": "list", "data": names.iter().map(model).collect::<Vec<_>>()})
}

/// An error as OpenAI words it, for a status asked for.
pub fn error(status: u16) -> Value {
    let (message, kind, code) = match status {
        400 => ("Invalid request.", "invalid_request_error", None),
        401 => (
            "Incorrect API key provided.",
            "invalid_request_error",
            Some("invalid_api_key"),
        ),
        404 => (
            "The model does not exist.",
            "invalid_request_error",
            Some("model_not_found"),
        ),
        429 => (
            "Rate limit reached for requests.",
            "requests",
            Some("rate_limit_exceeded"),
        ),
        503 => ("The engine is currently overloaded.", "server_error", None),
        _ => (
            "The server had an error while processing your request.",
            "server_error",
            None,
        ),
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

/// An error of the client's making.
pub fn invalid(message: &str) -> Value {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}})
}
