//! Organizations that namespaces were moved out of.

use super::{StoreError, Tx, args};
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Notes that a namespace has left an organization.
pub async fn note(
    tx: &mut Tx,
    (namespace, organization): (&str, &str),
    revision: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO namespace_moves (namespace, organization, moved_at, revision)
        VALUES ($1, $2, $3, $4) ON CONFLICT (namespace, organization)
        DO UPDATE SET moved_at = excluded.moved_at, revision = excluded.revision";
    tx.execute(sql, args![namespace, organization, now, revision])
        .await?;
    Ok(())
}

/// When those of some namespaces that were moved left which organizations.
pub async fn of(
    tx: &mut Tx,
    namespaces: &BTreeSet<&str>,
) -> Result<BTreeMap<(String, String), Timestamp>, StoreError> {
    let head = "SELECT namespace, organization, moved_at FROM namespace_moves WHERE namespace";
    let rows: Vec<(String, String, Timestamp)> = tx.among(head, args![], namespaces, "").await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(namespace, organization, at)| ((namespace, organization), at))
        .collect())
}

/// The namespaces that left one of these organizations after a revision.
pub async fn since(
    tx: &mut Tx,
    organizations: &BTreeSet<String>,
    revision: u64,
) -> Result<Vec<String>, StoreError> {
    let head = "SELECT namespace FROM namespace_moves WHERE revision > $1 AND organization";
    tx.among(head, args![revision], organizations, "").await
}
