//! What a gateway hears and gets whose token is for some organizations alone.

use crate::http::gateway_caller::GatewayCaller;
use paddock_core::fair_share::is_upstream;
use paddock_core::wire::PolicyChanges;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::store::{StoreError, Tx, keys, namespace_moves, namespaces};
use std::collections::BTreeSet;

/// Whether a namespace is within the gateway's reach. One of a deleted namespace's name is, if it was.
pub async fn reaches(tx: &mut Tx, by: &GatewayCaller, name: &str) -> Result<bool, StoreError> {
    let Some(organizations) = by.organizations() else {
        return Ok(true);
    };
    Ok(within(tx, organizations, &BTreeSet::from([name]))
        .await?
        .contains(name))
}

/// Leaves of changes since a revision what is within the gateway's reach. Digests of removed keys say nothing of anybody.
pub async fn leave(
    tx: &mut Tx,
    by: &GatewayCaller,
    since: u64,
    changes: &mut PolicyChanges,
) -> Result<(), StoreError> {
    let Some(organizations) = by.organizations() else {
        return Ok(());
    };
    let of_keys = changes
        .keys
        .iter()
        .filter_map(|key| key.namespace.as_deref());
    let removed = changes.removed_namespaces.iter().map(String::as_str);
    let names: BTreeSet<&str> = of_keys.chain(removed).collect();
    let within = within(tx, organizations, &names).await?;
    let is_within = |namespace: &String| within.contains(namespace);
    changes
        .keys
        .retain(|key| key.namespace.as_ref().is_some_and(is_within));
    changes.removed_namespaces.retain(is_within);
    let namespaces = &mut changes.namespaces;
    namespaces.retain(|one| organizations.contains(&one.organization));
    let here = |name: &String| namespaces.iter().any(|one| one.name == *name);
    let moved = namespace_moves::since(tx, organizations, since).await?;
    let gone = moved.into_iter().filter(|name| !here(name));
    changes.removed_namespaces.extend(gone);
    let all = &mut changes.organizations;
    all.retain(|one| organizations.contains(&one.name));
    let removed = &mut changes.removed_organizations;
    removed.retain(|one| organizations.contains(one));
    Ok(())
}

/// Leaves of all that is said of scopes what is within the gateway's reach: nobody else's money and rates
/// are lent to it.
pub async fn leave_scopes<T>(
    tx: &mut Tx,
    by: &GatewayCaller,
    said: &mut Vec<T>,
    scope_of: impl Fn(&T) -> &str,
) -> Result<(), StoreError> {
    let Some(organizations) = by.organizations() else {
        return Ok(());
    };
    let scopes: Vec<Option<Scope>> = said.iter().map(|one| Scope::parse(scope_of(one))).collect();
    let ids = scopes.iter().flatten().filter_map(|scope| match scope {
        Scope::Key(id) => Some(id.as_str()),
        _ => None,
    });
    let homes = keys::namespaces_of(tx, &ids.collect()).await?;
    let home = |scope: &Scope| match scope {
        Scope::Key(id) => homes.get(id).cloned(),
        Scope::Namespace(name) | Scope::User(name, _) | Scope::Reservation(name, _) => {
            Some(name.clone())
        }
        Scope::Organization(_) | Scope::Budget(..) => None,
    };
    let names: Vec<String> = scopes.iter().flatten().filter_map(home).collect();
    let names = names.iter().map(String::as_str).collect();
    let within = within(tx, organizations, &names).await?;
    let mut scopes = scopes.iter();
    said.retain(|one| match scopes.next() {
        Some(Some(Scope::Organization(name) | Scope::Budget(name, _))) => {
            organizations.contains(name)
        }
        Some(Some(scope)) => home(scope).is_some_and(|name| within.contains(&name)),
        // An upstream's limit is everybody's.
        _ => is_upstream(scope_of(one)),
    });
    Ok(())
}

/// Those of some namespaces' names that are of these organizations.
async fn within(
    tx: &mut Tx,
    organizations: &BTreeSet<String>,
    names: &BTreeSet<&str>,
) -> Result<BTreeSet<String>, StoreError> {
    let owners = namespaces::owners_of_names(tx, names).await?.into_iter();
    let own = owners.filter(|(_, owner)| organizations.contains(owner));
    Ok(own.map(|(name, _)| name).collect())
}
