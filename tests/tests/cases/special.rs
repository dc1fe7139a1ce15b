//! Cases that a request and an answer cannot say. Each tells what differs.

use crate::case::Ask;
use crate::client;
use crate::connections;
use crate::request;
use crate::site::{Site, Tenant};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, Row};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Runs a case.
pub async fn run(site: &Site, tenant: &Tenant, id: &str) -> Vec<String> {
    match id {
        "conn_pipe" => connections::pipelined(site, tenant).await,
        "conn_reuse" => connections::used_again(site, tenant).await,
        "E2" => late_bookings_are_streamed(site, tenant).await,
        "E8" => keys_of_one_name_are_made_as_fast_as_the_first(site).await,
        "E10" => strangers_cost_no_transaction(site).await,
        _ => panic!("nothing runs {id}"),
    }
}

/// Of each part of the keys the fastest is compared: a busy machine makes none faster.
async fn keys_of_one_name_are_made_as_fast_as_the_first(site: &Site) -> Vec<String> {
    let mut times = Vec::new();
    for _ in 0..220 {
        let since = Instant::now();
        site.manage("POST", "/v1/keys", &json!({"name": "probing"}))
            .await;
        times.push(since.elapsed());
    }
    let fastest = |times: &[Duration]| *times.iter().min().unwrap();
    let (first, last) = (fastest(&times[..40]), fastest(&times[180..]));
    match last > first * 3 {
        true => vec![format!("the first keys take {first:?}, the last {last:?}")],
        false => Vec::new(),
    }
}

/// A table that booking writes to is locked for longer than the stream looks back.
async fn late_bookings_are_streamed(site: &Site, tenant: &Tenant) -> Vec<String> {
    const CALLS: u64 = 3;
    let database = site.database.clone();
    let locked = tokio::spawn(async move {
        let mut connection = PgConnection::connect(&database).await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        for statement in ["LOCK TABLE latencies IN SHARE MODE", "SELECT pg_sleep(5)"] {
            sqlx::query(statement)
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.rollback().await.unwrap();
    });
    let path = format!(
        "/v1/usage/stream?namespace={}&granularity=1s",
        tenant.namespace
    );
    let stream = ask(json!({
        "method": "GET", "path": path, "leave": {"after_ms": 12_000},
        "headers": {"Authorization": format!("Bearer {}", site.operator.key())},
    }));
    let stream = request::write(&stream, "", "", 0);
    let calls = async {
        for pause in [0, 2_000, 4_000] {
            sleep(Duration::from_millis(pause)).await;
            let call = request::write(&ask(json!({"chat": {}})), "", &tenant.key, 0);
            client::ask(site.address, &call).await;
        }
        locked.await.unwrap();
    };
    let (streamed, ()) = tokio::join!(client::ask(site.address, &stream), calls);
    let text = streamed.text();
    let rows = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let rows = rows.map(|row| serde_json::from_str::<Value>(row).unwrap());
    let told: u64 = rows.map(|row| row["requests"].as_u64().unwrap()).sum();
    let mut connection = PgConnection::connect(&site.database).await.unwrap();
    let booked = "SELECT count(*) FROM events WHERE namespace = $1";
    let booked = sqlx::query(booked).bind(&tenant.namespace);
    let booked: i64 = booked.fetch_one(&mut connection).await.unwrap().get(0);
    match (told, booked) {
        (CALLS, 3) => Vec::new(),
        _ => vec![format!(
            "{CALLS} calls: {told} were streamed, {booked} booked"
        )],
    }
}

async fn strangers_cost_no_transaction(site: &Site) -> Vec<String> {
    let mut connection = PgConnection::connect(&site.database).await.unwrap();
    let stranger = request::write(
        &ask(json!({"method": "GET", "path": "/v1/keys", "key": false})),
        "",
        "",
        0,
    );
    let before = transactions(&mut connection).await;
    for _ in 0..200 {
        client::ask(site.address, &stranger).await;
    }
    let after = transactions(&mut connection).await;
    // What the service does by itself meanwhile is some dozens.
    match after - before {
        0..100 => Vec::new(),
        count => vec![format!("200 calls without a key cost {count} transactions")],
    }
}

/// How many transactions the database has ended. It counts with a delay of up to a second.
async fn transactions(connection: &mut PgConnection) -> i64 {
    sleep(Duration::from_millis(1_500)).await;
    let query = "SELECT xact_commit + xact_rollback FROM pg_stat_database \
        WHERE datname = current_database()";
    let row = timeout(
        Duration::from_secs(5),
        sqlx::query(query).fetch_one(connection),
    );
    row.await.unwrap().unwrap().get(0)
}

fn ask(value: Value) -> Ask {
    serde_json::from_value(value).unwrap()
}
