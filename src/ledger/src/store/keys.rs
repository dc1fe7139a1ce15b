//! Keys.

use super::columns::{Columns, Row};
use super::record::{record, select};
use super::role_overrides::QUOTA_OF_KEY;
use super::tags::{self, Tagged};
use super::{StoreError, Tx, args, key_secrets, policy};
use crate::model::{Key, KeyMember, KeySecret};
use paddock_core::ids::KeyDigest;
use paddock_core::money::Money;
use paddock_core::policy::KeyPolicy;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

record! { KeyMember { id = "member_id", user_id } }

record! {
    Key in "keys" {
        id, name, namespace, role, scopes, allowed_models, limits, enabled, environment, tags,
        content_policy_mode, created_at, updated_at, revision, member,
    }
    reads { role_quota = QUOTA_OF_KEY }
    defaults { secrets }
}

impl Row for Option<KeyMember> {
    fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
        let (id, user_id): (Option<String>, Option<String>) = columns.read()?;
        Ok(id
            .zip(user_id)
            .map(|(id, user_id)| KeyMember { id, user_id }))
    }

    fn names(name: &'static str, names: &mut Vec<&'static str>) {
        KeyMember::names(name, names);
    }
}

/// The key of that id.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Key>, StoreError> {
    let found = tx
        .optional(select::<Key>("WHERE id = $1"), args![id])
        .await?;
    let found = key_secrets::load(tx, found.into_iter().collect()).await?;
    Ok(found.into_iter().next())
}

