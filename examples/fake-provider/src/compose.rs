//! The body of a successful answer, in the format of its endpoint.

use crate::answer::Composed;
use crate::behaviour::Behaviour;
use crate::endpoint::{Endpoint, Verb};
use crate::request::Request;
use crate::server::Provider;
use crate::shapes::embeddings::Embeddings;
use crate::shapes::openai::Kind;
use crate::shapes::{Completion, anthropic, gemini, media, responses};
use crate::text;
use crate::usage::Usage;
use bytes::Bytes;
use serde_json::Value;

const EVENTS: &str = "text/event-stream; charset=utf-8";
const DIMENSIONS: usize = 1536;
const MOST_DIMENSIONS: usize = 4096;
const MOST_CHOICES: u64 = 128;
/// More is not a test of anything but memory.
const MOST_TOKENS: u64 = 1_000_000;

/// All that an answer depends on.
pub struct Composing<'a> {
    /// The defaults.
    pub provider: &'a Provider,
    /// What the request's headers ask for.
    pub behaviour: &'a Behaviour,
    /// The request's number.
    pub number: u64,
    /// The request.
    pub request: &'a Request,
    /// The model, as the request names it.
    pub model: &'a str,
    /// Whether a Gemini stream is to be server-sent events.
    pub as_events: bool,
}

impl Composing<'_> {
    /// The answer of an endpoint.
    pub fn compose(&self, endpoint: &Endpoint) -> Composed {
        let streams = self.request.stream == Some(true);
        match endpoint {
            Endpoint::Chat if streams => self.open_ai_stream(Kind::Chat),
            Endpoint::Text if streams => self.open_ai_stream(Kind::Text),
            Endpoint::Chat | Endpoint::Models => {
                Composed::json(Kind::Chat.whole(&self.completion()))
            }
            Endpoint::Text => Composed::json(Kind::Text.whole(&self.completion())),
            Endpoint::Responses if streams => stream(EVENTS, responses::events(&self.completion())),
            Endpoint::Responses => Composed::json(responses::whole(&self.completion())),
            Endpoint::Messages if streams => stream(EVENTS, anthropic::events(&self.completion())),
            Endpoint::Messages => Composed::json(anthropic::whole(&self.completion())),
            Endpoint::CountTokens => value(&anthropic::count(self.prompt_tokens())),
            Endpoint::Embeddings => {
                let base64 = self.request.encoding_format.as_deref() == Some("base64");
                value(&self.embeddings().open_ai(self.model, base64))
            }
            Endpoint::Gemini { verb, .. } => self.gemini(*verb),
            Endpoint::Images if streams => stream(EVENTS, media::image_events(self.request)),
            Endpoint::Images => value(&media::images(self.model, self.request)),
            Endpoint::Speech if self.request.stream_format.as_deref() == Some("sse") => {
                stream(EVENTS, media::speech_events(self.request))
            }
            Endpoint::Speech => Composed {
                kind: "audio/mpeg",
                parts: media::sound(self.request),
            },
            Endpoint::Hearing if streams => stream(EVENTS, media::hearing_events()),
            Endpoint::Hearing => media::heard(self.model, self.request),
            Endpoint::Rerank => value(&media::ranked(self.model, self.request)),
            Endpoint::Moderations => value(&media::judged(self.model, self.request)),
        }
    }

    fn gemini(&self, verb: Verb) -> Composed {
        match verb {
            Verb::Generate => Composed::json(gemini::whole(&self.completion())),
            Verb::Stream => {
                let kind = if self.as_events {
                    EVENTS
                } else {
                    "application/json; charset=UTF-8"
                };
                stream(kind, gemini::stream(&self.completion(), self.as_events))
            }
            Verb::CountTokens => value(&gemini::count(self.prompt_tokens())),
            Verb::Embed => value(&self.embeddings().gemini(false)),
            Verb::BatchEmbed => value(&self.embeddings().gemini(true)),
        }
    }

    fn open_ai_stream(&self, kind: Kind) -> Composed {
        let (asked, on_finish) = (self.request.wants_usage(), self.behaviour.usage_on_finish);
        stream(EVENTS, kind.events(&self.completion(), asked, on_finish))
    }

    fn prompt_tokens(&self) -> u64 {
        let exact = self.behaviour.prompt_tokens;
        exact.unwrap_or_else(|| self.request.prompt_tokens())
    }

    fn completion(&self) -> Completion {
        let prompt = self.request.prompt_tokens();
        let choices = self.request.choices().clamp(1, MOST_CHOICES);
        let drawn = self.provider.completion_tokens(prompt);
        let (tokens, cut) = match (self.behaviour.completion_tokens, self.request.limit()) {
            (Some(exact), _) => (exact, false),
            (None, Some(limit)) if limit < drawn => (limit, true),
            (None, _) => (drawn, false),
        };
        let tokens = tokens.min(MOST_TOKENS);
        let seed = self.provider.options.seed;
        let tier = self.behaviour.service_tier.as_deref();
        Completion {
            tier: Value::from(tier.unwrap_or("default")).to_string(),
            id: text::id("", seed, self.number),
            created: self.provider.now(),
            model: Value::from(self.model).to_string(),
            seed,
            tokens,
            choices,
            cut,
            usage: Usage::of(self.behaviour, prompt, tokens.saturating_mul(choices)),
        }
    }

    fn embeddings(&self) -> Embeddings {
        let seed = self.provider.options.seed;
        let inputs = self.request.inputs().into_iter();
        let seeds = inputs.map(|input| text::draw(seed, input.to_string()));
        let dimensions = self.request.dimensions.unwrap_or(DIMENSIONS);
        let usage = Usage::of(self.behaviour, self.request.prompt_tokens(), 0);
        Embeddings {
            seeds: seeds.collect(),
            dimensions: dimensions.clamp(1, MOST_DIMENSIONS),
            tokens: usage.map(|usage| usage.prompt),
        }
    }
}

fn value(body: &Value) -> Composed {
    Composed::json(body.to_string())
}

fn stream(kind: &'static str, events: Vec<String>) -> Composed {
    let parts = events.into_iter().map(Bytes::from).collect();
    Composed { kind, parts }
}
