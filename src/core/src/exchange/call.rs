//! One model call on its way: what was granted, what it asks for, what it holds.

use super::request::Head;
use crate::admission::{Ask, Reservation, WhenShort};
use crate::authorization::Grant;
use crate::meter::Meter;
use crate::refusal::Refusal;
use crate::request::{Endpoint, ModelRequest};
use crate::usage::{Price, TokenUsage};

/// Output tokens the token bucket is charged at admission where the request sets no limit: most
/// answers are far shorter than the longest possible one, and the true count corrects it.
const TYPICAL_OUTPUT_TOKENS: u64 = 256;

/// A call that may be made.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) grant: Grant,
    pub(super) requested_model: String,
    pub(super) user: Option<String>,
    /// Whether that user is limited together with others.
    pub(super) user_shared: bool,
    pub(super) stream: bool,
    pub(super) hide_usage: bool,
    pub(super) free: bool,
    pub(super) likely_prompt: u64,
    /// The most it plausibly uses.
    pub(super) highest: TokenUsage,
    pub(super) ask: Ask,
}

/// A call that waits for money.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) call: Call,
    /// The body as the upstream is to see it, where it differs.
    pub(super) rewritten: Option<Vec<u8>>,
    /// The path as the upstream is to see it, where it differs.
    pub(super) path: Option<String>,
    /// How often it has waited.
    pub(super) rounds: u8,
}

/// A call at the upstream.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) call: Call,
    pub(super) reservation: Reservation,
    /// The upstream's status; 0 until it answers.
    pub(super) status: u16,
    /// Whether Envoy answered in the upstream's place.
    pub(super) local: bool,
    /// Reads the answer, where it can be read.
    pub(super) meter: Option<Meter>,
    /// Whether the whole answer has passed.
    pub(super) complete: bool,
}

impl Call {
    /// What `request` asks for, at its highest plausible cost.
    ///
    /// # Errors
    /// A refusal where that cost cannot even be written down.
    pub(super) fn new(
        grant: Grant,
        head: &Head,
        endpoint: &Endpoint,
        request: &ModelRequest<'_>,
        force_usage: bool,
    ) -> Result<Call, Refusal> {
        let free = endpoint.is_free();
        let model_limit = grant.model().map_or(0, |model| model.max_output_tokens);
        let (most_output, typical_output) = if endpoint.embeds() || free {
            (0, 0)
        } else {
            let explicit = request.max_output_tokens;
            let most = explicit.unwrap_or(model_limit);
            let typical = explicit.unwrap_or(model_limit.min(TYPICAL_OUTPUT_TOKENS));
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
        let dearest = Price {
            input: grant.price().highest_input(),
            ..*grant.price()
        };
        let price = if free { Price::FREE } else { dearest };
        let money = price.cost(&highest).map_err(|overflow| {
            Refusal::invalid_request(
                &format!("{overflow}: ask for fewer tokens."),
                Some("max_tokens"),
            )
        })?;
        let tokens = if free {
            0
        } else {
            likely_prompt.saturating_add(typical_output)
        };
        Ok(Call {
            requested_model: request.model.clone().into_owned(),
            user: request
                .user
                .clone()
                .map(|user| user.into_owned())
                .filter(|user| !user.is_empty())
                .or_else(|| head.user.clone()),
            user_shared: false,
            stream: request.stream || endpoint.streams(),
            hide_usage: force_usage && !request.include_usage,
            free,
            likely_prompt,
            highest,
            ask: Ask {
                tokens,
                money,
                short: WhenShort::Borrow,
            },
            grant,
        })
    }

    /// The name of the model that serves it.
    pub(super) fn model_name(&self) -> &str {
        self.grant.model().map_or("", |model| model.name.as_str())
    }

    /// Whether the caller named the model otherwise than the upstream knows it.
    pub(super) fn is_aliased(&self) -> bool {
        self.model_name() != self.requested_model
    }
}

/// Whether usage must be asked of the upstream, because it does not come by itself.
pub(super) fn must_force_usage(endpoint: &Endpoint, request: &ModelRequest<'_>) -> bool {
    request.stream && matches!(endpoint, Endpoint::ChatCompletions | Endpoint::Completions)
}
