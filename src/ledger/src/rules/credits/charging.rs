//! Spending: what is booked of a namespace and its organization is booked of their accounts too, in
//! the same transaction.

use crate::model::credits::account::Account;
use crate::model::period::{DAY, start_of};
use crate::model::scope::Scope;
use crate::rules::batch::ReadEvent;
use crate::store::{StoreError, Tx, credits};
use paddock_core::money::Money;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The accounts of those of some scopes that have one, by the scope. It must be asked after the events
/// are stored: opening an account waits for them ([`credits::wait_for_bookings`]).
pub async fn paying(
    tx: &mut Tx,
    scopes: impl Iterator<Item = &str>,
) -> Result<HashMap<String, Vec<Account>>, StoreError> {
    let may_have_one =
        |scope: &&str| scope.starts_with("namespace:") || scope.starts_with("organization:");
    let scopes: BTreeSet<&str> = scopes.filter(may_have_one).collect();
    credits::accounts_of(tx, &scopes).await
}

/// Charges new events to the accounts that pay for them, whose scopes must be locked. Each event is an
/// account's by the moment it applies to, whenever it is booked. Answers the names of the namespaces
/// whose accounts were charged.
pub async fn charge(
    tx: &mut Tx,
    accounts: &HashMap<String, Vec<Account>>,
    events: &[&ReadEvent],
) -> Result<BTreeSet<String>, StoreError> {
    let mut charged = BTreeSet::new();
    if accounts.is_empty() {
        return Ok(charged);
    }
    let mut amounts: BTreeMap<(String, u64), Money> = BTreeMap::new();
    for event in events.iter().filter(|event| event.cost != Money::ZERO) {
        let paying = [
            Scope::Namespace(event.row.namespace.clone()),
            Scope::Organization(event.row.organization.clone()),
        ];
        for scope in paying {
            let of_scope = accounts.get(&scope.to_string()).into_iter().flatten();
            for account in of_scope.filter(|account| account.pays(event.applies_at)) {
                let day = start_of(DAY, event.applies_at).secs();
                let amount = amounts.entry((account.id.clone(), day)).or_default();
                *amount = amount.saturating_add(event.cost);
                if let Scope::Namespace(name) = &scope {
                    charged.insert(name.clone());
                }
            }
        }
    }
    credits::add_booked(tx, amounts).await?;
    Ok(charged)
}
