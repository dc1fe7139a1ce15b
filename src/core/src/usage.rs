//! What a call used, as its provider counted it.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// Tokens of one call, as the provider counted them. Each prompt token is in one of the first four
/// fields; the other fields but `output` are parts of `input` or of `output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenUsage {
    /// Prompt tokens at the full input price, without the following three.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cached_input: u64,
    /// Prompt tokens written to the provider's cache for five minutes, or for a time that the
    /// provider does not tell.
    pub cache_write_5m: u64,
    /// Prompt tokens written to the provider's cache for one hour (Anthropic).
    pub cache_write_1h: u64,
    /// Completion tokens: text, reasoning, audio and images.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// The part of `input` that was audio.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_input: u64,
    /// The part of `input` that was images or video.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_input: u64,
    /// The part of `output` that was audio.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_output: u64,
    /// The part of `output` that was images.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_output: u64,
}

const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl TokenUsage {
    /// All prompt tokens, cached or not.
    pub fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cached_input)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }

    /// Prompt and completion tokens.
    pub fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output)
    }

    /// The tokens of two calls, or of two parts of one.
    pub fn plus(&self, other: &TokenUsage) -> TokenUsage {
        self.combine(other, u64::saturating_add)
    }

    /// Of each kind the larger count: what is left of running counts that may shrink.
    pub fn max(&self, other: &TokenUsage) -> TokenUsage {
        self.combine(other, u64::max)
    }

    fn combine(&self, other: &TokenUsage, with: fn(u64, u64) -> u64) -> TokenUsage {
        TokenUsage {
            input: with(self.input, other.input),
            cached_input: with(self.cached_input, other.cached_input),
            cache_write_5m: with(self.cache_write_5m, other.cache_write_5m),
            cache_write_1h: with(self.cache_write_1h, other.cache_write_1h),
            output: with(self.output, other.output),
            reasoning: with(self.reasoning, other.reasoning),
            audio_input: with(self.audio_input, other.audio_input),
            image_input: with(self.image_input, other.image_input),
            audio_output: with(self.audio_output, other.audio_output),
            image_output: with(self.image_output, other.image_output),
        }
    }
}

/// A tool that the provider runs, and charges by the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Searches the web: OpenAI, Anthropic, xAI, Perplexity.
    WebSearch,
    /// Searches in files stored at the provider: OpenAI.
    FileSearch,
    /// Runs code: OpenAI (a container), Anthropic.
    CodeInterpreter,
    /// Makes images: OpenAI's responses API.
    ImageGeneration,
    /// Answers from a search: Google Search and Maps in Gemini.
    Grounding,
    /// Reads a page of the web: Anthropic, Gemini.
    WebFetch,
}

impl Tool {
    /// Every tool, in the order of [`ToolCalls`].
    pub const ALL: [Tool; 6] = [
        Tool::WebSearch,
        Tool::FileSearch,
        Tool::CodeInterpreter,
        Tool::ImageGeneration,
        Tool::Grounding,
        Tool::WebFetch,
    ];

    /// Its name in prices and events.
    pub const fn name(self) -> &'static str {
        match self {
            Tool::WebSearch => "web_search",
            Tool::FileSearch => "file_search",
            Tool::CodeInterpreter => "code_interpreter",
            Tool::ImageGeneration => "image_generation",
            Tool::Grounding => "grounding",
            Tool::WebFetch => "web_fetch",
        }
    }

    /// The tool of that name.
    pub fn named(name: &str) -> Option<Tool> {
        Tool::ALL.into_iter().find(|tool| tool.name() == name)
    }
}

/// How often each tool was called, or may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToolCalls([u64; Tool::ALL.len()]);

impl ToolCalls {
    /// No calls at all.
    pub const NONE: ToolCalls = ToolCalls([0; Tool::ALL.len()]);

    /// Whether no tool was called.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|calls| *calls == 0)
    }

    /// The calls of one tool.
    pub fn of(&self, tool: Tool) -> u64 {
        self.0.get(tool as usize).copied().unwrap_or(0)
    }

    /// Adds calls.
    pub fn add(&mut self, tool: Tool, calls: u64) {
        if let Some(own) = self.0.get_mut(tool as usize) {
            *own = own.saturating_add(calls);
        }
    }

    /// Takes the larger count: for running counts.
    pub fn raise(&mut self, tool: Tool, calls: u64) {
        if let Some(own) = self.0.get_mut(tool as usize) {
            *own = calls.max(*own);
        }
    }

    /// The tools that were called.
    pub fn iter(&self) -> impl Iterator<Item = (Tool, u64)> {
        let calls = Tool::ALL.into_iter().zip(self.0);
        calls.filter(|(_, calls)| *calls > 0)
    }
}

impl Serialize for ToolCalls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (tool, calls) in self.iter() {
            map.serialize_entry(tool.name(), &calls)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ToolCalls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Calls;
        impl<'de> Visitor<'de> for Calls {
            type Value = ToolCalls;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("an object of tools and their calls")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ToolCalls, A::Error> {
                let mut calls = ToolCalls::NONE;
                while let Some((tool, count)) = map.next_entry::<Tool, u64>()? {
                    calls.add(tool, count);
                }
                Ok(calls)
            }
        }
        deserializer.deserialize_map(Calls)
    }
}

/// Whether a tier is one for work that can wait, which providers sell for less. OpenAI's is `flex`
/// (<https://platform.openai.com/docs/guides/flex-processing>); compatible servers say `batch`.
pub fn is_batch_tier(tier: &str) -> bool {
    matches!(tier, "flex" | "batch")
}
