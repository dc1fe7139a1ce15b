//! What a batch spends, by scope and day.

use crate::model::calendar::DAYS;
use crate::model::correction::UNNAMED;
use crate::model::period::{DAY, start_of};
use crate::model::scope::Scope;
use crate::rules::batch::ReadEvent;
use crate::store::spend;
use paddock_core::money::Money;
use paddock_core::policy::{budget_scope, shared_user_scope, user_scope};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A user's namespace and name, and whether they share a scope with others.
type User<'a> = (&'a str, Option<&'a str>, bool);

/// What was spent, by whom and on which day: first in groups, because names of scopes are made of
/// each group and not of each event.
#[derive(Debug, Default)]
pub(super) struct Spent<'a> {
    /// By key, namespace, organization and first second of the day.
    callers: HashMap<(&'a str, &'a str, &'a str, u64), Money>,
    users: HashMap<(User<'a>, u64), Money>,
    /// By organization, name of its budget and day.
    budgets: HashMap<(&'a str, &'a str, u64), Money>,
}

impl<'a> Spent<'a> {
    pub(super) fn add(&mut self, entry: &'a ReadEvent) {
        let day = start_of(DAY, entry.applies_at).secs();
        let row = &entry.row;
        let caller = (
            row.key_id.as_str(),
            row.namespace.as_str(),
            row.organization.as_str(),
            day,
        );
        let sum = self.callers.entry(caller).or_default();
        *sum = sum.saturating_add(entry.cost);
        for name in &entry.budgets {
            let budget = (row.organization.as_str(), name.as_str(), day);
            let sum = self.budgets.entry(budget).or_default();
            *sum = sum.saturating_add(entry.cost);
        }
        if row.end_user.is_some() || entry.user_shared {
            let user = row.end_user.as_deref();
            let user = (row.namespace.as_str(), user, entry.user_shared);
            let sum = self.users.entry((user, day)).or_default();
            *sum = sum.saturating_add(entry.cost);
        }
    }

    pub(super) fn add_amounts(self, amounts: &mut BTreeMap<spend::SpendKey, Money>) {
        for ((key, namespace, organization, day), cost) in self.callers {
            for scope in scopes_of_caller(key, namespace, organization) {
                add_amount(amounts, scope.to_string(), day, cost);
            }
        }
        for ((organization, name, day), cost) in self.budgets {
            add_amount(amounts, budget_scope(organization, name), day, cost);
        }
        for (((namespace, user, is_shared), day), cost) in self.users {
            if let Some(user) = user {
                add_amount(amounts, user_scope(namespace, user), day, cost);
            }
            if is_shared {
                add_amount(amounts, shared_user_scope(namespace), day, cost);
            }
        }
    }
}

/// The scopes that a cost is spent in, but for its end user's. A correction may name no key.
pub(super) fn scopes_of_caller(
    key: &str,
    namespace: &str,
    organization: &str,
) -> impl Iterator<Item = Scope> {
    let key = (key != UNNAMED).then(|| Scope::Key(key.to_owned()));
    key.into_iter().chain([
        Scope::Namespace(namespace.to_owned()),
        Scope::Organization(organization.to_owned()),
    ])
}

fn add_amount(
    amounts: &mut BTreeMap<spend::SpendKey, Money>,
    scope: String,
    day: u64,
    cost: Money,
) {
    let key = (scope, DAYS.into(), day);
    let amount = amounts.entry(key).or_default();
    *amount = amount.saturating_add(cost);
}

/// The namespaces that something is booked to, each with the first second of the UTC day.
pub(super) fn days_of_namespaces(
    amounts: &BTreeMap<spend::SpendKey, Money>,
) -> BTreeSet<(String, u64)> {
    let days = amounts.keys().filter(|(_, kind, _)| kind == DAYS);
    let days = days.filter_map(|(scope, _, day)| {
        let namespace = scope.strip_prefix("namespace:")?;
        Some((namespace.to_owned(), *day))
    });
    days.collect()
}
