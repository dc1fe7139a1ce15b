//! The lender as one struct: one cap of one namespace, of a period or a prepaid balance, its
//! reservations, and who holds what of it.

use crate::budget::{Cap, set_aside, slice};
use crate::money::Money;
use crate::policy::{ReservationName, ReservationPolicy, reservation_scope};
use crate::timestamp::Timestamp;
use crate::wire::{CapPeriod, Lease, LeaseReport, Need};
use std::collections::{BTreeMap, BTreeSet};

/// The scope whose cap it is.
pub(super) const NAMESPACE: &str = "namespace:n";
/// Seconds a lease lives without being renewed.
const TTL: u64 = 10;
/// Seconds after which a lease that was not renewed is nobody's.
pub(super) const GRACE: u64 = 60;
/// Seconds a scope is scarce after a need could not be covered.
const SCARCE: u64 = 5;
/// The period of a prepaid balance, which does not end.
pub(super) const NEVER: u64 = Timestamp::FAR.secs();

/// A cost on its way to the ledger.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) cost: i64,
    pub(super) started_at: u64,
    pub(super) lease: Option<i64>,
}

/// Money set aside.
#[derive(Clone, Debug)]
pub(super) struct Reserved {
    pub(super) policy: ReservationPolicy,
    ended: bool,
}

impl Reserved {
    fn has_ended(&self, now: u64) -> bool {
        self.ended || self.policy.expires_at.secs() <= now
    }
}

