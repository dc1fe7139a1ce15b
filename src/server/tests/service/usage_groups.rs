//! Series and tables of usage, by every group there is.

use crate::support::{ADMIN, Event, Gateway, TestApp, on_both_databases};
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

struct Keys {
    web: String,
    admin: String,
    developer: String,
}

/// Two namespaces of `acme` and one of another organization, with usage of two days; one namespace is idle.
async fn life(app: &TestApp) -> Keys {
    let namespace = |name: &str, organization: &str, quota: Value| {
        json!({ "name": name, "organization": organization, "monthly_quota_usd": quota,
            "tags": { "cost_center": format!("cc-{name}") } })
    };
    for body in [
        namespace("web", "acme", json!(10)),
        namespace("app", "acme", Value::Null),
        namespace("idle", "acme", json!(5)),
        namespace("elsewhere", "other", Value::Null),
    ] {
        app.post("/v1/namespaces", body).await.expect(201);
    }
    let make = async |name: &str, namespace: &str, role: &str| {
        app.make_key(json!({ "name": name, "namespace": namespace, "role": role }))
            .await
    };
    let text = |key: &Value, field: &str| key[field].as_str().unwrap().to_owned();
    let web = text(&make("same", "web", "developer").await, "id");
    let of_app = text(&make("same", "app", "developer").await, "id");
    let elsewhere = text(&make("alone", "elsewhere", "developer").await, "id");
    let admin = text(&make("admin", "web", "admin").await, "key");
    let developer = text(&make("dev", "web", "developer").await, "key");
    let gateway = Gateway::new("one", 1);
    for (time, times) in [("2026-03-10T10:30:00Z", 1), ("2026-03-15T12:00:00Z", 2)] {
        app.set_time(time);
        let mut events = Vec::new();
        for (key, namespace, organization, cents) in [
            (&web, "web", "acme", 3),
            (&of_app, "app", "acme", 2),
            (&elsewhere, "elsewhere", "other", 1),
        ] {
            for model in ["gpt-4.1", "claude-sonnet-4.5"] {
                let cost = cents * times * CENT;
                let event = Event {
                    key,
                    namespace,
                    model,
                    cost,
                    ..Event::default()
                };
                let mut event = gateway.event(app, event);
                event["organization"] = json!(organization);
                event["user"] = json!((model == "gpt-4.1").then_some("bob"));
                events.push(event);
            }
        }
        gateway.sync(app, 0, &events, json!([])).await;
    }
    Keys {
        web,
        admin,
        developer,
    }
}

/// The names and totals of a series' groups, or of a table's rows.
fn told(rows: &Value, field: &str) -> Vec<(String, f64)> {
    let rows = rows.as_array().unwrap();
    rows.iter()
        .map(|row| {
            let cents = (row[field].as_f64().unwrap() * 100.0).round() / 100.0;
            (row["name"].as_str().unwrap().to_owned(), cents)
        })
        .collect()
}

fn pairs(pairs: &[(&str, f64)]) -> Vec<(String, f64)> {
    pairs
        .iter()
        .map(|(name, cost)| ((*name).to_owned(), *cost))
        .collect()
}

