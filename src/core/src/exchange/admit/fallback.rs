//! The fallback model, for a request that its namespace's throttled rates, or its budget, refuse.

use crate::admission::{Denied, RateTier};
use crate::exchange::call::{BodyRead, Choice, Pending, prepare};
use crate::exchange::context::StepContext;
use crate::exchange::head::Head;
use crate::policy::ThrottleMode;

/// The call of the fallback model, where `denied` is a reason to redirect and the namespace wants
/// that. Only once: what was redirected is not redirected again.
pub(crate) fn redirected<S>(
    head: &Head,
    pending: &mut Pending,
    read: Option<BodyRead<'_>>,
    denied: &Denied,
    cx: &StepContext<'_, S>,
) -> Option<Pending> {
    let reason = match denied {
        Denied::Rate {
            throttled: true, ..
        } => "throttled",
        Denied::Budget { .. } => "budget_low",
        _ => return None,
    };
    let mut other = match pending.fallback.take() {
        Some(prepared) => *prepared,
        None => fallback(head, pending, read?, cx)?,
    };
    other.call.reason = Some(reason.to_owned());
    Some(other)
}

/// The call of the fallback model, where the namespace redirects and may use it here.
pub(crate) fn fallback<S>(
    head: &Head,
    pending: &Pending,
    read: BodyRead<'_>,
    cx: &StepContext<'_, S>,
) -> Option<Pending> {
    let call = &pending.call;
    let settings = &call.grant.caller().namespace().policy.settings;
    if settings.throttle_mode != ThrottleMode::Redirect || call.ask.tier != RateTier::Regular {
        return None;
    }
    let choice = Choice {
        model: settings.fallback_model.as_deref()?,
        reason: None,
    };
    let caller = call.grant.caller().clone();
    let mut other = prepare(caller, head, read, choice, cx.basis()).ok()?;
    if other.call.model_name() == call.model_name() {
        return None;
    }
    other.call.ask.tier = RateTier::Excess;
    Some(other)
}
