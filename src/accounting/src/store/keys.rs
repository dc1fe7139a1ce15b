//! Keys and their secrets.

use super::namespaces::{LimitColumns, from_text, from_word, moment, to_text, to_word};
use super::role_overrides::QUOTA_OF_KEY;
use super::{StoreError, Tx, Value, args, loaded, policy};
use crate::domain::records::{Key, KeyMember, KeySecret};
use paddock_core::ids::KeyDigest;
use paddock_core::money::Money;
use paddock_core::policy::KeyPolicy;
use paddock_core::timestamp::Timestamp;
use std::collections::HashMap;

const COLUMNS: &str = "id, name, namespace, role, scopes, allowed_models, requests_per_minute, \
    burst, tokens_per_minute, max_concurrency, monthly_quota, daily_quota, enabled, environment, \
    tags, content_policy_mode, created_at, updated_at, revision, member_id, user_id";
const SECRET_COLUMNS: &str = "digest, key_id, preview, is_primary, expires_at, created_at";

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: String,
    name: String,
    namespace: String,
    role: String,
    scopes: Option<String>,
    allowed_models: Option<String>,
    #[sqlx(flatten)]
    limits: LimitColumns,
    enabled: bool,
    environment: Option<String>,
    tags: Option<String>,
    content_policy_mode: Option<String>,
    created_at: i64,
    updated_at: i64,
    revision: i64,
    member_id: Option<String>,
    user_id: Option<String>,
    role_quota: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct SecretRow {
    digest: String,
    key_id: String,
    preview: String,
    is_primary: bool,
    expires_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<KeyRow> for Key {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Key, StoreError> {
        let scopes = row.scopes.as_deref();
        let models = row.allowed_models.as_deref();
        let tags = row.tags.as_deref();
        let mode = row.content_policy_mode.as_deref();
        Ok(Key {
            role: from_word("role", &row.role)?,
            member: row
                .member_id
                .zip(row.user_id)
                .map(|(id, user_id)| KeyMember { id, user_id }),
            role_quota: row.role_quota.map(Money::from_nanos),
            scopes: scopes.map(|text| from_text("scopes", text)).transpose()?,
            allowed_models: models
                .map(|text| from_text("allowed_models", text))
                .transpose()?,
            limits: row.limits.into(),
            enabled: row.enabled,
            tags: tags.map(|text| from_text("tags", text)).transpose()?,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
            revision: loaded(row.revision),
            id: row.id,
            name: row.name,
            namespace: row.namespace,
            environment: row.environment,
            content_policy_mode: mode
                .map(|word| from_word("content_policy_mode", word))
                .transpose()?,
            secrets: Vec::new(),
        })
    }
}

fn select() -> String {
    format!("SELECT {COLUMNS}, {QUOTA_OF_KEY} AS role_quota FROM keys")
}

async fn with_secrets(tx: &mut Tx, rows: Vec<KeyRow>) -> Result<Vec<Key>, StoreError> {
    let ids: Vec<Value> = rows.iter().map(|row| Value::from(&row.id)).collect();
    let head = format!("SELECT {SECRET_COLUMNS} FROM key_secrets WHERE key_id");
    let tail = "ORDER BY is_primary DESC";
    let secrets: Vec<SecretRow> = tx.among(&head, args![], &ids, tail).await?;
    let mut by_key: HashMap<String, Vec<KeySecret>> = HashMap::new();
    for row in secrets {
        let digest = KeyDigest::from_hex(&row.digest).ok_or(StoreError::Corrupt {
            what: "digest",
            value: row.preview.clone(),
        })?;
        by_key.entry(row.key_id).or_default().push(KeySecret {
            digest,
            preview: row.preview,
            is_primary: row.is_primary,
            expires_at: row.expires_at.map(moment),
            created_at: moment(row.created_at),
        });
    }
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let mut key = Key::try_from(row)?;
        key.secrets = by_key.remove(&key.id).unwrap_or_default();
        keys.push(key);
    }
    Ok(keys)
}

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
        insert_secret(tx, &key.id, secret).await?;
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

/// Stores changed secrets of a key: those it no longer has are buried.
///
/// # Errors
/// Where the database refuses.
pub async fn replace_secrets(tx: &mut Tx, before: &Key, after: &Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM key_secrets WHERE key_id = $1",
        args![&after.id],
    )
    .await?;
    for secret in &after.secrets {
        insert_secret(tx, &after.id, secret).await?;
    }
    for secret in &before.secrets {
        if !after
            .secrets
            .iter()
            .any(|kept| kept.digest == secret.digest)
        {
            let digest = secret.digest.to_hex();
            policy::bury(tx, policy::Deleted::Secret, &digest, after.revision).await?;
        }
    }
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

async fn insert_secret(tx: &mut Tx, key_id: &str, secret: &KeySecret) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO key_secrets ({SECRET_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)");
    let values = args![
        secret.digest.to_hex(),
        key_id,
        &secret.preview,
        secret.is_primary,
        secret.expires_at,
        secret.created_at,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

fn values(key: &Key) -> super::Args {
    args![
        &key.id,
        &key.name,
        &key.namespace,
        to_word(&key.role),
        key.scopes.as_ref().map(to_text),
        key.allowed_models.as_ref().map(to_text),
        key.limits.requests_per_minute,
        key.limits.burst,
        key.limits.tokens_per_minute,
        key.limits.max_concurrency,
        key.limits.monthly_quota,
        key.limits.daily_quota,
        key.enabled,
        key.environment.clone(),
        key.tags.as_ref().map(to_text),
        key.content_policy_mode.as_ref().map(to_word),
        key.created_at,
        key.updated_at,
        key.revision,
        key.member.as_ref().map(|member| member.id.clone()),
        key.member.as_ref().map(|member| member.user_id.clone()),
    ]
}
