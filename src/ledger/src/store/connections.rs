//! Pools of connections that heal by themselves.

use sqlx::pool::PoolOptions;
use sqlx::{Connection, Database};
use std::time::Duration;

/// A pool that gives nobody a connection which is still in a transaction.
///
/// SQLite ends a transaction by itself if the disk is full, a read or write fails, memory is short or
/// the statement is interrupted (<https://www.sqlite.org/lang_transaction.html>, section 2.3). sqlx's
/// `ROLLBACK` then fails, and it counts the transaction as open for ever: every later `BEGIN` on this
/// connection would be refused. Such a connection is closed, and a new one takes its place.
pub fn pool<DB: Database>(most: u32, patience: Duration) -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(most)
        .acquire_timeout(patience)
        .before_acquire(|connection: &mut DB::Connection, _| {
            // The pool has pinged it, so its queue of commands is empty: a rollback has been tried.
            let usable = !connection.is_in_transaction();
            if !usable {
                tracing::warn!("a database connection was left in a transaction: replacing it");
            }
            Box::pin(std::future::ready(Ok(usable)))
        })
}
