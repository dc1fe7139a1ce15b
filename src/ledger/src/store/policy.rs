//! The revision of the policy: one counter for keys, namespaces, organizations and the catalog.

use super::{StoreError, Tx, args, keys, namespaces, organizations};
use paddock_core::ids::{InstallationId, KeyDigest};
use paddock_core::wire::PolicyChanges;

/// Most changes told in one answer; a gateway further behind starts anew. A user's quota weighs a
/// twentieth: a namespace comes with all of its users'.
const MOST_CHANGES: i64 = 1_000;

/// What a tombstone is of.
#[derive(Clone, Copy, Debug)]
pub enum Deleted {
    /// A secret of a key: the name is its digest.
    Secret,
    /// A namespace.
    Namespace,
    /// An organization.
    Organization,
}

impl Deleted {
    const fn name(self) -> &'static str {
        match self {
            Deleted::Secret => "secret",
            Deleted::Namespace => "namespace",
            Deleted::Organization => "organization",
        }
    }
}

/// Counts the revision up. Everything that changes policy calls this first: it also is the lock
/// that makes revisions become visible in their order.
pub async fn next_revision(tx: &mut Tx) -> Result<u64, StoreError> {
    let sql = "UPDATE policy SET revision = revision + 1 WHERE id = 1 RETURNING revision";
    tx.one(sql, args![]).await
}

/// The revision of the policy, and that of the catalog.
pub async fn revisions(tx: &mut Tx) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT revision, catalog_revision FROM policy WHERE id = 1";
    tx.one(sql, args![]).await
}

/// Which installation the database is of.
pub async fn installation(tx: &mut Tx) -> Result<Option<InstallationId>, StoreError> {
    let sql = "SELECT installation FROM policy WHERE id = 1";
    let digits: String = tx.one(sql, args![]).await?;
    Ok(InstallationId::from_hex(&digits))
}

/// Stores a tombstone: a deletion that gateways have to learn of.
pub async fn add_tombstone(
    tx: &mut Tx,
    kind: Deleted,
    name: &str,
    revision: u64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO tombstones (kind, name, revision) VALUES ($1, $2, $3)
        ON CONFLICT (kind, name) DO UPDATE SET revision = excluded.revision";
    tx.execute(sql, args![kind.name(), name, revision]).await?;
    Ok(())
}

/// Deletes a tombstone, because something of that name was created again.
pub async fn delete_tombstone(tx: &mut Tx, kind: Deleted, name: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM tombstones WHERE kind = $1 AND name = $2";
    tx.execute(sql, args![kind.name(), name]).await?;
    Ok(())
}

/// Deletes old tombstones: all but those of the last `keep` revisions. How many.
pub async fn delete_tombstones(tx: &mut Tx, keep: u64) -> Result<u64, StoreError> {
    let (revision, _) = revisions(tx).await?;
    let last = revision.saturating_sub(keep);
    let sql = "DELETE FROM tombstones WHERE revision <= $1";
    let deleted = tx.execute(sql, args![last]).await?;
    if deleted > 0 {
        let sql = "UPDATE policy SET forgotten_revision = $1 WHERE id = 1";
        tx.execute(sql, args![last]).await?;
    }
    Ok(deleted)
}

/// What changed after `since`: all of it, or an order to start anew.
pub async fn changes(tx: &mut Tx, since: u64) -> Result<PolicyChanges, StoreError> {
    let (revision, catalog_revision) = revisions(tx).await?;
    let mut changes = PolicyChanges {
        revision,
        ..PolicyChanges::default()
    };
    if since == revision {
        return Ok(changes);
    }
    let sql = "SELECT (SELECT COUNT(*) FROM keys WHERE revision > $1)
        + (SELECT COUNT(*) FROM namespaces WHERE revision > $1)
        + (SELECT COUNT(*) FROM organizations WHERE revision > $1)
        + (SELECT COUNT(*) FROM tombstones WHERE revision > $1)
        + (SELECT COUNT(*) FROM user_quotas JOIN namespaces ON name = namespace
            WHERE revision > $1) / 20";
    let count: i64 = tx.one(sql, args![since]).await?;
    let sql = "SELECT forgotten_revision FROM policy WHERE id = 1";
    let forgotten: u64 = tx.one(sql, args![]).await?;
    if since > revision || since < forgotten || count > MOST_CHANGES {
        changes.reset = true;
        changes.catalog = Some(super::catalog::load(tx).await?);
        return Ok(changes);
    }
    changes.keys = keys::changed_since(tx, since).await?;
    changes.namespaces = namespaces::changed_since(tx, since).await?;
    changes.organizations = organizations::changed_since(tx, since).await?;
    let sql = "SELECT kind, name FROM tombstones WHERE revision > $1 ORDER BY revision";
    for (kind, name) in tx.all::<(String, String)>(sql, args![since]).await? {
        match kind.as_str() {
            "secret" => changes.removed_keys.extend(KeyDigest::from_hex(&name)),
            "organization" => changes.removed_organizations.push(name),
            _ => changes.removed_namespaces.push(name),
        }
    }
    if catalog_revision > since {
        changes.catalog = Some(super::catalog::load(tx).await?);
    }
    Ok(changes)
}