on_both_databases! {
    async fn a_series_has_every_step_of_the_groups_with_most_and_the_others(app) {
        let keys = life(app).await;
        let get = async |query: &str| app.get(&format!("/v1/usage/series?{query}")).await.expect(200);
        let series = get("period=7d&top=2").await;
        assert_eq!(series["steps"].as_array().unwrap().len(), 8);
        assert_eq!(series["steps"][2], "2026-03-10T00:00:00Z");
        assert_eq!(told(&series["groups"], "total"), pairs(&[("web", 0.18), ("app", 0.12)]));
        assert_eq!(series["groups"][0]["points"], json!([0.0, 0.0, 0.06, 0.0, 0.0, 0.0, 0.0, 0.12]));
        let others = series["others"].as_array().unwrap();
        let others: Vec<f64> = others.iter().map(|point| (point.as_f64().unwrap() * 100.0).round()).collect();
        assert_eq!(others, [0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 4.0]);
        let models = get("group_by=model&metric=requests&period=7d").await;
        assert_eq!(told(&models["groups"], "total"), pairs(&[("claude-sonnet-4.5", 6.0), ("gpt-4.1", 6.0)]));
        let users = get("group_by=user&period=7d").await;
        assert_eq!(told(&users["groups"], "total"), pairs(&[("(none)", 0.18), ("bob", 0.18)]));
        let upstreams = get("group_by=upstream&period=7d").await;
        assert_eq!(told(&upstreams["groups"], "total"), pairs(&[("anthropic", 0.18), ("openai", 0.18)]));
        let tags = get("group_by=tag&tag_key=cost_center&period=7d").await;
        assert_eq!(
            told(&tags["groups"], "total"),
            pairs(&[("cc-web", 0.18), ("cc-app", 0.12), ("cc-elsewhere", 0.06)])
        );
        assert!(tags["others"].is_null());
        let key = get(&format!("group_by=key&key={}&period=7d&model=gpt-4.1", keys.web)).await;
        assert_eq!((&key["groups"][0]["id"], &key["groups"][0]["namespace"]), (&json!(keys.web), &json!("web")));
        assert_eq!(told(&key["groups"], "total"), pairs(&[("same", 0.09)]));
        let hours = get("start_date=2026-03-15&end_date=2026-03-15&group_by=organization").await;
        assert_eq!(hours["steps"].as_array().unwrap().len(), 24);
        assert_eq!(hours["steps"][12], "2026-03-15T12:00:00Z");
        assert_eq!(told(&hours["groups"], "total"), pairs(&[("acme", 0.2), ("other", 0.04)]));
        assert!(hours["total"][12].as_f64().unwrap() > 0.2);
        let months = get("granularity=month&period=90d").await;
        assert_eq!(months["steps"].as_array().unwrap().len(), 4);
        let all = get("period=all").await;
        assert_eq!(all["steps"][0], "2026-03-10T00:00:00Z");
        for bad in [
            "metric=x", "group_by=x", "granularity=minute", "top=0", "top=51", "period=7d&start_date=2026-03-01",
            "start_date=2026-03-02&end_date=2026-03-01", "granularity=hour&period=90d", "tag_key=a",
            "group_by=user&key=k", "what=x",
        ] {
            app.get(&format!("/v1/usage/series?{bad}")).await.expect(400);
        }
    }

    async fn deleted_namespaces_stay_in_every_total(app) {
        let keys = life(app).await;
        let groups = ["namespace", "organization", "model", "upstream", "key", "user", "tag"];
        let attributed = ["team", "model", "key", "user", "tag"];
        let totals = async || {
            let mut seen = Vec::new();
            for caller in [ADMIN, &keys.admin] {
                let get = async |path: String| app.call(caller, "GET", &path, Value::Null).await.expect(200);
                for group in groups {
                    let table = get(format!("/v1/usage/table?period=7d&group_by={group}")).await;
                    let spent = told(&table["data"], "cost_usd");
                    seen.push(json!([table["total"]["requests"], table["total"]["cost_usd"], spent]));
                    seen.push(get(format!("/v1/usage/series?period=7d&group_by={group}")).await);
                }
                for group in attributed {
                    seen.push(get(format!("/v1/cost-attribution?period=7d&group_by={group}")).await);
                }
                seen.push(get("/v1/requests?limit=100".to_owned()).await["data"].clone());
            }
            let metrics = app.get("/metrics").await.expect(200);
            let events = metrics.as_str().unwrap().lines().find(|line| line.starts_with("paddock_ledger_events"));
            assert!(events.is_some());
            seen.push(json!(events));
            seen
        };
        let before = totals().await;
        for namespace in ["app", "elsewhere"] {
            app.delete(&format!("/v1/namespaces/{namespace}")).await.expect(200);
        }
        for (after, before) in totals().await.into_iter().zip(before) {
            assert_eq!(after, before);
        }
    }

    async fn a_table_has_a_row_a_group_and_namespaces_that_are_idle(app) {
        let keys = life(app).await;
        let get = async |query: &str| app.get(&format!("/v1/usage/table?{query}")).await.expect(200);
        let table = get("start_date=2026-03-15&end_date=2026-03-15").await;
        assert_eq!(
            told(&table["data"], "cost_usd"),
            pairs(&[("web", 0.12), ("app", 0.08), ("elsewhere", 0.04), ("idle", 0.0)])
        );
        let web = &table["data"][0];
        assert_eq!((&web["requests"], &web["tokens"], &web["cached_input_tokens"]), (&json!(2), &json!(300), &json!(40)));
        assert_eq!((&web["monthly_quota_usd"], &web["organization"]), (&json!(10.0), &json!("acme")));
        assert!(table["data"][1]["monthly_quota_usd"].is_null());
        assert_eq!(web["month_spent_usd"], 0.18);
        assert!(web["projected_month_usd"].as_f64().unwrap() > 0.3);
        assert_eq!((&table["groups"], &table["total"]["requests"]), (&json!(4), &json!(6)));
        // The five days before the last five have the usage of the tenth.
        let before = get("start_date=2026-03-11&end_date=2026-03-15").await;
        assert_eq!(before["data"][0]["previous_cost_usd"], 0.06);
        let paged = get("sort=name&limit=2&offset=1&period=7d").await;
        assert_eq!(told(&paged["data"], "cost_usd"), pairs(&[("elsewhere", 0.06), ("idle", 0.0)]));
        assert_eq!(paged["has_more"], true);
        let by_key = get("group_by=key&period=7d&limit=1").await;
        assert_eq!((by_key["data"].as_array().unwrap().len(), &by_key["groups"]), (1, &json!(3)));
        let csv = get("group_by=model&period=7d&format=csv").await;
        let lines: Vec<&str> = csv.as_str().unwrap().split("\r\n").collect();
        assert!(lines[0].starts_with("id,name,namespace,organization,requests,"));
        assert!(lines[1].starts_with("claude-sonnet-4.5,claude-sonnet-4.5,,,6,480,120,0,300,60,900,0.18,0,"), "{csv}");
        for bad in ["format=csv&limit=1", "limit=0", "offset=-1", "sort=x", "group_by=tag&key=k"] {
            app.get(&format!("/v1/usage/table?{bad}")).await.expect(400);
        }
        // Within one's reach, and no further.
        let get_as = async |key: &str, query: &str| {
            app.call(key, "GET", &format!("/v1/usage/table?{query}"), Value::Null).await
        };
        let own = get_as(&keys.admin, "period=7d").await.expect(200);
        assert_eq!(told(&own["data"], "cost_usd"), pairs(&[("web", 0.18), ("app", 0.12), ("idle", 0.0)]));
        let own = get_as(&keys.developer, "period=7d").await.expect(200);
        assert_eq!(told(&own["data"], "cost_usd"), pairs(&[("web", 0.18)]));
        assert_eq!(own["total"]["cost_usd"], 0.18);
        get_as(&keys.developer, "namespace=app").await.expect(403);
        get_as(&keys.admin, "organization=other").await.expect(404);
    }

    async fn the_bill_is_there_in_the_columns_of_focus(app) {
        let keys = life(app).await;
        // Labels are those of the time of the calls, and some calls have none.
        let ask = async |query: &str| {
            let path = format!("/v1/usage/table?format=focus&{query}");
            app.get(&path).await.expect(200).as_str().unwrap().to_owned()
        };
        app.patch("/v1/namespaces/web", json!({ "tags": { "cost_center": "cc-new" } })).await.expect(200);
        app.patch("/v1/namespaces/app", json!({ "tags": null })).await.expect(200);
        let gateway = Gateway::new("two", 2);
        let event = Event { namespace: "app", model: "gpt-4.1", cost: 123, ..Event::default() };
        let mut event = gateway.event(app, event);
        event["organization"] = json!("acme");
        gateway.sync(app, 0, &[event], json!([])).await;
        let correction = json!({ "namespace": "app", "amount_usd": -0.01, "reason": "test", "reference": "r" });
        app.post("/v1/corrections", correction).await.expect(201);

        let text = ask("start_date=2026-03-10&end_date=2026-03-15").await;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        let rows: Vec<std::collections::HashMap<String, String>> = reader
            .records()
            .map(|row| {
                let row = row.unwrap();
                head.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect()
            })
            .collect();
        // Two days of three namespaces and two models, one call more without labels, and a correction.
        assert_eq!(rows.len(), 14, "{text}");
        let find = |start: &str, namespace: &str, service: &str, tags: &str| {
            let mut found = rows.iter().filter(|row| {
                row["ChargePeriodStart"] == start && row["SubAccountId"] == namespace
                    && row["ServiceName"] == service && row["Tags"] == tags
            });
            let row = found.next().unwrap_or_else(|| panic!("{namespace} {service} {tags}: {text}"));
            assert!(found.next().is_none());
            row
        };
        let row = find("2026-03-10T00:00:00Z", "web", "gpt-4.1", r#"{"cost_center":"cc-web"}"#);
        for (column, value) in [
            ("BilledCost", "0.03"), ("EffectiveCost", "0.03"), ("BillingCurrency", "USD"),
            ("BillingAccountId", "acme"), ("ProviderName", "openai"), ("ChargeCategory", "Usage"),
            ("BillingPeriodStart", "2026-03-01T00:00:00Z"), ("BillingPeriodEnd", "2026-04-01T00:00:00Z"),
            ("ChargePeriodEnd", "2026-03-11T00:00:00Z"), ("ConsumedQuantity", "150"), ("ConsumedUnit", "Tokens"),
            ("ServiceCategory", "AI and Machine Learning"), ("x_Requests", "1"),
        ] {
            assert_eq!(row[column], value, "{column}");
        }
        let untagged = find("2026-03-15T00:00:00Z", "app", "gpt-4.1", "{}");
        assert_eq!((&*untagged["BilledCost"], &*untagged["x_Requests"]), ("0.000000123", "1"));
        let correction = find("2026-03-15T00:00:00Z", "app", "Correction", "{}");
        assert_eq!((&*correction["BilledCost"], &*correction["ChargeCategory"]), ("-0.01", "Adjustment"));
        let sum: f64 = rows.iter().map(|row| row["BilledCost"].parse::<f64>().unwrap()).sum();
        assert!((sum - 0.350_000_123).abs() < 1e-9, "{sum}");

        let own = app.call(&keys.developer, "GET", "/v1/usage/table?format=focus&period=7d", Value::Null).await;
        let own = own.expect(200).as_str().unwrap().to_owned();
        assert!(own.contains(",web,") && !own.contains(",app,") && !own.contains("elsewhere"), "{own}");
        for bad in ["group_by=model", "sort=cost", "limit=1", "offset=0", "key=k", "start_date=2026-03-10T10:00:00Z"] {
            app.get(&format!("/v1/usage/table?format=focus&{bad}")).await.expect(400);
        }
    }
}
