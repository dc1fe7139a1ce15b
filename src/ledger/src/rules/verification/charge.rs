//! What is spent where.

use crate::model::correction::{Correction, UNNAMED};
use crate::rules::spending::scopes_of_caller;
use crate::store::events::EventRow;
use paddock_core::policy::{budget_scope, user_scope};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;

/// What a call or a correction costs, and whom.
#[derive(Clone, Debug)]
pub struct Charge<'a> {
    key: &'a str,
    /// The namespace.
    pub namespace: &'a str,
    /// The organization.
    pub organization: &'a str,
    user: Option<&'a str>,
    budgets: Vec<String>,
    /// Nano-dollars.
    pub amount: i64,
    /// The moment whose windows and balances it moves.
    pub applies_at: Timestamp,
}

impl<'a> Charge<'a> {
    /// Of a call.
    pub fn of_call(row: &'a EventRow) -> Charge<'a> {
        let started_at = u64::try_from(row.started_at).unwrap_or(0);
        Charge {
            key: &row.key_id,
            namespace: &row.namespace,
            organization: &row.organization,
            user: row.end_user.as_deref(),
            budgets: row.details().budgets,
            amount: row.cost,
            applies_at: Timestamp::from_nanos(started_at),
        }
    }

    /// Of a correction.
    pub fn of_correction(correction: &'a Correction) -> Charge<'a> {
        Charge {
            key: correction.key_id.as_deref().unwrap_or(UNNAMED),
            namespace: &correction.namespace,
            organization: &correction.organization,
            user: correction.end_user.as_deref(),
            budgets: correction.budgets.clone(),
            amount: correction.amount.nanos(),
            applies_at: correction.applies_at,
        }
    }

    /// Adds it to what its scopes have spent.
    pub fn add_spend(&self, spend: &mut BTreeMap<String, i64>) {
        if self.amount == 0 {
            return;
        }
        let scopes = scopes_of_caller(self.key, self.namespace, self.organization);
        let scopes = scopes.map(|scope| scope.to_string());
        let user = self.user.map(|user| user_scope(self.namespace, user));
        let budgets = self.budgets.iter();
        let budgets = budgets.map(|name| budget_scope(self.organization, name));
        for scope in scopes.chain(user).chain(budgets) {
            let amount = spend.entry(scope).or_default();
            *amount = amount.saturating_add(self.amount);
        }
    }
}
