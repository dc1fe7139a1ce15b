//! One model call: what was granted, what it asks for, what it holds.

mod deployed;
mod output_limit;
mod prepare;
mod queued;

pub(crate) use deployed::Deployed;
pub(crate) use output_limit::OutputLimit;
use prepare::path_at;
pub(crate) use prepare::{Basis, BodyRead, Choice, prepare};
pub(crate) use queued::Queued;

use super::head::{Head, Passage};
use super::named::{NamedObject, claim};
use super::origin::Origin;
use crate::admission::Ask;
use crate::admission::WhenShort;
use crate::authorization::Grant;
use crate::config::Check;
use crate::estimate::Estimate;
use crate::fair_share::{RequestHold, is_upstream};
use crate::identity::Caller;
use crate::meter::Meter;
use crate::price::Variant;
use crate::queue::QueueEntry;
use crate::store::SharedStore;
use crate::units::{Unit, Units};
use crate::wire::Need;
use std::borrow::Cow;

/// A call that may be made.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) grant: Grant,
    pub(crate) requested_model: String,
    pub(crate) user: Option<String>,
    /// Whether that user is limited together with others.
    pub(crate) user_shared: bool,
    /// The budgets of its organization that it is held in.
    pub(crate) budgets: Vec<String>,
    pub(crate) stream: bool,
    pub(crate) hide_usage: bool,
    pub(crate) free: bool,
    /// The tier and the region it asks for.
    pub(crate) asked: Asked,
    /// The other models that its body names, each granted.
    pub(crate) others: Vec<OtherGrant>,
    /// Where it may be served; absent if its model lists no deployments.
    pub(crate) deployed: Option<Box<Deployed>>,
    /// Why Paddock chose another model than the caller named; absent where it did not choose.
    pub(crate) reason: Option<String>,
    pub(crate) estimate: Estimate,
    pub(crate) ask: Ask,
    /// The stored objects that it names.
    pub(crate) stored: Vec<NamedObject>,
}

/// What a call asks of its provider that has a price of its own; each empty if it does not ask.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) tier: String,
    pub(crate) speed: String,
    pub(crate) region: String,
    /// What is counted of it beside tokens, and how much of it at most.
    pub(crate) unit: Option<Unit>,
    pub(crate) units: Units,
    /// Which images.
    pub(crate) quality: String,
    pub(crate) size: String,
}

impl Asked {
    /// Which images it asks for.
    pub(crate) fn variant(&self) -> Variant<'_> {
        Variant {
            quality: &self.quality,
            size: &self.size,
        }
    }
}

/// Another model that may serve a call, or be called within it.
#[derive(Debug)]
pub(crate) struct OtherGrant {
    pub(crate) grant: Grant,
    /// Whether it may serve in the place of the call's own model.
    pub(crate) may_serve: bool,
}

/// What the service was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedFor {
    /// Whether it was money.
    pub(crate) money: bool,
    /// Whether it was a share of a rate or of slots.
    pub(crate) rates: bool,
    /// Whether it was a share of an upstream's limit.
    pub(crate) upstream: bool,
}

impl AskedFor {
    pub(crate) fn of(needs: &[Need]) -> AskedFor {
        let mut shared = needs.iter().filter(|need| need.share.is_some());
        AskedFor {
            money: needs.iter().any(Need::is_of_money),
            rates: shared.clone().any(|need| !is_upstream(&need.scope)),
            upstream: shared.any(|need| is_upstream(&need.scope)),
        }
    }

    /// What it was, as checks that can fail.
    pub(crate) fn checks(self) -> impl Iterator<Item = Check> {
        let all = [
            (self.money, Check::Budgets),
            (self.rates, Check::Rates),
            (self.upstream, Check::Shares),
        ];
        let asked = all.into_iter().filter(|(was_asked, _)| *was_asked);
        asked.map(|(_, check)| check)
    }
}

