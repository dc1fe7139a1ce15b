//! Whether the database can be worked with: read from, and written to.

use super::{Store, StoreError, args, migrations};

impl Store {
    /// Whether the database takes a write and its schema is this program's.
    ///
    /// # Errors
    /// If it does not answer or cannot write.
    pub async fn is_ready(&self) -> Result<bool, StoreError> {
        let sql = "SELECT MAX(version) FROM _sqlx_migrations WHERE success";
        let applied: Option<(i64,)> = self.read().await?.optional(sql, args![]).await?;
        let migrations = match self {
            Store::Sqlite { .. } => &migrations::SQLITE,
            Store::Postgres(_) => &migrations::POSTGRES,
        };
        let newest = migrations.iter().map(|migration| migration.version).max();
        if applied.map(|(version,)| version) < newest {
            return Ok(false);
        }
        let mut tx = self.write().await?;
        let sql = "UPDATE write_checks SET number = number + 1";
        tx.execute(sql, args![]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
