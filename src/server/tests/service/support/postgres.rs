//! One PostgreSQL server for the whole test binary, gone with the process.

use paddock_local::{Postgres, PostgresOptions};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

/// The URL of a fresh, empty database.
pub async fn fresh_database() -> String {
    static SERVER: OnceCell<Postgres> = OnceCell::const_new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let options = PostgresOptions {
        settings: &["fsync=off", "max_connections=400", "shared_buffers=64MB"],
        ..PostgresOptions::default()
    };
    let server = SERVER.get_or_try_init(|| Postgres::start(options)).await;
    let server = server.expect("these tests run on both databases");
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let admin = sqlx::PgPool::connect(&server.url())
        .await
        .expect("the test server answers");
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(sql)
        .execute(&admin)
        .await
        .expect("a database can be made");
    admin.close().await;
    server.url_of(&name)
}
