//! The token counts of an answer, before any format has split them its own way.

use crate::behaviour::Behaviour;

/// The token counts of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the whole prompt, cached ones among them.
    pub prompt: u64,
    /// Tokens of the whole completion, reasoning among them.
    pub completion: u64,
    /// Of the prompt: read from the cache.
    pub cached: u64,
    /// Of the prompt: written to the cache for five minutes. Anthropic's alone.
    pub written_5m: u64,
    /// Of the prompt: written to the cache for an hour. Anthropic's alone.
    pub written_1h: u64,
    /// Of the completion.
    pub reasoning: u64,
}

impl Usage {
    /// What to report of an answer, if anything.
    pub fn of(behaviour: &Behaviour, prompt: u64, completion: u64) -> Option<Self> {
        if behaviour.no_usage {
            return None;
        }
        if behaviour.zero_usage {
            return Some(Self::default());
        }
        Some(Self {
            prompt: behaviour.prompt_tokens.unwrap_or(prompt),
            completion,
            cached: behaviour.cached_tokens,
            written_5m: behaviour.cache_write_5m_tokens,
            written_1h: behaviour.cache_write_1h_tokens,
            reasoning: behaviour.reasoning_tokens,
        })
    }

    /// Prompt and completion.
    pub fn total(&self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }
}
