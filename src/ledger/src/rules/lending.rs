//! Lending: slices of a budget go to the gateway that has a request waiting.
//!
//! The invariant of every cap and period, before and after: what is booked, plus what open leases
//! have outstanding, plus what reservations keep, plus what is newly lent, is at most the quota.

use crate::ids;
use crate::model::scope::Scope;
use crate::rules::caps::{self, Budget, LendingTerms};
use crate::rules::credits::refill::{self, Refill};
use crate::rules::notices;
use crate::rules::shares;
use crate::store::leases::{self, OpenLease};
use crate::store::{StoreError, Tx};
use paddock_core::budget::slice;
use paddock_core::gateway_share::Report;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{Lease, LendAnswer, LendRequest, Need};
use std::collections::{BTreeMap, BTreeSet};

/// Covers the needs of a gateway as far as the caps allow.
pub async fn lend(
    tx: &mut Tx,
    terms: &LendingTerms,
    request: &LendRequest,
    now: Timestamp,
) -> Result<LendAnswer, StoreError> {
    let of_money = || request.needs.iter().filter(|need| need.is_of_money());
    let scopes: BTreeSet<String> = of_money().map(|need| need.scope.clone()).collect();
    let parsed: Vec<Scope> = scopes
        .iter()
        .filter_map(|scope| Scope::parse(scope))
        .collect();
    let scarce = caps::lock(tx, scopes).await?;
    let mut budgets = caps::load(tx, terms, &scarce, &parsed, now).await?;
    let mut answer = LendAnswer::default();
    let mut refills = Vec::new();
    for need in of_money() {
        if let Some(budget) = budgets.get_mut(&need.scope) {
            reclaim(tx, terms, budget, now).await?;
            if budget.has_ended(now) {
                continue;
            }
            let mut lease = cover(tx, terms, budget, &request.gateway, need, now).await?;
            if lease.short {
                let refilled = refill(tx, budget, now).await?;
                if !refilled.is_empty() {
                    lease = cover(tx, terms, budget, &request.gateway, need, now).await?;
                }
                refills.extend(refilled);
            }
            if lease.short {
                notices::after_refusal(tx, budget, need.amount, now).await?;
            }
            answer.leases.push(lease);
        }
    }
    refill::record(tx, refills).await?;
    let asked = request
        .needs
        .iter()
        .filter_map(|need| need.share.as_deref().cloned());
    let asked: Vec<Report> = asked.collect();
    if !asked.is_empty() {
        answer.shares = Some(shares::exchange(tx, &request.gateway, &asked, now).await?);
    }
    Ok(answer)
}

/// Pays into a balance that could not cover a need, if it is low and is to be refilled.
async fn refill(
    tx: &mut Tx,
    budget: &mut Budget,
    now: Timestamp,
) -> Result<Vec<Refill>, StoreError> {
    let Some(Scope::Namespace(name)) = Scope::parse(&budget.scope) else {
        return Ok(Vec::new());
    };
    let refills = refill::refill_low(tx, &BTreeSet::from([name]), now).await?;
    for refill in &refills {
        budget.pay_in(refill.entry.amount);
    }
    Ok(refills)
}

/// Closes leases of gateways that have not been heard of for so long that they are gone.
pub(super) async fn reclaim(
    tx: &mut Tx,
    terms: &LendingTerms,
    budget: &mut Budget,
    now: Timestamp,
) -> Result<(), StoreError> {
    let gone = |lease: &OpenLease| terms.give_up(lease, now);
    let ids: Vec<i64> = budget
        .leases
        .iter()
        .filter(|l| gone(l))
        .map(|l| l.id)
        .collect();
    if !ids.is_empty() {
        tracing::warn!(scope = budget.scope, leases = ids.len(), "reclaimed leases");
        leases::close(tx, &ids, now).await?;
        budget.leases.retain(|lease| !gone(lease));
        budget.count_leases(now);
    }
    Ok(())
}

async fn cover(
    tx: &mut Tx,
    terms: &LendingTerms,
    budget: &mut Budget,
    gateway: &str,
    need: &Need,
    now: Timestamp,
) -> Result<Lease, StoreError> {
    if let Some(held) = &need.held {
        let lease = budget.leases.iter_mut().find(|lease| lease.id == held.id);
        if let Some(lease) = lease.filter(|lease| lease.returned < held.returned) {
            lease.returned = held.returned;
            leases::set_returned(tx, &BTreeMap::from([(held.id, held.returned)])).await?;
        }
        budget.count_leases(now);
    }
    let is_current =
        |lease: &OpenLease| lease.gateway == gateway && budget.end_of_lease(lease.opened_at) > now;
    let current = budget.leases.iter().rposition(is_current);
    let current_id = current
        .and_then(|at| budget.leases.get(at))
        .map(|lease| lease.id);
    let held = need
        .held
        .as_ref()
        .filter(|held| Some(held.id) == current_id);
    let left = held.map_or(Money::ZERO, |held| held.left);

    let was_scarce = budget.scarce_until > now;
    let more = slice(need.amount, left, budget.lendable(), was_scarce);
    let covered = left.saturating_add(more) >= need.amount;
    if !covered {
        budget.scarce_until = now.plus(terms.scarce_for);
        leases::mark_scarce(tx, &budget.scope, budget.scarce_until).await?;
    }

    let opened_at = current
        .and_then(|at| budget.leases.get(at))
        .map_or(now, |l| l.opened_at);
    let period_ends_at = budget.end_of_lease(opened_at);
    let expires_at = now.plus(terms.ttl).min(period_ends_at);
    let lease = match current.and_then(|at| budget.leases.get_mut(at)) {
        Some(lease) => {
            lease.lent = lease.lent.saturating_add(more);
            (lease.expires_at, lease.period_ends_at) = (expires_at, period_ends_at);
            leases::grow(tx, lease, more).await?;
            lease.clone()
        }
        None => {
            let lease = OpenLease {
                id: ids::lease_id(),
                scope: budget.scope.clone(),
                gateway: gateway.to_owned(),
                opened_at,
                lent: more,
                returned: Money::ZERO,
                spent: Money::ZERO,
                expires_at,
                period_ends_at,
            };
            leases::insert(tx, &lease).await?;
            budget.leases.push(lease.clone());
            lease
        }
    };
    budget.count_leases(now);
    // Whoever was covered may hold what it asked for: its request has not reserved it yet.
    let may_hold = if covered { need.amount } else { Money::ZERO };
    let answer = budget.describe(&lease, budget.is_short(now).then_some(may_hold), now);
    Ok(Lease {
        short: !covered,
        ..answer
    })
}
