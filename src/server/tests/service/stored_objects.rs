//! Who made what a provider has stored: told by events, asked by gateways.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_core::stored::StoredId;
use paddock_core::wire::StoredAnswer;
use paddock_ledger::rules::housekeeping::keep;
use serde_json::{Value, json};

const DAY: u64 = 86_400;

fn call(app: &TestApp, gateway: &Gateway, namespace: &str, ids: &[&str]) -> Value {
    let mut event = gateway.event(
        app,
        Event {
            namespace,
            ..Event::default()
        },
    );
    event["stored"] = json!(digests(ids));
    event
}

fn passed_through(app: &TestApp, namespace: &str, ids: &[&str]) -> Value {
    json!({ "made_by": namespace, "made_at": app.now(), "stored": digests(ids) })
}

fn digests(ids: &[&str]) -> Vec<StoredId> {
    ids.iter().map(|id| StoredId::of(id)).collect()
}

async fn ask(app: &TestApp, namespace: &str, ids: &[&str], wait_ms: u64) -> StoredAnswer {
    let question = json!({ "namespace": namespace, "ids": digests(ids), "wait_ms": wait_ms });
    let body = json!({ "gateway": "g", "stored": question });
    let answer = Gateway::new("g", 9).resolve(app, body).await;
    answer.stored.unwrap()
}

/// Which of some ids are the namespace's, and which another's.
async fn of(app: &TestApp, namespace: &str, ids: &[&str]) -> (Vec<StoredId>, Vec<StoredId>) {
    let StoredAnswer {
        mut own,
        mut others,
    } = ask(app, namespace, ids, 0).await;
    own.sort();
    others.sort();
    (own, others)
}

fn sorted(ids: &[&str]) -> Vec<StoredId> {
    let mut ids = digests(ids);
    ids.sort();
    ids
}

async fn namespaces(app: &TestApp, names: &[&str]) {
    for name in names {
        app.post("/v1/namespaces", json!({ "name": name }))
            .await
            .expect(201);
    }
}

