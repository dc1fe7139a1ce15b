//! Which caps are in force in a scope: its own, narrowed by its role, or by what is set for each user.

use crate::model::hierarchy::smaller;
use crate::model::scope::Scope;
use crate::store::{StoreError, Tx, spend, user_quotas};
use paddock_core::money::Money;
use paddock_core::policy::SHARED_USER;
use paddock_core::wire::CapPeriod;
use std::collections::HashMap;

/// The hard caps of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// A UTC calendar month.
    pub monthly: Option<Money>,
    /// A UTC calendar day.
    pub daily: Option<Money>,
    /// Whether its prepaid balance is one too: see `credits`.
    pub prepaid: bool,
}

impl Quotas {
    /// The caps of periods there are.
    pub fn each(&self) -> impl Iterator<Item = (CapPeriod, Money)> {
        let caps = [
            (CapPeriod::Monthly, self.monthly),
            (CapPeriod::Daily, self.daily),
        ];
        caps.into_iter()
            .filter_map(|(period, quota)| Some((period, quota?)))
    }
}

/// The caps of those scopes that exist.
pub async fn of_scopes(
    tx: &mut Tx,
    scopes: &[Scope],
) -> Result<HashMap<String, Quotas>, StoreError> {
    let mut users = Vec::new();
    let [mut keys, mut namespaces, mut organizations] = [const { Vec::new() }; 3];
    for scope in scopes {
        match scope {
            Scope::Key(id) => keys.push(id.as_str()),
            Scope::Namespace(name) => namespaces.push(name.as_str()),
            Scope::Organization(name) => organizations.push(name.as_str()),
            Scope::User(namespace, user) => users.push((namespace.as_str(), user.as_str())),
            // Its amount is no cap of a period: see `reservations`.
            Scope::Reservation(..) => {}
        }
    }
    let mut found = HashMap::new();
    let keys = spend::caps_of_keys(tx, &keys).await?;
    let namespaces = spend::caps_of_namespaces(tx, &namespaces).await?;
    let organizations = spend::caps_of_organizations(tx, &organizations).await?;
    let keys = keys
        .into_iter()
        .map(|set| (Scope::Key(set.name.clone()), set));
    let namespaces = namespaces
        .into_iter()
        .map(|set| (Scope::Namespace(set.name.clone()), set));
    let organizations = organizations
        .into_iter()
        .map(|set| (Scope::Organization(set.name.clone()), set));
    for (scope, set) in keys.chain(namespaces).chain(organizations) {
        let quotas = Quotas {
            monthly: smaller(set.monthly, set.of_role),
            daily: set.daily,
            prepaid: set.prepaid,
        };
        found.insert(scope.to_string(), quotas);
    }
    for (scope, quota) in of_users(tx, &users).await? {
        let quotas = Quotas {
            monthly: Some(quota),
            ..Quotas::default()
        };
        found.insert(scope, quotas);
    }
    Ok(found)
}

/// The monthly caps of users, by scope: their own, or what their namespace sets for each. Users who
/// share a scope have the least cap of any of them, if their namespace sets none for each.
async fn of_users(
    tx: &mut Tx,
    users: &[(&str, &str)],
) -> Result<HashMap<String, Money>, StoreError> {
    let scope = |(namespace, user): &(&str, &str)| {
        Scope::User((*namespace).to_owned(), (*user).to_owned()).to_string()
    };
    let namespaces: Vec<&str> = users.iter().map(|(namespace, _)| *namespace).collect();
    let defaults = user_quotas::defaults(tx, &namespaces).await?;
    let scopes: Vec<String> = users.iter().map(scope).collect();
    let own = user_quotas::of_scopes(tx, &scopes).await?;
    let shared = users.iter().filter(|(_, user)| *user == SHARED_USER);
    let shared: Vec<&str> = shared.map(|(namespace, _)| *namespace).collect();
    let least = user_quotas::least(tx, &shared).await?;
    let quota = |user: &(&str, &str)| {
        let (namespace, scope) = (user.0, scope(user));
        let least = least.get(namespace).filter(|_| user.1 == SHARED_USER);
        let quota = match defaults.get(namespace) {
            Some(each) => own.get(&scope).or(Some(each)),
            None => least.or(own.get(&scope)),
        };
        Some((scope, *quota?))
    };
    Ok(users.iter().filter_map(quota).collect())
}
