//! What a call may use and cost, told before it is sent.
//!
//! Admission holds exactly this, and `routing/resolve` answers exactly this: one function for
//! both, so that what is told beforehand is what is held.

use crate::money::Money;
use crate::policy::{DEFAULT_CONTEXT_WINDOW, Model};
use crate::price::{Ceiling, CostOverflow, Price, Unpriced};
use crate::request::{Endpoint, ModelRequest};
use crate::units::Unit;
use crate::usage::TokenUsage;

/// Output tokens the token bucket is charged at admission if nothing is known of the answers: most
/// are far shorter than the longest possible one, and the true count corrects it.
pub const TYPICAL_OUTPUT_TOKENS: u64 = 256;
/// Prompt tokens that one call of a provider's tool brings: a page of search results, the output of
/// a program.
const TOKENS_OF_TOOL_CALL: u64 = 8_000;

/// Most tokens of an image that is made, if its model's most is not known: OpenAI's have 6,240 in the
/// highest quality, and 100 more for each view of it beforehand
/// (<https://platform.openai.com/docs/guides/image-generation>).
const TOKENS_OF_IMAGE: u64 = 8_192;
/// Most tokens of sound for a character that is spoken: OpenAI's have some 20 a second, and slow speech
/// has five characters (<https://platform.openai.com/docs/guides/text-to-speech>).
const TOKENS_OF_CHARACTER: u64 = 4;

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
    /// Of `request` to `endpoint`, served by `model` at `price`. What that leaves out costs what `unpriced`
    /// says.
    ///
    /// # Errors
    /// [`CostOverflow`] if the cost cannot be written down.
    pub fn of(
        endpoint: &Endpoint,
        request: &ModelRequest<'_>,
        model: &Model,
        price: &Price,
        unpriced: Unpriced,
    ) -> Result<Estimate, CostOverflow> {
        let field = model.output_limit_field;
        let limit = request.output_limits.as_sent_to(field).read_as(field);
        Estimate::limited(endpoint, request, limit, model, price, unpriced)
    }

    /// Of another model that may serve `request`, or is called within it, and reads as much: its output
    /// has this limit.
    ///
    /// # Errors
    /// [`CostOverflow`] if the cost cannot be written down.
    pub fn limited(
        endpoint: &Endpoint,
        request: &ModelRequest<'_>,
        limit: Option<u64>,
        model: &Model,
        price: &Price,
        unpriced: Unpriced,
    ) -> Result<Estimate, CostOverflow> {
        let ceiling = ceiling(endpoint, request, limit, model, unpriced);
        Estimate::up_to(&ceiling, endpoint, request, price)
    }

    /// What `request` costs at most if it is answered with nothing.
    ///
    /// # Errors
    /// [`CostOverflow`] if the cost cannot be written down.
    pub fn without_output(
        endpoint: &Endpoint,
        request: &ModelRequest<'_>,
        model: &Model,
        price: &Price,
        unpriced: Unpriced,
    ) -> Result<Money, CostOverflow> {
        price.highest(&Ceiling {
            output_tokens: 0,
            ..ceiling(endpoint, request, None, model, unpriced)
        })
    }

    fn up_to(
        ceiling: &Ceiling<'_>,
        endpoint: &Endpoint,
        request: &ModelRequest<'_>,
        price: &Price,
    ) -> Result<Estimate, CostOverflow> {
        let likely_prompt = request.prompt.likely_tokens();
        let highest = TokenUsage {
            input: ceiling.prompt_tokens(),
            output: ceiling.output_tokens,
            ..TokenUsage::default()
        };
        if endpoint.is_free() {
            return Ok(Estimate {
                likely_prompt,
                highest,
                tokens: 0,
                money: Money::ZERO,
            });
        }
        let typical = TYPICAL_OUTPUT_TOKENS.saturating_mul(request.choices);
        Ok(Estimate {
            likely_prompt,
            highest,
            tokens: likely_prompt.saturating_add(typical.min(ceiling.output_tokens)),
            money: price.highest(ceiling)?,
        })
    }
}

impl Estimate {
    /// The same, of a model whose answers to this caller have `output` tokens as a rule.
    #[must_use]
    pub fn likely(self, output: u64) -> Estimate {
        let output = output.min(self.highest.output);
        Estimate {
            tokens: match self.tokens {
                0 => 0,
                _ => self.likely_prompt.saturating_add(output),
            },
            ..self
        }
    }
}

/// The longest answer that `model` can give to a request without a limit.
fn most_of_answer(endpoint: &Endpoint, request: &ModelRequest<'_>, model: &Model) -> u64 {
    match endpoint.unit() {
        Some(Unit::Image) => model.max_output_tokens.unwrap_or(TOKENS_OF_IMAGE),
        Some(Unit::Character) => {
            let characters = request.units.get(Unit::Character);
            let tokens = characters.saturating_mul(TOKENS_OF_CHARACTER);
            model
                .max_output_tokens
                .map_or(tokens, |most| tokens.min(most))
        }
        _ => model.assumed_output_tokens(),
    }
}

/// The most that `request` can use of `model`.
fn ceiling<'a>(
    endpoint: &Endpoint,
    request: &'a ModelRequest<'_>,
    cap: Option<u64>,
    model: &Model,
    unpriced: Unpriced,
) -> Ceiling<'a> {
    let most_output = match cap {
        // A provider refuses a higher limit than its own, or answers no more than that.
        Some(asked) => model
            .max_output_tokens
            .map_or(asked, |most| asked.min(most)),
        None => most_of_answer(endpoint, request, model),
    };
    let output_tokens = match endpoint.has_no_output() || endpoint.is_free() {
        true => 0,
        false => most_output.saturating_mul(request.choices),
    };
    let tool_calls = request.tools.iter().map(|(_, calls)| calls);
    let brought = tool_calls.fold(0, u64::saturating_add);
    let brought = brought.saturating_mul(TOKENS_OF_TOOL_CALL);
    let text_tokens = request.prompt.ceiling_tokens().saturating_add(brought);
    let window = model.context_window.unwrap_or(DEFAULT_CONTEXT_WINDOW);
    let rest_of_window = window.saturating_sub(text_tokens);
    let audio_tokens = request.prompt.audio_tokens(&model.media_tokens);
    let audio_tokens = audio_tokens.min(rest_of_window);
    let rest_of_window = rest_of_window.saturating_sub(audio_tokens);
    let media_tokens = match request.references.is_empty() {
        true => request.prompt.image_tokens(&model.media_tokens),
        false => rest_of_window,
    };
    let media_tokens = media_tokens.min(rest_of_window);
    let text = |text: &'a Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or_default();
    Ceiling {
        text_tokens: text_tokens.saturating_mul(request.passes),
        media_tokens: media_tokens.saturating_mul(request.passes),
        audio_tokens: audio_tokens.saturating_mul(request.passes),
        output_tokens: output_tokens.saturating_mul(request.passes),
        audio_output: request.audio_output,
        image_output: request.image_output,
        tools: request.tools,
        units: request.units,
        variant: request.variant(),
        tiers: [text(&request.tier), text(&request.speed)],
        region: text(&request.region),
        unpriced,
    }
}
