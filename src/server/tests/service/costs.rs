//! Cost attribution, the team view, and the audit's sums by key: always the ledger's sums.

use crate::support::{ADMIN, Event, Gateway, TestApp, on_both_databases};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

struct Keys {
    web: String,
    app: String,
    elsewhere: String,
    admin: String,
    viewer: String,
}

/// Two namespaces of `acme` and one of nobody; each key spends a cent for gpt-4.1 and two for
/// another model, now and a month ago.
async fn life(app: &TestApp) -> Keys {
    let namespace = |name: &str, organization: &str| json!({ "name": name, "organization": organization, "tags": { "cost_center": name } });
    for body in [
        namespace("web", "acme"),
        namespace("app", "acme"),
        namespace("elsewhere", "other"),
    ] {
        app.post("/v1/namespaces", body).await.expect(201);
    }
    let make = async |name: &str, namespace: &str, role: &str| {
        let body = json!({ "name": name, "namespace": namespace, "role": role, "tags": ["prod"] });
        app.make_key(body).await
    };
    let text = |key: &Value, field: &str| key[field].as_str().unwrap().to_owned();
    let web = text(&make("same", "web", "developer").await, "id");
    let of_app = text(&make("same", "app", "developer").await, "id");
    let elsewhere = text(&make("alone", "elsewhere", "developer").await, "id");
    let admin = text(&make("admin", "web", "admin").await, "key");
    let viewer = text(&make("viewer", "web", "viewer").await, "key");
    let gateway = Gateway::new("one", 1);
    for time in ["2026-02-10T10:30:00Z", "2026-03-15T12:00:00Z"] {
        app.set_time(time);
        let mut events = Vec::new();
        for (key, namespace, organization) in [
            (&web, "web", "acme"),
            (&of_app, "app", "acme"),
            (&elsewhere, "elsewhere", "other"),
        ] {
            for (model, cents, user) in
                [("gpt-4.1", 1, Some("bob")), ("claude-sonnet-4.5", 2, None)]
            {
                let event = Event {
                    key,
                    namespace,
                    model,
                    cost: cents * CENT,
                    ..Event::default()
                };
                let mut event = gateway.event(app, event);
                event["organization"] = json!(organization);
                event["user"] = json!(user);
                events.push(event);
            }
        }
        gateway.sync(app, 0, &events, json!([])).await;
    }
    Keys {
        web,
        app: of_app,
        elsewhere,
        admin,
        viewer,
    }
}

fn cost(total: f64, requests: u64) -> Value {
    json!({ "total": total, "request_count": requests, "tokens": requests * 150 })
}

