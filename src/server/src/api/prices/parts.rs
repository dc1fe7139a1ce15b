//! The parts of a price, as they are sent and answered.

use crate::api::prelude::*;
use crate::http::body::table::{Table, UnitName, Word};
use crate::http::body::values::TokenPrice;
use paddock_core::policy::MediaTokens;
use paddock_core::price::{Price, Rates, Step, Tier};
use paddock_core::usage::Tool;
use std::collections::BTreeMap;

/// Percent of a price.
pub type Percent = Whole<0, 10_000>;
/// A number of tokens.
pub type Tokens = Whole<1, 100_000_000>;
/// Dollars per call of each tool.
pub type Fees = Table<Tool, Dollars>;
/// Dollars per image, second, character, page and search.
pub type UnitPrices = Table<UnitName, Dollars>;
/// What a call costs in each tier.
pub type Tiers = Table<Word, PriceTier>;
/// Percent that are added in each region.
pub type Surcharges = Table<Word, Percent>;

/// A struct with the rates of a price, and what it has beside them.
macro_rules! rates {
    ($(#[$meta:meta])* $name:ident { $($(#[$own_meta:meta])* $vis:vis $own:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$own_meta])* $vis $own: $type,)*
            /// US dollars per million input tokens.
            #[serde(skip_serializing_if = "Option::is_none")]
            input_usd_per_million: Option<TokenPrice>,
            /// US dollars per million input tokens read from the provider's cache.
            #[serde(skip_serializing_if = "Option::is_none")]
            cached_input_usd_per_million: Option<TokenPrice>,
            /// US dollars per million input tokens written to the provider's cache for five minutes.
            #[serde(skip_serializing_if = "Option::is_none")]
            cache_write_5m_usd_per_million: Option<TokenPrice>,
            /// US dollars per million input tokens written to the provider's cache for an hour.
            #[serde(skip_serializing_if = "Option::is_none")]
            cache_write_1h_usd_per_million: Option<TokenPrice>,
            /// US dollars per million output tokens.
            #[serde(skip_serializing_if = "Option::is_none")]
            output_usd_per_million: Option<TokenPrice>,
            /// US dollars per million tokens of reasoning.
            #[serde(skip_serializing_if = "Option::is_none")]
            reasoning_usd_per_million: Option<TokenPrice>,
            /// US dollars per million input tokens of audio.
            #[serde(skip_serializing_if = "Option::is_none")]
            audio_input_usd_per_million: Option<TokenPrice>,
            /// US dollars per million input tokens of images and video.
            #[serde(skip_serializing_if = "Option::is_none")]
            image_input_usd_per_million: Option<TokenPrice>,
            /// US dollars per million output tokens of audio.
            #[serde(skip_serializing_if = "Option::is_none")]
            audio_output_usd_per_million: Option<TokenPrice>,
            /// US dollars per million output tokens of images.
            #[serde(skip_serializing_if = "Option::is_none")]
            image_output_usd_per_million: Option<TokenPrice>,
        }

        impl $name {
            pub(super) fn new(rates: &Rates, $($own: $type),*) -> $name {
                let price = |nanos: Option<u64>| nanos.map(TokenPrice::from);
                $name {
                    $($own,)*
                    input_usd_per_million: price(rates.input),
                    cached_input_usd_per_million: price(rates.cached_input),
                    cache_write_5m_usd_per_million: price(rates.cache_write_5m),
                    cache_write_1h_usd_per_million: price(rates.cache_write_1h),
                    output_usd_per_million: price(rates.output),
                    reasoning_usd_per_million: price(rates.reasoning),
                    audio_input_usd_per_million: price(rates.audio_input),
                    image_input_usd_per_million: price(rates.image_input),
                    audio_output_usd_per_million: price(rates.audio_output),
                    image_output_usd_per_million: price(rates.image_output),
                }
            }
        }

        impl From<&$name> for Rates {
            fn from(sent: &$name) -> Rates {
                let nanos = |price: Option<TokenPrice>| price.map(u64::from);
                Rates {
                    input: nanos(sent.input_usd_per_million),
                    cached_input: nanos(sent.cached_input_usd_per_million),
                    cache_write_5m: nanos(sent.cache_write_5m_usd_per_million),
                    cache_write_1h: nanos(sent.cache_write_1h_usd_per_million),
                    output: nanos(sent.output_usd_per_million),
                    reasoning: nanos(sent.reasoning_usd_per_million),
                    audio_input: nanos(sent.audio_input_usd_per_million),
                    image_input: nanos(sent.image_input_usd_per_million),
                    audio_output: nanos(sent.audio_output_usd_per_million),
                    image_output: nanos(sent.image_output_usd_per_million),
                }
            }
        }
    };
}