#[derive(Clone, Debug)]
struct Loan {
    id: i64,
    scope: String,
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
    scarce_until: BTreeMap<String, u64>,
    pub(super) reserved: Vec<Reserved>,
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
            scarce_until: BTreeMap::new(),
            reserved: Vec::new(),
        }
    }

    /// Adds to a balance, and nobody is refused for what was not there before.
    pub(super) fn credit(&mut self, amount: i64) {
        self.quota += amount;
        self.scarce_until.remove(NAMESPACE);
    }

    /// What the cap is; of a balance the sum of its credits.
    pub(super) fn quota(&self) -> i64 {
        self.quota
    }

    fn end_of_period(&self, at: u64) -> u64 {
        (at / self.period + 1) * self.period
    }

    fn reservation(&self, scope: &str) -> Option<&Reserved> {
        let mut all = self.reserved.iter();
        all.find(|reserved| reserved.policy.scope == scope)
    }

    /// When what is lent now has to be spent.
    fn end_of_loan(&self, scope: &str, now: u64) -> u64 {
        let reserved = self.reservation(scope);
        reserved.map_or_else(
            || self.end_of_period(now),
            |reserved| match reserved.ended {
                true => now.min(reserved.policy.expires_at.secs()),
                false => reserved.policy.expires_at.secs(),
            },
        )
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
        let open =
            |loan: &&Loan| loan.open && loan.scope == NAMESPACE && loan.period_ends_at > start;
        self.loans.iter().filter(open).map(Loan::outstanding).sum()
    }

    /// What reservations keep of the cap.
    pub(super) fn set_aside(&self, now: u64) -> i64 {
        let kept = |reserved: &Reserved| {
            let (spent, out) = self.of_reservation(&reserved.policy.scope);
            set_aside(reserved.policy.amount, spent, out, reserved.has_ended(now)).nanos()
        };
        self.reserved.iter().map(kept).sum()
    }

    /// What gateways may spend of reservations without the lender being asked.
    pub(super) fn outstanding_of_reservations(&self) -> i64 {
        let open = |loan: &&Loan| loan.open && loan.scope != NAMESPACE;
        self.loans.iter().filter(open).map(Loan::outstanding).sum()
    }

    /// What is booked under a reservation, and what is out of it.
    fn of_reservation(&self, scope: &str) -> (Money, Money) {
        let loans = || self.loans.iter().filter(|loan| loan.scope == scope);
        let spent = loans().map(|loan| loan.spent).sum();
        let open = loans().filter(|loan| loan.open);
        let out = open.map(Loan::outstanding).sum();
        (Money::from_nanos(spent), Money::from_nanos(out))
    }

    fn cap(&self, scope: &str, now: u64) -> Cap {
        match self.reservation(scope) {
            None => Cap {
                period: self.kind(),
                quota: Money::from_nanos(self.quota),
                booked: Money::from_nanos(self.booked(now)),
                set_aside: Money::from_nanos(self.set_aside(now)),
                outstanding: Money::from_nanos(self.outstanding(now)),
            },
            Some(reserved) => {
                let (booked, outstanding) = self.of_reservation(scope);
                Cap {
                    period: CapPeriod::Monthly,
                    quota: reserved.policy.amount,
                    booked,
                    set_aside: Money::ZERO,
                    outstanding,
                }
            }
        }
    }

    fn kind(&self) -> CapPeriod {
        match self.period {
            NEVER => CapPeriod::Balance,
            _ => CapPeriod::Daily,
        }
    }

    fn is_scarce(&self, scope: &str, now: u64) -> bool {
        self.scarce_until
            .get(scope)
            .is_some_and(|until| *until > now)
    }

    fn is_short(&self, scope: &str, now: u64) -> bool {
        let cap = self.cap(scope, now);
        let ended = self
            .reservation(scope)
            .is_some_and(|found| found.has_ended(now));
        ended || self.is_scarce(scope, now) || cap.outstanding > cap.remaining()
    }

    /// Sets money aside for `ttl` seconds, where the cap can spare it.
    pub(super) fn reserve(&mut self, amount: i64, ttl: u64, now: u64) {
        let amount = Money::from_nanos(amount);
        if amount > self.cap(NAMESPACE, now).lendable() {
            self.scarce_until.insert(NAMESPACE.to_owned(), now + SCARCE);
            return;
        }
        let name = ReservationName {
            namespace: "n".to_owned(),
            id: format!("r{}", self.reserved.len()),
        };
        let policy = ReservationPolicy {
            scope: reservation_scope(&name, 1),
            name,
            amount,
            expires_at: Timestamp::from_secs(now + ttl),
        };
        self.reserved.push(Reserved {
            policy,
            ended: false,
        });
    }

    /// Ends a reservation before its time.
    pub(super) fn release(&mut self, which: usize) {
        if let Some(at) = which.checked_rem(self.reserved.len()) {
            self.reserved[at].ended = true;
        }
    }

    fn describe(&self, loan: &Loan, may_hold: Money, now: u64) -> Lease {
        let ends_at = loan.period_ends_at.min(self.end_of_loan(&loan.scope, now));
        let is_reservation = self.reservation(&loan.scope).is_some();
        let ends_at = if is_reservation {
            ends_at
        } else {
            loan.period_ends_at
        };
        Lease {
            scope: loan.scope.clone(),
            id: loan.id,
            lent: Money::from_nanos(loan.lent),
            spent: Money::from_nanos(loan.spent),
            expires_at: Timestamp::from_secs(loan.expires_at.min(ends_at)),
            period_ends_at: Timestamp::from_secs(ends_at),
            period: self.kind(),
            resets_at: None,
            remaining: self.cap(&loan.scope, now).remaining(),
            used_percent: 0,
            short: false,
            hold_at_most: self.is_short(&loan.scope, now).then_some(may_hold),
        }
    }

    /// `None` where the scope lends no more.
    pub(super) fn lend(&mut self, gateway: usize, need: &Need, now: u64) -> Option<Lease> {
        let scope = need.scope.as_str();
        for loan in &mut self.loans {
            loan.open &= now <= loan.expires_at + GRACE;
        }
        self.hear_returned(need.held.as_ref());
        if self
            .reservation(scope)
            .is_some_and(|found| found.has_ended(now))
        {
            return None;
        }
        let is_current = |loan: &Loan| {
            loan.open && loan.scope == scope && loan.gateway == gateway && loan.period_ends_at > now
        };
        let current = self.loans.iter().rposition(is_current);
        let held = need
            .held
            .as_ref()
            .filter(|held| current.is_some_and(|at| self.loans[at].id == held.id));
        let left = held.map_or(Money::ZERO, |held| held.left);
        let scarce = self.is_scarce(scope, now);
        let more = slice(need.amount, left, self.cap(scope, now).lendable(), scarce);
        let covered = left.saturating_add(more) >= need.amount;
        if !covered {
            self.scarce_until.insert(scope.to_owned(), now + SCARCE);
        }
        let period_ends_at = self.end_of_loan(scope, now);
        let at = current.unwrap_or_else(|| {
            self.loans.push(Loan {
                // Distinct, and in no order.
                id: (i64::try_from(self.loans.len()).unwrap() + 1) * 7_919 % 10_007,
                scope: scope.to_owned(),
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
        let lease = self.describe(&loan, may_hold, now);
        Some(Lease {
            short: !covered,
            ..lease
        })
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
            let ends_at = self.end_of_loan(&report.scope, now);
            let is_reservation = self.reservation(&report.scope).is_some();
            let Some(loan) = self.loans.iter_mut().find(is_it) else {
                continue;
            };
            if report.idle && loan.outstanding() == 0 {
                loan.open = false;
                continue;
            }
            let ends_at = if is_reservation {
                ends_at
            } else {
                loan.period_ends_at
            };
            if !report.idle && ends_at > now {
                loan.expires_at = (now + TTL).min(ends_at);
            }
            let loan = loan.clone();
            told.push(self.describe(&loan, Money::ZERO, now));
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
