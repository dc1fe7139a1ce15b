//! Whose spending is summed up by more than UTC days: by the days of a time zone, or by hours.

use crate::model::calendar::{Calendar, HOURS};
use crate::model::correction::UNNAMED;
use crate::model::period::{HOUR, start_of};
use crate::model::scope::Scope;
use crate::rules::batch::ReadEvent;
use crate::rules::ledger::Message;
use crate::store::spend::{self, SetCaps, SpendKey};
use crate::store::{StoreError, Tx, shared_budgets};
use paddock_core::money::Money;
use paddock_core::policy::{budget_scope, shared_user_scope, user_scope};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The scopes that have further sums, among those that messages book to.
#[derive(Clone, Debug, Default)]
pub struct FurtherSums {
    /// Scopes with a cap of an hour.
    hourly: HashSet<String>,
    /// Namespaces whose days are not UTC's, with those.
    of_namespaces: HashMap<String, Calendar>,
    /// Organizations likewise.
    of_organizations: HashMap<String, Calendar>,
}

/// Finds the further sums of what messages book.
pub async fn attach(tx: &mut Tx, messages: &mut [Message]) -> Result<(), StoreError> {
    let is_empty = messages.iter().all(|one| one.batch.events.is_empty());
    if is_empty || !spend::is_any_further(tx).await? {
        return Ok(());
    }
    let events = || messages.iter().flat_map(|message| &message.batch.events);
    let names = |of: fn(&ReadEvent) -> &str| -> Vec<&str> {
        let names: BTreeSet<&str> = events().map(of).collect();
        names.into_iter().collect()
    };
    let keys = spend::caps_of_keys(tx, &names(|event| &event.row.key_id)).await?;
    let namespaces = names(|event| &event.row.namespace);
    let namespaces = spend::caps_of_namespaces(tx, &namespaces).await?;
    let organizations = names(|event| &event.row.organization);
    let organizations = spend::caps_of_organizations(tx, &organizations).await?;
    let mut found = FurtherSums::default();
    let mut note = |sets: &[SetCaps], scope: fn(String) -> Scope| {
        let hourly = sets
            .iter()
            .filter(|set| set.quotas.contains_key(&CapPeriod::Hourly));
        let hourly = hourly.map(|set| scope(set.name.clone()).to_string());
        found.hourly.extend(hourly);
    };
    note(&keys, Scope::Key);
    note(&namespaces, Scope::Namespace);
    note(&organizations, Scope::Organization);
    let budgets = events().flat_map(|event| {
        let of = event.row.organization.as_str();
        event.budgets.iter().map(move |name| (of, name.as_str()))
    });
    let budgets: BTreeSet<(&str, &str)> = budgets.collect();
    let budgets: Vec<(&str, &str)> = budgets.into_iter().collect();
    for (organization, set) in shared_budgets::caps(tx, &budgets).await? {
        if set.quotas.contains_key(&CapPeriod::Hourly) {
            let scope = Scope::Budget(organization, set.name);
            found.hourly.insert(scope.to_string());
        }
    }
    found.of_namespaces = calendars(&namespaces);
    found.of_organizations = calendars(&organizations);
    let found = Arc::new(found);
    for message in messages {
        message.further = found.clone();
    }
    Ok(())
}

fn calendars(sets: &[SetCaps]) -> HashMap<String, Calendar> {
    let named = sets.iter().map(|set| (set.name.clone(), set.calendar()));
    named.filter(|(_, calendar)| !calendar.is_utc()).collect()
}

impl FurtherSums {
    /// Adds what an event spends to the sums that there are beside UTC's days.
    pub(super) fn add(&self, entry: &ReadEvent, amounts: &mut BTreeMap<SpendKey, Money>) {
        if self.hourly.is_empty()
            && self.of_namespaces.is_empty()
            && self.of_organizations.is_empty()
        {
            return;
        }
        let row = &entry.row;
        let mut callers = Vec::new();
        if row.key_id != UNNAMED {
            callers.push(Scope::Key(row.key_id.clone()).to_string());
        }
        callers.push(Scope::Namespace(row.namespace.clone()).to_string());
        let organization = Scope::Organization(row.organization.clone()).to_string();
        let budgets = entry.budgets.iter();
        let budgets = budgets.map(|name| budget_scope(&row.organization, name));
        let of_organization: Vec<String> = [organization].into_iter().chain(budgets).collect();
        let mut add = |scope: String, kind, start| {
            let amount = amounts.entry((scope, kind, start)).or_default();
            *amount = amount.saturating_add(entry.cost);
        };
        let hour = start_of(HOUR, entry.applies_at).secs();
        let scopes = callers.iter().chain(&of_organization);
        for scope in scopes.filter(|scope| self.hourly.contains(*scope)) {
            add(scope.clone(), HOURS.into(), hour);
        }
        let day = |calendars: &HashMap<String, Calendar>, name: &str, at: Timestamp| {
            calendars.get(name).and_then(|calendar| calendar.day(at))
        };
        if let Some((kind, start)) = day(&self.of_namespaces, &row.namespace, entry.applies_at) {
            let user = row.end_user.as_deref();
            let user = user.map(|user| user_scope(&row.namespace, user));
            let shared = entry.user_shared.then(|| shared_user_scope(&row.namespace));
            for scope in callers.into_iter().chain(user).chain(shared) {
                add(scope, kind.clone(), start);
            }
        }
        let its_day = day(&self.of_organizations, &row.organization, entry.applies_at);
        if let Some((kind, start)) = its_day {
            for scope in of_organization {
                add(scope, kind.clone(), start);
            }
        }
    }
}
