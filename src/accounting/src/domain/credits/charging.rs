//! Spending: what is booked of a namespace and its organization is booked of their accounts too, in
//! the same transaction.

use crate::domain::period::{DAY, start_of};
use crate::domain::scope::Scope;
use crate::store::events::EventRow;
use crate::store::{StoreError, Tx, credits, loaded};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Those of `scopes` that have, or had, an account.
///
/// # Errors
/// Where the database refuses.
pub async fn paying(
    tx: &mut Tx,
    scopes: impl Iterator<Item = &str>,
) -> Result<BTreeSet<String>, StoreError> {
    let may_have_one =
        |scope: &&str| scope.starts_with("namespace:") || scope.starts_with("organization:");
    let scopes: BTreeSet<&str> = scopes.filter(may_have_one).collect();
    let accounts = credits::accounts_of(tx, &scopes).await?;
    Ok(accounts.into_keys().collect())
}

/// Charges new events to the accounts of `paying` scopes, which must be locked. Each event is an
/// account's by the moment it started at, whenever it is booked. Answers the names of the namespaces
/// whose accounts were charged.
///
/// # Errors
/// Where the database refuses.
pub async fn charge<'a>(
    tx: &mut Tx,
    paying: &BTreeSet<String>,
    rows: impl Iterator<Item = &'a EventRow>,
) -> Result<BTreeSet<String>, StoreError> {
    let mut charged = BTreeSet::new();
    if paying.is_empty() {
        return Ok(charged);
    }
    // Read again, now that nobody else can change them.
    let scopes: BTreeSet<&str> = paying.iter().map(String::as_str).collect();
    let accounts = credits::accounts_of(tx, &scopes).await?;
    let mut amounts: BTreeMap<(String, u64), Money> = BTreeMap::new();
    for row in rows.filter(|row| row.cost > 0) {
        let started_at = Timestamp::from_nanos(loaded(row.started_at));
        let scopes = [
            Scope::Namespace(row.namespace.clone()),
            Scope::Organization(row.organization.clone()),
        ];
        for scope in scopes {
            let of_scope = accounts.get(&scope.to_string()).into_iter().flatten();
            for account in of_scope.filter(|account| account.pays(started_at)) {
                let day = start_of(DAY, started_at).secs();
                let amount = amounts.entry((account.id.clone(), day)).or_default();
                *amount = amount.saturating_add(Money::from_nanos(row.cost));
                if let Scope::Namespace(name) = &scope {
                    charged.insert(name.clone());
                }
            }
        }
    }
    credits::add_booked(tx, amounts).await?;
    Ok(charged)
}
