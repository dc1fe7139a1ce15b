//! What a call may use and cost, told before it is sent.
//!
//! Admission holds exactly this, and `routing/resolve` answers exactly this: one function for
//! both, so that what is told beforehand is what is held.

use crate::money::Money;
use crate::request::{Endpoint, ModelRequest};
use crate::usage::{CostOverflow, Price, TokenUsage};

/// Output tokens the token bucket is charged at admission where the request sets no limit: most
/// answers are far shorter than the longest possible one, and the true count corrects it.
const TYPICAL_OUTPUT_TOKENS: u64 = 256;

/// What a call may use and cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The prompt tokens it probably has.
    pub likely_prompt: u64,
    /// The most it plausibly uses.
    pub highest: TokenUsage,
    /// What the token bucket is charged until the true count is known.
    pub tokens: u64,
    /// What `highest` costs at the dearest price of each kind of token: what is held.
    pub money: Money,
}

impl Estimate {
    /// Of `request` to `endpoint`, served at `price` by a model that puts out `max_output_tokens`
    /// where the request sets no limit.
    ///
    /// # Errors
    /// Where the cost cannot even be written down.
    pub fn of(
        endpoint: &Endpoint,
        request: &ModelRequest<'_>,
        max_output_tokens: u64,
        price: &Price,
    ) -> Result<Estimate, CostOverflow> {
        let free = endpoint.is_free();
        let (most_output, typical_output) = if endpoint.embeds() || free {
            (0, 0)
        } else {
            let explicit = request.max_output_tokens;
            let most = explicit.unwrap_or(max_output_tokens);
            let typical = explicit.unwrap_or(max_output_tokens.min(TYPICAL_OUTPUT_TOKENS));
            (
                most.saturating_mul(request.choices),
                typical.saturating_mul(request.choices),
            )
        };
        let likely_prompt = request.prompt.likely_tokens();
        let highest = TokenUsage {
            input: request.prompt.ceiling_tokens(),
            output: most_output,
            ..TokenUsage::default()
        };
        let price = if free { Price::FREE } else { price.dearest() };
        Ok(Estimate {
            likely_prompt,
            highest,
            tokens: match free {
                true => 0,
                false => likely_prompt.saturating_add(typical_output),
            },
            money: price.cost(&highest)?,
        })
    }
}
