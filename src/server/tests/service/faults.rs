//! The database fails, and is well again: nobody has to restart the service.

use crate::support::{ADMIN, Event, GATEWAY, Gateway, TestApp, on_both_databases};
use paddock_ledger::store::{Args, Fault, Store, StoreError, Tx};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

/// Ends every other connection to the PostgreSQL database of an app.
async fn cut(app: &TestApp) {
    let pool = sqlx::PgPool::connect(&app.url).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query(sql).execute(&pool).await.unwrap();
    pool.close().await;
}

/// Leaves SQLite room for so many more pages.
async fn leave_room(app: &TestApp, more: i64) {
    let Store::Sqlite { write, .. } = &app.app.store else {
        panic!("not SQLite");
    };
    let pages: (i64,) = sqlx::query_as("PRAGMA page_count")
        .fetch_one(write)
        .await
        .unwrap();
    let sql = format!("PRAGMA max_page_count = {}", pages.0 + more);
    sqlx::query(AssertSqlSafe(sql))
        .execute(write)
        .await
        .unwrap();
}

fn batch(gateway: &Gateway, events: &[Value]) -> Value {
    json!({
        "gateway": gateway.name,
        "revision": 0,
        "batch": { "number": 1, "events": events },
        "leases": [],
    })
}

async fn works(app: &TestApp) {
    app.get("/readyz").await.expect(200);
    app.make_key(json!({ "name": "later" })).await;
    Gateway::new("later", 9).sync(app, 0, &[], json!([])).await;
}

on_both_databases! {
    async fn what_fails_in_the_midst_is_undone_and_the_next_write_succeeds(app) {
        let gateway = Gateway::new("one", 1);
        let event = |_| gateway.event(app, Event { cost: 1_000, ..Event::default() });
        let events: Vec<Value> = (0..200).map(event).collect();
        let body = batch(&gateway, &events);
        match &app.app.store {
            Store::Sqlite { .. } => {
                leave_room(app, 2).await;
                let refused = app.call(GATEWAY, "POST", "/gateway/v1/sync", body.clone()).await;
                let error = refused.expect(503)["error"].clone();
                assert_eq!(error["code"], "accounting_unavailable");
                let message = error["message"].as_str().unwrap();
                assert!(message.contains("disk is full") && message.contains("make room"), "{message}");
                leave_room(app, 1_000_000).await;
            }
            Store::Postgres(_) => {
                let mut tx = app.app.store.write().await.unwrap();
                let sql = "UPDATE policy SET revision = revision + 1000";
                tx.execute(sql, Args::new()).await.unwrap();
                cut(app).await;
                let error = tx.execute(sql, Args::new()).await.unwrap_err();
                assert_eq!(error.fault(), Some(Fault::Silent), "{error}");
                drop(tx);
            }
        }
        app.call(GATEWAY, "POST", "/gateway/v1/sync", body.clone()).await.expect(200);
        app.call(GATEWAY, "POST", "/gateway/v1/sync", body).await.expect(200);
        let audit = app.get("/v1/audit?limit=1000").await.expect(200);
        let calls = audit["data"].as_array().unwrap().len();
        assert_eq!(calls, 200, "each event once");
        works(app).await;
    }

    async fn a_commit_that_fails_leaves_a_service_that_works(app) {
        let mut tx = app.app.store.write().await.unwrap();
        let sql = "UPDATE policy SET revision = revision + 1000";
        tx.execute(sql, Args::new()).await.unwrap();
        match &mut tx {
            // The transaction ends by itself, as SQLite does it at a fault, and sqlx does not know.
            Tx::Sqlite(open) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut **open).await.unwrap();
                let error = tx.commit().await.unwrap_err();
                assert!(matches!(error, StoreError::Commit(_)), "{error}");
            }
            Tx::Postgres(_) => {
                cut(app).await;
                let error = tx.commit().await.unwrap_err();
                assert_eq!(error.fault(), Some(Fault::Uncertain), "{error}");
            }
        }
        works(app).await;
    }

    async fn a_reader_whose_transaction_ended_by_itself_is_replaced(app) {
        for _ in 0..8 {
            let mut tx = app.app.store.read().await.unwrap();
            match &mut tx {
                Tx::Sqlite(open) => {
                    sqlx::raw_sql("ROLLBACK").execute(&mut **open).await.unwrap();
                }
                Tx::Postgres(_) => cut(app).await,
            }
        }
        app.get("/v1/keys").await.expect(200);
        works(app).await;
    }

    async fn connections_lost_at_any_moment_cost_single_answers_alone(app) {
        if let Store::Sqlite { .. } = app.app.store {
            return;
        }
        app.make_key(json!({ "name": "team" })).await;
        let gateway = Gateway::new("one", 1);
        let cutting = async {
            for _ in 0..25 {
                cut(app).await;
                tokio::time::sleep(std::time::Duration::from_millis(15)).await;
            }
        };
        let calling = async {
            for number in 0..120 {
                let event = gateway.event(app, Event { cost: 1_000, ..Event::default() });
                let body = batch(&gateway, &[event]);
                let mut tries = 0;
                loop {
                    let answer = app.call(GATEWAY, "POST", "/gateway/v1/sync", body.clone()).await;
                    if answer.status == 200 {
                        break;
                    }
                    assert_eq!(answer.status, 503, "{:#}", answer.body);
                    tries += 1;
                    assert!(tries < 100);
                }
                let made = json!({ "name": format!("key-{number}"), "namespace": "team" });
                let made = app.call(ADMIN, "POST", "/v1/keys", made).await;
                assert!([201, 503].contains(&made.status), "{:#}", made.body);
            }
        };
        tokio::join!(cutting, calling);
        let usage = app.get("/v1/namespaces/team/usage?period=all").await.expect(200);
        assert_eq!(usage["request_count"], 120, "each event once");
        works(app).await;
    }
}
