//! Databases as earlier versions left them.

use super::{Backend, TestApp};
use paddock_server::config::PolicyOptions;
use sqlx::AssertSqlSafe;
use sqlx::migrate::{Migration, Migrator};
use std::path::Path;

/// The migrations of a database before one.
async fn earlier(database: &str, before: i64) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/migrations");
    let common = Migrator::new(folder.clone()).await.unwrap();
    let own = Migrator::new(folder.join(database)).await.unwrap();
    let all = common.iter().chain(own.iter());
    let old = all.filter(|one| one.version < before).cloned();
    Migrator::with_migrations(old.collect::<Vec<Migration>>())
}

/// An app on a database from before a migration, filled by statements that are made of its second, at
/// noon of 2026-03-15 (UTC); and one on another database, which keeps the folder of the first.
pub async fn taken_over(
    backend: Backend,
    before: i64,
    statements: impl Fn(u64) -> Vec<String>,
) -> [TestApp; 2] {
    let mut app = TestApp::start(backend).await;
    let statements = statements(app.now().secs());
    app.url = match backend {
        Backend::Sqlite => {
            let url = app.url.replace("paddock.db", "old.db");
            let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
            let pool = sqlx::SqlitePool::connect_with(options.create_if_missing(true));
            let pool = pool.await.unwrap();
            earlier("sqlite", before).await.run(&pool).await.unwrap();
            for sql in statements {
                sqlx::query(AssertSqlSafe(sql))
                    .execute(&pool)
                    .await
                    .unwrap();
            }
            pool.close().await;
            url
        }
        Backend::Postgres => {
            let (server, host) = app.url.split_once('?').unwrap();
            let name = format!("{}_old", server.rsplit_once('/').unwrap().1);
            let pool = sqlx::PgPool::connect(&app.url).await.unwrap();
            // A locale that, unlike that of other tests, puts "Zoo" behind "zebra".
            let sql = AssertSqlSafe(format!(
                "CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
            ));
            sqlx::query(sql).execute(&pool).await.unwrap();
            pool.close().await;
            let url = format!("{server}_old?{host}");
            let pool = sqlx::PgPool::connect(&url).await.unwrap();
            earlier("postgres", before).await.run(&pool).await.unwrap();
            for sql in statements {
                sqlx::query(AssertSqlSafe(sql))
                    .execute(&pool)
                    .await
                    .unwrap();
            }
            pool.close().await;
            url
        }
    };
    let replica = app.replica(PolicyOptions::default()).await;
    [replica, app]
}
