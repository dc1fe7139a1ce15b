//! Quotas of end users.

use super::columns::moment;
use super::{StoreError, Tx, Value, args, loaded};
use crate::model::records::UserQuota;
use paddock_core::money::Money;
use paddock_core::policy::{SHARED_USER, user_scope};
use std::collections::{BTreeMap, HashMap};

#[derive(sqlx::FromRow)]
struct UserQuotaRow {
    namespace: String,
    user_id: String,
    monthly_quota: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<UserQuotaRow> for UserQuota {
    fn from(row: UserQuotaRow) -> UserQuota {
        UserQuota {
            namespace: row.namespace,
            user: row.user_id,
            monthly_quota: Money::from_nanos(row.monthly_quota),
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
        }
    }
}

const COLUMNS: &str = "namespace, user_id, monthly_quota, created_at, updated_at";

/// At most `limit` quotas of a namespace after the user `after`, in the order of the users' names.
///
/// # Errors
/// Where the database refuses.
pub async fn list(
    tx: &mut Tx,
    namespace: &str,
    after: &str,
    limit: u64,
) -> Result<Vec<UserQuota>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM user_quotas WHERE namespace = $1 AND user_id > $2
        ORDER BY user_id LIMIT $3"
    );
    let rows: Vec<UserQuotaRow> = tx.all(sql, args![namespace, after, limit]).await?;
    Ok(rows.into_iter().map(UserQuota::from).collect())
}

/// How many users of a namespace, but for `user`, have a quota of their own.
///
/// # Errors
/// Where the database refuses.
pub async fn count_others(tx: &mut Tx, namespace: &str, user: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM user_quotas WHERE namespace = $1 AND user_id <> $2";
    let (count,): (i64,) = tx.one(sql, args![namespace, user]).await?;
    Ok(loaded(count))
}

/// The quota a user has of their own.
///
/// # Errors
/// Where the database refuses.
pub async fn find(
    tx: &mut Tx,
    namespace: &str,
    user: &str,
) -> Result<Option<UserQuota>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM user_quotas WHERE namespace = $1 AND user_id = $2");
    let row: Option<UserQuotaRow> = tx.optional(sql, args![namespace, user]).await?;
    Ok(row.map(UserQuota::from))
}

/// Stores a quota; what it is now, with the moment the first was made.
///
/// # Errors
/// Where the database refuses.
pub async fn put(tx: &mut Tx, quota: &UserQuota) -> Result<UserQuota, StoreError> {
    let sql = format!(
        "INSERT INTO user_quotas (namespace, user_id, scope, monthly_quota, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (namespace, user_id) DO UPDATE SET
        monthly_quota = excluded.monthly_quota, updated_at = excluded.updated_at
        RETURNING {COLUMNS}"
    );
    let values = args![
        &quota.namespace,
        &quota.user,
        user_scope(&quota.namespace, &quota.user),
        quota.monthly_quota,
        quota.created_at,
        quota.updated_at,
    ];
    let row: UserQuotaRow = tx.one(sql, values).await?;
    Ok(row.into())
}

/// Removes a user's own quota. Whether there was one.
///
/// # Errors
/// Where the database refuses.
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
    let names: Vec<Value> = namespaces.iter().map(Value::from).collect();
    let rows: Vec<(String, String, i64)> = tx.among(head, args![], &names, "").await?;
    let mut found: HashMap<String, BTreeMap<String, Money>> = HashMap::new();
    for (namespace, user, quota) in rows {
        let quotas = found.entry(namespace).or_default();
        quotas.insert(user, Money::from_nanos(quota));
    }
    Ok(found)
}

/// The caps of users, by the name of their scope: their own, or what their namespace sets for
/// each; those who share one have the least of all where it sets none.
pub(super) async fn caps(
    tx: &mut Tx,
    users: &[(String, String)],
) -> Result<HashMap<String, Money>, StoreError> {
    let mut found = HashMap::new();
    let names = |column: fn(&(String, String)) -> String| -> Vec<Value> {
        users.iter().map(|user| Value::from(column(user))).collect()
    };
    let head = "SELECT name, user_monthly_quota FROM namespaces WHERE user_monthly_quota IS NOT \
        NULL AND name";
    let everybody: Vec<(String, i64)> =
        tx.among(head, args![], &names(|u| u.0.clone()), "").await?;
    let everybody: HashMap<String, i64> = everybody.into_iter().collect();
    let scope = |(namespace, user): &(String, String)| format!("user:{namespace}/{user}");
    for user in users {
        if let Some(quota) = everybody.get(&user.0) {
            found.insert(scope(user), Money::from_nanos(*quota));
        }
    }
    let head = "SELECT scope, monthly_quota FROM user_quotas WHERE scope";
    let scopes: Vec<Value> = users.iter().map(|user| Value::from(scope(user))).collect();
    let own: Vec<(String, i64)> = tx.among(head, args![], &scopes, "").await?;
    found.extend(
        own.into_iter()
            .map(|(scope, quota)| (scope, Money::from_nanos(quota))),
    );
    for user in users.iter().filter(|user| user.1 == SHARED_USER) {
        if everybody.contains_key(&user.0) {
            continue;
        }
        let sql = "SELECT MIN(monthly_quota) FROM user_quotas WHERE namespace = $1";
        let (least,): (Option<i64>,) = tx.one(sql, args![&user.0]).await?;
        found.extend(least.map(|least| (scope(user), Money::from_nanos(least))));
    }
    Ok(found)
}
