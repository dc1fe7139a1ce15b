//! Namespaces.

use super::record::{record, select};
use super::tags::{self, Tagged};
use super::{StoreError, Tx, args, policy, user_quotas};
use crate::model::Namespace;
use paddock_core::policy::{Limits, NamespacePolicy};
use std::collections::{BTreeMap, BTreeSet};

record! {
    Limits {
        requests_per_minute, burst, tokens_per_minute, bytes_per_minute, max_concurrency, monthly_quota,
        daily_quota, quotas, soft_limits,
    }
}

record! {
    Namespace in "namespaces" {
        name, organization, allowed_models, limits, priority, unknown_price, failure_mode, enabled,
        tags, created_at, updated_at, revision, user_monthly_quota, settings, routing,
        throttled_until, weight, prepaid, time_zone, calendar_since,
    }
}

/// The namespace of that name.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<Namespace>, StoreError> {
    tx.optional(select::<Namespace>("WHERE name = $1"), args![name])
        .await
}

/// The namespaces of those names that exist, by name.
pub async fn find_many(
    tx: &mut Tx,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Namespace>, StoreError> {
    let head = select::<Namespace>("WHERE name");
    let found: Vec<Namespace> = tx.among(&head, args![], names, "").await?;
    let by_name = found.into_iter().map(|one| (one.name.clone(), one));
    Ok(by_name.collect())
}

/// The organizations of those namespaces that exist, by the namespace.
pub async fn organizations_of(
    tx: &mut Tx,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let head = "SELECT name, organization FROM namespaces WHERE name";
    let rows: Vec<(String, String)> = tx.among(head, args![], names, "").await?;
    Ok(rows.into_iter().collect())
}

/// At most `limit` namespaces after `after` in the order of their names, of one organization or
/// of all.
pub async fn list(
    tx: &mut Tx,
    organization: Option<&str>,
    after: &str,
    limit: u64,
) -> Result<Vec<Namespace>, StoreError> {
    let sql = select::<Namespace>(
        "WHERE name > $1 AND ($2 = '' OR organization = $2) ORDER BY name LIMIT $3",
    );
    tx.all(sql, args![after, organization.unwrap_or_default(), limit])
        .await
}

/// Those changed after a revision, as gateways know them.
pub(super) async fn changed_since(
    tx: &mut Tx,
    revision: u64,
) -> Result<Vec<NamespacePolicy>, StoreError> {
    let sql = select::<Namespace>("WHERE revision > $1 ORDER BY revision");
    let changed: Vec<Namespace> = tx.all(sql, args![revision]).await?;
    policies(tx, &changed).await
}

/// Namespaces as gateways know them.
pub async fn policies(
    tx: &mut Tx,
    namespaces: &[Namespace],
) -> Result<Vec<NamespacePolicy>, StoreError> {
    let names: Vec<String> = namespaces.iter().map(|found| found.name.clone()).collect();
    let mut users = user_quotas::of_namespaces(tx, &names).await?;
    let policy = |namespace: &Namespace| {
        let own = users.remove(&namespace.name).unwrap_or_default();
        namespace.policy(own)
    };
    Ok(namespaces.iter().map(policy).collect())
}

/// The first of `name`, `name-2`, `name-3`, … that no namespace has, and none of another organization
/// ever had. The policy must be locked, so that nobody takes it meanwhile.
pub async fn next_free_name(
    tx: &mut Tx,
    name: &str,
    organization: &str,
) -> Result<String, StoreError> {
    let sql = "WITH RECURSIVE tries (number, name) AS (
            SELECT CAST(1 AS BIGINT), CAST($1 AS TEXT)
            UNION ALL SELECT number + 1, CAST($1 AS TEXT) || '-' || CAST(number + 1 AS TEXT)
            FROM tries WHERE EXISTS (SELECT 1 FROM namespaces WHERE namespaces.name = tries.name)
                OR EXISTS (SELECT 1 FROM namespace_names AS had
                    WHERE had.name = tries.name AND had.organization <> $2))
        SELECT name FROM tries ORDER BY number DESC LIMIT 1";
    tx.one(sql, args![name, organization]).await
}

/// Stores a new namespace. `false` if the name is taken: a namespace has it, or one of another
/// organization had it.
pub async fn insert(tx: &mut Tx, namespace: &Namespace) -> Result<bool, StoreError> {
    let sql = "SELECT organization FROM namespace_names WHERE name = $1";
    let owner: Option<String> = tx.optional(sql, args![&namespace.name]).await?;
    if owner.is_some_and(|owner| owner != namespace.organization) {
        return Ok(false);
    }
    let inserted = tx
        .insert_or(namespace, "ON CONFLICT (name) DO NOTHING")
        .await?
        > 0;
    if inserted {
        own_name(tx, namespace).await?;
        note_tags(tx, namespace, true).await?;
        policy::delete_tombstone(tx, policy::Deleted::Namespace, &namespace.name).await?;
    }
    Ok(inserted)
}

/// Stores a changed namespace under its name.
pub async fn update(tx: &mut Tx, namespace: &Namespace) -> Result<(), StoreError> {
    own_name(tx, namespace).await?;
    note_tags(tx, namespace, false).await?;
    tx.update(namespace).await
}

async fn note_tags(tx: &mut Tx, namespace: &Namespace, is_new: bool) -> Result<(), StoreError> {
    let subject = (Tagged::Namespace, namespace.name.as_str());
    let tags = namespace.tags.as_ref();
    tags::note(tx, subject, tags, namespace.updated_at, is_new).await
}

/// Whose those names are of namespaces that are or were.
pub async fn owners_of_names(
    tx: &mut Tx,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let head = "SELECT name, organization FROM namespace_names WHERE name";
    let rows: Vec<(String, String)> = tx.among(head, args![], names, "").await?;
    Ok(rows.into_iter().collect())
}

/// Gives the name of a namespace to its organization, for good.
async fn own_name(tx: &mut Tx, namespace: &Namespace) -> Result<(), StoreError> {
    let sql = "INSERT INTO namespace_names (name, organization) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET organization = excluded.organization
        WHERE namespace_names.organization <> excluded.organization";
    tx.execute(sql, args![&namespace.name, &namespace.organization])
        .await?;
    Ok(())
}

/// Deletes a namespace that has no keys.
pub async fn delete(tx: &mut Tx, name: &str, revision: u64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM namespaces WHERE name = $1", args![name])
        .await?;
    policy::add_tombstone(tx, policy::Deleted::Namespace, name, revision).await
}
