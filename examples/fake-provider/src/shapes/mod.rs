//! The JSON of each format, written as its provider writes it.

pub mod anthropic;
pub mod embeddings;
pub mod error;
pub mod gemini;
pub mod media;
pub mod openai;
pub mod responses;

use crate::text;
use crate::usage::Usage;

/// What an answer says, in whatever format.
#[derive(Clone, Debug)]
pub struct Completion {
    /// 29 letters and digits, to be put behind a prefix.
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
    /// Whether the client's limit cut it.
    pub cut: bool,
    /// The tier it was served in, as a JSON string with its quotes.
    pub tier: String,
    /// What to report, if anything.
    pub usage: Option<Usage>,
}

impl Completion {
    /// The words of one choice, escaped for a JSON string.
    fn words(&self) -> impl Iterator<Item = &'static str> {
        text::words(self.seed, self.tokens)
    }

    /// All of them.
    fn text(&self) -> String {
        self.words().collect()
    }
}

/// An event with its type on a line of its own, as OpenAI's responses and Anthropic's messages
/// have it. `body` is the rest of the object, which begins with a comma or is empty.
fn typed_event(kind: &str, body: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{body}}}\n\n")
}
