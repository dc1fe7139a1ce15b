//! One PostgreSQL server for the whole test binary, gone with the process.

use paddock_ledger::store::Store;
use paddock_local::{Postgres, PostgresOptions};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

/// The database of which those of the tests are copies.
const MIGRATED: &str = "migrated";

/// The URL of a fresh database with the schema and nothing else.
pub async fn fresh_database() -> String {
    static SERVER: OnceCell<Postgres> = OnceCell::const_new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(start).await;
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    create(server, &format!("{name} TEMPLATE {MIGRATED}")).await;
    server.url_of(&name)
}

async fn start() -> Postgres {
    let options = PostgresOptions {
        settings: &["fsync=off", "max_connections=400", "shared_buffers=64MB"],
        ..PostgresOptions::default()
    };
    let server = Postgres::start(options).await;
    let server = server.expect("these tests run on both databases");
    create(&server, MIGRATED).await;
    let store = Store::open(&server.url_of(MIGRATED)).await.unwrap();
    store.close().await;
    server
}

async fn create(server: &Postgres, database: &str) {
    let admin = sqlx::PgPool::connect(&server.url())
        .await
        .expect("the test server answers");
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"));
    sqlx::query(sql)
        .execute(&admin)
        .await
        .expect("a database can be made");
    admin.close().await;
}
