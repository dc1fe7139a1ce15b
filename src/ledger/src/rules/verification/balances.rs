//! What the events say of balances.

use super::{Charge, Difference};
use crate::model::credits::account::Account;
use crate::model::scope::Scope;
use crate::store::{StoreError, Tx, verification as stored};
use paddock_core::money::Money;
use std::collections::{BTreeMap, HashMap};

/// What is booked of the accounts that were open at the moment a charge applies to.
pub fn add(
    balances: &mut BTreeMap<String, i64>,
    accounts: &HashMap<String, Vec<Account>>,
    charge: &Charge<'_>,
) {
    if charge.amount == 0 || accounts.is_empty() {
        return;
    }
    let scopes = [
        Scope::Namespace(charge.namespace.to_owned()),
        Scope::Organization(charge.organization.to_owned()),
    ];
    for scope in scopes {
        let of_scope = accounts.get(&scope.to_string()).into_iter().flatten();
        for account in of_scope.filter(|account| account.pays(charge.applies_at)) {
            let sum = balances.entry(account.id.clone()).or_default();
            *sum = sum.saturating_add(charge.amount);
        }
    }
}

/// Compares the sums of accounts with what they are the sums of. Each difference is told as it is found.
pub async fn verify_accounts(
    tx: &mut Tx,
    tell: &mut (dyn FnMut(Difference) + Send),
) -> Result<(), StoreError> {
    for account in stored::uneven_accounts(tx).await? {
        let pairs = [
            ("credited", account.entered, account.credited),
            ("booked", account.spent, account.booked),
        ];
        for (sum, expected, found) in pairs.into_iter().filter(|(_, a, b)| a != b) {
            tell(Difference {
                kind: "account",
                what: format!("{} {} {sum}", account.scope, account.id),
                expected: Money::from_nanos(expected).to_string(),
                found: Money::from_nanos(found).to_string(),
            });
        }
    }
    Ok(())
}