/// A call that waits for money.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) call: Call,
    /// The body as the upstream is to see it, where it differs.
    pub(crate) rewritten: Option<Vec<u8>>,
    /// The path as the upstream is to see it, where it differs.
    pub(crate) path: Option<String>,
    /// How often it has waited.
    pub(crate) rounds: u8,
    /// What it waits for.
    pub(crate) asked_for: AskedFor,
    /// The same call of the model it may be redirected to, where the body is no longer at hand.
    pub(crate) fallback: Option<Box<Pending>>,
    /// What limits its output, once its body is no longer at hand; absent if that cannot be.
    pub(crate) output_limit: Option<Box<OutputLimit>>,
    /// Its place in its namespace's queue, while it has one.
    pub(crate) queued: Option<Queued>,
    /// Its entry in the queue, where it waits until other workers have given back what they do not use.
    /// It does so once.
    pub(crate) recalled: Option<QueueEntry>,
    /// Whether it ever waited because its namespace is throttled.
    pub(crate) was_throttled: bool,
    /// Whether the reservation it names may still pay for it.
    pub(crate) may_be_reserved: bool,
}

/// A call at the upstream.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) call: Call,
    /// Whether it waited because its namespace is throttled.
    pub(crate) was_throttled: bool,
    pub(crate) hold: RequestHold,
    /// The upstream's status; 0 until it answers.
    pub(crate) status: u16,
    /// Who answered.
    pub(crate) origin: Origin,
    /// Reads the answer, where it can be read.
    pub(crate) meter: Option<Meter>,
    /// How many of the objects that the answer stored are known to be the caller's.
    pub(crate) claimed: usize,
    /// Whether the whole answer has passed.
    pub(crate) complete: bool,
    /// Where the answer says what it cost, if it does.
    pub(crate) tells_cost: Option<CostTold>,
}

/// Where an answer says what it cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CostTold {
    /// In a header, which waits for the end of the answer.
    InHeader,
    /// In a comment behind the last event.
    InComment,
}

impl InFlight {
    /// Has all workers know at once whose the answer's stored objects are: a client need not wait for
    /// its end to name them.
    pub(crate) fn claim_stored<S: SharedStore>(&mut self, store: &mut S) {
        let stored = self.meter.as_ref().map_or(&[][..], Meter::stored);
        if let Some(new @ [_, ..]) = stored.get(self.claimed..) {
            claim(new, self.call.grant.caller(), store);
            self.claimed = stored.len();
        }
    }

    /// What `x-paddock-reason` says; absent where the caller gets the model as it was named, at the
    /// full rate.
    pub(crate) fn reason(&self) -> Option<String> {
        let throttled = self.was_throttled || self.hold.scopes().rates().throttled;
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
    pub(crate) fn model_name(&self) -> &str {
        self.grant.model().map_or("", |model| model.name.as_str())
    }

    /// Whether the caller named the model otherwise than the upstream knows it.
    pub(crate) fn is_renamed(&self) -> bool {
        self.model_name() != self.requested_model
    }

    /// What `x-paddock-reason` says; absent where the caller gets the model as it was named.
    pub(crate) fn reason(&self) -> Option<Cow<'_, str>> {
        match &self.reason {
            Some(reason) => Some(Cow::Borrowed(reason)),
            None => self.is_renamed().then_some(Cow::Borrowed("aliased")),
        }
    }
}

/// A request that is to pass through, once it is certain that it may.
#[derive(Debug)]
pub(crate) struct Passing {
    pub(crate) head: Head,
    pub(crate) passage: Passage,
    pub(crate) caller: Caller,
    /// Its entry in the queue, where it waits until other workers have given back what they do not use.
    /// It does so once.
    pub(crate) recalled: Option<QueueEntry>,
    /// What to do where this gateway's share of a rate cannot cover it.
    pub(crate) unshared: WhenShort,
    /// The same of its share of the upstream's limit.
    pub(crate) unshared_upstream: WhenShort,
}

/// A request that passes through: identified and limited, but not metered.
#[derive(Debug)]
pub(crate) struct PassThrough {
    pub(crate) head: Head,
    pub(crate) passage: Passage,
    /// What has come of an answer that may say what was stored.
    pub(crate) answer: Option<Vec<u8>>,
    pub(crate) caller: Caller,
    pub(crate) hold: RequestHold,
    /// The upstream's status; 0 until it answers.
    pub(crate) status: u16,
}
