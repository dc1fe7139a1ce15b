//! The most a call can cost: what is held for it.

use super::{CostOverflow, Kind, Price, Sum, Tier, Unpriced, Variant};
use crate::money::Money;
use crate::units::Units;
use crate::usage::ToolCalls;

/// The tier that OpenAI and Anthropic may choose by themselves for a request that says `auto`:
/// <https://platform.openai.com/docs/guides/priority-processing>,
/// <https://docs.claude.com/en/api/service-tiers>. One that says nothing gets the standard tier, unless
/// the operator has set another for all of the account's calls.
const CHOSEN_BY_PROVIDER: &str = "priority";

/// What text of a prompt may be charged as.
const TEXT: [Kind; 4] = [
    Kind::Input,
    Kind::CachedInput,
    Kind::CacheWrite5m,
    Kind::CacheWrite1h,
];

/// The most a call can use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceiling<'a> {
    /// Prompt tokens of text.
    pub text_tokens: u64,
    /// Prompt tokens of images and documents, and of what is stored at the provider.
    pub media_tokens: u64,
    /// Prompt tokens of sounds and of what may have sound.
    pub audio_tokens: u64,
    /// Completion tokens.
    pub output_tokens: u64,
    /// Whether the request asks for audio.
    pub audio_output: bool,
    /// Whether the request asks for images.
    pub image_output: bool,
    /// Calls of the provider's tools.
    pub tools: ToolCalls,
    /// What is counted beside tokens.
    pub units: Units,
    /// Which images are asked for.
    pub variant: Variant<'a>,
    /// The tiers that the request asks for: `service_tier` and `speed`; empty if it does not.
    pub tiers: [&'a str; 2],
    /// The region it asks for; empty if it does not.
    pub region: &'a str,
    /// What is charged for what has no price of its own.
    pub unpriced: Unpriced,
}

impl Ceiling<'_> {
    /// All prompt tokens.
    pub fn prompt_tokens(&self) -> u64 {
        let media = self.media_tokens.saturating_add(self.audio_tokens);
        self.text_tokens.saturating_add(media)
    }
}

impl Price {
    /// What a call costs that uses all of `ceiling`, each token the dearest of its kind, in the
    /// dearest tier and region that the request can be served in.
    ///
    /// # Errors
    /// [`CostOverflow`] if the cost cannot be written down.
    pub fn highest(&self, ceiling: &Ceiling<'_>) -> Result<Money, CostOverflow> {
        let mut most = self.highest_in("", ceiling)?;
        let [tier, speed] = ceiling.tiers;
        let chosen = match tier {
            "auto" if self.tiers.contains_key(CHOSEN_BY_PROVIDER) => CHOSEN_BY_PROVIDER,
            named => named,
        };
        for name in [chosen, speed] {
            if !name.is_empty() {
                most = most.max(self.highest_in(name, ceiling)?);
            }
        }
        Ok(most)
    }

    fn highest_in(&self, name: &str, ceiling: &Ceiling<'_>) -> Result<Money, CostOverflow> {
        let tier = self.tier(name, ceiling.unpriced);
        let prompt = ceiling.prompt_tokens();
        let dearest = |kinds: &[Kind]| self.dearest(kinds, prompt, tier.own);
        let mut output = dearest(&[Kind::Output, Kind::Reasoning]);
        for (asked, kind) in [
            (ceiling.audio_output, Kind::AudioOutput),
            (ceiling.image_output, Kind::ImageOutput),
        ] {
            let rate = self.rate(kind, prompt, tier.own);
            if asked || !rate.assumed {
                output = output.max(dearest(&[kind]));
            }
        }
        let sound = dearest(&[Kind::AudioInput]);
        let mut images = dearest(&TEXT).max(dearest(&[Kind::ImageInput]));
        // What is stored for a model without a price of sound has none: held at the assumed price,
        // each call that continues another would be refused for lack of money.
        if self.rates.audio_input.is_some() {
            images = images.max(sound);
        }
        let mut sum = Sum::default();
        sum.add(ceiling.text_tokens, dearest(&TEXT))?;
        sum.add(ceiling.media_tokens, images)?;
        sum.add(ceiling.audio_tokens, images.max(sound))?;
        sum.add(ceiling.output_tokens, output)?;
        sum.percent(tier.percent)?;
        sum.percent(self.highest_surcharge(ceiling.region, ceiling.unpriced))?;
        let mut fees: u128 = 0;
        for (tool, calls) in ceiling.tools.iter() {
            let fee = self.fee(tool, ceiling.unpriced);
            fees = fees.saturating_add(u128::from(calls).saturating_mul(u128::from(fee)));
        }
        for (unit, count) in ceiling.units.iter() {
            let nanos = self.highest_unit_price(unit, ceiling.variant, ceiling.unpriced);
            fees = fees.saturating_add(u128::from(count).saturating_mul(u128::from(nanos)));
        }
        Ok(sum.finish(fees)?.money)
    }

    /// The highest rate of these kinds in any list that a prompt of up to so many tokens can come
    /// to.
    fn dearest(&self, kinds: &[Kind], prompt: u64, tier: Option<&Tier>) -> u64 {
        let (own, own_steps) = match tier {
            Some(Tier::Rates { rates, steps }) => (Some(rates), steps.as_slice()),
            _ => (None, [].as_slice()),
        };
        let steps = self.steps.iter().chain(own_steps);
        let reached = steps.filter(|step| prompt > step.above);
        let lists = reached.map(|step| &step.rates).chain(own);
        let rates = lists
            .chain([&self.rates])
            .flat_map(|rates| kinds.iter().filter_map(|kind| rates.own(*kind)));
        rates.map(|rate| rate.nanos).max().unwrap_or(0)
    }

    /// Percent of the tokens' cost in the region that is asked for. One that is not asked for is the
    /// provider's to choose.
    fn highest_surcharge(&self, region: &str, unpriced: Unpriced) -> u64 {
        let asked = self.surcharge(region, unpriced).0;
        let dearest = self.surcharges.values().copied().max().unwrap_or(0);
        match self.surcharges.contains_key(region) {
            true => asked,
            false => asked.max(dearest.saturating_add(100)),
        }
    }
}
