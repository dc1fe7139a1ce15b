//! The counts of an answer, in the terms of its provider, and the tokens they come to.
//!
//! Counts are cumulative: a later smaller one, or none, never lowers an earlier one. The largest
//! count of each kind is kept, and the kinds are split into tokens only in the end, so that a
//! prompt of which the cached part is told later is not counted twice.

use super::value::Value;
use crate::usage::TokenUsage;

/// What a provider counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// The prompt. Whether it has what was cached and written in it depends on the provider.
    Prompt,
    Cached,
    /// The part of the prompt that was not cached.
    NotCached,
    /// Written to the cache, whatever for how long.
    Written,
    Written5m,
    Written1h,
    /// A part of the prompt that is counted beside it.
    PromptBeside,
    /// The completion. Whether it has the reasoning in it depends on the provider.
    Output,
    Reasoning,
    /// Reasoning that is counted beside the completion.
    ReasoningBeside,
    AudioInput,
    ImageInput,
    AudioCached,
    AudioOutput,
    ImageOutput,
    /// The sum of all.
    Total,
}

/// The largest count of each kind that was told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts([Option<u64>; Count::Total as usize + 1]);

impl Counts {
    /// Takes a count, if it is one and larger than what was told before.
    pub(super) fn raise(&mut self, kind: Count, value: Value<'_>) {
        self.raise_to(kind, value.count());
    }

    pub(super) fn raise_to(&mut self, kind: Count, value: Option<u64>) {
        if let Some(known) = self.0.get_mut(kind as usize) {
            *known = value.max(*known);
        }
    }

    pub(super) fn told(&self, kind: Count) -> Option<u64> {
        self.0.get(kind as usize).copied().flatten()
    }

    pub(super) fn get(&self, kind: Count) -> u64 {
        self.told(kind).unwrap_or(0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Takes every larger count of another.
    pub(super) fn raise_all(&mut self, other: &Counts) {
        for (known, value) in self.0.iter_mut().zip(other.0) {
            *known = value.max(*known);
        }
    }

    /// What was written to the cache, for five minutes and for an hour. What is not said to be kept
    /// for an hour is kept for five minutes, the default.
    fn written(&self) -> (u64, u64) {
        let hour = self.get(Count::Written1h);
        let rest = self.get(Count::Written).saturating_sub(hour);
        (self.get(Count::Written5m).max(rest), hour)
    }

    /// What was cached or written.
    fn cache(&self) -> u64 {
        let (five_minutes, hour) = self.written();
        let written = five_minutes.saturating_add(hour);
        self.get(Count::Cached).saturating_add(written)
    }

    /// The tokens, of a provider whose prompt count is without what was cached and written.
    pub(super) fn beside_the_cache(&self) -> TokenUsage {
        let (cache_write_5m, cache_write_1h) = self.written();
        let input = self.get(Count::Prompt);
        let output = self.get(Count::Output);
        TokenUsage {
            input: input.saturating_add(self.get(Count::PromptBeside)),
            cached_input: self.get(Count::Cached),
            cache_write_5m,
            cache_write_1h,
            output,
            reasoning: self.get(Count::Reasoning).min(output),
            ..TokenUsage::default()
        }
    }

    /// The tokens, of a provider whose prompt count has in it what was cached and written, and whose
    /// completion count has the reasoning in it. A part is beside its whole nevertheless if it is
    /// larger, or if the total says so to the token.
    pub(super) fn wholes(&self) -> TokenUsage {
        let total = self.told(Count::Total);
        let told_output = self.told(Count::Output);
        let output = told_output.unwrap_or(0);
        let parts = self.told(Count::NotCached);
        let parts = parts.map(|part| part.saturating_add(self.get(Count::Cached)));
        let prompt = self.told(Count::Prompt).max(parts).unwrap_or_else(|| {
            let total = total.unwrap_or(0);
            total.saturating_sub(output)
        });
        let output = match (told_output, total) {
            (None, Some(total)) => total.saturating_sub(prompt),
            _ => output,
        };
        let more = total
            .unwrap_or(0)
            .saturating_sub(prompt)
            .saturating_sub(output);
        let (cache, reasoning) = (self.cache(), self.get(Count::Reasoning));
        let both = cache.saturating_add(reasoning);
        let reasoning_beside =
            reasoning > output || (more > 0 && (more == reasoning || more == both));
        let cache_beside = cache > prompt || (more > 0 && (more == cache || more == both));
        let input = match cache_beside {
            true => prompt,
            false => prompt.saturating_sub(cache),
        };
        let output_beside = match self.get(Count::ReasoningBeside) {
            // Told in both places, it is the same reasoning.
            beside if beside > reasoning => beside,
            _ if reasoning_beside => reasoning,
            _ => 0,
        };
        let output = output.saturating_add(output_beside);
        self.with_media(TokenUsage {
            input: input.saturating_add(self.get(Count::PromptBeside)),
            output,
            reasoning: reasoning.max(output_beside).min(output),
            ..self.beside_the_cache()
        })
    }

    /// Adds the parts that were audio or images. Each is a part of `input` or `output`: audio that
    /// was cached is in neither.
    pub(super) fn with_media(&self, tokens: TokenUsage) -> TokenUsage {
        let cached = self.get(Count::AudioCached);
        let audio_input = self.get(Count::AudioInput).saturating_sub(cached);
        let audio_input = audio_input.min(tokens.input);
        let audio_output = self.get(Count::AudioOutput).min(tokens.output);
        TokenUsage {
            audio_input,
            image_input: self
                .get(Count::ImageInput)
                .min(tokens.input.saturating_sub(audio_input)),
            audio_output,
            image_output: self
                .get(Count::ImageOutput)
                .min(tokens.output.saturating_sub(audio_output)),
            ..tokens
        }
    }

    /// What the total has beyond the prompt and the completion, if nothing explains it.
    pub(super) fn unexplained(&self) -> u64 {
        match (self.told(Count::Output), self.told(Count::Total)) {
            (Some(_), Some(total)) => total.saturating_sub(self.wholes().total()),
            _ => 0,
        }
    }
}
