//! The wire formats of the providers.

/// The shape of a provider's requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFormat {
    /// OpenAI's chat completions, completions and embeddings, and all who copy them.
    OpenAi,
    /// OpenAI's responses API.
    OpenAiResponses,
    /// Anthropic's messages API.
    Anthropic,
    /// Google's `generateContent` and `streamGenerateContent`.
    Gemini,
}

impl WireFormat {
    /// Every format, in the order they are listed to people.
    pub const ALL: [WireFormat; 4] = [
        WireFormat::OpenAi,
        WireFormat::OpenAiResponses,
        WireFormat::Anthropic,
        WireFormat::Gemini,
    ];

    /// Its name in a model's `paths`.
    pub const fn name(self) -> &'static str {
        match self {
            WireFormat::OpenAi => "openai",
            WireFormat::OpenAiResponses => "responses",
            WireFormat::Anthropic => "anthropic",
            WireFormat::Gemini => "gemini",
        }
    }
}
