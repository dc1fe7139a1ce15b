//! Which caps are in force in a scope: its own, narrowed by its role, or by what is set for each user.

use crate::model::calendar::Calendar;
use crate::model::hierarchy::smaller;
use crate::model::scope::Scope;
use crate::store::spend::{Asked, SetCaps};
use crate::store::{StoreError, Tx, shared_budgets, spend, user_quotas};
use paddock_core::money::Money;
use paddock_core::policy::SHARED_USER;
use paddock_core::wire::CapPeriod;
use std::collections::{BTreeSet, HashMap};

/// The hard caps of a scope.
#[derive(Clone, Debug, Default)]
pub struct Quotas {
    /// Those of periods.
    pub caps: Vec<(CapPeriod, Money)>,
    /// Whose days and months those are.
    pub calendar: Calendar,
    /// Whether its prepaid balance is one too: see `credits`.
    pub prepaid: bool,
}

impl Quotas {
    /// As they are asked for in sums of what was spent.
    pub fn asked<'a>(&'a self, scope: &'a str) -> Asked<'a> {
        Asked {
            scope,
            calendar: &self.calendar,
            periods: self.caps.iter().map(|(period, _)| *period).collect(),
        }
    }
}

impl From<SetCaps> for Quotas {
    fn from(set: SetCaps) -> Quotas {
        let calendar = set.calendar();
        let fixed = [
            (CapPeriod::Monthly, smaller(set.monthly, set.of_role)),
            (CapPeriod::Daily, set.daily),
        ];
        let fixed = fixed.into_iter();
        let fixed = fixed.filter_map(|(period, quota)| Some((period, quota?)));
        Quotas {
            caps: fixed.chain(set.quotas).collect(),
            calendar,
            prepaid: set.prepaid,
        }
    }
}

/// The caps of those scopes that exist.
pub async fn of_scopes(
    tx: &mut Tx,
    scopes: &[Scope],
) -> Result<HashMap<String, Quotas>, StoreError> {
    let (mut users, mut budgets) = (Vec::new(), Vec::new());
    let [mut keys, mut namespaces, mut organizations] = [const { Vec::new() }; 3];
    for scope in scopes {
        match scope {
            Scope::Key(id) => keys.push(id.as_str()),
            Scope::Namespace(name) => namespaces.push(name.as_str()),
            Scope::Organization(name) => organizations.push(name.as_str()),
            Scope::Budget(of, name) => budgets.push((of.as_str(), name.as_str())),
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
        found.insert(scope.to_string(), Quotas::from(set));
    }
    for (organization, set) in shared_budgets::caps(tx, &budgets).await? {
        let scope = Scope::Budget(organization, set.name.clone());
        found.insert(scope.to_string(), Quotas::from(set));
    }
    let of_users = of_users(tx, &users).await?;
    let namespaces: BTreeSet<&str> = users.iter().map(|(namespace, _)| *namespace).collect();
    let namespaces: Vec<&str> = namespaces.into_iter().collect();
    let calendars = spend::caps_of_namespaces(tx, &namespaces).await?;
    let calendars: HashMap<&str, Calendar> = calendars
        .iter()
        .map(|set| (set.name.as_str(), set.calendar()))
        .collect();
    for (user, scope) in users.iter().zip(scopes_of(&users)) {
        if let Some(quota) = of_users.get(&scope) {
            let quotas = Quotas {
                caps: vec![(CapPeriod::Monthly, *quota)],
                calendar: calendars.get(user.0).cloned().unwrap_or_default(),
                prepaid: false,
            };
            found.insert(scope, quotas);
        }
    }
    Ok(found)
}

fn scopes_of(users: &[(&str, &str)]) -> Vec<String> {
    let scope = |(namespace, user): &(&str, &str)| {
        Scope::User((*namespace).to_owned(), (*user).to_owned()).to_string()
    };
    users.iter().map(scope).collect()
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
    let scopes = scopes_of(users);
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
