//! The database: one SQL text for SQLite and PostgreSQL.
//!
//! Every statement runs in a [`Tx`]. Reads are snapshots; writes on SQLite are serialized by one
//! connection, on PostgreSQL by the row locks that the functions of this module take.

pub mod alerts;
mod args;
pub mod audit;
pub mod auto_refills;
pub mod backup;
pub mod catalog;
pub mod charges;
mod columns;
mod connections;
mod copy;
pub mod corrections;
pub mod costs;
pub mod credits;
pub mod day_blocks;
pub mod deliveries;
mod error;
pub mod events;
pub(crate) mod intervals;
pub mod key_secrets;
pub mod keys;
pub mod latencies;
pub mod leases;
pub mod members;
mod migrations;
pub mod namespace_moves;
pub mod namespaces;
pub mod organizations;
pub mod partitions;
pub mod policy;
pub mod quota_overrides;
mod readiness;
mod record;
pub mod reports;
pub mod reservations;
pub(crate) mod retention;
pub mod role_overrides;
pub(crate) mod rollups;
pub mod sealed;
pub mod sessions;
pub mod shared_budgets;
pub mod shares;
pub(crate) mod spend;
pub mod stored_objects;
pub mod tag_rollups;
pub mod tags;
pub(crate) mod tasks;
mod tx;
pub mod usage;
pub mod usage_feed;
pub mod user_quotas;
pub(crate) mod user_rollups;
pub(crate) mod verification;
pub(crate) mod watermarks;
pub mod webhooks;

pub(crate) use args::args;
pub use args::{Args, Value};
pub use columns::Row;
pub use error::{Fault, StoreError};
pub use tx::Tx;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// How many connections there are, and how long anything waits for one.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Connections to PostgreSQL at most. SQLite has one that writes and four that read.
    pub connections: u32,
    /// How long a statement waits for a connection or a lock before it fails.
    pub patience: Duration,
}

impl Default for Pool {
    fn default() -> Self {
        Pool {
            connections: 16,
            patience: Duration::from_secs(10),
        }
    }
}

/// The database, by URL.
#[derive(Clone, Debug)]
pub enum Store {
    /// One file. A single connection writes, so that writers queue rather than poll for a lock.
    Sqlite {
        /// The connection that writes.
        write: SqlitePool,
        /// Connections that read snapshots beside it.
        read: SqlitePool,
    },
    /// A server, possibly shared by several replicas of the service.
    Postgres(PgPool),
}

