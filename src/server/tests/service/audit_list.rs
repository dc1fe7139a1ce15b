//! `GET /v1/audit`: who may see what, pages, the whole as JSON and CSV.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

/// Calls of the namespace `team` (organization `default`), one a minute.
async fn calls(app: &TestApp, key: &str, count: u64) {
    let gateway = Gateway::new("one", 1);
    for _ in 0..count {
        let mut event = gateway.event(
            app,
            Event {
                key,
                cost: CENT,
                ..Event::default()
            },
        );
        event["user"] = json!("bob@example.com");
        event["request_id"] = json!("req-1");
        event["client_address"] = json!("10.0.0.7");
        event["user_agent"] = json!("=cmd()");
        gateway.sync(app, 0, &[event], json!([])).await;
        app.advance(60);
    }
}

async fn key(app: &TestApp, body: Value) -> (String, String) {
    let key = app.make_key(body).await;
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

fn data(answer: &Value) -> Vec<Value> {
    answer["data"].as_array().unwrap().clone()
}

/// The actions of entries, in their order.
fn actions(answer: &Value) -> Vec<String> {
    let action = |entry: &Value| entry["action"].as_str().unwrap().to_owned();
    data(answer).iter().map(action).collect()
}

on_both_databases! {
    async fn calls_and_changes_are_told_with_every_field_of_the_contract(app) {
        let (id, _) = key(app, json!({ "name": "team" })).await;
        calls(app, &id, 1).await;
        app.delete(&format!("/v1/keys/{id}")).await.expect(200);
        let answer = app.get("/v1/audit?namespace=team").await.expect(200);
        assert_eq!(actions(&answer), ["namespace.create", "key.create", "model.call", "key.delete"]);
        assert_eq!((&answer["has_more"], &answer["next_cursor"]), (&json!(false), &Value::Null));
        let call = &data(&answer)[2];
        for (field, expected) in [
            ("timestamp", json!("2026-03-15T12:00:00Z")),
            ("api_key_id", json!(id)),
            ("key_name", json!("team")),
            ("user_email", json!("bob@example.com")),
            ("resource_type", json!("model")),
            ("resource_id", json!("gpt-4.1")),
            ("model", json!("gpt-4.1")),
            ("input_tokens", json!(100)),
            ("output_tokens", json!(50)),
            ("cost_usd", json!(0.01)),
            ("ip_address", json!("10.0.0.7")),
            ("user_agent", json!("=cmd()")),
            ("request_id", json!("req-1")),
            ("project", json!("team")),
            ("organization", json!("default")),
            ("status", json!(200)),
        ] {
            assert_eq!(call[field], expected, "{field}");
        }
        let delete = &data(&answer)[3];
        assert_eq!((&delete["resource_id"], &delete["api_key_id"]), (&json!(id), &json!("operator")));
        assert_eq!((&delete["before"]["name"], &delete["after"]), (&json!("team"), &Value::Null));
        assert_eq!((&delete["input_tokens"], &delete["cost_usd"]), (&json!(0), &json!(0.0)));
    }

    async fn a_period_an_action_and_fields_choose(app) {
        let (id, _) = key(app, json!({ "name": "team" })).await;
        calls(app, &id, 5).await;
        app.patch(&format!("/v1/keys/{id}"), json!({ "name": "new" })).await.expect(200);
        let count = async |query: &str| data(&app.get(&format!("/v1/audit?{query}")).await.expect(200)).len();
        assert_eq!(count("").await, 8);
        assert_eq!(count("team=team").await, 8);
        assert_eq!(count("namespace=other").await, 0);
        assert_eq!(count("action=model.call").await, 5);
        assert_eq!(count("action=key.update").await, 1);
        assert_eq!(count("action=key.").await, 2);
        assert_eq!(count("action=nothing").await, 0);
        assert_eq!(count("start_date=2026-03-15&end_date=2026-03-15").await, 8);
        assert_eq!(count("end_date=2026-03-14").await, 0);
        assert_eq!(count("start_date=2026-03-16&end_date=2026-03-17").await, 0);
        let exact = "start_date=2026-03-15T12:01:00Z&end_date=2026-03-15T12:03:00Z";
        assert_eq!(count(exact).await, 2, "the end is not in it");
        let answer = app.get("/v1/audit?action=model.call&fields=model,cost_usd").await.expect(200);
        assert_eq!(data(&answer)[0], json!({ "model": "gpt-4.1", "cost_usd": 0.01 }));
        let answer = app.get("/v1/audit?include_cost=false&action=model.call").await.expect(200);
        assert!(data(&answer)[0].get("cost_usd").is_none());
        // 90 days where nobody says more.
        app.set_time("2026-06-13T11:00:00Z");
        assert_eq!(count("").await, 8);
        app.set_time("2026-06-13T12:02:30Z");
        assert_eq!(count("").await, 3, "two calls and the change");
        assert_eq!(count("start_date=2026-01-01").await, 8);
        for bad in ["start_date=x", "format=xml", "fields=password", "cursor=x", "limit=0", "what=1",
            "start_date=2026-03-16&end_date=2026-03-15", "format=csv&limit=5"] {
            app.get(&format!("/v1/audit?{bad}")).await.expect(400);
        }
    }

    async fn pages_follow_each_other_whatever_is_added_meanwhile(app) {
        let (id, _) = key(app, json!({ "name": "team" })).await;
        let gateway = Gateway::new("two", 2);
        let batch: Vec<Value> = (0..7)
            .map(|_| gateway.event(app, Event { key: &id, cost: CENT, ..Event::default() }))
            .collect();
        gateway.sync(app, 0, &batch, json!([])).await;
        app.advance(4_000);
        calls(app, &id, 6).await;
        for order in ["asc", "desc"] {
            let whole = data(&app.get(&format!("/v1/audit?order={order}")).await.expect(200));
            for limit in [1, 2, 3, 7, 15, 1_000] {
                let (mut seen, mut cursor) = (Vec::new(), String::new());
                loop {
                    let path = format!("/v1/audit?order={order}&limit={limit}&cursor={cursor}");
                    let page = app.get(&path).await.expect(200);
                    assert!(data(&page).len() <= limit);
                    seen.extend(data(&page));
                    match page["next_cursor"].as_str() {
                        Some(next) => cursor = next.to_owned(),
                        None => break,
                    }
                }
                assert_eq!(seen.len(), 15, "{order} {limit}");
                assert_eq!(seen, whole, "{order} {limit}");
            }
        }
        let first = app.get("/v1/audit?limit=15").await.expect(200);
        assert_eq!(first["has_more"], false);
        let first = app.get("/v1/audit?limit=14").await.expect(200);
        calls(app, &id, 2).await;
        let path = format!("/v1/audit?cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(data(&app.get(&path).await.expect(200)).len(), 3);
    }

    async fn a_csv_is_the_whole_and_no_formula(app) {
        let (id, _) = key(app, json!({ "name": "team" })).await;
        calls(app, &id, 3).await;
        let answer = app.get("/v1/audit?format=csv&action=model.call").await;
        assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8; header=present");
        let text = answer.expect(200).as_str().unwrap().to_owned();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0], "timestamp,api_key_id,key_name,user_email,action,resource_type,\
            resource_id,model,input_tokens,output_tokens,cost_usd,ip_address,user_agent,request_id,project");
        let expected = format!("2026-03-15T12:00:00Z,{id},team,bob@example.com,model.call,model,\
            gpt-4.1,gpt-4.1,100,50,0.01,10.0.0.7,'=cmd(),req-1,team");
        assert_eq!((lines[1], lines[4]), (expected.as_str(), ""));
        let answer = app.get("/v1/audit?format=csv&fields=action,after").await.expect(200);
        assert!(answer.as_str().unwrap().contains("key.create,\"{\"\"allowed_models\"\""), "{answer}");
    }

    async fn more_than_a_page_of_the_database_is_told_once_each(app) {
        let gateway = Gateway::new("one", 1);
        for _ in 0..3 {
            let events: Vec<Value> = (0..2_100)
                .map(|n| gateway.event(app, Event {
                    namespace: ["a", "b", "c"][n % 3], cost: 1, ..Event::default()
                }))
                .collect();
            gateway.sync(app, 0, &events, json!([])).await;
        }
        let answer = app.get("/v1/audit?fields=event_id").await.expect(200);
        let mut ids: Vec<String> = data(&answer).iter().map(|entry| entry["event_id"].to_string()).collect();
        assert_eq!(ids.len(), 6_300);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6_300);
        let answer = app.get("/v1/audit?fields=event_id&namespace=b").await.expect(200);
        assert_eq!(data(&answer).len(), 2_100);
        assert_eq!(app.get("/v1/audit/verify").await.expect(200)["entries"], 6_300);
    }

    async fn each_sees_what_is_within_its_reach(app) {
        app.post("/v1/namespaces", json!({ "name": "web", "organization": "acme" })).await.expect(201);
        app.post("/v1/namespaces", json!({ "name": "app", "organization": "acme" })).await.expect(201);
        let make = |role: &str| json!({ "name": role, "namespace": "web", "role": role });
        let (_, admin) = key(app, make("admin")).await;
        let (_, viewer) = key(app, make("viewer")).await;
        let (_, analyst) = key(app, make("analyst")).await;
        let (id, _) = key(app, json!({ "name": "elsewhere" })).await;
        calls(app, &id, 1).await;
        app.put("/v1/prices/m", json!({ "input": 1, "output": 1, "upstream": "u" })).await.expect(201);
        let count = async |key: &str, query: &str| {
            let path = format!("/v1/audit{query}");
            data(&app.call(key, "GET", &path, Value::Null).await.expect(200)).len()
        };
        assert_eq!(count(crate::support::ADMIN, "").await, 10);
        assert_eq!(count(crate::support::ADMIN, "?organization=acme").await, 6);
        assert_eq!(count(&admin, "").await, 6);
        assert_eq!(count(&admin, "?namespace=app").await, 1);
        assert_eq!(count(&admin, "?namespace=elsewhere").await, 0);
        assert_eq!(count(&viewer, "").await, 4);
        assert_eq!(count(&analyst, "?namespace=web").await, 4);
        for path in ["/v1/audit?namespace=app", "/v1/audit?namespace=elsewhere"] {
            app.call(&viewer, "GET", path, Value::Null).await.expect(403);
        }
        let foreign = "/v1/audit?organization=default";
        app.call(&admin, "GET", foreign, Value::Null).await.expect(404);
        app.call("nobody", "GET", "/v1/audit", Value::Null).await.expect(401);
    }
}
