//! Organizations: the top of every tree of limits.

use super::columns::{LimitColumns, from_text, moment, to_text};
use super::{StoreError, Tx, Value, args, loaded, policy, role_overrides};
use crate::model::records::Organization;
use paddock_core::policy::OrganizationPolicy;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

const COLUMNS: &str = "name, requests_per_minute, burst, tokens_per_minute, max_concurrency, \
    monthly_quota, daily_quota, tags, created_at, updated_at, revision, prepaid";

#[derive(sqlx::FromRow)]
struct OrganizationRow {
    name: String,
    #[sqlx(flatten)]
    limits: LimitColumns,
    tags: Option<String>,
    created_at: i64,
    updated_at: i64,
    revision: i64,
    prepaid: bool,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StoreError;

    fn try_from(row: OrganizationRow) -> Result<Organization, StoreError> {
        let tags = row.tags.as_deref();
        Ok(Organization {
            tags: tags.map(|text| from_text("tags", text)).transpose()?,
            limits: row.limits.into(),
            prepaid: row.prepaid,
            roles: BTreeMap::new(),
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
            revision: loaded(row.revision),
            name: row.name,
        })
    }
}

/// The organization of that name.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<Organization>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM organizations WHERE name = $1");
    let row: Option<OrganizationRow> = tx.optional(sql, args![name]).await?;
    Ok(with_roles(tx, row.into_iter().collect()).await?.pop())
}

/// Those of these organizations that are there, by their names.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn named(
    tx: &mut Tx,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, Organization>, StoreError> {
    let head = format!("SELECT {COLUMNS} FROM organizations WHERE name");
    let names: Vec<Value> = names.iter().map(Value::from).collect();
    let rows: Vec<OrganizationRow> = tx.among(&head, args![], &names, "").await?;
    let found = with_roles(tx, rows).await?.into_iter();
    Ok(found.map(|found| (found.name.clone(), found)).collect())
}

async fn with_roles(
    tx: &mut Tx,
    rows: Vec<OrganizationRow>,
) -> Result<Vec<Organization>, StoreError> {
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let mut roles = role_overrides::of(tx, &names).await?;
    let read = rows.into_iter().map(|row| {
        let mut organization = Organization::try_from(row)?;
        organization.roles = roles.remove(&organization.name).unwrap_or_default();
        Ok(organization)
    });
    read.collect()
}

/// At most `limit` organizations after `after` in the order of their names: all, or the one of
/// that name.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn list(
    tx: &mut Tx,
    only: Option<&str>,
    after: &str,
    limit: u64,
) -> Result<Vec<Organization>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM organizations WHERE name > $1 AND ($2 = '' OR name = $2)
        ORDER BY name LIMIT $3"
    );
    let values = args![after, only.unwrap_or_default(), limit];
    let rows: Vec<OrganizationRow> = tx.all(sql, values).await?;
    with_roles(tx, rows).await
}

/// Those changed after a revision, as gateways know them.
pub(super) async fn changed_since(
    tx: &mut Tx,
    revision: u64,
) -> Result<Vec<OrganizationPolicy>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM organizations WHERE revision > $1 ORDER BY revision");
    let rows: Vec<OrganizationRow> = tx.all(sql, args![revision]).await?;
    let changed = with_roles(tx, rows).await?;
    Ok(changed.iter().map(Organization::policy).collect())
}

/// How many namespaces an organization has.
///
/// # Errors
/// Where the database refuses.
pub async fn namespaces(tx: &mut Tx, name: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM namespaces WHERE organization = $1";
    let (count,): (i64,) = tx.one(sql, args![name]).await?;
    Ok(loaded(count))
}

/// Makes the organization, without limits of its own, where it is not there. Whether it was not.
///
/// # Errors
/// Where the database refuses.
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

/// Stores a new organization. `false` where the name is taken.
///
/// # Errors
/// Where the database refuses.
pub async fn insert(tx: &mut Tx, organization: &Organization) -> Result<bool, StoreError> {
    let sql = format!(
        "INSERT INTO organizations ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
        $11, $12) ON CONFLICT (name) DO NOTHING"
    );
    let inserted = tx.execute(sql, values(organization)).await? > 0;
    policy::unbury(tx, policy::Deleted::Organization, &organization.name).await?;
    Ok(inserted)
}

/// Stores a changed organization under its name.
///
/// # Errors
/// Where the database refuses.
pub async fn update(tx: &mut Tx, organization: &Organization) -> Result<(), StoreError> {
    let sql = "UPDATE organizations SET requests_per_minute = $2, burst = $3,
        tokens_per_minute = $4, max_concurrency = $5, monthly_quota = $6, daily_quota = $7,
        tags = $8, created_at = $9, updated_at = $10, revision = $11, prepaid = $12
        WHERE name = $1";
    tx.execute(sql, values(organization)).await?;
    Ok(())
}

/// Deletes an organization that has no namespaces.
///
/// # Errors
/// Where the database refuses.
pub async fn delete(tx: &mut Tx, name: &str, revision: u64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM organizations WHERE name = $1", args![name])
        .await?;
    policy::bury(tx, policy::Deleted::Organization, name, revision).await
}

fn values(organization: &Organization) -> super::Args {
    let limits = &organization.limits;
    args![
        &organization.name,
        limits.requests_per_minute,
        limits.burst,
        limits.tokens_per_minute,
        limits.max_concurrency,
        limits.monthly_quota,
        limits.daily_quota,
        organization.tags.as_ref().map(to_text),
        organization.created_at,
        organization.updated_at,
        organization.revision,
        organization.prepaid,
    ]
}
