//! What a scope's record has to do with this gateway's share of its limits.

use super::ask::{Ask, Terms, WhenShort};
use super::debit::{buckets, most_tokens};
use super::in_force::limit_of;
use super::record::ScopeRecord;
use super::scope::Scope;
use super::throttle::{RateTier, Rates};
use crate::epoch_sum::{EpochSum, Epochs};
use crate::gateway_share::{
    Basis, Holding, HoldsShare, Need, RATES, Report, Share, ShareTerm, Stock,
};
use crate::timestamp::Timestamp;
use core::time::Duration;

/// A request that a share does not cover is told to wait no longer: shares follow demand.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What the service is asked for where this gateway's share does not cover a request. `None` where there is
/// nothing to ask for, or it was asked a moment ago.
pub(super) fn ask(
    record: &ScopeRecord,
    scope: &Scope,
    rates: &Rates,
    (tier, ask): (RateTier, &Ask),
    terms: Terms,
    now: Timestamp,
) -> Option<Box<Report>> {
    let sharing = terms.sharing?;
    let is_dry = rates.whole.basis == Basis::Part && now < record.holding.dry_until;
    let may_ask = ask.unshared == WhenShort::Borrow && !scope.is_softened;
    if rates.whole.basis == Basis::Whole || is_dry || !may_ask {
        return None;
    }
    let limit = limit_of(scope);
    let mut record = *record;
    let in_flight = in_flight_of(&record);
    let (requests, tokens) = buckets(&mut record, rates, tier);
    let mut need = Need {
        limit,
        revision: sharing.revision,
        ..Need::default()
    };
    let [of_requests, of_tokens] = &mut need.has;
    let [wants_requests, wants_tokens] = &mut need.units.rates;
    // Without a share nothing is there.
    let is_lent = rates.whole.basis == Basis::Part;
    if let Some((bucket, state, _)) = requests {
        *wants_requests = 1;
        *of_requests = if is_lent { bucket.whole(state) } else { 0 };
    }
    if let Some((bucket, state, _)) = tokens {
        *wants_tokens = most_tokens(rates, bucket, ask.tokens);
        *of_tokens = if is_lent { bucket.whole(state) } else { 0 };
    }
    let slots = if is_lent { rates.whole.slots } else { Some(0) };
    if limit.slots > 0 && slots.is_some_and(|slots| in_flight >= slots) {
        need.units.slots = 1;
    }
    let holding = record.holding;
    let report = holding.ask(&scope.name, need, &stocks(&mut record), in_flight);
    Some(Box::new(report))
}

fn in_flight_of(record: &ScopeRecord) -> u64 {
    u64::try_from(record.in_flight.total()).unwrap_or(0)
}

fn stocks(record: &mut ScopeRecord) -> [Stock<'_>; RATES] {
    [
        Stock {
            lent: record.lent_requests.total(),
            state: &mut record.requests,
        },
        Stock {
            lent: record.lent_tokens.total(),
            state: &mut record.tokens,
        },
    ]
}

impl ScopeRecord {
    /// Counts what was drawn of requests and of tokens, or what was put back where negative.
    pub(super) fn count_drawn(&mut self, tier: RateTier, requests: i64, tokens: i64) {
        if tier == RateTier::Free {
            return;
        }
        let [of_requests, of_tokens] = &mut self.holding.drawn;
        *of_requests = of_requests.saturating_add(requests);
        *of_tokens = of_tokens.saturating_add(tokens);
    }

    /// Has the buckets of a throttled scope be one again. The next request parts them.
    fn join_parts(&mut self) {
        if !self.parted.is_set() {
            return;
        }
        self.parted = false.into();
        let excess = [self.excess_requests, self.excess_tokens];
        let parts = self.holding.part.rates;
        for ((stock, excess), part) in stocks(self).into_iter().zip(excess).zip(parts) {
            part.join(stock.state, &excess, stock.lent);
        }
    }
}

impl HoldsShare for ScopeRecord {
    fn holding(&mut self) -> &mut Holding {
        &mut self.holding
    }

    fn accept(&mut self, share: &Share, asked: Option<&Report>, term: ShareTerm, now: Timestamp) {
        self.join_parts();
        let mut holding = self.holding;
        holding.accept(share, asked, term, &mut stocks(self), now);
        if holding.life() != self.holding.life() {
            // What workers have is of another share.
            self.lent_requests = EpochSum::default();
            self.lent_tokens = EpochSum::default();
        }
        self.holding = holding;
    }

    fn review(
        &mut self,
        scope: &str,
        several: bool,
        epochs: Epochs,
        now: Timestamp,
    ) -> Option<Report> {
        self.in_flight.roll(epochs, now);
        self.lent_requests.roll(epochs, now);
        self.lent_tokens.roll(epochs, now);
        self.join_parts();
        let mut holding = self.holding;
        let in_flight = in_flight_of(self);
        holding.review(&mut stocks(self), in_flight, several, now);
        self.holding = holding;
        holding.report(scope, &stocks(self), in_flight)
    }
}
