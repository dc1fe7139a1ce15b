//! A request's scopes and its upstream's limit together: all are debited, or none.

use super::draw::{Drawn, ShareDenial};
use super::in_force::InForce;
use super::record::UpstreamRecord;
use super::{Asker, Demand, UpstreamLimit, sharing};
use crate::admission::{self, Ask, Denied, Grants, Hold, Scope, Settled, Terms, WhenShort};
use crate::gateway_share::{Basis, Report};
use crate::money::Money;
use crate::store::{Conflict, SharedStore, Unwritten, update};
use crate::timestamp::Timestamp;
use crate::wire::Need;
use std::rc::Rc;

/// What a request holds in its scopes and of its upstream's limit. It must be settled by value, once.
#[derive(Debug)]
#[must_use = "a hold is given back only by settling it"]
pub struct RequestHold {
    scopes: Hold,
    upstream: Option<Held>,
}

/// What was taken of an upstream's limit.
#[derive(Debug)]
struct Held {
    upstream: Rc<UpstreamLimit>,
    asker: Asker,
    tokens: Drawn,
    terms: Terms,
}

impl Held {
    /// Replaces the tokens that were taken by those that were used.
    fn settle<S: SharedStore>(
        self,
        store: &mut S,
        used: u64,
        now: Timestamp,
    ) -> Result<(), Conflict> {
        if self.upstream.tokens_per_minute.is_none() {
            return Ok(());
        }
        update(store, &self.upstream.record(), |bytes| {
            let mut record = UpstreamRecord::decode(bytes);
            let limit = InForce::of(&self.upstream, &record, self.terms, now);
            record.refill(&limit, now);
            record.settle(&limit, self.asker, self.tokens, used, now);
            (Some(record.encode()), ())
        })
    }
}

/// Why a request was not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// One of its scopes refuses.
    Scope(Denied),
    /// The limit of its upstream, which all namespaces share.
    Upstream(Rc<UpstreamLimit>, ShareDenial),
}

/// Debits every scope and the upstream's limit, or nothing.
///
/// Both are judged before either is written. What a scope refuses for longer, or for good, outweighs
/// the upstream: then that never hears of the request.
///
/// # Errors
/// [`NotAdmitted`]; then nothing is debited.
pub fn hold_request<S: SharedStore>(
    grants: &mut Grants,
    store: &mut S,
    scopes: &[Rc<Scope>],
    ask: &Ask,
    demand: Option<&Demand>,
    terms: Terms,
    now: Timestamp,
) -> Result<RequestHold, NotAdmitted> {
    let Some(demand) = demand else {
        let scopes = admission::place_hold(grants, store, scopes, ask, terms, now);
        return match scopes {
            Ok(scopes) => Ok(RequestHold {
                scopes,
                upstream: None,
            }),
            Err(denied) => Err(NotAdmitted::Scope(denied)),
        };
    };
    let refuse = |denied: Denial| match denied.share {
        Some(share) if ask.unshared_upstream == WhenShort::Borrow => {
            NotAdmitted::Scope(Denied::Lend(vec![Need {
                scope: demand.upstream.scope(),
                amount: Money::ZERO,
                held: None,
                share: Some(share),
            }]))
        }
        _ => NotAdmitted::Upstream(Rc::clone(&demand.upstream), denied.why),
    };
    let of = Of { demand, ask, terms };
    if let Ok(Err(denial)) = take(&mut Unwritten(store), of, now) {
        match admission::would_admit(grants, store, scopes, ask, terms, now) {
            Ok(()) | Err(Denied::Lend(_)) => {}
            Err(Denied::Rate { retry_after, .. }) if retry_after < denial.why.wait => {}
            Err(denied) => return Err(NotAdmitted::Scope(denied)),
        }
        register(store, of, now);
        return Err(refuse(denial));
    }
    let hold = admission::place_hold(grants, store, scopes, ask, terms, now)
        .map_err(NotAdmitted::Scope)?;
    match take(store, of, now) {
        Ok(Ok(tokens)) => Ok(RequestHold {
            scopes: hold,
            upstream: Some(Held {
                upstream: Rc::clone(&demand.upstream),
                asker: demand.asker,
                tokens,
                terms,
            }),
        }),
        taken => {
            hold.cancel(grants, store, now);
            Err(match taken {
                Ok(Err(denial)) => refuse(denial),
                _ => NotAdmitted::Scope(Denied::Contended),
            })
        }
    }
}

