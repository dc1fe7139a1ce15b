//! What a call used and what that costs.

use crate::money::Money;
use serde::{Deserialize, Serialize};

/// Tokens of one call, as the provider counted them, each token in exactly one field but for
/// `reasoning`, which is a part of `output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenUsage {
    /// Prompt tokens at the full input price, without the following ones.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cached_input: u64,
    /// Prompt tokens written to the provider's cache for five minutes (Anthropic).
    pub cache_write_5m: u64,
    /// Prompt tokens written to the provider's cache for one hour (Anthropic).
    pub cache_write_1h: u64,
    /// Completion tokens, reasoning included.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
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
}

/// The price of a model in nano-dollars per million tokens. Never negative.
///
/// $2.50 per million tokens is 2,500,000,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Per million prompt tokens.
    pub input: u64,
    /// Per million prompt tokens read from cache; absent means `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<u64>,
    /// Per million prompt tokens written to cache for five minutes; absent means `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<u64>,
    /// Per million prompt tokens written to cache for one hour; absent means `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
    /// Per million completion tokens.
    pub output: u64,
    /// Per million of those that were reasoning; absent means `output`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// What a call costs in percent of all the above where the provider served it in a tier for
    /// work that can wait (batch, flex): 0 to 100; absent means 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_percent: Option<u64>,
}

/// Whether a `service_tier` is one for work that can wait, which providers sell for less. OpenAI's
/// is `flex` (<https://platform.openai.com/docs/guides/flex-processing>); compatible servers say
/// `batch`.
pub fn is_batch_tier(tier: &[u8]) -> bool {
    matches!(tier, b"flex" | b"batch")
}

/// A cost that does not fit 64 bits of nano-dollars (over nine billion dollars).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostOverflow;

impl core::fmt::Display for CostOverflow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the cost does not fit 64 bits of nano-dollars")
    }
}

impl Price {
    /// Nothing for any token.
    pub const FREE: Price = Price {
        input: 0,
        cached_input: None,
        cache_write_5m: None,
        cache_write_1h: None,
        output: 0,
        reasoning: None,
        batch_percent: None,
    };

    /// What `usage` costs: multiplied in 128 bits, rounded up once to a whole nano-dollar.
    ///
    /// # Errors
    /// [`CostOverflow`] where the result does not fit; it is never cut down to something cheaper.
    pub fn cost(&self, usage: &TokenUsage) -> Result<Money, CostOverflow> {
        self.cost_at(usage, 100)
    }

    /// What `usage` costs where the provider served it as batch, likewise.
    ///
    /// # Errors
    /// As of [`Self::cost`].
    pub fn batch_cost(&self, usage: &TokenUsage) -> Result<Money, CostOverflow> {
        self.cost_at(usage, self.batch_percent.unwrap_or(100))
    }

    fn cost_at(&self, usage: &TokenUsage, percent: u64) -> Result<Money, CostOverflow> {
        let reasoning = usage.reasoning.min(usage.output);
        let input = self.input;
        let parts = [
            (usage.input, input),
            (usage.cached_input, self.cached_input.unwrap_or(input)),
            (usage.cache_write_5m, self.cache_write_5m.unwrap_or(input)),
            (usage.cache_write_1h, self.cache_write_1h.unwrap_or(input)),
            (usage.output.saturating_sub(reasoning), self.output),
            (reasoning, self.reasoning.unwrap_or(self.output)),
        ];
        let mut total: u128 = 0;
        for (tokens, price) in parts {
            // The product of two u64 always fits u128.
            let part = u128::from(tokens)
                .checked_mul(u128::from(price))
                .ok_or(CostOverflow)?;
            total = total.checked_add(part).ok_or(CostOverflow)?;
        }
        // A hundredth of a millionth: both divisions at once, so that rounding comes once.
        let total = total.checked_mul(u128::from(percent)).ok_or(CostOverflow)?;
        let nanos = i64::try_from(total.div_ceil(100_000_000)).map_err(|_| CostOverflow)?;
        Ok(Money::from_nanos(nanos))
    }

