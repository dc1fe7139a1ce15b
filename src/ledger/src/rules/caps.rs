//! The caps of scopes, with what is booked and lent under them.

use crate::model::Reservation;
use crate::model::calendar::Calendar;
use crate::model::credits::account::Account;
use crate::model::scope::Scope;
use crate::rules::quotas::{self, Quotas};
use crate::rules::set_aside::SetAside;
use crate::store::leases::{self, OpenLease};
use crate::store::{StoreError, Tx, credits, namespaces, reservations, spend};
use paddock_core::budget::{Cap, percent, tightest};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{CapPeriod, Lease};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// On what terms money is lent.
#[derive(Clone, Debug)]
pub struct LendingTerms {
    /// How long a gateway may go on with a lease after the service has last answered it.
    pub ttl: Duration,
    /// How long after its end, or after the service's start, a lease may still be reported.
    pub grace: Duration,
    /// How long a scope counts as scarce after a need could not be covered.
    pub scarce_for: Duration,
    /// When this service started.
    pub started_at: Timestamp,
    /// How long a reservation waits for gateways to give back what they hold of its namespace.
    pub patience: Duration,
}

impl LendingTerms {
    /// Whether a lease's gateway has not been heard of for so long that it is gone.
    pub fn give_up(&self, lease: &OpenLease, now: Timestamp) -> bool {
        now > lease.expires_at.max(self.started_at).plus(self.grace)
    }
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
    /// The reservation, if the scope is one.
    pub reservation: Option<Reservation>,
    /// Whose days and months the caps are of.
    pub calendar: Calendar,
}

impl Budget {
    fn new(scope: &str, caps: Vec<Cap>) -> Budget {
        Budget {
            scope: scope.to_owned(),
            caps,
            leases: Vec::new(),
            scarce_until: Timestamp::EPOCH,
            reservation: None,
            calendar: Calendar::default(),
        }
    }

    /// The caps of a scope's quotas and of its prepaid balance.
    fn of_scope(
        scope: &str,
        quotas: &Quotas,
        booked: &spend::Spend,
        account: Option<&Account>,
        set_aside: Money,
    ) -> Budget {
        let cap = |period, quota, booked| Cap {
            period,
            quota,
            booked,
            set_aside,
            outstanding: Money::ZERO,
        };
        let quota =
            |(period, quota): &(CapPeriod, Money)| cap(*period, *quota, booked.of(scope, *period));
        let balance = |account: &Account| cap(CapPeriod::Balance, account.credited, account.booked);
        let caps = quotas.caps.iter().map(quota).chain(account.map(balance));
        Budget {
            calendar: quotas.calendar.clone(),
            ..Budget::new(scope, caps.collect())
        }
    }

    /// Takes note of what was paid into its balance.
    pub fn pay_in(&mut self, amount: Money) {
        let balance = |cap: &&mut Cap| cap.period == CapPeriod::Balance;
        for cap in self.caps.iter_mut().filter(balance) {
            cap.quota = cap.quota.saturating_add(amount);
        }
        self.scarce_until = Timestamp::EPOCH;
    }

    /// A reservation's amount is its one cap, whatever the period.
    fn of_reservation(reservation: Reservation) -> Budget {
        let cap = Cap {
            period: CapPeriod::Monthly,
            quota: reservation.amount,
            booked: reservation.spent,
            set_aside: Money::ZERO,
            outstanding: Money::ZERO,
        };
        Budget {
            reservation: Some(reservation.clone()),
            ..Budget::new(&reservation.scope, vec![cap])
        }
    }

