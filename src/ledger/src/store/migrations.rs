//! The schema: one text for both databases, and what only one of them can do.

use sqlx::migrate::{Migration, Migrator};
use std::sync::LazyLock;

static COMMON: Migrator = sqlx::migrate!("./migrations");
static SQLITE_ONLY: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES_ONLY: Migrator = sqlx::migrate!("./migrations/postgres");

/// All of SQLite's.
pub static SQLITE: LazyLock<Migrator> = LazyLock::new(|| with(&SQLITE_ONLY));
/// All of PostgreSQL's.
pub static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| with(&POSTGRES_ONLY));

/// The common ones and those of one database, in the order of their numbers.
fn with(own: &Migrator) -> Migrator {
    let all = COMMON.iter().chain(own.iter());
    Migrator::with_migrations(all.cloned().collect::<Vec<Migration>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice() {
        for migrator in [&*SQLITE, &*POSTGRES] {
            let mut numbers: Vec<i64> = migrator.iter().map(|one| one.version).collect();
            assert!(numbers.is_sorted());
            let count = numbers.len();
            numbers.dedup();
            assert_eq!(numbers.len(), count);
        }
    }
}
