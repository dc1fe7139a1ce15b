//! The caps of scopes, with what is booked and lent under them.

use crate::domain::period::Window;
use crate::domain::scope::Scope;
use crate::store::leases::{self, OpenLease};
use crate::store::spend::{self, Quotas};
use crate::store::{StoreError, Tx};
use paddock_core::budget::{Cap, percent, tightest};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{CapPeriod, Lease};
use std::collections::HashMap;
use std::time::Duration;

/// On what terms money is lent.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How long a gateway may go on with a lease after the service has last answered it.
    pub ttl: Duration,
    /// How long after its end, or after the service's start, a lease may still be reported.
    pub grace: Duration,
    /// How long a scope counts as scarce after a need could not be covered.
    pub scarce_for: Duration,
    /// When this service started.
    pub started_at: Timestamp,
}

/// A scope that has at least one cap, in its current periods.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Its name.
    pub scope: String,
    /// Its caps; never empty.
    pub caps: Vec<Cap>,
    /// What gateways hold of it.
    pub leases: Vec<OpenLease>,
    /// Gateways are to hold no more than they need until then.
    pub scarce_until: Timestamp,
}

impl Budget {
    fn new(scope: &str, quotas: Quotas, booked: &spend::Booked, now: Timestamp) -> Budget {
        let cap = |(period, quota)| Cap {
            period,
            quota,
            booked: booked.of(scope, period),
            outstanding: Money::ZERO,
        };
        let mut budget = Budget {
            scope: scope.to_owned(),
            caps: quotas.each().map(cap).collect(),
            leases: Vec::new(),
            scarce_until: Timestamp::EPOCH,
        };
        budget.count_leases(now);
        budget
    }

    /// Sums up anew what is out on loan.
    pub fn count_leases(&mut self, now: Timestamp) {
        for cap in &mut self.caps {
            let start = Window::of(cap.period, now).start;
            // A gateway may spend in this period from any lease it was told to end after its start.
            let open = self
                .leases
                .iter()
                .filter(|lease| lease.period_ends_at > start);
            cap.outstanding = open.fold(Money::ZERO, |sum, lease| {
                sum.saturating_add(lease.outstanding())
            });
        }
    }

    /// What may be lent under all of its caps.
    pub fn lendable(&self) -> Money {
        tightest(&self.caps).map_or(Money::ZERO, Cap::lendable)
    }

    /// When a lease opened at `opened_at` ends: with the first capped period of that moment.
    pub fn end_of_lease(&self, opened_at: Timestamp) -> Timestamp {
        let ends = self
            .caps
            .iter()
            .map(|cap| Window::of(cap.period, opened_at).end);
        ends.min().unwrap_or(Timestamp::from_nanos(u64::MAX))
    }

    /// Whether somebody was refused lately, or more is out than there is.
    pub fn is_short(&self, now: Timestamp) -> bool {
        let over = |cap: &Cap| cap.outstanding > cap.remaining().or_zero();
        self.scarce_until > now || self.caps.iter().any(over)
    }

    /// Percent of the fullest cap that is booked.
    pub fn used_percent(&self) -> u64 {
        let used = |cap: &Cap| percent(cap.booked.nanos(), cap.quota);
        self.caps.iter().map(used).max().unwrap_or(0)
    }

    /// A lease as a gateway is told of it, under the tightest cap.
    pub fn describe(&self, lease: &OpenLease, hold_at_most: Option<Money>) -> Lease {
        let cap = tightest(&self.caps);
        Lease {
            scope: self.scope.clone(),
            id: lease.id,
            lent: lease.lent,
            spent: lease.spent,
            expires_at: lease.expires_at,
            period_ends_at: lease.period_ends_at,
            period: cap.map_or(CapPeriod::Monthly, |cap| cap.period),
            remaining: cap.map_or(Money::ZERO, Cap::remaining),
            used_percent: self.used_percent(),
            short: false,
            hold_at_most,
        }
    }
}

/// The budgets of those scopes that exist and have a cap. The scopes must be locked; `scarce` is
/// what the lock answered.
///
/// # Errors
/// Where the database refuses.
pub async fn load(
    tx: &mut Tx,
    scarce: &HashMap<String, Timestamp>,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<HashMap<String, Budget>, StoreError> {
    let quotas = spend::quotas(tx, scopes).await?;
    let quotas = quotas
        .into_iter()
        .filter(|(_, quotas)| quotas.each().next().is_some());
    let quotas: Vec<(String, Quotas)> = quotas.collect();
    let names: Vec<&str> = quotas.iter().map(|(scope, _)| scope.as_str()).collect();
    let booked = spend::booked(tx, &names, now).await?;
    let mut leases = leases::open_of(tx, &names).await?;
    let mut budgets = HashMap::with_capacity(quotas.len());
    for (scope, quotas) in quotas {
        let mut budget = Budget::new(&scope, quotas, &booked, now);
        budget.leases = leases.remove(&scope).unwrap_or_default();
        budget.scarce_until = scarce.get(&scope).copied().unwrap_or_default();
        budget.count_leases(now);
        budgets.insert(scope, budget);
    }
    Ok(budgets)
}
