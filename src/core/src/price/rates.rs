//! What each kind of token costs, and what it costs if nobody has said.

use crate::usage::TokenUsage;
use serde::{Deserialize, Serialize};

/// Nano-dollars per million tokens of each kind: $2.50 is 2,500,000,000. Never negative. What is
/// absent follows another rate of the same list ([`Rates::own`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Prompt tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// Prompt tokens read from the cache; absent means `input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<u64>,
    /// Prompt tokens written to the cache for five minutes; absent means `input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<u64>,
    /// Prompt tokens written to the cache for one hour; absent means the larger of `input` and
    /// `cache_write_5m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
    /// Completion tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Completion tokens of reasoning; absent means `output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// Prompt tokens of audio; absent means [`MEDIA_FACTOR`] times `input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<u64>,
    /// Prompt tokens of images and video; absent means `input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_input: Option<u64>,
    /// Completion tokens of audio; absent means [`MEDIA_FACTOR`] times `output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<u64>,
    /// Completion tokens of images; absent means [`MEDIA_FACTOR`] times `output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_output: Option<u64>,
}

/// How many times the price of text a token of audio, or of an image that is made, costs if its
/// price is not set. Of the models sold in 2026 none has a larger factor (gpt-4o-mini-audio: 67
/// apart, whose audio prices must be set).
pub const MEDIA_FACTOR: u64 = 16;

/// A kind of token that has a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// See [`Rates::input`].
    Input,
    /// See [`Rates::cached_input`].
    CachedInput,
    /// See [`Rates::cache_write_5m`].
    CacheWrite5m,
    /// See [`Rates::cache_write_1h`].
    CacheWrite1h,
    /// See [`Rates::output`].
    Output,
    /// See [`Rates::reasoning`].
    Reasoning,
    /// See [`Rates::audio_input`].
    AudioInput,
    /// See [`Rates::image_input`].
    ImageInput,
    /// See [`Rates::audio_output`].
    AudioOutput,
    /// See [`Rates::image_output`].
    ImageOutput,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 10] = [
        Kind::Input,
        Kind::CachedInput,
        Kind::CacheWrite5m,
        Kind::CacheWrite1h,
        Kind::Output,
        Kind::Reasoning,
        Kind::AudioInput,
        Kind::ImageInput,
        Kind::AudioOutput,
        Kind::ImageOutput,
    ];
}

/// One rate of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Nano-dollars per million tokens.
    pub nanos: u64,
    /// Whether it is a multiple of the price of text, because nobody has set it.
    pub assumed: bool,
}

impl Rates {
    /// Text at two rates, all else by the fallbacks.
    pub const fn of(input: u64, output: u64) -> Rates {
        Rates {
            input: Some(input),
            cached_input: None,
            cache_write_5m: None,
            cache_write_1h: None,
            output: Some(output),
            reasoning: None,
            audio_input: None,
            image_input: None,
            audio_output: None,
            image_output: None,
        }
    }

    /// What is set for a kind.
    pub const fn of_mut(&mut self, kind: Kind) -> &mut Option<u64> {
        match kind {
            Kind::Input => &mut self.input,
            Kind::CachedInput => &mut self.cached_input,
            Kind::CacheWrite5m => &mut self.cache_write_5m,
            Kind::CacheWrite1h => &mut self.cache_write_1h,
            Kind::Output => &mut self.output,
            Kind::Reasoning => &mut self.reasoning,
            Kind::AudioInput => &mut self.audio_input,
            Kind::ImageInput => &mut self.image_input,
            Kind::AudioOutput => &mut self.audio_output,
            Kind::ImageOutput => &mut self.image_output,
        }
    }

    /// The rate of a kind in this list; absent if neither it nor what it follows is set.
    pub fn own(&self, kind: Kind) -> Option<Rate> {
        let set = |nanos: Option<u64>| {
            nanos.map(|nanos| Rate {
                nanos,
                assumed: false,
            })
        };
        let media = |text: Option<u64>| {
            text.map(|nanos| Rate {
                nanos: nanos.saturating_mul(MEDIA_FACTOR),
                assumed: true,
            })
        };
        match kind {
            Kind::Input => set(self.input),
            Kind::CachedInput => set(self.cached_input.or(self.input)),
            Kind::CacheWrite5m => set(self.cache_write_5m.or(self.input)),
            Kind::CacheWrite1h => set(self.cache_write_1h.or(self.input.max(self.cache_write_5m))),
            Kind::Output => set(self.output),
            Kind::Reasoning => set(self.reasoning.or(self.output)),
            Kind::AudioInput => set(self.audio_input).or_else(|| media(self.input)),
            Kind::ImageInput => set(self.image_input.or(self.input)),
            Kind::AudioOutput => set(self.audio_output).or_else(|| media(self.output)),
            Kind::ImageOutput => set(self.image_output).or_else(|| media(self.output)),
        }
    }
}

/// The tokens of each kind: every token once.
pub(super) fn by_kind(usage: &TokenUsage) -> [(Kind, u64); 10] {
    let mut text_in = usage.input;
    let mut text_out = usage.output;
    let part = |whole: &mut u64, part: u64| {
        let part = part.min(*whole);
        *whole = whole.saturating_sub(part);
        part
    };
    let audio_input = part(&mut text_in, usage.audio_input);
    let image_input = part(&mut text_in, usage.image_input);
    let audio_output = part(&mut text_out, usage.audio_output);
    let image_output = part(&mut text_out, usage.image_output);
    let reasoning = part(&mut text_out, usage.reasoning);
    [
        (Kind::Input, text_in),
        (Kind::CachedInput, usage.cached_input),
        (Kind::CacheWrite5m, usage.cache_write_5m),
        (Kind::CacheWrite1h, usage.cache_write_1h),
        (Kind::Output, text_out),
        (Kind::Reasoning, reasoning),
        (Kind::AudioInput, audio_input),
        (Kind::ImageInput, image_input),
        (Kind::AudioOutput, audio_output),
        (Kind::ImageOutput, image_output),
    ]
}
