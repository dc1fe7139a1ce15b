//! The chain: calls and changes in one order, and nothing altered, removed or put in unseen.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_ledger::store::Args;
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

/// Two namespaces, calls of both in three batches, over two hours; 12 calls.
async fn life(app: &TestApp) -> String {
    let key = app.make_key(json!({ "name": "team" })).await;
    let id = key["id"].as_str().unwrap().to_owned();
    let gateway = Gateway::new("one", 1);
    for batch in 0..3 {
        let event = |namespace| Event {
            key: &id,
            namespace,
            cost: CENT,
            ..Event::default()
        };
        let events: Vec<Value> = ["team", "team", "other", "team"]
            .map(|namespace| gateway.event(app, event(namespace)))
            .into();
        gateway.sync(app, 0, &events, json!([])).await;
        app.advance(1_500 * batch);
    }
    app.patch(&format!("/v1/keys/{id}"), json!({ "name": "renamed" }))
        .await
        .expect(200);
    id
}

async fn verify(app: &TestApp) -> Value {
    app.get("/v1/audit/verify").await.expect(200)
}

/// Does something to the database behind the service's back; what verification then says.
async fn tamper(app: &TestApp, statements: &[&str]) -> Value {
    let mut tx = app.app.store.write().await.unwrap();
    for sql in statements {
        tx.execute((*sql).to_owned(), Args::new()).await.unwrap();
    }
    tx.commit().await.unwrap();
    verify(app).await
}

