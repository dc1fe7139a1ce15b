//! The golden bodies by name, with their formats.

use paddock_core::meter::Framing::{self, EventStream, Json};
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};

/// A body as a provider sends it.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    pub name: &'static str,
    pub format: WireFormat,
    pub framing: Framing,
    pub bytes: &'static [u8],
}

macro_rules! bodies {
    ($($format:ident $framing:ident $name:literal,)*) => {
        /// All of them.
        pub const BODIES: &[Body] = &[$(Body {
            name: $name,
            format: $format,
            framing: $framing,
            bytes: include_bytes!(concat!("golden/", $name)),
        },)*];
    };
}

bodies! {
    OpenAi EventStream "openai-chat.sse",
    OpenAi EventStream "azure-chat-crlf.sse",
    OpenAi EventStream "compatible-usage-on-finish.sse",
    OpenAi EventStream "compatible-usage-on-every-chunk.sse",
    OpenAi EventStream "openai-chat-broken-off.sse",
    OpenAi EventStream "openai-multi-line-data.sse",
    OpenAi EventStream "openai-tool-calls.sse",
    OpenAi EventStream "openai-absurd-usage.sse",
    OpenAi EventStream "deepseek-chat.sse",
    OpenAi EventStream "gemini-openai-thoughts-beside.sse",
    OpenAi Json "xai-reasoning-beside.json",
    OpenAi Json "openai-chat.json",
    OpenAi Json "openai-embeddings.json",
    OpenAi Json "openai-error.json",
    OpenAi Json "openai-zero.json",
    OpenAiResponses EventStream "responses.sse",
    OpenAiResponses EventStream "responses-incomplete-no-event-lines.sse",
    OpenAiResponses EventStream "responses-failed.sse",
    OpenAiResponses EventStream "responses-broken-off.sse",
    OpenAiResponses Json "responses.json",
    Anthropic EventStream "anthropic.sse",
    Anthropic EventStream "anthropic-cumulative.sse",
    Anthropic EventStream "anthropic-broken-off.sse",
    Anthropic Json "anthropic.json",
    Anthropic Json "anthropic-count-tokens.json",
    Gemini EventStream "gemini.sse",
    Gemini EventStream "gemini-blocked.sse",
    Gemini EventStream "vertex-traffic-type.sse",
    Gemini Json "gemini-array.json",
    Gemini Json "gemini-array-broken-off.json",
    Gemini Json "gemini.json",
}

/// The body of that name.
pub fn body(name: &str) -> Body {
    *BODIES.iter().find(|body| body.name == name).unwrap()
}
