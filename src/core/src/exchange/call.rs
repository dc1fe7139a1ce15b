//! One model call on its way: what was granted, what it asks for, what it holds.

use super::throttled::Queued;
use crate::admission::Ask;
use crate::authorization::Grant;
use crate::estimate::Estimate;
use crate::fair_share::RequestHold;
use crate::meter::Meter;
use std::borrow::Cow;

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
    /// Whether it asks for a tier for work that can wait.
    pub(super) batch: bool,
    /// Why Paddock chose another model than the caller named; absent where it did not choose.
    pub(super) reason: Option<String>,
    pub(super) estimate: Estimate,
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
    /// The same call of the model it may be redirected to, where the body is no longer at hand.
    pub(super) fallback: Option<Box<Pending>>,
    /// Its place in its namespace's queue, while it has one.
    pub(super) queued: Option<Queued>,
    /// Whether it ever had one.
    pub(super) was_queued: bool,
    /// Whether the reservation it names may still pay for it.
    pub(super) may_be_reserved: bool,
}

/// A call at the upstream.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) call: Call,
    /// Whether it waited its turn in a queue.
    pub(super) was_queued: bool,
    pub(super) hold: RequestHold,
    /// The upstream's status; 0 until it answers.
    pub(super) status: u16,
    /// Whether Envoy answered in the upstream's place.
    pub(super) local: bool,
    /// Reads the answer, where it can be read.
    pub(super) meter: Option<Meter>,
    /// Whether the whole answer has passed.
    pub(super) complete: bool,
}

impl InFlight {
    /// What `x-paddock-reason` says; absent where the caller gets the model as it was named, at the
    /// full rate.
    pub(super) fn reason(&self) -> Option<String> {
        let throttled = self.was_queued || self.hold.scopes().rates().throttled;
        let throttled = throttled.then_some(Cow::Borrowed("throttled"));
        match (self.call.reason(), throttled) {
            (Some(reason), Some(throttled)) if reason != throttled => {
                Some(format!("{reason}, {throttled}"))
            }
            (reason, throttled) => reason.or(throttled).map(Cow::into_owned),
        }
    }
}

impl Call {
    /// The name of the model that serves it.
    pub(super) fn model_name(&self) -> &str {
        self.grant.model().map_or("", |model| model.name.as_str())
    }

    /// Whether the caller named the model otherwise than the upstream knows it.
    pub(super) fn is_renamed(&self) -> bool {
        self.model_name() != self.requested_model
    }

    /// What `x-paddock-reason` says; absent where the caller gets the model as it was named.
    pub(super) fn reason(&self) -> Option<Cow<'_, str>> {
        match &self.reason {
            Some(reason) => Some(Cow::Borrowed(reason)),
            None => self.is_renamed().then_some(Cow::Borrowed("aliased")),
        }
    }
}
