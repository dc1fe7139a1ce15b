//! What organizations narrow roles to.

use super::record::{columns, insert_into, or_replace, record};
use super::{StoreError, Tx, args};
use crate::model::roles::{Powers, RoleOverride};
use paddock_core::policy::Role;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, HashMap};

record! {
    Powers {
        manage_users = "can_manage_users", view_analytics = "can_view_analytics",
        create_api_keys = "can_create_api_keys",
    }
}

record! { RoleOverride { rights, monthly_quota, powers } }

/// The quota of a key's role in its organization: an expression of statements on `keys`.
pub(super) const QUOTA_OF_KEY: &str = "(SELECT role_overrides.monthly_quota FROM role_overrides \
    JOIN namespaces ON namespaces.organization = role_overrides.organization \
    WHERE namespaces.name = keys.namespace AND role_overrides.role = keys.role)";

/// What each of these organizations narrows roles to; one that narrows none is absent.
pub async fn of(
    tx: &mut Tx,
    organizations: &[&str],
) -> Result<HashMap<String, BTreeMap<Role, RoleOverride>>, StoreError> {
    let head = format!(
        "SELECT organization, role, {} FROM role_overrides WHERE organization",
        columns::<RoleOverride>().join(", ")
    );
    let rows: Vec<(String, Role, RoleOverride)> =
        tx.among(&head, args![], organizations, "").await?;
    let mut found: HashMap<String, BTreeMap<Role, RoleOverride>> = HashMap::new();
    for (organization, role, narrowed) in rows {
        found
            .entry(organization)
            .or_default()
            .insert(role, narrowed);
    }
    Ok(found)
}

/// Stores what an organization narrows a role to, in place of what it did before.
pub async fn put(
    tx: &mut Tx,
    organization: &str,
    role: Role,
    narrowed: &RoleOverride,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut names = vec!["organization", "role", "created_at", "updated_at"];
    names.extend(columns::<RoleOverride>());
    let sql =
        insert_into("role_overrides", &names) + &or_replace(&["organization", "role"], &names);
    tx.execute(sql, args![organization, role, now, now, narrowed])
        .await?;
    Ok(())
}

/// Lets a role of an organization be what it is everywhere.
pub async fn delete(tx: &mut Tx, organization: &str, role: Role) -> Result<(), StoreError> {
    let sql = "DELETE FROM role_overrides WHERE organization = $1 AND role = $2";
    tx.execute(sql, args![organization, role]).await?;
    Ok(())
}

/// Marks the keys of a role as changed, so that gateways learn their new quota.
pub async fn touch_keys(
    tx: &mut Tx,
    organization: &str,
    role: Role,
    revision: u64,
) -> Result<(), StoreError> {
    let sql = "UPDATE keys SET revision = $3 WHERE role = $2
        AND namespace IN (SELECT name FROM namespaces WHERE organization = $1)";
    tx.execute(sql, args![organization, role, revision]).await?;
    Ok(())
}
