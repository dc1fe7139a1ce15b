//! Texts that are encrypted at rest, wherever they are.

use super::{StoreError, Tx, args};
use crate::model::sealed::Sealed;

/// A column of such texts.
#[derive(Clone, Copy, Debug)]
pub struct SealedColumn {
    table: &'static str,
    column: &'static str,
    /// Which rows have one.
    rows: &'static str,
}

const fn column(table: &'static str, column: &'static str, rows: &'static str) -> SealedColumn {
    SealedColumn {
        table,
        column,
        rows,
    }
}

/// All of them.
pub const COLUMNS: [SealedColumn; 5] = [
    column("webhooks", "url", "url <> ''"),
    column("webhooks", "secret", "secret <> ''"),
    column("alerts", "webhook_url", "webhook_url <> ''"),
    column("alerts", "secret", "secret <> ''"),
    // Mail addresses are not.
    column("deliveries", "target", "channel <> 'email'"),
];

/// At most `most` rows behind the id `after` whose text is not encrypted with `key`, by id.
pub async fn under_other_keys(
    tx: &mut Tx,
    place: SealedColumn,
    key: &str,
    after: &str,
    most: u64,
) -> Result<Vec<(String, Sealed)>, StoreError> {
    let SealedColumn {
        table,
        column,
        rows,
    } = place;
    let sql = format!(
        "SELECT id, {column} FROM {table} WHERE id > $1 AND {rows} AND {column} NOT LIKE $2
            ORDER BY id LIMIT $3"
    );
    let pattern = format!("{}%", Sealed::beginning(key));
    tx.all(sql, args![after, pattern, most]).await
}

/// Puts the same text, encrypted otherwise, into its row, unless it was replaced meanwhile.
pub async fn replace(
    tx: &mut Tx,
    place: SealedColumn,
    id: &str,
    before: &Sealed,
    after: &Sealed,
) -> Result<(), StoreError> {
    let SealedColumn { table, column, .. } = place;
    let sql = format!("UPDATE {table} SET {column} = $3 WHERE id = $1 AND {column} = $2");
    tx.execute(sql, args![id, before, after]).await?;
    Ok(())
}