on_both_databases! {
    async fn costs_are_attributed_to_teams_keys_users_tags_and_models(app) {
        let keys = life(app).await;
        let get = async |query: &str| app.get(&format!("/v1/cost-attribution?{query}")).await.expect(200);
        let both = json!({ "gpt-4.1": cost(0.01, 1), "claude-sonnet-4.5": cost(0.02, 1) });
        assert_eq!(
            get("period=current_month&group_by=team&breakdown=by_model").await,
            json!({ "web": both, "app": both, "elsewhere": both })
        );
        assert_eq!(get("").await, json!({ "web": cost(0.03, 2), "app": cost(0.03, 2), "elsewhere": cost(0.03, 2) }));
        assert_eq!(get("period=previous_month&namespace=web").await, json!({ "web": cost(0.03, 2) }));
        assert_eq!(get("period=all&organization=acme").await, json!({ "web": cost(0.06, 4), "app": cost(0.06, 4) }));
        assert_eq!(get("period=7d&group_by=team&project=web").await, json!({ "web": cost(0.03, 2) }));
        assert_eq!(
            get("group_by=key&breakdown=by_model").await,
            json!({ "web/same": both, "app/same": both, "alone": both })
        );
        assert_eq!(get("group_by=model").await, json!({ "gpt-4.1": cost(0.03, 3), "claude-sonnet-4.5": cost(0.06, 3) }));
        assert_eq!(get("group_by=user").await, json!({ "bob": cost(0.03, 3), "(none)": cost(0.06, 3) }));
        assert_eq!(get("group_by=tag").await, json!({
            "prod": cost(0.09, 6), "cost_center:web": cost(0.03, 2),
            "cost_center:app": cost(0.03, 2), "cost_center:elsewhere": cost(0.03, 2),
        }));
        // What a key used stays its own when it is no more.
        app.delete(&format!("/v1/keys/{}", keys.elsewhere)).await.expect(200);
        assert_eq!(get("group_by=key&namespace=elsewhere").await, json!({ "alone": cost(0.03, 2) }));
        assert_eq!(get("group_by=tag&namespace=elsewhere").await["prod"], cost(0.03, 2));
        for bad in ["group_by=x", "period=x", "breakdown=x", "what=x"] {
            app.get(&format!("/v1/cost-attribution?{bad}")).await.expect(400);
        }
    }

    async fn costs_are_told_within_reach(app) {
        let keys = life(app).await;
        let get = async |key: &str, query: &str| {
            app.call(key, "GET", &format!("/v1/cost-attribution?{query}"), Value::Null).await
        };
        let all = get(&keys.admin, "").await.expect(200);
        assert_eq!(all, json!({ "web": cost(0.03, 2), "app": cost(0.03, 2) }));
        assert_eq!(get(&keys.viewer, "").await.expect(200), json!({ "web": cost(0.03, 2) }));
        assert_eq!(get(&keys.admin, "namespace=elsewhere").await.expect(200), json!({}));
        get(&keys.viewer, "namespace=app").await.expect(403);
        get(&keys.admin, "organization=other").await.expect(404);
    }

    async fn sums_are_exact_to_the_nano_dollar(app) {
        let gateway = Gateway::new("one", 1);
        // Summed up as floating-point dollars, these would not come out even.
        let costs = [100_000_000, 200_000_000, 700_000_001, 3];
        let events: Vec<Value> = costs
            .iter()
            .map(|cost| gateway.event(app, Event { cost: *cost, ..Event::default() }))
            .collect();
        gateway.sync(app, 0, &events, json!([])).await;
        let answer = app.get("/v1/cost-attribution").await.expect(200);
        assert_eq!(answer["team"]["total"], 1.000_000_004);
    }

    async fn a_team_sees_its_users_keys_and_models(app) {
        let keys = life(app).await;
        let usage = app.call(&keys.viewer, "GET", "/v1/team/usage?period=7d", Value::Null).await.expect(200);
        let part = |requests: u64, cost: f64| {
            json!({ "requests": requests, "tokens": requests * 150, "cost_usd": cost })
        };
        assert_eq!(usage["namespace"], "web");
        assert_eq!(usage["total_requests"], 2);
        assert_eq!((&usage["total_tokens"], &usage["total_cost_usd"]), (&json!(300), &json!(0.03)));
        assert_eq!(usage["by_user"], json!({ "bob": part(1, 0.01), "(none)": part(1, 0.02) }));
        assert_eq!(usage["by_key"], json!({ "same": part(2, 0.03) }));
        assert_eq!(usage["by_model"], json!({ "gpt-4.1": part(1, 0.01), "claude-sonnet-4.5": part(1, 0.02) }));
        let all = app.get("/v1/team/usage?period=all&namespace=web").await.expect(200);
        assert_eq!((&all["total_requests"], &all["by_user"]["bob"]), (&json!(4), &part(2, 0.02)));
        app.get("/v1/team/usage").await.expect(400);
        app.get("/v1/team/usage?namespace=nobody").await.expect(404);
        app.call(&keys.viewer, "GET", "/v1/team/usage?namespace=app", Value::Null).await.expect(403);
        app.call(&keys.viewer, "GET", "/v1/team/usage?period=x", Value::Null).await.expect(400);
        let empty = app.get("/v1/team/usage?namespace=web&period=1d").await.expect(200);
        assert_eq!(empty["total_requests"], 2, "yesterday and today");
    }

    async fn headers_name_the_namespace_where_nothing_else_does(app) {
        let keys = life(app).await;
        let ask = async |key: &str, query: &str, named: &[(&str, &str)]| {
            let mut request = Request::builder().uri(format!("/v1/team/usage{query}"));
            request = request.header("authorization", format!("Bearer {key}"));
            for (name, value) in named {
                request = request.header(*name, *value);
            }
            app.send(request.body(Body::empty()).unwrap()).await
        };
        for name in ["x-namespace", "x-team", "x-project"] {
            let usage = ask(ADMIN, "", &[(name, "web")]).await.expect(200);
            assert_eq!(usage["namespace"], "web");
            ask(&keys.viewer, "", &[(name, "app")]).await.expect(401);
        }
        let both = [("x-namespace", "web"), ("x-team", "app")];
        let usage = ask(ADMIN, "?namespace=app", &both[..1]).await.expect(200);
        assert_eq!(usage["namespace"], "app");
        for key in [ADMIN, &keys.viewer] {
            let refused = ask(key, "?namespace=web", &both).await.expect(400);
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.contains("name different namespaces"), "{message}");
        }
        ask(ADMIN, "", &[("x-namespace", "nobody")]).await.expect(404);
    }

    async fn users_are_kept_apart_in_bounded_number_and_nothing_is_lost(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        for batch in 0..3 {
            let mut events: Vec<Value> = (0..600)
                .map(|n| {
                    let mut event = gateway.event(app, Event { cost: 1, ..Event::default() });
                    event["user"] = json!(format!("u{batch}-{n}"));
                    event
                })
                .collect();
            events[0]["user"] = json!("x".repeat(5_000));
            gateway.sync(app, 0, &events, json!([])).await;
        }
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT COUNT(DISTINCT end_user), CAST(SUM(requests) AS BIGINT) FROM user_rollups";
        let (users, requests): (i64, i64) = tx.one(sql, Vec::new()).await.unwrap();
        drop(tx);
        assert_eq!((users, requests), (1_001, 1_800));
        let usage = app.get("/v1/team/usage?namespace=team").await.expect(200);
        let by_user = usage["by_user"].as_object().unwrap();
        let requests: u64 = by_user.values().map(|user| user["requests"].as_u64().unwrap()).sum();
        assert_eq!((by_user.len(), requests), (1_000, 1_800));
        assert_eq!(by_user["(others)"]["requests"], 1_800 - 998 - 3);
    }

    async fn the_audit_sums_up_each_keys_calls(app) {
        let keys = life(app).await;
        let get = async |query: &str| app.get(&format!("/v1/audit?aggregation=per_key&{query}")).await;
        let data = |answer: &Value| answer["data"].as_array().unwrap().clone();
        let march = get("start_date=2026-03-15&end_date=2026-03-15").await.expect(200);
        let mut expected = vec![
            json!({ "api_key_id": keys.web, "key_name": "same", "project": "web" }),
            json!({ "api_key_id": keys.app, "key_name": "same", "project": "app" }),
            json!({ "api_key_id": keys.elsewhere, "key_name": "alone", "project": "elsewhere" }),
        ];
        for entry in &mut expected {
            let sums = json!({ "requests": 2, "input_tokens": 200, "output_tokens": 100, "cost_usd": 0.03 });
            entry.as_object_mut().unwrap().extend(sums.as_object().unwrap().clone());
        }
        expected.sort_by_key(|entry| entry["api_key_id"].to_string());
        assert_eq!(data(&march), expected);
        assert_eq!(data(&get("").await.expect(200))[0]["requests"], 4);
        assert_eq!(data(&get("namespace=web").await.expect(200)).len(), 1);
        // To the minute lately, and to the hour where minutes are no longer kept.
        for (edges, requests) in [
            ("start_date=2026-03-15T12:00:00Z&end_date=2026-03-15T12:01:00Z", Some(2)),
            ("start_date=2026-03-15T11:00:00Z&end_date=2026-03-15T12:00:00Z", None),
            ("start_date=2026-02-10T10:00:00Z&end_date=2026-02-10T10:30:00Z", Some(2)),
            ("start_date=2026-02-10T09:00:00Z&end_date=2026-02-10T10:00:00Z", None),
        ] {
            let found = data(&get(edges).await.expect(200));
            let found = found.first().map(|entry| entry["requests"].as_u64().unwrap());
            assert_eq!(found, requests, "{edges}");
        }
        let csv = get("format=csv&namespace=web&include_cost=false").await.expect(200);
        let expected = format!("api_key_id,key_name,project,requests,input_tokens,output_tokens\r\n{},same,web,4,400,200\r\n", keys.web);
        assert_eq!(csv, json!(expected));
        get("limit=5").await.expect(400);
        app.get("/v1/audit?aggregation=per_day").await.expect(400);
    }
}
