//! Reserving: money of a namespace is set aside under a name, if all caps above allow it.
//!
//! Afterwards it is lent like any other budget, and what is lent of it is in what is set aside:
//! what is booked, lent and set aside never passes a cap.

use crate::model::scope::Scope;
use crate::model::{Namespace, Reservation};
use crate::rules::caps::{self, Budget, LendingTerms};
use crate::rules::lending::reclaim;
use crate::store::{StoreError, Tx, leases, reservations};
use paddock_core::budget::Cap;
use paddock_core::money::Money;
use paddock_core::policy::{ReservationName, reservation_scope};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Most open reservations of one namespace: each is looked at whenever the namespace is lent money.
pub const MAX_OPEN: u64 = 1_000;

/// What is to be set aside.
#[derive(Clone, Debug)]
pub struct ReserveRequest {
    /// The id its requests will name.
    pub id: String,
    /// How much.
    pub amount: Money,
    /// For how long.
    pub ttl: Duration,
}

/// A cap that cannot spare the amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The scope whose cap it is.
    pub scope: String,
    /// Which cap.
    pub period: CapPeriod,
    /// What could be set aside now.
    pub remaining: Money,
    /// When it starts anew, if it does.
    pub resets_at: Option<Timestamp>,
    /// Whether it could, were it not for what gateways hold: they are asked to give it back.
    pub is_on_loan: bool,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum ReserveOutcome {
    /// It is set aside.
    Approved(Reservation),
    /// It was before, as this reservation.
    Found(Reservation),
    /// A cap cannot spare it.
    Short(Shortage),
    /// The namespace has as many reservations as it may.
    TooMany,
}

/// Sets money aside, or finds that it has been. The transaction is to be committed whatever comes.
pub async fn reserve(
    tx: &mut Tx,
    terms: &LendingTerms,
    namespace: &Namespace,
    request: &ReserveRequest,
    now: Timestamp,
) -> Result<ReserveOutcome, StoreError> {
    let mut budgets = lock_and_load(tx, terms, namespace, now).await?;
    let before = reservations::newest(tx, &namespace.name, &request.id).await?;
    if let Some(open) = before.as_ref().filter(|before| !before.has_ended(now)) {
        return Ok(ReserveOutcome::Found(open.clone()));
    }
    if reservations::count_open(tx, &namespace.name, now).await? >= MAX_OPEN {
        return Ok(ReserveOutcome::TooMany);
    }
    for budget in budgets.values_mut() {
        reclaim(tx, terms, budget, now).await?;
    }
    let short = |budget: &&Budget| budget.lendable() < request.amount;
    let mut tightest: Option<Shortage> = None;
    for budget in budgets.values().filter(short) {
        leases::mark_scarce(tx, &budget.scope, now.plus(terms.scarce_for)).await?;
        let shortage = shortage(budget, request.amount, now);
        if tightest
            .as_ref()
            .is_none_or(|other| shortage.remaining < other.remaining)
        {
            tightest = Some(shortage);
        }
    }
    if let Some(shortage) = tightest {
        return Ok(ReserveOutcome::Short(shortage));
    }
    let name = ReservationName {
        namespace: namespace.name.clone(),
        id: request.id.clone(),
    };
    let life = before.map_or(0, |before| before.life).saturating_add(1);
    let reservation = Reservation {
        scope: reservation_scope(&name, life),
        name,
        organization: namespace.organization.clone(),
        life,
        amount: request.amount,
        spent: Money::ZERO,
        created_at: now,
        expires_at: now.plus(request.ttl),
        ended_at: None,
    };
    reservations::insert(tx, &reservation).await?;
    Ok(ReserveOutcome::Approved(reservation))
}

/// Ends a reservation before its time; what gateways hold of it is called back. `None` if there
/// never was one of that id; one that has ended already stays as it is.
pub async fn release(
    tx: &mut Tx,
    terms: &LendingTerms,
    namespace: &Namespace,
    id: &str,
    now: Timestamp,
) -> Result<Option<Reservation>, StoreError> {
    lock_and_load(tx, terms, namespace, now).await?;
    let Some(mut found) = reservations::newest(tx, &namespace.name, id).await? else {
        return Ok(None);
    };
    if !found.has_ended(now) {
        reservations::end(tx, &found.scope, now).await?;
        found.ended_at = Some(now);
    }
    Ok(Some(found))
}

/// What a namespace has left to spend or to set aside, beside what is: under its own caps and its
/// organization's. `None` if neither has one.
pub async fn remaining(
    tx: &mut Tx,
    terms: &LendingTerms,
    namespace: &Namespace,
    now: Timestamp,
) -> Result<Option<Money>, StoreError> {
    let scopes = above(namespace);
    let budgets = caps::look(tx, terms, &scopes, now).await?;
    let caps = budgets.values().flat_map(|budget| &budget.caps);
    Ok(caps.map(|cap| cap.remaining().or_zero()).min())
}

async fn lock_and_load(
    tx: &mut Tx,
    terms: &LendingTerms,
    namespace: &Namespace,
    now: Timestamp,
) -> Result<HashMap<String, Budget>, StoreError> {
    let scopes = above(namespace);
    let names: BTreeSet<String> = scopes.iter().map(Scope::to_string).collect();
    let scarce = caps::lock(tx, names).await?;
    caps::load(tx, terms, &scarce, &scopes, now).await
}

fn above(namespace: &Namespace) -> [Scope; 2] {
    [
        Scope::Namespace(namespace.name.clone()),
        Scope::Organization(namespace.organization.clone()),
    ]
}

fn shortage(budget: &Budget, amount: Money, now: Timestamp) -> Shortage {
    let cap = paddock_core::budget::tightest(&budget.caps);
    let period = cap.map_or(CapPeriod::Monthly, |cap| cap.period);
    Shortage {
        scope: budget.scope.clone(),
        period,
        remaining: cap.map_or(Money::ZERO, Cap::lendable),
        resets_at: period
            .is_renewed()
            .then(|| budget.calendar.resets_at(period, now)),
        is_on_loan: budget.caps.iter().all(|cap| cap.remaining() >= amount),
    }
}
