//! A namespace goes to another organization, and what was used before stays where it was.

use crate::support::{ADMIN, Event, GATEWAY, Gateway, TestApp, on_both_databases};
use paddock_ledger::model::secret::Secret;
use paddock_ledger::rules::{audit, verification};
use paddock_server::config::Credentials;
use serde_json::{Value, json};

const CENT: i64 = 10_000_000;

async fn problems(app: &TestApp) -> Vec<String> {
    let mut found = Vec::new();
    let tell = &mut |difference: verification::Difference| found.push(difference.to_string());
    verification::verify(&app.app.store, tell).await.unwrap();
    let chains = audit::verify(&app.app.store, None).await.unwrap();
    let broken = chains.iter().filter(|chain| !chain.valid);
    found.extend(broken.map(|chain| chain.organization.clone()));
    found
}

async fn costs(app: &TestApp, key: &str) -> Value {
    let path = "/v1/cost-attribution?period=all&group_by=team";
    let groups = app.call(key, "GET", path, Value::Null).await.expect(200);
    let groups = groups.as_object().unwrap().iter();
    groups
        .map(|(name, cost)| (name.clone(), cost["total"].clone()))
        .collect()
}

async fn admin_of(app: &TestApp, organization: &str, more: Value) -> String {
    let mut body = json!({ "name": organization });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    app.post("/v1/organizations", body).await.expect(201);
    let name = format!("{organization}-home");
    let body = json!({ "name": name, "organization": organization });
    app.post("/v1/namespaces", body).await.expect(201);
    let body = json!({ "name": "admin", "namespace": name, "role": "admin" });
    app.make_key(body).await["key"].as_str().unwrap().to_owned()
}