rates! {
    /// Other prices of calls with long prompts. What is absent costs what it costs below.
    PriceStep {
        /// The prompt has more tokens than this, cached ones included.
        above_tokens: Tokens,
    }
}

rates! {
    /// What a call costs that is served in a tier: either `percent`, or prices of its own. Of the latter
    /// what is absent costs what it costs in the standard tier.
    PriceTier {
        /// Percent of the standard prices.
        #[serde(skip_serializing_if = "Option::is_none")]
        percent: Option<Percent>,
        /// Other prices of calls with long prompts.
        #[serde(skip_serializing_if = "Option::is_none")]
        steps: Option<PriceSteps>,
    }
}

rates! {
    /// A price that comes into force later.
    LaterPrice {
        /// When it does.
        #[schema(format = DateTime)]
        effective_from: String,
        /// US dollars per call of the provider's tools.
        fees_usd: Fees,
        /// US dollars per image, second, character, page and search.
        units_usd: UnitPrices,
        /// What a call costs in other tiers.
        tiers: Tiers,
        /// Other prices of calls with long prompts.
        steps: PriceSteps,
        /// Percent that are added in regions.
        surcharges_percent: Surcharges,
    }
}

rates! {
    /// What a call costs that a deployment serves. It follows nothing of the model's own price.
    DeploymentPrice {
        /// US dollars per call of the provider's tools.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) fees_usd: Option<Fees>,
        /// US dollars per image, second, character, page and search.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) units_usd: Option<UnitPrices>,
        /// What a call costs in other tiers.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) tiers: Option<Tiers>,
        /// Other prices of calls with long prompts.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) steps: Option<PriceSteps>,
        /// Percent that are added in regions.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) surcharges_percent: Option<Surcharges>,
    }
}

impl LaterPrice {
    /// A price and when it comes into force.
    pub fn of(price: &Price, effective_from: String) -> LaterPrice {
        LaterPrice::new(
            &price.rates,
            effective_from,
            fees(price),
            units(price),
            tiers(price),
            PriceSteps::of(&price.steps),
            surcharges(price),
        )
    }
}

/// Prices of long prompts: at most 16.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(max_items = 16)]
pub struct PriceSteps(Vec<PriceStep>);

impl PriceSteps {
    /// Steps as they are answered.
    pub fn of(steps: &[Step]) -> PriceSteps {
        let step = |step: &Step| PriceStep::new(&step.rates, Tokens::from(step.above));
        PriceSteps(steps.iter().map(step).collect())
    }

    /// The steps, the shortest first. `field` is what they were sent as.
    ///
    /// # Errors
    /// 400 if there are too many, or two for one length.
    pub fn read(self, field: &str) -> Result<Vec<Step>, ApiError> {
        let step = |step: &PriceStep| Step {
            above: step.above_tokens.into(),
            rates: step.into(),
        };
        let mut steps: Vec<Step> = self.0.iter().map(step).collect();
        steps.sort_by_key(|step| step.above);
        let count = steps.len();
        steps.dedup_by_key(|step| step.above);
        if steps.len() < count || count > 16 {
            let message = format!("'{field}' must be at most 16 steps, each with other tokens.");
            return Err(ApiError::invalid(field, message));
        }
        Ok(steps)
    }
}

