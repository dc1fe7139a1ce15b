//! The lender as one struct: one cap of one scope, and who holds what of it.

use crate::budget::{Cap, slice};
use crate::money::Money;
use crate::timestamp::Timestamp;
use crate::wire::{CapPeriod, Lease, LeaseReport, Need};
use std::collections::BTreeSet;

/// Seconds a lease lives without being renewed.
const TTL: u64 = 10;
/// Seconds after which a lease that was not renewed is nobody's.
pub(super) const GRACE: u64 = 60;
/// Seconds a scope is scarce after a need could not be covered.
const SCARCE: u64 = 5;

/// A cost on its way to the ledger.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) cost: i64,
    pub(super) started_at: u64,
    pub(super) lease: Option<i64>,
}

#[derive(Clone, Debug)]
struct Loan {
    id: i64,
    gateway: usize,
    lent: i64,
    returned: i64,
    spent: i64,
    expires_at: u64,
    period_ends_at: u64,
    open: bool,
}

#[derive(Debug)]
pub(super) struct Lender {
    quota: i64,
    /// Seconds of a budget period.
    period: u64,
    loans: Vec<Loan>,
    seen: BTreeSet<u64>,
    booked: Vec<(u64, i64)>,
    scarce_until: u64,
}

impl Loan {
    fn outstanding(&self) -> i64 {
        (self.lent - self.returned - self.spent).max(0)
    }
}

impl Lender {
    pub(super) fn new(quota: i64, period: u64) -> Lender {
        Lender {
            quota,
            period,
            loans: Vec::new(),
            seen: BTreeSet::new(),
            booked: Vec::new(),
            scarce_until: 0,
        }
    }

    fn end_of_period(&self, at: u64) -> u64 {
        (at / self.period + 1) * self.period
    }

    /// What the ledger has booked in the period of `now`.
    pub(super) fn booked(&self, now: u64) -> i64 {
        let same = |at: u64| at / self.period == now / self.period;
        let costs = self.booked.iter().filter(|(at, _)| same(*at));
        costs.map(|(_, cost)| cost).sum()
    }

    /// What may be spent of that period's cap without the lender being asked.
    pub(super) fn outstanding(&self, now: u64) -> i64 {
        let start = self.end_of_period(now) - self.period;
        let open = |loan: &&Loan| loan.open && loan.period_ends_at > start;
        self.loans.iter().filter(open).map(Loan::outstanding).sum()
    }

    fn cap(&self, now: u64) -> Cap {
        Cap {
            period: CapPeriod::Daily,
            quota: Money::from_nanos(self.quota),
            booked: Money::from_nanos(self.booked(now)),
            outstanding: Money::from_nanos(self.outstanding(now)),
        }
    }

    fn is_short(&self, now: u64) -> bool {
        let cap = self.cap(now);
        self.scarce_until > now || cap.outstanding > cap.remaining()
    }

    fn describe(&self, loan: &Loan, scope: &str, may_hold: Money, now: u64) -> Lease {
        Lease {
            scope: scope.to_owned(),
            id: loan.id,
            lent: Money::from_nanos(loan.lent),
            spent: Money::from_nanos(loan.spent),
            expires_at: Timestamp::from_secs(loan.expires_at),
            period_ends_at: Timestamp::from_secs(loan.period_ends_at),
            period: CapPeriod::Daily,
            remaining: self.cap(now).remaining(),
            used_percent: 0,
            short: false,
            hold_at_most: self.is_short(now).then_some(may_hold),
        }
    }

    pub(super) fn lend(&mut self, gateway: usize, need: &Need, now: u64) -> Lease {
        for loan in &mut self.loans {
            loan.open &= now <= loan.expires_at + GRACE;
        }
        self.hear_returned(need.held.as_ref());
        let is_current =
            |loan: &Loan| loan.open && loan.gateway == gateway && loan.period_ends_at > now;
        let current = self.loans.iter().rposition(is_current);
        let held = need
            .held
            .as_ref()
            .filter(|held| current.is_some_and(|at| self.loans[at].id == held.id));
        let left = held.map_or(Money::ZERO, |held| held.left);
        let scarce = self.scarce_until > now;
        let more = slice(need.amount, left, self.cap(now).lendable(), scarce);
        let covered = left.saturating_add(more) >= need.amount;
        if !covered {
            self.scarce_until = now + SCARCE;
        }
        let period_ends_at = self.end_of_period(now);
        let at = current.unwrap_or_else(|| {
            self.loans.push(Loan {
                // Distinct, and in no order.
                id: (i64::try_from(self.loans.len()).unwrap() + 1) * 7_919 % 10_007,
                gateway,
                lent: 0,
                returned: 0,
                spent: 0,
                expires_at: now,
                period_ends_at,
                open: true,
            });
            self.loans.len() - 1
        });
        let loan = &mut self.loans[at];
        loan.lent += more.nanos();
        loan.expires_at = (now + TTL).min(loan.period_ends_at);
        let may_hold = if covered { need.amount } else { Money::ZERO };
        let loan = loan.clone();
        let lease = self.describe(&loan, &need.scope, may_hold, now);
        Lease {
            short: !covered,
            ..lease
        }
    }

    /// Takes events and reports; answers the leases that are still open.
    pub(super) fn sync(
        &mut self,
        gateway: usize,
        reports: &[LeaseReport],
        events: &[Event],
        now: u64,
    ) -> Vec<Lease> {
        for event in events.iter().filter(|event| self.seen.insert(event.id)) {
            self.booked.push((event.started_at, event.cost));
            let lease = self
                .loans
                .iter_mut()
                .find(|loan| Some(loan.id) == event.lease);
            if let Some(loan) = lease {
                loan.spent += event.cost;
            }
        }
        let mut told = Vec::new();
        for report in reports {
            self.hear_returned(Some(report));
            let is_it =
                |loan: &&mut Loan| loan.open && loan.id == report.id && loan.gateway == gateway;
            let Some(loan) = self.loans.iter_mut().find(is_it) else {
                continue;
            };
            if report.idle && loan.outstanding() == 0 {
                loan.open = false;
                continue;
            }
            if !report.idle && loan.period_ends_at > now {
                loan.expires_at = (now + TTL).min(loan.period_ends_at);
            }
            let loan = loan.clone();
            told.push(self.describe(&loan, &report.scope, Money::ZERO, now));
        }
        told
    }

    fn hear_returned(&mut self, report: Option<&LeaseReport>) {
        let Some(report) = report else { return };
        let open = self.loans.iter_mut().filter(|loan| loan.open);
        for loan in open.filter(|loan| loan.id == report.id) {
            loan.returned = loan.returned.max(report.returned.nanos());
        }
    }
}
