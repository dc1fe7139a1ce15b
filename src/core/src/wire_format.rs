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
