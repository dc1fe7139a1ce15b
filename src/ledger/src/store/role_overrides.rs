//! What organizations narrow roles to.

use super::columns::{from_text, from_word, to_text, to_word};
use super::{StoreError, Tx, Value, args};
use crate::model::roles::{Powers, RoleOverride};
use paddock_core::money::Money;
use paddock_core::policy::Role;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// The quota of a key's role in its organization: an expression of statements on `keys`.
pub(super) const QUOTA_OF_KEY: &str = "(SELECT role_overrides.monthly_quota FROM role_overrides \
    JOIN namespaces ON namespaces.organization = role_overrides.organization \
    WHERE namespaces.name = keys.namespace AND role_overrides.role = keys.role)";

#[derive(sqlx::FromRow)]
struct OverrideRow {
    organization: String,
    role: String,
    rights: String,
    monthly_quota: Option<i64>,
    can_manage_users: bool,
    can_view_analytics: bool,
    can_create_api_keys: bool,
}

impl OverrideRow {
    fn read(self) -> Result<(Role, RoleOverride), StoreError> {
        let narrowed = RoleOverride {
            rights: from_text("rights", &self.rights)?,
            monthly_quota: self.monthly_quota.map(Money::from_nanos),
            powers: Powers {
                manage_users: self.can_manage_users,
                view_analytics: self.can_view_analytics,
                create_api_keys: self.can_create_api_keys,
            },
        };
        Ok((from_word("role", &self.role)?, narrowed))
    }
}

/// What each of these organizations narrows roles to; one that narrows none is absent.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn of(
    tx: &mut Tx,
    organizations: &[&str],
) -> Result<HashMap<String, BTreeMap<Role, RoleOverride>>, StoreError> {
    let names: Vec<Value> = organizations
        .iter()
        .map(|name| Value::from(*name))
        .collect();
    let head = "SELECT organization, role, rights, monthly_quota, can_manage_users, \
        can_view_analytics, can_create_api_keys FROM role_overrides WHERE organization";
    let mut found: HashMap<String, BTreeMap<Role, RoleOverride>> = HashMap::new();
    for row in tx.among::<OverrideRow>(head, args![], &names, "").await? {
        let organization = row.organization.clone();
        let (role, narrowed) = row.read()?;
        found
            .entry(organization)
            .or_default()
            .insert(role, narrowed);
    }
    Ok(found)
}

/// Stores what an organization narrows a role to, in place of what it did before.
///
/// # Errors
/// Where the database refuses.
pub async fn put(
    tx: &mut Tx,
    organization: &str,
    role: Role,
    narrowed: &RoleOverride,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO role_overrides (organization, role, rights, monthly_quota,
        can_manage_users, can_view_analytics, can_create_api_keys, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (organization, role) DO UPDATE
        SET rights = excluded.rights, monthly_quota = excluded.monthly_quota,
        can_manage_users = excluded.can_manage_users,
        can_view_analytics = excluded.can_view_analytics,
        can_create_api_keys = excluded.can_create_api_keys, updated_at = excluded.updated_at";
    let values = args![
        organization,
        to_word(&role),
        to_text(&narrowed.rights),
        narrowed.monthly_quota,
        narrowed.powers.manage_users,
        narrowed.powers.view_analytics,
        narrowed.powers.create_api_keys,
        now,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Lets a role of an organization be what it is everywhere.
///
/// # Errors
/// Where the database refuses.
pub async fn delete(tx: &mut Tx, organization: &str, role: Role) -> Result<(), StoreError> {
    let sql = "DELETE FROM role_overrides WHERE organization = $1 AND role = $2";
    tx.execute(sql, args![organization, to_word(&role)]).await?;
    Ok(())
}

/// Marks the keys of a role as changed, so that gateways hear of them: their quota did.
///
/// # Errors
/// Where the database refuses.
pub async fn touch_keys(
    tx: &mut Tx,
    organization: &str,
    role: Role,
    revision: u64,
) -> Result<(), StoreError> {
    let sql = "UPDATE keys SET revision = $3 WHERE role = $2
        AND namespace IN (SELECT name FROM namespaces WHERE organization = $1)";
    tx.execute(sql, args![organization, to_word(&role), revision])
        .await?;
    Ok(())
}