    /// The price with each token as dear as any of its kind can be: what a hold assumes.
    pub fn dearest(&self) -> Price {
        let inputs = [self.cached_input, self.cache_write_5m, self.cache_write_1h];
        Price {
            input: inputs.into_iter().flatten().fold(self.input, u64::max),
            output: self.output.max(self.reasoning.unwrap_or(0)),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GPT_4_1: Price = Price {
        input: 2_500_000_000,
        cached_input: Some(625_000_000),
        output: 8_000_000_000,
        ..Price::FREE
    };

    #[test]
    fn a_call_costs_what_the_price_list_says() {
        let usage = TokenUsage {
            input: 1_000,
            cached_input: 200,
            output: 500,
            ..Default::default()
        };
        assert_eq!(GPT_4_1.cost(&usage), Ok(Money::from_nanos(6_625_000)));
        assert_eq!(GPT_4_1.cost(&TokenUsage::default()), Ok(Money::ZERO));
        let tiny = Price {
            input: 1,
            ..Price::FREE
        };
        let one = TokenUsage {
            input: 1,
            ..Default::default()
        };
        assert_eq!(tiny.cost(&one), Ok(Money::from_nanos(1)), "rounded up");
    }

    #[test]
    fn an_overflow_is_an_error_and_never_a_bargain() {
        let usage = TokenUsage {
            input: u64::MAX,
            output: u64::MAX,
            ..Default::default()
        };
        let dear = Price {
            input: u64::MAX,
            output: u64::MAX,
            ..Price::FREE
        };
        assert_eq!(dear.cost(&usage), Err(CostOverflow));
        assert_eq!(GPT_4_1.cost(&usage), Err(CostOverflow));
    }

    #[test]
    fn reasoning_and_batch_have_prices_of_their_own() {
        let usage = TokenUsage {
            input: 1_000,
            cached_input: 200,
            output: 500,
            reasoning: 300,
            ..Default::default()
        };
        let with = |reasoning, batch_percent| Price {
            reasoning,
            batch_percent,
            ..GPT_4_1
        };
        for (price, full, batch) in [
            (GPT_4_1, 6_625_000, 6_625_000),
            (with(Some(16_000_000_000), None), 9_025_000, 9_025_000),
            (with(Some(0), Some(50)), 4_225_000, 2_112_500),
            (with(None, Some(50)), 6_625_000, 3_312_500),
            (with(None, Some(33)), 6_625_000, 2_186_250),
            (with(None, Some(0)), 6_625_000, 0),
        ] {
            assert_eq!(price.cost(&usage), Ok(Money::from_nanos(full)), "{price:?}");
            let found = price.batch_cost(&usage);
            assert_eq!(found, Ok(Money::from_nanos(batch)), "{price:?}");
        }
        let one = TokenUsage {
            input: 1,
            ..Default::default()
        };
        let tiny = Price {
            input: 1_000_001,
            batch_percent: Some(50),
            ..Price::FREE
        };
        let found = (tiny.cost(&one), tiny.batch_cost(&one));
        let expected = (Ok(Money::from_nanos(2)), Ok(Money::from_nanos(1)));
        assert_eq!(found, expected, "rounded up once, not twice");
    }

    proptest! {
        /// What is held covers the usage however its tokens turn out to be split.
        #[test]
        fn no_split_is_dearer_than_the_dearest(
            prices in [0u64..1 << 40, 0..1 << 40, 0..1 << 40, 0..1 << 40, 0..1 << 40, 0..1 << 40],
            parts in [0u64..1 << 20, 0..1 << 20, 0..1 << 20, 0..1 << 20, 0..1 << 20],
            reasoning in 0u64..1 << 21, batch_percent in 0u64..=100,
        ) {
            let [input, cached, five, hour, output, reasoning_price] = prices;
            let price = Price {
                input, output,
                cached_input: Some(cached), cache_write_5m: Some(five), cache_write_1h: Some(hour),
                reasoning: Some(reasoning_price), batch_percent: Some(batch_percent),
            };
            let [input, cached_input, cache_write_5m, cache_write_1h, output] = parts;
            let usage = TokenUsage {
                input, cached_input, cache_write_5m, cache_write_1h, output, reasoning,
            };
            let lump = TokenUsage { input: usage.prompt(), output, ..Default::default() };
            let held = price.dearest().cost(&lump).unwrap();
            prop_assert!(price.cost(&usage).unwrap() <= held);
            prop_assert!(price.batch_cost(&usage).unwrap() <= price.cost(&usage).unwrap());
        }

        #[test]
        fn more_tokens_never_cost_less(a in 0u64..1 << 40, b in 0u64..1 << 20) {
            let less = TokenUsage { input: a, output: b, ..Default::default() };
            let more = TokenUsage { input: a + 1, output: b + 1, ..Default::default() };
            prop_assert!(GPT_4_1.cost(&less).unwrap() < GPT_4_1.cost(&more).unwrap());
        }
    }
}
