//! What gateways say of their leases, and what follows from it.

use crate::rules::caps::{Budget, LendingTerms};
use crate::store::leases::OpenLease;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::LeaseReport;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What follows from gateways' reports. Each is looked at once, however many leases a scope has.
pub(super) struct LeaseReports {
    /// The place of each lease among those of its scope.
    places: HashMap<i64, usize>,
    pub(super) closed: BTreeSet<i64>,
    pub(super) returned: BTreeMap<i64, Money>,
    pub(super) renewed: BTreeMap<(Timestamp, Timestamp), Vec<i64>>,
    /// The number of the message, the scope and the lease.
    pub(super) told: Vec<(usize, String, OpenLease)>,
}

impl LeaseReports {
    pub(super) fn of(budgets: &HashMap<String, Budget>) -> LeaseReports {
        let leases = budgets.values().map(|budget| budget.leases.iter());
        let places = leases.flat_map(|leases| leases.enumerate().map(|(at, lease)| (lease.id, at)));
        LeaseReports {
            places: places.collect(),
            closed: BTreeSet::new(),
            returned: BTreeMap::new(),
            renewed: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    pub(super) fn take(
        &mut self,
        terms: &LendingTerms,
        budget: &mut Budget,
        (message, gateway): (usize, &str),
        report: &LeaseReport,
        now: Timestamp,
    ) {
        if self.closed.contains(&report.id) {
            return;
        }
        let is_it = |lease: &&OpenLease| lease.id == report.id && lease.gateway == gateway;
        let at = self.places.get(&report.id).copied().unwrap_or(usize::MAX);
        let Some(opened_at) = budget
            .leases
            .get(at)
            .filter(is_it)
            .map(|lease| lease.opened_at)
        else {
            return;
        };
        let period_ends_at = budget.end_of_lease(opened_at);
        let Some(lease) = budget.leases.get_mut(at) else {
            return;
        };
        if report.returned > lease.returned {
            lease.returned = report.returned;
            self.returned.insert(lease.id, lease.returned);
        }
        if report.idle {
            // Where something is outstanding the lease was lent more since the report was
            // written, or events are on their way: it stays, and ends by itself.
            if lease.outstanding() == Money::ZERO {
                self.closed.insert(lease.id);
                return;
            }
        } else if period_ends_at > now {
            let expires_at = now.plus(terms.ttl).min(period_ends_at);
            // Not at every message: a write for each lease a second would be most of the work.
            let worth_it = expires_at.since(lease.expires_at).saturating_mul(6) >= terms.ttl;
            if worth_it || period_ends_at != lease.period_ends_at {
                lease.expires_at = expires_at;
                lease.period_ends_at = period_ends_at;
                self.renewed
                    .entry((expires_at, period_ends_at))
                    .or_default()
                    .push(lease.id);
            }
        }
        let mut told = lease.clone();
        told.period_ends_at = told.period_ends_at.min(period_ends_at);
        told.expires_at = told.expires_at.min(told.period_ends_at);
        self.told.push((message, budget.scope.clone(), told));
    }
}
