//! A limit of output for a call that sets none, once the rest of a budget does not cover the longest
//! answer its model can give.
//!
//! Most answers are far shorter. So the call is sent with a limit that the rest of the budget covers:
//! then the cap holds, and the last dollar can be spent.

use super::{BodyRead, Pending};
use crate::estimate::Estimate;
use crate::money::Money;
use crate::policy::OutputLimitField;
use crate::request::Endpoint;
use core::ops::Range;

/// Digits that a limit has room for.
const WIDTH: usize = 10;

/// What is needed to limit a call's output when its body is no longer at hand.
#[derive(Clone, Debug)]
pub(crate) struct OutputLimit {
    /// The body as the upstream is to see it, with room for a limit.
    body: Vec<u8>,
    room: Range<usize>,
    /// What the call costs at most without any output.
    without_output: Money,
    choices: u64,
}

impl OutputLimit {
    /// Of a call that sets no limit and uses one model. `None` if its endpoint has no such field, or
    /// the call cannot be limited by it alone.
    pub(crate) fn of(pending: &Pending, read: BodyRead<'_>) -> Option<OutputLimit> {
        let BodyRead {
            endpoint,
            request,
            body,
            ..
        } = read;
        let call = &pending.call;
        let model = call.grant.model()?;
        let field = model.output_limit_field;
        let is_plain = request
            .output_limits
            .as_sent_to(field)
            .read_as(field)
            .is_none()
            && field != Some(OutputLimitField::None)
            && request.other_models.is_empty()
            && request.passes == 1
            && call.estimate.highest.output > 0;
        if !is_plain {
            return None;
        }
        // OpenAI's reasoning models refuse `max_tokens`, and many servers know nothing else.
        let reasons = || model.capabilities.iter().any(|own| own == "reasoning");
        let completion = match field {
            Some(field) => field == OutputLimitField::MaxCompletionTokens,
            None => reasons(),
        };
        let body = pending.rewritten.as_deref().unwrap_or(body);
        let (before, after) = match endpoint {
            Endpoint::ChatCompletions if completion => (r#""max_completion_tokens":"#, ","),
            Endpoint::ChatCompletions | Endpoint::Completions => (r#""max_tokens":"#, ","),
            Endpoint::Responses => (r#""max_output_tokens":"#, ","),
            Endpoint::Gemini { .. } if !configures(body) => {
                (r#""generationConfig":{"maxOutputTokens":"#, "},")
            }
            _ => return None,
        };
        let unpriced = call.grant.unpriced();
        let mut without_output = Money::ZERO;
        for price in call.prices() {
            let its = Estimate::without_output(endpoint, request, model, price, unpriced);
            without_output = without_output.max(its.ok()?);
        }
        let brace = memchr::memchr(b'{', body)?.checked_add(1)?;
        let (head, rest) = body.split_at_checked(brace)?;
        let start = brace.checked_add(before.len())?;
        Some(OutputLimit {
            body: [
                head,
                before.as_bytes(),
                &[b' '; WIDTH],
                after.as_bytes(),
                rest,
            ]
            .concat(),
            room: start..start.checked_add(WIDTH)?,
            without_output,
            choices: request.choices.max(1),
        })
    }

    /// Limits the output of `pending` to what `left` covers, if that is enough for a usual answer and
    /// less than before. It can be limited again, if others were faster.
    pub(crate) fn apply(&self, pending: &mut Pending, left: Money) -> bool {
        let Some((tokens, money)) = self.affordable(pending, left) else {
            return false;
        };
        let mut body = self.body.clone();
        let Some(room) = body.get_mut(self.room.clone()) else {
            return false;
        };
        let each = tokens.checked_div(self.choices).unwrap_or(0);
        let digits = format!("{each:>WIDTH$}");
        if digits.len() != room.len() {
            return false;
        }
        room.copy_from_slice(digits.as_bytes());
        pending.rewritten = Some(body);
        let call = &mut pending.call;
        call.ask.money = money;
        call.estimate.money = money;
        call.estimate.highest.output = tokens;
        call.reason = Some(format!("budget_low: output limited to {each} tokens"));
        true
    }

    /// What the call costs at most if its output is limited to a usual answer.
    pub(crate) fn least(&self, pending: &Pending) -> Option<Money> {
        self.cost(pending, self.usual(pending))
    }

    /// The output of a usual answer, of at least one token for each choice.
    fn usual(&self, pending: &Pending) -> u64 {
        let estimate = &pending.call.estimate;
        let usual = estimate.tokens.saturating_sub(estimate.likely_prompt);
        usual.max(self.choices)
    }

    /// What the call costs at most with so much output, rounded up. The cost of output grows no faster
    /// than on this line: a dearer tier has a steeper one.
    fn cost(&self, pending: &Pending, output: u64) -> Option<Money> {
        let (base, rise, most) = self.line(pending)?;
        let cost = rise.checked_mul(i128::from(output))?;
        let cost = cost.checked_add(most)?.checked_sub(1)?.checked_div(most)?;
        let cost = i64::try_from(base.checked_add(cost)?).ok()?;
        Some(Money::from_nanos(cost))
    }

    /// What the call costs at most without output, and how much that rises up to its highest output.
    fn line(&self, pending: &Pending) -> Option<(i128, i128, i128)> {
        let estimate = &pending.call.estimate;
        let base = i128::from(self.without_output.nanos());
        let rise = i128::from(estimate.money.nanos()).checked_sub(base)?;
        Some((base, rise, i128::from(estimate.highest.output)))
    }

    /// The most output that `left` covers, a whole number of tokens for each choice, and what the call
    /// then costs at most.
    fn affordable(&self, pending: &Pending, left: Money) -> Option<(u64, Money)> {
        let (base, rise, most) = self.line(pending)?;
        let spare = i128::from(left.nanos()).checked_sub(base)?;
        let tokens = spare.checked_mul(most)?.checked_div(rise)?;
        let tokens = u64::try_from(tokens).ok()?;
        let whole = tokens.checked_sub(tokens.checked_rem(self.choices)?)?;
        let before = pending.call.estimate.highest.output;
        if whole < self.usual(pending) || whole >= before {
            return None;
        }
        Some((whole, self.cost(pending, whole)?))
    }
}

/// Whether a Gemini body has a configuration of its own, which may not come twice.
fn configures(body: &[u8]) -> bool {
    [b"generationConfig".as_slice(), b"generation_config"]
        .iter()
        .any(|key| memchr::memmem::find(body, key).is_some())
}
