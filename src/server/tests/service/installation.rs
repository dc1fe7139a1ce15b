//! Whose events are booked, and whose are not.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_core::ids::InstallationId;
use paddock_ledger::store::{Store, policy};
use paddock_server::config::PolicyOptions;
use serde_json::{Value, json};
use std::path::Path;

const OTHER: &str = "00000000000000b2";

fn event(app: &TestApp, gateway: &Gateway, installation: Option<&str>) -> Value {
    let event = Event {
        cost: 7,
        ..Event::default()
    };
    let mut event = gateway.event(app, event);
    if let Some(installation) = installation {
        event["installation"] = json!(installation);
    }
    event
}

async fn calls(app: &TestApp) -> Value {
    let usage = app.get("/v1/namespaces/team/usage?period=all").await;
    usage.expect(200)["request_count"].clone()
}

async fn installation_of(file: &Path) -> Option<InstallationId> {
    let store = Store::open(file.to_str().unwrap()).await.unwrap();
    let mut tx = store.read().await.unwrap();
    policy::installation(&mut tx).await.unwrap()
}

on_both_databases! {
    async fn a_database_and_all_that_serve_it_are_one_installation(app) {
        let gateway = Gateway::new("one", 1);
        let own = gateway.sync(app, 0, &[], json!([])).await.changes.installation;
        assert!(own.is_some());
        assert_eq!(gateway.resolve(app, json!({ "gateway": "one" })).await.installation, own);
        let replica = app.replica(PolicyOptions::default()).await;
        assert_eq!(gateway.sync(&replica, 0, &[], json!([])).await.changes.installation, own);
        // The databases of tests are copies of one.
        let folder = tempfile::TempDir::new().unwrap();
        assert_ne!(installation_of(&folder.path().join("another.db")).await, own);
    }

    async fn events_of_another_installation_are_kept_and_not_booked(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let own = app.app.installation.map(|own| own.to_string());
        let events = [
            event(app, &gateway, own.as_deref()),
            event(app, &gateway, Some(OTHER)),
            event(app, &gateway, None),
            json!({ "installation": OTHER, "made_by": "team", "made_at": app.now(), "stored": [] }),
        ];
        gateway.sync(app, 0, &events, json!([])).await;
        assert_eq!(calls(app).await, 2);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT COUNT(*) FROM rejected_events WHERE error LIKE '%another installation%'";
        let kept: i64 = tx.one(sql, Vec::new()).await.unwrap();
        assert_eq!(kept, 2);
        drop(tx);
        // A log of staging has names that production has too.
        let logged = [event(app, &gateway, Some(OTHER)), event(app, &gateway, own.as_deref())];
        let answer = app.post("/v1/usage/reconcile", json!({ "events": logged })).await.expect(200);
        assert_eq!(answer["new"], 1);
        let reason = answer["rejected"][0]["error"].as_str().unwrap();
        assert_eq!(reason, format!("it is of another installation ({OTHER})"));
        assert_eq!(calls(app).await, 3);
    }
}

#[tokio::test]
async fn a_backup_is_of_the_same_installation() {
    let app = TestApp::start(crate::support::Backend::Sqlite).await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("copy.db");
    paddock_ledger::store::backup::sqlite(&app.url, &file)
        .await
        .unwrap();
    assert_eq!(installation_of(&file).await, app.app.installation);
}