/// Fees as they are answered.
pub fn fees(price: &Price) -> Fees {
    let fees = price.fees.iter();
    Table::of(fees.map(|(tool, fee)| (tool.name(), Dollars::from_nanos(*fee))))
}

/// Fees as they were sent.
pub fn read_fees(fees: Fees) -> BTreeMap<Tool, u64> {
    let fees = fees.into_iter();
    fees.map(|(tool, fee)| (tool, fee.nanos())).collect()
}

/// Prices by the unit as they are answered.
pub fn units(price: &Price) -> UnitPrices {
    let units = price.units.iter();
    Table::of(units.map(|(name, nanos)| (name, Dollars::from_nanos(*nanos))))
}

/// Prices by the unit as they were sent.
pub fn read_units(units: UnitPrices) -> BTreeMap<String, u64> {
    let units = units.into_iter();
    units
        .map(|(name, price)| (name.into(), price.nanos()))
        .collect()
}

/// Tiers as they are answered.
pub fn tiers(price: &Price) -> Tiers {
    Table::of(price.tiers.iter().map(|(name, tier)| {
        let tier = match tier {
            Tier::Percent(percent) => {
                PriceTier::new(&Rates::default(), Some(Percent::from(*percent)), None)
            }
            Tier::Rates { rates, steps } => {
                let steps = (!steps.is_empty()).then(|| PriceSteps::of(steps));
                PriceTier::new(rates, None, steps)
            }
        };
        (name, tier)
    }))
}

/// Tiers as they were sent.
///
/// # Errors
/// 400 if one has both a percentage and prices, or neither.
pub fn read_tiers(tiers: Tiers) -> Result<BTreeMap<String, Tier>, ApiError> {
    let one = |(name, tier): (Word, PriceTier)| {
        let name = String::from(name);
        let rates = Rates::from(&tier);
        let has_rates = rates != Rates::default() || tier.steps.is_some();
        let tier = match (tier.percent, has_rates) {
            (Some(percent), false) => Tier::Percent(percent.into()),
            (None, true) => {
                let steps = tier.steps.map(|steps| steps.read("tiers"));
                let steps = steps.transpose()?.unwrap_or_default();
                Tier::Rates { rates, steps }
            }
            _ => {
                let message = format!("'tiers.{name}' must have either 'percent' or prices.");
                return Err(ApiError::invalid("tiers", message));
            }
        };
        Ok((name, tier))
    };
    tiers.into_iter().map(one).collect()
}

/// Surcharges as they are answered.
pub fn surcharges(price: &Price) -> Surcharges {
    let surcharges = price.surcharges.iter();
    Table::of(surcharges.map(|(region, percent)| (region, Percent::from(*percent))))
}

/// Surcharges as they were sent.
pub fn read_surcharges(surcharges: Surcharges) -> BTreeMap<String, u64> {
    let surcharges = surcharges.into_iter();
    surcharges
        .map(|(region, percent)| (region.into(), percent.into()))
        .collect()
}

/// The most tokens of one medium within a prompt. Of what is absent, its bytes tell.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MediaTokensView {
    /// Of one image.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Tokens>,
    /// Of one document.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Tokens>,
    /// Of one sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<Tokens>,
    /// Of one video.
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<Tokens>,
}

impl From<MediaTokensView> for MediaTokens {
    fn from(sent: MediaTokensView) -> MediaTokens {
        let tokens = |tokens: Option<Tokens>| tokens.map(u64::from);
        MediaTokens {
            image: tokens(sent.image),
            document: tokens(sent.document),
            audio: tokens(sent.audio),
            video: tokens(sent.video),
        }
    }
}

impl From<MediaTokens> for MediaTokensView {
    fn from(own: MediaTokens) -> MediaTokensView {
        let tokens = |tokens: Option<u64>| tokens.map(Tokens::from);
        MediaTokensView {
            image: tokens(own.image),
            document: tokens(own.document),
            audio: tokens(own.audio),
            video: tokens(own.video),
        }
    }
}