impl Store {
    /// Opens `url` (`sqlite:PATH`, `sqlite:///PATH`, `postgres://…`, or a bare path) and brings
    /// its schema up to date.
    ///
    /// # Errors
    /// If the database cannot be reached or a migration fails.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        Store::open_with(url, Pool::default(), true)
            .await
            .map(|(store, _)| store)
    }

    /// As [`Store::open`], with connections of one's own number and patience, and where `create` is
    /// `false` only if the database is not a new one. Whether it is new.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::New`].
    pub async fn open_with(
        url: &str,
        pool: Pool,
        create: bool,
    ) -> Result<(Store, bool), StoreError> {
        let store = match Store::connect(url, pool, create).await {
            // SQLite has no such file: CANTOPEN.
            Err(error) if !create && sqlite_file(url).is_some_and(|file| !file.exists()) => {
                tracing::debug!(%error, "the database's file is absent");
                return Err(StoreError::New);
            }
            store => store?,
        };
        let is_new = !store.has_schema().await?;
        if is_new && !create {
            store.close().await;
            return Err(StoreError::New);
        }
        match &store {
            Store::Sqlite { write, .. } => migrations::SQLITE.run(write).await?,
            Store::Postgres(pool) => migrations::POSTGRES.run(pool).await?,
        }
        Ok((store, is_new))
    }

    /// Whether a schema of this program is there, of whichever version.
    async fn has_schema(&self) -> Result<bool, StoreError> {
        let mut tx = self.read().await?;
        let sql = match self {
            Store::Sqlite { .. } => {
                "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'"
            }
            Store::Postgres(_) => {
                "SELECT COUNT(*) FROM pg_tables WHERE tablename = '_sqlx_migrations'
                    AND schemaname = ANY(current_schemas(false))"
            }
        };
        let tables: i64 = tx.one(sql, args![]).await?;
        Ok(tables > 0)
    }

    /// Opens a database that is there, and leaves its schema as it is.
    ///
    /// # Errors
    /// If it does not exist or cannot be reached.
    pub async fn open_existing(url: &str) -> Result<Store, StoreError> {
        Store::connect(url, Pool::default(), false).await
    }

    async fn connect(url: &str, pool: Pool, create: bool) -> Result<Store, StoreError> {
        let patience = pool.patience;
        if backup::is_postgres(url) {
            let wait = format!("{}ms", patience.as_millis());
            // Statements are short: to start processes for one, or to compile it, takes longer than it.
            let options = PgConnectOptions::from_str(url)?.options([
                ("lock_timeout", wait.as_str()),
                ("max_parallel_workers_per_gather", "0"),
                ("jit", "off"),
            ]);
            let pool = connections::pool::<Postgres>(pool.connections, patience);
            return Ok(Store::Postgres(pool.connect_with(options).await?));
        }
        if let Some(scheme) = unknown_scheme(url) {
            return Err(StoreError::Scheme(scheme.to_owned()));
        }
        let options = sqlite_options(url)?
            .busy_timeout(patience)
            .create_if_missing(create);
        let write = connections::pool::<Sqlite>(1, patience);
        let write = write.connect_with(options.clone()).await?;
        let read = connections::pool::<Sqlite>(4, patience);
        let read = read.connect_with(options.read_only(true)).await?;
        Ok(Store::Sqlite { write, read })
    }

    /// A snapshot to read from.
    ///
    /// # Errors
    /// If no connection is free in time.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Store::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Store::Postgres(pool) => {
                begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?
            }
        })
    }

    /// A transaction to write in. It is undone if it is dropped without [`Tx::commit`].
    ///
    /// # Errors
    /// If no connection is free in time.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Store::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Store::Postgres(pool) => begin(pool, "BEGIN").await?,
        })
    }

    /// How many connections there are, and how many of them nobody uses.
    pub fn connections(&self) -> (u64, u64) {
        let of = |size: u32, idle: usize| (u64::from(size), idle as u64);
        match self {
            Store::Sqlite { write, read } => {
                let (write, read) = (
                    of(write.size(), write.num_idle()),
                    of(read.size(), read.num_idle()),
                );
                (
                    write.0.saturating_add(read.0),
                    write.1.saturating_add(read.1),
                )
            }
            Store::Postgres(pool) => of(pool.size(), pool.num_idle()),
        }
    }

    /// Waits for open statements and closes every connection.
    pub async fn close(&self) {
        match self {
            Store::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Store::Postgres(pool) => pool.close().await,
        }
    }
}

/// Begins to the end, also where whoever asked has left meanwhile: sqlx does not roll back a
/// transaction whose `BEGIN` nobody waits for any more, and its connection's next user would find
/// itself in it.
async fn begin(pool: &PgPool, statement: &'static str) -> Result<Tx, StoreError> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    let begun = begun.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
    Ok(Tx::Postgres(begun?))
}

/// SQLite's file, if the database is one.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    if backup::is_postgres(url) || unknown_scheme(url).is_some() {
        return None;
    }
    let options = sqlite_options(url).ok()?;
    Some(options.get_filename().to_owned())
}

/// The scheme of a URL that is of neither database.
fn unknown_scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once("://")?;
    (!["sqlite", "postgres", "postgresql"].contains(&scheme)).then_some(scheme)
}

fn sqlite_options(url: &str) -> Result<SqliteConnectOptions, sqlx::Error> {
    let options = if url.starts_with("sqlite:") {
        SqliteConnectOptions::from_str(url)?
    } else {
        SqliteConnectOptions::new().filename(url)
    };
    Ok(options
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("cache_size", "-65536")
        .pragma("wal_autocheckpoint", "4000")
        .statement_cache_capacity(256))
}

/// A whole number as the database holds it, at the end of the range if it does not fit.
pub fn stored(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A whole number as the program holds it; what is negative is zero.
pub fn loaded(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
