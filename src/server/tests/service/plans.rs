//! How the databases answer reports: by indexes of the sums, and never by reading all of a table, or
//! any event. The statements are those that requests make, so a new report is covered by asking it.

use crate::support::{Backend, Event, Gateway, TestApp};
use serde_json::{Value, json};
use sqlx::{Connection, Row};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// What grows with use.
const LARGE: [&str; 7] = [
    "events",
    "rollups",
    "latencies",
    "user_rollups",
    "tag_rollups",
    "peaks",
    "spend",
];

/// Hears every statement that is run.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<BTreeSet<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut found = Found::default();
            event.record(&mut found);
            // The summary is the statement where that is short.
            let sql = if found.0.trim().is_empty() {
                found.1
            } else {
                found.0
            };
            self.0.lock().unwrap().insert(sql.trim().to_owned());
        }
    }
}

#[derive(Default)]
struct Found(String, String);

impl Visit for Found {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "db.statement" => value.clone_into(&mut self.0),
            "summary" => value.clone_into(&mut self.1),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The statements that read a large table in answers to every report.
async fn statements(app: &TestApp) -> Vec<String> {
    let key = app
        .make_key(json!({ "name": "team", "monthly_quota_usd": 5 }))
        .await;
    let id = key["id"].as_str().unwrap();
    let gateway = Gateway::new("one", 1);
    let mut event = gateway.event(
        app,
        Event {
            key: id,
            cost: 5,
            ..Event::default()
        },
    );
    event["user"] = json!("bob");
    gateway.sync(app, 0, &[event], json!([])).await;
    let mut paths = Vec::new();
    for period in ["current_month", "7d", "30d", "90d", "all"] {
        paths.push(format!("/v1/namespaces/team/usage?period={period}"));
        paths.push(format!("/v1/team/usage?namespace=team&period={period}"));
        for granularity in ["hour", "day", "month"] {
            paths.push(format!(
                "/v1/keys/{id}/usage?period={period}&granularity={granularity}"
            ));
        }
        for group in ["team", "key", "user", "tag", "model"] {
            for of in ["", "&namespace=team", "&organization=default"] {
                paths.push(format!(
                    "/v1/cost-attribution?period={period}&group_by={group}{of}"
                ));
            }
        }
    }
    for of in ["", "&namespace=team", "&organization=default"] {
        for group in [
            "namespace",
            "organization",
            "model",
            "upstream",
            "key",
            "user",
            "tag",
        ] {
            for period in ["7d", "30d", "all"] {
                let of = format!("{of}&group_by={group}&period={period}");
                for granularity in ["hour", "day", "month"] {
                    paths.push(format!("/v1/usage/series?granularity={granularity}{of}"));
                }
                paths.push(format!("/v1/usage/table?model=gpt-4.1{of}"));
            }
        }
        paths.push(format!("/v1/usage/series?key={id}{of}"));
        paths.push(format!("/v1/requests?limit=20{of}"));
        let narrowed = "outcome=refused&status=429&code=x&user=bob&request_id=r&min_cost_usd=1";
        paths.push(format!(
            "/v1/requests?{narrowed}&model=gpt-4.1&key={id}{of}"
        ));
        paths.push(format!("/v1/audit?limit=20{of}"));
        let edges = "start_date=2026-01-10T03:30:30Z&end_date=2026-03-15T11:45:30Z";
        paths.push(format!("/v1/audit?aggregation=per_key&{edges}{of}"));
    }
    paths.push(format!("/v1/keys/{id}/status"));
    let heard = Statements::default();
    // Where there is but one subscriber, a statement that another test's thread is the first to log is
    // never asked of this thread's: so there are two.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    let subscriber = tracing_subscriber::registry().with(heard.clone());
    {
        let _heard = tracing::subscriber::set_default(subscriber);
        for path in &paths {
            // 400 where a series would be too long.
            let answer = app.get(path).await;
            assert!(
                [200, 400].contains(&answer.status),
                "{path}: {}",
                answer.body
            );
        }
    }
    let heard = heard.0.lock().unwrap();
    let reads = |sql: &&String| LARGE.iter().any(|table| sql.contains(table));
    let found: Vec<String> = heard.iter().filter(reads).cloned().collect();
    assert!(found.len() > 20, "{heard:#?}");
    found
}

/// The statement as SQLite is given it: rows and values of one column are lists there.
fn on_sqlite(sql: &str) -> String {
    let sql = &sql
        .replace(
            "= ANY(ARRAY(SELECT place FROM steps))",
            "IN (SELECT place FROM steps)",
        )
        .replace("= ANY(", "IN (")
        .replace("::TEXT[])", ")")
        .replace("::BIGINT[])", ")");
    let Some((head, rest)) = sql.split_once("SELECT * FROM UNNEST(") else {
        return sql.to_owned();
    };
    let (columns, rest) = rest.split_once(") AS rows (").unwrap();
    let (_, tail) = rest.split_once(')').unwrap();
    let values = vec!["NULL"; columns.split(',').count()].join(", ");
    format!("{head} VALUES ({values}) {tail}")
}

/// The statements are heard of on PostgreSQL, whose driver runs them on this one thread. Both are one
/// test, because hearing is for one at a time.
#[tokio::test(flavor = "current_thread")]
async fn reports_read_no_table_whole() {
    let app = &TestApp::start(Backend::Postgres).await;
    let statements = statements(app).await;
    on_postgresql(app, &statements).await;
    let app = TestApp::start(Backend::Sqlite).await;
    for sql in &statements {
        let sql = on_sqlite(sql);
        let mut tx = app.app.store.read().await.unwrap();
        let plan: Vec<(i64, i64, i64, String)> = tx
            .all(format!("EXPLAIN QUERY PLAN {sql}"), Vec::new())
            .await
            .unwrap();
        for (.., step) in plan {
            let name = step.split_whitespace().nth(1).unwrap_or_default();
            let is_large = LARGE
                .iter()
                .any(|table| name == *table || sql.contains(&format!("{table} AS {name}")));
            // Of one granularity alone is most of the table.
            let is_whole = step.starts_with("SCAN") || step.ends_with("(granularity=?)");
            assert!(!is_large || !is_whole, "{step}: {sql}");
        }
    }
}

async fn on_postgresql(app: &TestApp, statements: &[String]) {
    let mut connection = sqlx::PgConnection::connect(&app.url).await.unwrap();
    // Small tables are read whole whatever indexes there are: what is asked is whether there are any.
    for setting in [
        "enable_seqscan = off",
        "plan_cache_mode = force_generic_plan",
    ] {
        let sql = sqlx::AssertSqlSafe(format!("SET {setting}"));
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
    for (number, sql) in statements.iter().enumerate() {
        let parameters = (1..50).rev().find(|n| sql.contains(&format!("${n}")));
        let nulls = vec!["NULL"; parameters.unwrap_or(0)].join(", ");
        let prepare = sqlx::AssertSqlSafe(format!("PREPARE s{number} AS {sql}"));
        sqlx::raw_sql(prepare)
            .execute(&mut connection)
            .await
            .unwrap();
        let execute = match nulls.is_empty() {
            true => format!("EXPLAIN (FORMAT JSON) EXECUTE s{number}"),
            false => format!("EXPLAIN (FORMAT JSON) EXECUTE s{number} ({nulls})"),
        };
        let row = sqlx::raw_sql(sqlx::AssertSqlSafe(execute))
            .fetch_one(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
        let plan: String = row.try_get_unchecked(0).unwrap();
        let plan: Value = serde_json::from_str(&plan).unwrap();
        check(&plan[0]["Plan"], false, sql);
    }
}

/// Every step that reads a large table must be led to a part of it by an index.
fn check(plan: &Value, is_led: bool, sql: &str) {
    let relation = plan["Relation Name"].as_str().unwrap_or_default();
    let is_large = LARGE.contains(&relation) || relation.starts_with("events");
    let condition = plan["Index Cond"].as_str().unwrap_or_default();
    let narrow = [
        "starts_at",
        "key_id",
        "namespace",
        "organization",
        "audit_batch",
        "scope",
        "id",
    ];
    let is_led = is_led || narrow.iter().any(|column| condition.contains(column));
    let below = plan["Plans"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let is_bitmap = plan["Node Type"] == "Bitmap Heap Scan";
    assert!(!is_large || is_led || is_bitmap, "{plan:#}: {sql}");
    for step in below {
        if is_bitmap && step["Node Type"] == "Bitmap Index Scan" {
            let condition = step["Index Cond"].as_str().unwrap_or_default();
            let is_led = narrow.iter().any(|column| condition.contains(column));
            assert!(!is_large || is_led, "{step:#}: {sql}");
        }
        check(step, false, sql);
    }
}
