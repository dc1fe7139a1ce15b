//! Who is logged in to the console.

use super::record::{record, select};
use super::{StoreError, Tx, args};
use paddock_core::ids::KeyDigest;
use paddock_core::timestamp::Timestamp;

/// One login.
#[derive(Clone, Debug)]
pub struct Session {
    /// The SHA-256 of what the browser has.
    pub id: KeyDigest,
    /// The id of the key, or `operator` and the name of the operator's key.
    pub owner: String,
    /// The SHA-256 of the secret they logged in with.
    pub key_digest: KeyDigest,
    /// When they logged in.
    pub created_at: Timestamp,
    /// When they have to log in again.
    pub expires_at: Timestamp,
    /// Where they logged in from.
    pub client_address: String,
    /// What they logged in with.
    pub user_agent: String,
}

record! {
    Session in "sessions" {
        id, owner, key_digest, created_at, expires_at, client_address, user_agent,
    }
}

/// The login of that id, unless it has ended.
pub async fn find(
    tx: &mut Tx,
    id: &KeyDigest,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let sql = select::<Session>("WHERE id = $1 AND expires_at > $2");
    tx.optional(sql, args![id, now]).await
}

/// The logins of an owner, the newest first.
pub async fn of_owner(
    tx: &mut Tx,
    owner: &str,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let sql = select::<Session>(
        "WHERE owner = $1 AND expires_at > $2 ORDER BY created_at DESC, id LIMIT 100",
    );
    tx.all(sql, args![owner, now]).await
}

/// Stores a login, and forgets those that have ended and, of the same owner, all but the newest `most`.
pub async fn insert(
    tx: &mut Tx,
    session: &Session,
    most: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= $1", args![now])
        .await?;
    tx.insert(session).await?;
    let sql = "DELETE FROM sessions WHERE owner = $1 AND id NOT IN (SELECT id FROM sessions
        WHERE owner = $1 ORDER BY created_at DESC, id LIMIT $2)";
    tx.execute(sql, args![&session.owner, most]).await?;
    Ok(())
}

/// Ends a login.
pub async fn delete(tx: &mut Tx, id: &KeyDigest) -> Result<(), StoreError> {
    tx.execute("DELETE FROM sessions WHERE id = $1", args![id])
        .await?;
    Ok(())
}

/// Ends all logins of an owner.
pub async fn delete_of_owner(tx: &mut Tx, owner: &str) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM sessions WHERE owner = $1", args![owner])
        .await
}
