//! The secrets of keys: only their digests.

use super::record::{columns, insert_into, record};
use super::{StoreError, Tx, args};
use crate::model::{Key, KeySecret};
use paddock_core::ids::KeyDigest;
use std::collections::{HashMap, HashSet};

record! { KeySecret { digest, preview, is_primary, expires_at, created_at } }

/// Reads the secrets of keys.
pub(super) async fn load(tx: &mut Tx, mut keys: Vec<Key>) -> Result<Vec<Key>, StoreError> {
    let head = format!(
        "SELECT key_id, {} FROM key_secrets WHERE key_id",
        columns::<KeySecret>().join(", ")
    );
    let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let secrets: Vec<(String, KeySecret)> = tx
        .among(&head, args![], ids, "ORDER BY is_primary DESC")
        .await?;
    let mut by_key: HashMap<String, Vec<KeySecret>> = HashMap::new();
    for (key, secret) in secrets {
        by_key.entry(key).or_default().push(secret);
    }
    for key in &mut keys {
        key.secrets = by_key.remove(&key.id).unwrap_or_default();
    }
    Ok(keys)
}

/// Those of some digests that are of a key's secret.
pub async fn known(tx: &mut Tx, digests: &[KeyDigest]) -> Result<HashSet<KeyDigest>, StoreError> {
    let head = "SELECT digest FROM key_secrets WHERE digest";
    let known: Vec<KeyDigest> = tx.among(head, args![], digests, "").await?;
    Ok(known.into_iter().collect())
}

pub(super) async fn insert(
    tx: &mut Tx,
    key_id: &str,
    secret: &KeySecret,
) -> Result<(), StoreError> {
    let mut names = vec!["key_id"];
    names.extend(columns::<KeySecret>());
    let sql = insert_into("key_secrets", &names);
    tx.execute(sql, args![key_id, secret]).await?;
    Ok(())
}