    /// Whether it is a reservation that pays for nothing more.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        let reservation = self.reservation.as_ref();
        reservation.is_some_and(|reservation| reservation.has_ended(now))
    }

    /// Sums up anew what is out on loan.
    pub fn count_leases(&mut self, now: Timestamp) {
        for cap in &mut self.caps {
            let start = match self.reservation {
                Some(_) => Timestamp::EPOCH,
                None => self.calendar.window(cap.period, now).start,
            };
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

    /// When a lease opened at `opened_at` ends: with the first capped period of that moment, or
    /// with the reservation.
    pub fn end_of_lease(&self, opened_at: Timestamp) -> Timestamp {
        if let Some(reservation) = &self.reservation {
            return reservation.ends_at();
        }
        let ends = self
            .caps
            .iter()
            .map(|cap| self.calendar.window(cap.period, opened_at).end);
        ends.min().unwrap_or(Timestamp::from_nanos(u64::MAX))
    }

    /// Whether somebody was refused lately, more is out than there is, or nothing more may be.
    pub fn is_short(&self, now: Timestamp) -> bool {
        let over = |cap: &Cap| cap.outstanding > cap.remaining().or_zero();
        self.scarce_until > now || self.has_ended(now) || self.caps.iter().any(over)
    }

    /// Percent of the fullest quota that is booked. Of a balance, what was ever paid in says nothing
    /// of how low it is.
    pub fn used_percent(&self) -> u64 {
        let quotas = self.caps.iter();
        let quotas = quotas.filter(|cap| cap.period != CapPeriod::Balance);
        let used = |cap: &Cap| percent(cap.booked.nanos(), cap.quota);
        quotas.map(used).max().unwrap_or(0)
    }

    /// A lease as a gateway is told of it, under the tightest cap.
    pub fn describe(
        &self,
        lease: &OpenLease,
        hold_at_most: Option<Money>,
        now: Timestamp,
    ) -> Lease {
        let cap = tightest(&self.caps);
        let resets_at = match &self.reservation {
            Some(reservation) => Some(reservation.ends_at()),
            None => cap.map(|cap| self.calendar.resets_at(cap.period, now)),
        };
        Lease {
            scope: self.scope.clone(),
            id: lease.id,
            lent: lease.lent,
            spent: lease.spent,
            expires_at: lease.expires_at,
            period_ends_at: lease.period_ends_at,
            period: cap.map_or(CapPeriod::Monthly, |cap| cap.period),
            resets_at,
            remaining: cap.map_or(Money::ZERO, Cap::remaining),
            used_percent: self.used_percent(),
            short: false,
            hold_at_most,
        }
    }
}

/// Locks the lending and booking of scopes until the end of the transaction. What is lent of a
/// reservation concerns its namespace and its organization: they are locked with it. Answers until
/// when each is scarce.
pub async fn lock(
    tx: &mut Tx,
    mut scopes: BTreeSet<String>,
) -> Result<HashMap<String, Timestamp>, StoreError> {
    let of_reservation = |scope: &String| match Scope::parse(scope) {
        Some(Scope::Reservation(namespace, _)) => Some(namespace),
        _ => None,
    };
    let names: BTreeSet<String> = scopes.iter().filter_map(of_reservation).collect();
    for (namespace, organization) in namespaces::organizations_of(tx, &names).await? {
        scopes.insert(Scope::Namespace(namespace).to_string());
        scopes.insert(Scope::Organization(organization).to_string());
    }
    leases::lock(tx, &scopes).await
}

/// The budgets of those scopes that exist and have a cap. The scopes must be locked; `scarce` is
/// what the lock answered.
pub async fn load(
    tx: &mut Tx,
    terms: &LendingTerms,
    scarce: &HashMap<String, Timestamp>,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<HashMap<String, Budget>, StoreError> {
    let (mut budgets, aside) = read(tx, terms, scopes, now).await?;
    aside.note_ends(tx, now).await?;
    for (scope, budget) in &mut budgets {
        budget.scarce_until = scarce.get(scope).copied().unwrap_or_default();
    }
    Ok(budgets)
}

/// The same of scopes that are not locked, to be looked at alone.
pub async fn look(
    tx: &mut Tx,
    terms: &LendingTerms,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<HashMap<String, Budget>, StoreError> {
    Ok(read(tx, terms, scopes, now).await?.0)
}

async fn read(
    tx: &mut Tx,
    terms: &LendingTerms,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<(HashMap<String, Budget>, SetAside), StoreError> {
    let quotas = quotas::of_scopes(tx, scopes).await?;
    let is_capped = |quotas: &Quotas| quotas.prepaid || !quotas.caps.is_empty();
    let quotas = quotas.into_iter().filter(|(_, quotas)| is_capped(quotas));
    let quotas: Vec<(String, Quotas)> = quotas.collect();
    let names: Vec<&str> = quotas.iter().map(|(scope, _)| scope.as_str()).collect();
    let asked: Vec<_> = quotas
        .iter()
        .map(|(scope, quotas)| quotas.asked(scope))
        .collect();
    let booked = spend::booked(tx, &asked, now).await?;
    let accounts = open_accounts(tx, &quotas).await?;
    let aside = SetAside::read(tx, terms, &names, now).await?;
    let budget = |(scope, quotas): &(String, Quotas)| {
        let account = accounts.get(scope);
        Budget::of_scope(scope, quotas, &booked, account, aside.of(scope))
    };
    let mut budgets: Vec<Budget> = quotas.iter().map(budget).collect();
    let is_reservation = |scope: &&Scope| matches!(scope, Scope::Reservation(..));
    let named: Vec<String> = scopes
        .iter()
        .filter(is_reservation)
        .map(Scope::to_string)
        .collect();
    let found = reservations::of_scopes(tx, &named).await?;
    budgets.extend(found.into_iter().map(Budget::of_reservation));
    let names: Vec<&str> = budgets.iter().map(|budget| budget.scope.as_str()).collect();
    let mut leases = leases::open_of(tx, &names).await?;
    for budget in &mut budgets {
        budget.leases = leases.remove(&budget.scope).unwrap_or_default();
        budget.count_leases(now);
    }
    let by_name = budgets
        .into_iter()
        .map(|budget| (budget.scope.clone(), budget));
    Ok((by_name.collect(), aside))
}

/// The accounts of those scopes whose balance is a cap.
async fn open_accounts(
    tx: &mut Tx,
    quotas: &[(String, Quotas)],
) -> Result<HashMap<String, Account>, StoreError> {
    let prepaid = quotas.iter().filter(|(_, quotas)| quotas.prepaid);
    let prepaid: BTreeSet<&str> = prepaid.map(|(scope, _)| scope.as_str()).collect();
    let all = credits::accounts_of(tx, &prepaid).await?;
    let open = |(scope, accounts): (String, Vec<Account>)| {
        let open = accounts
            .into_iter()
            .find(|account| account.closed_at.is_none());
        Some((scope, open?))
    };
    Ok(all.into_iter().filter_map(open).collect())
}