/// The key that has a secret of that digest, and which secret it is.
pub async fn find_by_digest(
    tx: &mut Tx,
    digest: &KeyDigest,
) -> Result<Option<(Key, KeySecret)>, StoreError> {
    let sql = "SELECT key_id FROM key_secrets WHERE digest = $1";
    let Some(id) = tx.optional::<String>(sql, args![digest]).await? else {
        return Ok(None);
    };
    Ok(find(tx, &id).await?.and_then(|key| {
        let mut secrets = key.secrets.iter();
        let secret = secrets.find(|secret| secret.digest == *digest).cloned();
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
    /// Only those whose name or id has this in it, whatever the case.
    pub contains: Option<String>,
    /// Only those that are enabled, or only those that are not.
    pub enabled: Option<bool>,
    /// Only after this id: ids are in the order in which keys were created.
    pub after: String,
    /// At most so many.
    pub limit: u64,
}

/// A pattern of LIKE for texts that have this in them, in lower case.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_lowercase().chars() {
        if ['%', '_', '\\'].contains(&letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The keys that pass the filter, oldest first.
pub async fn list(tx: &mut Tx, filter: &Filter) -> Result<Vec<Key>, StoreError> {
    let sql = select::<Key>(
        "WHERE id > $1 AND ($2 = '' OR namespace = $2)
        AND ($3 = '' OR namespace IN (SELECT name FROM namespaces WHERE organization = $3))
        AND ($5 = '' OR lower(name) LIKE $5 ESCAPE '\\' OR id LIKE $5 ESCAPE '\\')
        AND ($6 = 2 OR enabled = ($6 = 1))
        ORDER BY id LIMIT $4",
    );
    let enabled: i64 = filter.enabled.map_or(2, i64::from);
    let values = args![
        filter.after,
        filter.namespace.as_deref().unwrap_or_default(),
        filter.organization.as_deref().unwrap_or_default(),
        filter.limit,
        filter
            .contains
            .as_deref()
            .map(containing)
            .unwrap_or_default(),
        enabled,
    ];
    let found = tx.all(sql, values).await?;
    key_secrets::load(tx, found).await
}

/// Every key of a namespace.
pub async fn of_namespace(tx: &mut Tx, namespace: &str) -> Result<Vec<Key>, StoreError> {
    let filter = Filter {
        namespace: Some(namespace.to_owned()),
        limit: i64::MAX.unsigned_abs(),
        ..Filter::default()
    };
    list(tx, &filter).await
}

/// Every key of a member.
pub async fn of_member(tx: &mut Tx, member_id: &str) -> Result<Vec<Key>, StoreError> {
    let sql = select::<Key>("WHERE member_id = $1 ORDER BY id");
    let found = tx.all(sql, args![member_id]).await?;
    key_secrets::load(tx, found).await
}

/// Those changed after a revision, as gateways know them: one a secret.
pub(super) async fn changed_since(
    tx: &mut Tx,
    revision: u64,
) -> Result<Vec<KeyPolicy>, StoreError> {
    let sql = select::<Key>("WHERE revision > $1 ORDER BY revision");
    let changed = tx.all(sql, args![revision]).await?;
    let changed = key_secrets::load(tx, changed).await?;
    Ok(changed.iter().flat_map(Key::policies).collect())
}

/// The sums of what the namespace's keys, except one, may spend: a month and a day.
pub async fn quotas_of_others(
    tx: &mut Tx,
    namespace: &str,
    except: &str,
) -> Result<(Money, Money), StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(monthly_quota), 0) AS BIGINT),
        CAST(COALESCE(SUM(daily_quota), 0) AS BIGINT)
        FROM keys WHERE namespace = $1 AND id <> $2";
    tx.one(sql, args![namespace, except]).await
}

/// Stores a new key and its secrets.
///
/// # Errors
/// [`StoreError::is_duplicate`] if the name is taken in the namespace.
pub async fn insert(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    tx.insert(key).await?;
    note_tags(tx, key, true).await?;
    for secret in &key.secrets {
        key_secrets::insert(tx, &key.id, secret).await?;
    }
    Ok(())
}

/// Stores a changed key; not its secrets.
///
/// # Errors
/// As [`insert`].
pub async fn update(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    tx.update(key).await?;
    note_tags(tx, key, false).await
}

async fn note_tags(tx: &mut Tx, key: &Key, is_new: bool) -> Result<(), StoreError> {
    let subject = (Tagged::Key, key.id.as_str());
    tags::note(tx, subject, key.tags.as_ref(), key.updated_at, is_new).await
}

/// The names of keys by their ids, those deleted included.
pub async fn names(tx: &mut Tx, ids: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
    let mut names = Vec::with_capacity(ids.len());
    for table in ["retired_keys", "keys"] {
        let head = format!("SELECT id, name FROM {table} WHERE id");
        names.extend(
            tx.among::<(String, String)>(&head, args![], ids, "")
                .await?,
        );
    }
    Ok(names)
}

/// Stores changed secrets of a key, and a tombstone of each one it no longer has.
pub async fn replace_secrets(tx: &mut Tx, before: &Key, after: &Key) -> Result<(), StoreError> {
    let sql = "DELETE FROM key_secrets WHERE key_id = $1";
    tx.execute(sql, args![after.id]).await?;
    for secret in &after.secrets {
        key_secrets::insert(tx, &after.id, secret).await?;
    }
    let is_gone = |old: &&KeySecret| after.secrets.iter().all(|new| new.digest != old.digest);
    for secret in before.secrets.iter().filter(is_gone) {
        let digest = secret.digest.to_hex();
        policy::add_tombstone(tx, policy::Deleted::Secret, &digest, after.revision).await?;
    }
    Ok(())
}

/// Deletes a key and its secrets. Its name stays, for reports of its usage.
pub async fn delete(
    tx: &mut Tx,
    key: &Key,
    revision: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO retired_keys (id, name, namespace, retired_at, member_id)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
    let member = key.member.as_ref().map(|member| &member.id);
    let values = args![key.id, key.name, key.namespace, now, member];
    tx.execute(sql, values).await?;
    tx.execute("DELETE FROM keys WHERE id = $1", args![key.id])
        .await?;
    for secret in &key.secrets {
        let digest = secret.digest.to_hex();
        policy::add_tombstone(tx, policy::Deleted::Secret, &digest, revision).await?;
    }
    Ok(())
}

/// Marks the keys of a namespace as changed, so that gateways learn their new limits.
pub async fn touch(tx: &mut Tx, namespace: &str, revision: u64) -> Result<(), StoreError> {
    let sql = "UPDATE keys SET revision = $2 WHERE namespace = $1";
    tx.execute(sql, args![namespace, revision]).await?;
    Ok(())
}

/// The namespaces of those keys that exist, by the keys' ids.
pub async fn namespaces_of(
    tx: &mut Tx,
    ids: &BTreeSet<&str>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let head = "SELECT id, namespace FROM keys WHERE id";
    let rows: Vec<(String, String)> = tx.among(head, args![], ids, "").await?;
    Ok(rows.into_iter().collect())
}
