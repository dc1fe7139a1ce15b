//! Quotas of end users.

use super::record::{columns, insert_into, or_replace, record, select};
use super::{StoreError, Tx, args};
use crate::model::UserQuota;
use paddock_core::money::Money;
use paddock_core::policy::user_scope;
use std::collections::{BTreeMap, HashMap};

record! {
    UserQuota in "user_quotas" { namespace, user = "user_id", monthly_quota, created_at, updated_at }
}

/// At most `limit` quotas of a namespace after the user `after`, in the order of the users' names.
pub async fn list(
    tx: &mut Tx,
    namespace: &str,
    after: &str,
    limit: u64,
) -> Result<Vec<UserQuota>, StoreError> {
    let sql =
        select::<UserQuota>("WHERE namespace = $1 AND user_id > $2 ORDER BY user_id LIMIT $3");
    tx.all(sql, args![namespace, after, limit]).await
}

/// How many users of a namespace, except `user`, have a quota of their own.
pub async fn count_others(tx: &mut Tx, namespace: &str, user: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM user_quotas WHERE namespace = $1 AND user_id <> $2";
    tx.one(sql, args![namespace, user]).await
}

/// The quota a user has of their own.
pub async fn find(
    tx: &mut Tx,
    namespace: &str,
    user: &str,
) -> Result<Option<UserQuota>, StoreError> {
    let sql = select::<UserQuota>("WHERE namespace = $1 AND user_id = $2");
    tx.optional(sql, args![namespace, user]).await
}

/// Stores a quota; as it is stored now, with the moment it was first set.
pub async fn put(tx: &mut Tx, quota: &UserQuota) -> Result<UserQuota, StoreError> {
    let mut names = columns::<UserQuota>();
    names.push("scope");
    let sql = format!(
        "{} {} RETURNING {}",
        insert_into("user_quotas", &names),
        or_replace(&["namespace", "user_id"], &names),
        columns::<UserQuota>().join(", ")
    );
    tx.one(sql, args![quota, user_scope(&quota.namespace, &quota.user)])
        .await
}

/// Removes a user's own quota. Whether there was one.
pub async fn remove(tx: &mut Tx, namespace: &str, user: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM user_quotas WHERE namespace = $1 AND user_id = $2";
    Ok(tx.execute(sql, args![namespace, user]).await? > 0)
}

/// The quotas of some namespaces' users, by namespace.
pub(super) async fn of_namespaces(
    tx: &mut Tx,
    namespaces: &[String],
) -> Result<HashMap<String, BTreeMap<String, Money>>, StoreError> {
    let head = "SELECT namespace, user_id, monthly_quota FROM user_quotas WHERE namespace";
    let rows: Vec<(String, String, Money)> = tx.among(head, args![], namespaces, "").await?;
    let mut found: HashMap<String, BTreeMap<String, Money>> = HashMap::new();
    for (namespace, user, quota) in rows {
        found.entry(namespace).or_default().insert(user, quota);
    }
    Ok(found)
}

/// What namespaces set for each of their users who has no quota of their own, by namespace.
pub(crate) async fn defaults(
    tx: &mut Tx,
    namespaces: &[&str],
) -> Result<HashMap<String, Money>, StoreError> {
    let head = "SELECT name, user_monthly_quota FROM namespaces WHERE user_monthly_quota IS NOT \
        NULL AND name";
    let rows: Vec<(String, Money)> = tx.among(head, args![], namespaces, "").await?;
    Ok(rows.into_iter().collect())
}

/// The quotas users have of their own, by their scopes.
pub(crate) async fn of_scopes(
    tx: &mut Tx,
    scopes: &[String],
) -> Result<HashMap<String, Money>, StoreError> {
    let head = "SELECT scope, monthly_quota FROM user_quotas WHERE scope";
    let rows: Vec<(String, Money)> = tx.among(head, args![], scopes, "").await?;
    Ok(rows.into_iter().collect())
}

/// The least quota a user of each namespace has of their own.
pub(crate) async fn least(
    tx: &mut Tx,
    namespaces: &[&str],
) -> Result<HashMap<String, Money>, StoreError> {
    let head = "SELECT namespace, MIN(monthly_quota) FROM user_quotas WHERE namespace";
    let rows: Vec<(String, Money)> = tx
        .among(head, args![], namespaces, "GROUP BY namespace")
        .await?;
    Ok(rows.into_iter().collect())
}
