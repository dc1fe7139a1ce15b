//! What one replica does for all.

use super::{StoreError, Tx, args};
use paddock_core::timestamp::Timestamp;

/// Takes a task that is due at `now`: it is due again at `next`. `false` if another replica has
/// taken it, or it is not due.
pub async fn take(
    tx: &mut Tx,
    name: &str,
    now: Timestamp,
    next: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE tasks SET due_at = $3 WHERE name = $1 AND due_at <= $2";
    Ok(tx.execute(sql, args![name, now, next]).await? > 0)
}
