//! The secrets of keys: their digests alone.

use super::row::KeyRow;
use crate::model::records::{Key, KeySecret};
use crate::store::columns::moment;
use crate::store::{StoreError, Tx, Value, args, policy};
use paddock_core::ids::KeyDigest;
use std::collections::HashMap;

const SECRET_COLUMNS: &str = "digest, key_id, preview, is_primary, expires_at, created_at";

#[derive(sqlx::FromRow)]
struct SecretRow {
    digest: String,
    key_id: String,
    preview: String,
    is_primary: bool,
    expires_at: Option<i64>,
    created_at: i64,
}

pub(super) async fn with_secrets(tx: &mut Tx, rows: Vec<KeyRow>) -> Result<Vec<Key>, StoreError> {
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

/// Stores changed secrets of a key: those it no longer has are buried.
///
/// # Errors
/// Where the database refuses.
pub async fn replace(tx: &mut Tx, before: &Key, after: &Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM key_secrets WHERE key_id = $1",
        args![&after.id],
    )
    .await?;
    for secret in &after.secrets {
        insert(tx, &after.id, secret).await?;
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

pub(super) async fn insert(
    tx: &mut Tx,
    key_id: &str,
    secret: &KeySecret,
) -> Result<(), StoreError> {
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