on_both_databases! {
    async fn an_untouched_chain_is_proved(app) {
        assert_eq!(verify(app).await["valid"], true);
        life(app).await;
        let report = verify(app).await;
        assert_eq!(report["valid"], true, "{report:#}");
        assert_eq!((report["entries"].as_u64(), report["segments"].as_u64()), (Some(15), Some(9)));
        let chain = &report["chains"][0];
        assert_eq!(chain["organization"], "default");
        assert_eq!(chain["head_sequence"], 9);
        assert_eq!(chain["anchor_sequence"], 0);
        // It is the same chain to another replica.
        let replica = app.replica(Default::default()).await;
        assert_eq!(verify(&replica).await["chains"], report["chains"]);
    }

    async fn whatever_is_altered_removed_or_put_in_is_found(app) {
        life(app).await;
        let columns = "id, gateway, started_at, duration_ms, key_id, namespace, organization,
            end_user, model, requested_model, endpoint, stream, status, outcome, estimated,
            input_tokens, cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
            output_tokens, reasoning_tokens, cost, leases, request_id, client_address, user_agent,
            batch, refusal_code, refused_by, refusals, audit_batch";
        let copy = |id: &str, batch: &str| {
            let values = columns.replacen("id,", &format!("'{id}',"), 1);
            let values = values.replace("audit_batch", batch);
            format!("INSERT INTO events ({columns}) SELECT {values} FROM events WHERE id = (SELECT MIN(id) FROM events)")
        };
        let (inserted, stray) = (copy("0-new", "audit_batch"), copy("1-new", "17"));
        let text = |column: &str| format!("UPDATE events SET {column} = 'x' WHERE id = (SELECT MIN(id) FROM events)");
        let number = |column: &str| format!("UPDATE events SET {column} = {column} + 1 WHERE id = (SELECT MIN(id) FROM events)");
        let mut attacks: Vec<String> = Vec::new();
        for column in columns.split(',').map(str::trim) {
            attacks.push(match column {
                "stream" | "estimated" | "batch" => format!("UPDATE events SET {column} = NOT {column} WHERE id = (SELECT MIN(id) FROM events)"),
                "id" | "gateway" | "key_id" | "namespace" | "organization" | "end_user" | "model"
                | "requested_model" | "endpoint" | "outcome" | "leases" | "request_id"
                | "client_address" | "user_agent" | "refusal_code" | "refused_by" => text(column),
                _ => number(column),
            });
        }
        attacks.extend([
            inserted,
            stray,
            "DELETE FROM events WHERE id = (SELECT MAX(id) FROM events)".to_owned(),
            "UPDATE audit_changes SET after = '{}' WHERE sequence = 2".to_owned(),
            "UPDATE audit_changes SET before = NULL WHERE sequence = 9".to_owned(),
            "UPDATE audit_changes SET actor = 'somebody' WHERE sequence = 9".to_owned(),
            "UPDATE audit_changes SET client_address = '::1' WHERE sequence = 9".to_owned(),
            "UPDATE audit_changes SET changed_at = changed_at + 1 WHERE sequence = 9".to_owned(),
            "DELETE FROM audit_changes WHERE sequence = 2".to_owned(),
            "INSERT INTO audit_changes SELECT organization, 99, namespace, changed_at, actor, actor_name, action, resource_type, resource_id, before, after, client_address, user_agent, request_id, actor_email FROM audit_changes WHERE sequence = 2".to_owned(),
            "UPDATE audit_changes SET actor_email = 'mallory@example.com' WHERE sequence = 2".to_owned(),
            "DELETE FROM audit_segments WHERE sequence = 4".to_owned(),
            "DELETE FROM audit_segments WHERE sequence = 9".to_owned(),
            "DELETE FROM audit_segments".to_owned(),
            "UPDATE audit_segments SET recorded_at = recorded_at + 1 WHERE sequence = 5".to_owned(),
            "UPDATE audit_segments SET entries = entries - 1 WHERE sequence = 5".to_owned(),
            "UPDATE audit_segments SET digest = hash WHERE sequence = 5".to_owned(),
            "UPDATE audit_segments SET hash = digest WHERE sequence = 9".to_owned(),
            "UPDATE audit_segments SET kind = 'nothing' WHERE sequence = 5".to_owned(),
            "UPDATE audit_chains SET sequence = sequence - 1".to_owned(),
            "UPDATE audit_chains SET sequence = sequence + 1".to_owned(),
            "UPDATE audit_chains SET anchor_sequence = 1".to_owned(),
            "DELETE FROM audit_chains".to_owned(),
        ]);
        let tables = ["events", "audit_changes", "audit_segments", "audit_chains"];
        for table in tables {
            tamper(app, &[&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")]).await;
        }
        for attack in &attacks {
            let report = tamper(app, &[attack]).await;
            assert_eq!(report["valid"], false, "not seen: {attack}");
            assert!(report["problem_count"].as_u64() > Some(0), "{report:#}");
            let mut restore: Vec<String> = Vec::new();
            for table in tables {
                restore.push(format!("DELETE FROM {table}"));
                restore.push(format!("INSERT INTO {table} SELECT * FROM kept_{table}"));
            }
            let restore: Vec<&str> = restore.iter().map(String::as_str).collect();
            assert_eq!(tamper(app, &restore).await["valid"], true, "after {attack}");
        }
    }

    async fn a_batch_that_fails_leaves_no_link_and_repeats_leave_no_second(app) {
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event { cost: CENT, ..Event::default() });
        for _ in 0..2 {
            gateway.sync(app, 0, std::slice::from_ref(&event), json!([])).await;
        }
        let report = verify(app).await;
        assert_eq!((&report["valid"], &report["entries"]), (&json!(true), &json!(1)));
        assert_eq!(report["segments"], 1);
    }

    async fn batches_and_changes_at_once_make_one_chain(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let gateways: Vec<Gateway> = (0..4).map(|n| Gateway::new(&format!("g{n}"), n)).collect();
        let batches = |gateway: &Gateway| {
            let events: Vec<Value> = (0..20)
                .map(|n| {
                    let namespace = if n % 2 == 0 { "team" } else { "other" };
                    gateway.event(app, Event { namespace, cost: 1, ..Event::default() })
                })
                .collect();
            events
        };
        let send = |gateway: usize| {
            let gateway = &gateways[gateway];
            async move {
                for _ in 0..5 {
                    gateway.sync(app, 0, &batches(gateway), json!([])).await;
                }
            }
        };
        let change = async {
            for rpm in 10..20 {
                app.patch("/v1/namespaces/team", json!({ "rpm": rpm })).await.expect(200);
            }
        };
        tokio::join!(send(0), send(1), send(2), send(3), change);
        let report = verify(app).await;
        assert_eq!(report["valid"], true, "{report:#}");
        assert_eq!(report["entries"], 4 * 5 * 20 + 11);
    }

    async fn a_chain_is_its_organizations_and_proved_to_its_admins(app) {
        life(app).await;
        let body = json!({ "name": "web", "organization": "acme" });
        app.post("/v1/namespaces", body).await.expect(201);
        let make = |role: &str| json!({ "name": role, "namespace": "web", "role": role });
        let admin = app.make_key(make("admin")).await["key"].as_str().unwrap().to_owned();
        let viewer = app.make_key(make("viewer")).await["key"].as_str().unwrap().to_owned();
        let path = "/v1/audit/verify";
        let report = app.call(&admin, "GET", path, Value::Null).await.expect(200);
        assert_eq!(report["chains"].as_array().unwrap().len(), 1);
        assert_eq!(report["chains"][0]["organization"], "acme");
        let foreign = "/v1/audit/verify?organization=default";
        app.call(&admin, "GET", foreign, Value::Null).await.expect(404);
        app.call(&viewer, "GET", path, Value::Null).await.expect(403);
        let all = app.get(path).await.expect(200);
        assert_eq!(all["chains"].as_array().unwrap().len(), 2);
        let one = app.get(foreign).await.expect(200);
        assert_eq!(one["chains"].as_array().unwrap().len(), 1);
    }
}
