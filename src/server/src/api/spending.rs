//! Caps of money, with what is spent of them.

use crate::api::prelude::*;
use paddock_core::policy::{LimitKind, Limits};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use paddock_ledger::rules::caps::Budget;

/// A cap of money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnBudget)]
pub struct Spending {
    /// `hourly`, `daily`, `weekly`, `monthly`, `quarterly`, `last_N_days` or `total`, or `balance` for a prepaid
    /// balance.
    period: String,
    /// The cap, in US dollars.
    limit_usd: f64,
    /// US dollars booked in the period; `null` if it is not the caller's to know. What others of an
    /// organization spent is known to its admins.
    spent_usd: Option<f64>,
    /// US dollars left beside reservations; never negative.
    remaining_usd: f64,
    /// When the period ends; `null` for a balance and for all of time.
    #[schema(format = DateTime)]
    resets_at: Option<String>,
    /// Where the cap comes from: `key`, `role`, `namespace`, `organization` or `budget`.
    set_by: &'static str,
    /// Whether it is told and never enforced.
    soft: bool,
}

/// The caps of a budget, which has these limits.
pub fn spending(
    budget: &Budget,
    limits: &Limits,
    knows_spent: bool,
    set_by: impl Fn(CapPeriod) -> &'static str,
    now: Timestamp,
) -> Vec<Spending> {
    let caps = budget.caps.iter();
    let spending = caps.map(|cap| {
        let is_balance = cap.period == CapPeriod::Balance;
        let end = budget.calendar.resets_at(cap.period, now);
        Spending {
            period: cap.period.name().into_owned(),
            limit_usd: cap.quota.or_zero().to_dollars(),
            spent_usd: knows_spent.then(|| cap.booked.to_dollars()),
            remaining_usd: cap.remaining().or_zero().to_dollars(),
            resets_at: (end < Timestamp::FAR).then(|| end.to_rfc3339()),
            set_by: set_by(cap.period),
            soft: !is_balance && limits.is_soft(LimitKind::Quotas),
        }
    });
    spending.collect()
}
