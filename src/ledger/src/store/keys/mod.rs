//! Keys and their secrets.

mod row;
mod secrets;

pub use secrets::replace as replace_secrets;

use super::columns::to_text;
use super::{StoreError, Tx, Value, args, policy};
use crate::model::records::{Key, KeySecret};
use paddock_core::ids::KeyDigest;
use paddock_core::money::Money;
use paddock_core::policy::KeyPolicy;
use paddock_core::timestamp::Timestamp;
use row::{COLUMNS, KeyRow, select, values};
use secrets::with_secrets;

/// The key of that id.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Key>, StoreError> {
    let sql = format!("{} WHERE id = $1", select());
    let row: Option<KeyRow> = tx.optional(sql, args![id]).await?;
    Ok(with_secrets(tx, row.into_iter().collect()).await?.pop())
}

/// The key that has a secret of that digest, and which secret it is.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn find_by_digest(
    tx: &mut Tx,
    digest: &KeyDigest,
) -> Result<Option<(Key, KeySecret)>, StoreError> {
    let sql = "SELECT key_id FROM key_secrets WHERE digest = $1";
    let Some((id,)) = tx
        .optional::<(String,)>(sql, args![digest.to_hex()])
        .await?
    else {
        return Ok(None);
    };
    Ok(find(tx, &id).await?.and_then(|key| {
        let secret = key
            .secrets
            .iter()
            .find(|secret| secret.digest == *digest)
            .cloned();
        secret.map(|secret| (key, secret))
    }))
}

/// Which keys a list is of.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this organization.
    pub organization: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only after this id: ids are in the order of their making.
    pub after: String,
    /// At most so many.
    pub limit: u64,
}

/// The keys that pass the filter, oldest first.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn list(tx: &mut Tx, filter: &Filter) -> Result<Vec<Key>, StoreError> {
    let sql = format!(
        "{} WHERE id > $1 AND ($2 = '' OR namespace = $2)
        AND ($3 = '' OR namespace IN (SELECT name FROM namespaces WHERE organization = $3))
        ORDER BY id LIMIT $4",
        select()
    );
    let values = args![
        &filter.after,
        filter.namespace.clone().unwrap_or_default(),
        filter.organization.clone().unwrap_or_default(),
        filter.limit,
    ];
    let rows: Vec<KeyRow> = tx.all(sql, values).await?;
    with_secrets(tx, rows).await
}

/// Every key of a namespace.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn of_namespace(tx: &mut Tx, namespace: &str) -> Result<Vec<Key>, StoreError> {
    let filter = Filter {
        namespace: Some(namespace.to_owned()),
        limit: i64::MAX.unsigned_abs(),
        ..Filter::default()
    };
    list(tx, &filter).await
}

/// Every key of a member.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn of_member(tx: &mut Tx, member_id: &str) -> Result<Vec<Key>, StoreError> {
    let sql = format!("{} WHERE member_id = $1 ORDER BY id", select());
    let rows: Vec<KeyRow> = tx.all(sql, args![member_id]).await?;
    with_secrets(tx, rows).await
}

/// Those changed after a revision, as gateways know them: one a secret.
pub(super) async fn changed_since(
    tx: &mut Tx,
    revision: u64,
) -> Result<Vec<KeyPolicy>, StoreError> {
    let sql = format!("{} WHERE revision > $1 ORDER BY revision", select());
    let rows: Vec<KeyRow> = tx.all(sql, args![revision]).await?;
    let keys = with_secrets(tx, rows).await?;
    Ok(keys.iter().flat_map(Key::policies).collect())
}

/// The sums of what the namespace's keys, but for one, may spend: a month and a day.
///
/// # Errors
/// Where the database refuses.
pub async fn quotas_of_others(
    tx: &mut Tx,
    namespace: &str,
    but: &str,
) -> Result<(Money, Money), StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(monthly_quota), 0) AS BIGINT),
        CAST(COALESCE(SUM(daily_quota), 0) AS BIGINT)
        FROM keys WHERE namespace = $1 AND id <> $2";
    let (monthly, daily): (i64, i64) = tx.one(sql, args![namespace, but]).await?;
    Ok((Money::from_nanos(monthly), Money::from_nanos(daily)))
}

/// Stores a new key and its secrets.
///
/// # Errors
/// Where the database refuses; [`StoreError::is_duplicate`] where the name is taken in the
/// namespace.
pub async fn insert(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO keys ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
        $13, $14, $15, $16, $17, $18, $19, $20, $21)"
    );
    tx.execute(sql, values(key)).await?;
    for secret in &key.secrets {
        secrets::insert(tx, &key.id, secret).await?;
    }
    Ok(())
}

/// Stores a changed key; not its secrets.
///
/// # Errors
/// Where the database refuses; [`StoreError::is_duplicate`] where the name is taken in the
/// namespace.
pub async fn update(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    let sql = "UPDATE keys SET name = $2, namespace = $3, role = $4, scopes = $5,
        allowed_models = $6, requests_per_minute = $7, burst = $8, tokens_per_minute = $9,
        max_concurrency = $10, monthly_quota = $11, daily_quota = $12, enabled = $13,
        environment = $14, tags = $15, content_policy_mode = $16, created_at = $17,
        updated_at = $18, revision = $19, member_id = $20, user_id = $21 WHERE id = $1";
    tx.execute(sql, values(key)).await?;
    Ok(())
}

/// The names of keys by their ids, those deleted included.
///
/// # Errors
/// Where the database refuses.
pub async fn names(tx: &mut Tx, ids: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
    let ids: Vec<Value> = ids.iter().map(|id| Value::from(*id)).collect();
    let mut names = Vec::with_capacity(ids.len());
    for table in ["retired_keys", "keys"] {
        let head = format!("SELECT id, name FROM {table} WHERE id");
        names.extend(
            tx.among::<(String, String)>(&head, args![], &ids, "")
                .await?,
        );
    }
    Ok(names)
}

/// The tags of keys by their ids, those deleted included: JSON, where they have any.
///
/// # Errors
/// Where the database refuses.
pub async fn tags(tx: &mut Tx, ids: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
    let ids: Vec<Value> = ids.iter().map(|id| Value::from(*id)).collect();
    let mut tags = Vec::new();
    for table in ["retired_keys", "keys"] {
        let head = format!("SELECT id, tags FROM {table} WHERE tags IS NOT NULL AND id");
        tags.extend(
            tx.among::<(String, String)>(&head, args![], &ids, "")
                .await?,
        );
    }
    Ok(tags)
}

/// Deletes a key and its secrets. Its name stays, for reports of what it used.
///
/// # Errors
/// Where the database refuses.
pub async fn delete(
    tx: &mut Tx,
    key: &Key,
    revision: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO retired_keys (id, name, namespace, tags, retired_at, member_id)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
    let tags = key.tags.as_ref().map(to_text);
    let member = key.member.as_ref().map(|member| member.id.clone());
    let values = args![&key.id, &key.name, &key.namespace, tags, now, member];
    tx.execute(sql, values).await?;
    tx.execute("DELETE FROM keys WHERE id = $1", args![&key.id])
        .await?;
    for secret in &key.secrets {
        let digest = secret.digest.to_hex();
        policy::bury(tx, policy::Deleted::Secret, &digest, revision).await?;
    }
    Ok(())
}