on_both_databases! {
    async fn what_was_used_stays_with_the_organization_it_was_used_in(app) {
        let old = admin_of(app, "old", json!({})).await;
        let new = admin_of(app, "new", json!({})).await;
        app.post("/v1/namespaces", json!({ "name": "team", "organization": "old" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let paid = json!({ "namespace": "team", "amount_usd": 10, "kind": "top_up", "reference": "inv-1" });
        app.post("/v1/credits", paid).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let event = |organization: &str, cost: i64| {
            let mut event = gateway.event(app, Event { key: key["id"].as_str().unwrap(), cost, ..Event::default() });
            event["organization"] = json!(organization);
            event
        };
        gateway.sync(app, 0, &[event("old", CENT)], json!([])).await;
        let late = event("old", 2 * CENT);
        app.advance(10);
        let revision = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        let moved = app.patch("/v1/namespaces/team", json!({ "organization": "new" })).await.expect(200);
        assert_eq!(moved["organization"], "new");
        let changes = gateway.sync(app, revision, &[late, event("new", 4 * CENT)], json!([])).await.changes;
        assert_eq!(changes.namespaces[0].organization, "new");
        assert_eq!(changes.keys.len(), 1, "their limits may be others");
        assert_eq!(costs(app, &old).await, json!({ "team": 0.03 }));
        assert_eq!(costs(app, &new).await, json!({ "team": 0.04 }));
        assert_eq!(costs(app, ADMIN).await, json!({ "team": 0.07 }));
        // The balance goes along, and each organization's audit has the move.
        let shown = app.call(&new, "GET", "/v1/credits?namespace=team", Value::Null).await.expect(200);
        assert_eq!((&shown["organization"], &shown["balance_usd"]), (&json!("new"), &json!(9.93)));
        app.call(&old, "GET", "/v1/namespaces/team", Value::Null).await.expect(404);
        for admin in [&old, &new] {
            let audit = app.call(admin, "GET", "/v1/audit?action=namespace.move", Value::Null).await.expect(200);
            let entry = &audit["data"][0];
            assert_eq!((&entry["before"]["organization"], &entry["after"]["organization"]), (&json!("old"), &json!("new")));
        }
        assert_eq!(problems(app).await, [""; 0]);
        // And back, and gone: nothing of the past moves.
        app.advance(10);
        app.patch("/v1/namespaces/team", json!({ "organization": "old" })).await.expect(200);
        app.delete("/v1/namespaces/team").await.expect(200);
        assert_eq!(costs(app, &old).await, json!({ "team": 0.03 }));
        assert_eq!(costs(app, &new).await, json!({ "team": 0.04 }));
        assert_eq!(costs(app, ADMIN).await, json!({ "team": 0.07 }));
        assert_eq!(problems(app).await, [""; 0]);
    }

    async fn only_the_operator_moves_and_the_new_organization_has_the_say(app) {
        let old = admin_of(app, "old", json!({})).await;
        admin_of(app, "new", json!({ "monthly_quota_usd": 50, "max_keys": 2, "max_namespaces": 5 })).await;
        app.post("/v1/namespaces", json!({ "name": "team", "organization": "old", "monthly_quota_usd": 60 })).await.expect(201);
        let path = "/v1/namespaces/team";
        let to = |organization: &str| json!({ "organization": organization });
        app.call(&old, "PATCH", path, to("new")).await.expect(403);
        app.call(&old, "PATCH", path, to("old")).await.expect(200);
        app.patch(path, to("nobody")).await.expect(404);
        app.patch(path, json!({ "organization": null })).await.expect(400);
        let refused = app.patch(path, to("new")).await.expect(400);
        assert!(refused["error"]["message"].as_str().unwrap().contains("$60.00"), "{refused}");
        for name in ["a", "b"] {
            app.make_key(json!({ "name": name, "namespace": "team" })).await;
        }
        let full = app.patch(path, json!({ "organization": "new", "monthly_quota_usd": 40 })).await.expect(409);
        assert_eq!(full["error"]["code"], "limit_reached");
        assert_eq!(app.get(path).await.expect(200)["organization"], "old");
        app.patch("/v1/organizations/new", json!({ "max_keys": 3 })).await.expect(200);
        app.patch(path, json!({ "organization": "new", "monthly_quota_usd": 40 })).await.expect(200);
    }

    async fn a_gateway_of_the_old_organization_forgets_it_and_still_reports_what_was(app) {
        admin_of(app, "old", json!({})).await;
        admin_of(app, "new", json!({})).await;
        app.post("/v1/namespaces", json!({ "name": "team", "organization": "old" })).await.expect(201);
        let tokens = Secret::from(format!("eu: {GATEWAY} organizations=old"));
        let credentials = Credentials::read(&Secret::from(ADMIN.to_owned()), &tokens).unwrap();
        app.app.replace_credentials(credentials);
        let gateway = Gateway::new("one", 1);
        let event = |organization: &str| {
            let mut event = gateway.event(app, Event { cost: CENT, ..Event::default() });
            event["organization"] = json!(organization);
            event
        };
        let before = event("old");
        let revision = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        app.advance(10);
        app.patch("/v1/namespaces/team", json!({ "organization": "new" })).await.expect(200);
        app.advance(61);
        let changes = gateway.sync(app, revision, &[before, event("old"), event("new")], json!([])).await.changes;
        assert_eq!((changes.removed_namespaces, changes.namespaces.len()), (vec!["team".to_owned()], 0));
        let mut tx = app.app.store.read().await.unwrap();
        let count = async |tx: &mut paddock_ledger::store::Tx, sql: &'static str| {
            tx.one::<(i64,)>(sql, Vec::new()).await.unwrap().0
        };
        assert_eq!(count(&mut tx, "SELECT COUNT(*) FROM events").await, 1);
        assert_eq!(count(&mut tx, "SELECT COUNT(*) FROM rejected_events").await, 2);
        drop(tx);
        // Back again it is told of it.
        app.patch("/v1/namespaces/team", json!({ "organization": "old" })).await.expect(200);
        let changes = gateway.sync(app, revision, &[], json!([])).await.changes;
        assert_eq!((changes.removed_namespaces.len(), changes.namespaces.len()), (0, 1));
    }
}