on_both_databases! {
    async fn an_object_is_its_makers_and_nobody_elses(app) {
        namespaces(app, &["a", "b"]).await;
        let gateway = Gateway::new("g", 1);
        let events = [
            call(app, &gateway, "a", &["resp_1", "conv_1"]),
            call(app, &gateway, "b", &["resp_2"]),
            passed_through(app, "a", &["file-1"]),
        ];
        // As often as it is told: it is the same.
        for _ in 0..2 {
            gateway.sync(app, 0, &events, json!([])).await;
        }
        let all = ["resp_1", "conv_1", "resp_2", "file-1", "resp_9"];
        let (of_a, of_b) = (sorted(&["resp_1", "conv_1", "file-1"]), sorted(&["resp_2"]));
        assert_eq!(of(app, "a", &all).await, (of_a.clone(), of_b.clone()));
        assert_eq!(of(app, "b", &all).await, (of_b, of_a.clone()));
        let (none, rest) = of(app, "nobody", &all).await;
        assert!(none.is_empty() && rest.len() == 4, "{rest:?}");
        // What passed through alone is told as well, and is no usage.
        let alone = [passed_through(app, "b", &["file-2"])];
        gateway.sync(app, 0, &alone, json!([])).await;
        assert_eq!(of(app, "b", &["file-2"]).await.0, sorted(&["file-2"]));
        let usage = app.get("/v1/namespaces/b/usage?period=all").await.expect(200);
        assert_eq!(usage["request_count"], 1);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT COUNT(*) FROM rejected_events";
        assert_eq!(tx.one::<(i64,)>(sql, Vec::new()).await.unwrap().0, 0);
    }

    async fn what_two_have_made_is_nobodys(app) {
        namespaces(app, &["a", "b"]).await;
        let gateway = Gateway::new("g", 1);
        let one = [call(app, &gateway, "a", &["resp_1", "resp_2"])];
        gateway.sync(app, 0, &one, json!([])).await;
        let both = [
            call(app, &gateway, "b", &["resp_1"]),
            call(app, &gateway, "a", &["resp_3"]),
            call(app, &gateway, "b", &["resp_3"]),
        ];
        gateway.sync(app, 0, &both, json!([])).await;
        for namespace in ["a", "b"] {
            let (own, others) = of(app, namespace, &["resp_1", "resp_3"]).await;
            assert_eq!((own, others), (vec![], sorted(&["resp_1", "resp_3"])), "{namespace}");
        }
        let again = [call(app, &gateway, "a", &["resp_1"])];
        gateway.sync(app, 0, &again, json!([])).await;
        assert_eq!(of(app, "a", &["resp_1", "resp_2"]).await.0, sorted(&["resp_2"]));
    }

    async fn a_namespace_does_not_inherit_from_one_of_its_name(app) {
        namespaces(app, &["a"]).await;
        let gateway = Gateway::new("g", 1);
        let late = call(app, &gateway, "a", &["resp_2"]);
        let events = [call(app, &gateway, "a", &["resp_1"])];
        gateway.sync(app, 0, &events, json!([])).await;
        assert_eq!(of(app, "a", &["resp_1"]).await.0, sorted(&["resp_1"]));
        app.delete("/v1/namespaces/a").await.expect(200);
        app.advance(1);
        namespaces(app, &["a"]).await;
        gateway.sync(app, 0, &[late], json!([])).await;
        let (own, others) = of(app, "a", &["resp_1", "resp_2"]).await;
        assert_eq!((own, others), (vec![], sorted(&["resp_1", "resp_2"])));
        let events = [call(app, &gateway, "a", &["resp_3"])];
        gateway.sync(app, 0, &events, json!([])).await;
        assert_eq!(of(app, "a", &["resp_3"]).await.0, sorted(&["resp_3"]));
    }

    async fn a_question_waits_for_an_event_on_its_way(app) {
        namespaces(app, &["a"]).await;
        let gateway = Gateway::new("g", 1);
        let events = [call(app, &gateway, "a", &["resp_1"])];
        let book = async {
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
            gateway.sync(app, 0, &events, json!([])).await;
        };
        let (answer, ()) = tokio::join!(ask(app, "a", &["resp_1"], 60_000), book);
        assert_eq!(answer.own, digests(&["resp_1"]));
        let none = ask(app, "a", &["resp_9"], 150).await;
        assert_eq!(none, StoredAnswer::default());
    }

    async fn what_nobody_has_named_for_half_a_year_is_forgotten(app) {
        namespaces(app, &["a"]).await;
        let gateway = Gateway::new("g", 1);
        let events = [call(app, &gateway, "a", &["resp_1", "vs_1"])];
        gateway.sync(app, 0, &events, json!([])).await;
        app.advance(100 * DAY);
        assert_eq!(of(app, "a", &["vs_1"]).await.0, sorted(&["vs_1"]));
        app.advance(100 * DAY);
        let store = &app.app.store;
        let report = keep(store, &app.app.config.terms, None, app.now()).await.unwrap();
        assert_eq!(report.forgotten_objects, 1);
        assert_eq!(of(app, "a", &["resp_1", "vs_1"]).await.0, sorted(&["vs_1"]));
    }

    async fn old_gateways_tell_of_nothing_stored(app) {
        namespaces(app, &["a"]).await;
        let gateway = Gateway::new("g", 1);
        let events = [gateway.event(app, Event { namespace: "a", ..Event::default() })];
        gateway.sync(app, 0, &events, json!([])).await;
        let usage = app.get("/v1/namespaces/a/usage?period=all").await.expect(200);
        assert_eq!(usage["request_count"], 1);
        let body = json!({ "gateway": "g", "namespace": "a" });
        assert_eq!(gateway.resolve(app, body).await.stored, None);
    }
}