/// Who wants what of an upstream, and on what terms.
#[derive(Clone, Copy)]
struct Of<'a> {
    demand: &'a Demand,
    ask: &'a Ask,
    terms: Terms,
}

/// Why an upstream refuses, and what the service is to be asked for if that may help.
struct Denial {
    why: ShareDenial,
    share: Option<Box<Report>>,
}

impl Of<'_> {
    /// Takes what is wanted from a record.
    fn take(self, record: &mut UpstreamRecord, now: Timestamp) -> Result<Drawn, Denial> {
        let limit = InForce::of(&self.demand.upstream, record, self.terms, now);
        record.refill(&limit, now);
        let may_overdraw = self.ask.unshared_upstream == WhenShort::Overdraw;
        let is_unlent = limit.basis == Basis::Nothing && !may_overdraw;
        // Without a share nothing may be taken. What would be is judged all the same: that says why not.
        let taken = match is_unlent {
            false => record.take(self.demand, &limit, now),
            true => Err(record.refuse(self.demand, now)),
        };
        taken.map_err(|why| Denial {
            why,
            share: sharing::ask(record, self.demand, limit, self.terms, now),
        })
    }
}

fn take<S: SharedStore>(
    store: &mut S,
    of: Of<'_>,
    now: Timestamp,
) -> Result<Result<Drawn, Denial>, Conflict> {
    update(store, &of.demand.upstream.record(), |bytes| {
        let mut record = UpstreamRecord::decode(bytes);
        let taken = of.take(&mut record, now);
        (Some(record.encode()), taken)
    })
}

/// Counts a namespace that was refused among those who ask.
fn register<S: SharedStore>(store: &mut S, of: Of<'_>, now: Timestamp) {
    // Out of attempts: it counts from its next request on.
    let _ = update(store, &of.demand.upstream.record(), |bytes| {
        let mut record = UpstreamRecord::decode(bytes);
        let limit = InForce::of(&of.demand.upstream, &record, of.terms, now);
        record.refill(&limit, now);
        let before = record.clone();
        let next = match of.take(&mut record, now) {
            Err(_) => record,
            // Somebody gave something back since: this request is refused all the same.
            Ok(_) => before,
        };
        (Some(next.encode()), ())
    });
}

impl RequestHold {
    /// What it holds in its scopes.
    pub fn scopes(&self) -> &Hold {
        &self.scopes
    }

    /// Replaces what was foreseen by the `tokens` used and their `cost`, everywhere.
    pub fn settle<S: SharedStore>(
        self,
        grants: &mut Grants,
        store: &mut S,
        tokens: u64,
        cost: Money,
        now: Timestamp,
    ) -> Settled {
        let mut settled = self.scopes.settle(grants, store, tokens, cost, now);
        if let Some(held) = self.upstream {
            let written = held.settle(store, tokens, now);
            settled.contended = settled
                .contended
                .saturating_add(u32::from(written.is_err()));
        }
        settled
    }

    /// Another upstream serves the request than the one it was held for: the tokens taken of that one go
    /// back, and what is used is charged to the limit of the other, if it has one (`demand`). Requests are
    /// not moved: both have seen one.
    pub fn move_to<S: SharedStore>(
        &mut self,
        demand: Option<&Demand>,
        terms: Terms,
        store: &mut S,
        now: Timestamp,
    ) {
        if let Some(held) = self.upstream.take() {
            // Out of attempts: the tokens come back as the limit refills.
            let _ = held.settle(store, 0, now);
        }
        self.upstream = demand.map(|demand| Held {
            upstream: Rc::clone(&demand.upstream),
            asker: demand.asker,
            tokens: Drawn::default(),
            terms,
        });
    }
}
