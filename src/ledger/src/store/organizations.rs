//! Organizations: the top of every tree of limits.

use super::record::{record, select};
use super::{StoreError, Tx, args, policy, role_overrides, shared_budgets};
use crate::model::{Ceilings, Organization};
use paddock_core::policy::OrganizationPolicy;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

record! { Ceilings { max_namespaces, max_keys, max_members } }

record! {
    Organization in "organizations" {
        name, limits, tags, created_at, updated_at, revision, prepaid, allowed_models, max_priority,
        ceilings, time_zone, calendar_since,
    }
    defaults { roles, budgets }
}

/// The organization of that name.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<Organization>, StoreError> {
    let found = tx
        .optional(select::<Organization>("WHERE name = $1"), args![name])
        .await?;
    Ok(with_parts(tx, found.into_iter().collect()).await?.pop())
}

/// The organizations of those names, by name.
pub async fn find_many(
    tx: &mut Tx,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, Organization>, StoreError> {
    let head = select::<Organization>("WHERE name");
    let found = tx.among(&head, args![], names, "").await?;
    let found = with_parts(tx, found).await?.into_iter();
    Ok(found.map(|one| (one.name.clone(), one)).collect())
}

async fn with_parts(
    tx: &mut Tx,
    mut organizations: Vec<Organization>,
) -> Result<Vec<Organization>, StoreError> {
    let names: Vec<&str> = organizations.iter().map(|one| one.name.as_str()).collect();
    let mut roles = role_overrides::of(tx, &names).await?;
    let mut budgets = shared_budgets::of(tx, &names).await?;
    for organization in &mut organizations {
        organization.roles = roles.remove(&organization.name).unwrap_or_default();
        organization.budgets = budgets.remove(&organization.name).unwrap_or_default();
    }
    Ok(organizations)
}

/// At most `limit` organizations after `after` in the order of their names: all, or the one of
/// that name.
pub async fn list(
    tx: &mut Tx,
    only: Option<&str>,
    after: &str,
    limit: u64,
) -> Result<Vec<Organization>, StoreError> {
    let sql =
        select::<Organization>("WHERE name > $1 AND ($2 = '' OR name = $2) ORDER BY name LIMIT $3");
    let found = tx
        .all(sql, args![after, only.unwrap_or_default(), limit])
        .await?;
    with_parts(tx, found).await
}

/// Those changed after a revision, as gateways know them.
pub(super) async fn changed_since(
    tx: &mut Tx,
    revision: u64,
) -> Result<Vec<OrganizationPolicy>, StoreError> {
    let sql = select::<Organization>("WHERE revision > $1 ORDER BY revision");
    let changed = tx.all(sql, args![revision]).await?;
    let changed = with_parts(tx, changed).await?;
    Ok(changed.iter().map(Organization::policy).collect())
}

/// How many namespaces an organization has.
pub async fn namespaces(tx: &mut Tx, name: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM namespaces WHERE organization = $1";
    tx.one(sql, args![name]).await
}

/// How many keys the namespaces of an organization have.
pub async fn keys(tx: &mut Tx, name: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM keys
        WHERE namespace IN (SELECT name FROM namespaces WHERE organization = $1)";
    tx.one(sql, args![name]).await
}

/// How many members the namespaces of an organization have.
pub async fn members(tx: &mut Tx, name: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM members WHERE removed_at IS NULL
        AND namespace IN (SELECT name FROM namespaces WHERE organization = $1)";
    tx.one(sql, args![name]).await
}

/// Creates the organization, without limits of its own, if it does not exist. Whether it did not; `false`
/// also if one of that name was deleted.
pub async fn ensure(
    tx: &mut Tx,
    name: &str,
    revision: u64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut organization = Organization::new(name.to_owned(), now);
    organization.revision = revision;
    insert(tx, &organization).await
}

/// Stores a new organization. `false` if the name is taken: one has it, or one had it and its audit is
/// under it still.
pub async fn insert(tx: &mut Tx, organization: &Organization) -> Result<bool, StoreError> {
    let sql = "SELECT sequence FROM audit_chains WHERE organization = $1";
    let had: Option<u64> = tx.optional(sql, args![&organization.name]).await?;
    if had.is_some() {
        return Ok(false);
    }
    let inserted = tx
        .insert_or(organization, "ON CONFLICT (name) DO NOTHING")
        .await?
        > 0;
    if inserted {
        policy::delete_tombstone(tx, policy::Deleted::Organization, &organization.name).await?;
    }
    Ok(inserted)
}

/// Stores a changed organization under its name.
pub async fn update(tx: &mut Tx, organization: &Organization) -> Result<(), StoreError> {
    tx.update(organization).await
}

/// Deletes an organization that has no namespaces.
pub async fn delete(tx: &mut Tx, name: &str, revision: u64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM organizations WHERE name = $1", args![name])
        .await?;
    policy::add_tombstone(tx, policy::Deleted::Organization, name, revision).await
}
