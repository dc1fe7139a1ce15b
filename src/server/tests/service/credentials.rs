//! Several keys of the operator and several tokens of gateways, each with a name.

use crate::support::{ADMIN, Event, GATEWAY, Gateway, TestApp, on_both_databases};
use paddock_core::secret;
use paddock_ledger::model::secret::Secret;
use paddock_server::config::Credentials;
use serde_json::{Value, json};

const NEW_ADMIN: &str = "another-key-for-tests";
const WATCH: &str = "watching-key-for-tests";
const OTHER_GATEWAY: &str = "another-token-for-tests";

fn name(app: &TestApp) {
    let read = |text: String| Secret::from(text);
    let admin = format!("ann: {ADMIN}\nann: {NEW_ADMIN}\nwatch: {WATCH} read-only");
    let gateways = format!("eu: {GATEWAY}\nus: {OTHER_GATEWAY}");
    let credentials = Credentials::read(&read(admin), &read(gateways)).unwrap();
    app.app.replace_credentials(credentials);
}

on_both_databases! {
    async fn operators_have_names_and_two_keys_are_valid_while_one_is_replaced(app) {
        app.call(WATCH, "GET", "/v1/keys", Value::Null).await.expect(401);
        name(app);
        for (key, namespace) in [(ADMIN, "a"), (NEW_ADMIN, "b")] {
            app.call(key, "POST", "/v1/namespaces", json!({ "name": namespace })).await.expect(201);
        }
        app.call(WATCH, "GET", "/v1/namespaces", Value::Null).await.expect(200);
        let audit = app.call(WATCH, "GET", "/v1/audit?limit=10", Value::Null).await.expect(200);
        assert!(audit.to_string().contains("\"ann\""), "{audit:#}");
        for (method, path) in [
            ("POST", "/v1/keys"), ("PATCH", "/v1/namespaces/a"), ("DELETE", "/v1/namespaces/a"),
            ("POST", "/v1/usage/reconcile"), ("PUT", "/v1/prices/m"),
        ] {
            app.call(WATCH, method, path, Value::Null).await.expect(403);
        }
        // At a gateway it is nobody's key.
        let gateway = Gateway::new("one", 1);
        let ask = |key: &str| json!({ "key": secret::digest(key.as_bytes()) });
        assert!(gateway.resolve(app, ask(WATCH)).await.key.is_none());
        assert!(gateway.resolve(app, ask(NEW_ADMIN)).await.key.is_some());
    }

    async fn a_gateway_speaks_for_itself_alone(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 10 })).await.expect(201);
        name(app);
        let gateway = Gateway::new("one", 1);
        let need = json!([{ "scope": "namespace:team", "amount": 8_000_000_000_i64 }]);
        let lease = gateway.lend(app, need.clone()).await.leases.remove(0);
        // Another token's holder says under the same name that all of it came back.
        let report = |token: &'static str| {
            let lease = json!({ "scope": lease.scope, "id": lease.id, "returned": lease.lent,
                "left": 0, "idle": true });
            let body = json!({ "gateway": "one", "revision": 0, "leases": [lease] });
            app.call(token, "POST", "/gateway/v1/sync", body)
        };
        let stolen = report(OTHER_GATEWAY).await.expect(200);
        assert_eq!(stolen["leases"], json!([]));
        let body = json!({ "gateway": "two", "needs": need });
        let again = app.call(OTHER_GATEWAY, "POST", "/gateway/v1/lend", body).await.expect(200);
        assert!(again["leases"][0]["lent"].as_i64().unwrap_or(0) <= 2_000_000_000, "{again:#}");
        // The ledger names the token.
        let event = gateway.event(app, Event { cost: 5, ..Event::default() });
        gateway.sync(app, 0, &[event], json!([])).await;
        let sql = "SELECT gateway FROM events";
        let mut tx = app.app.store.read().await.unwrap();
        let names: Vec<String> = tx.all(sql, paddock_ledger::store::Args::new()).await.unwrap();
        assert_eq!(names, ["eu/one"]);
    }

    async fn an_access_log_is_booked_with_the_gateways_token(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let events: Vec<Value> =
            (0..3).map(|_| gateway.event(app, Event { cost: 5, ..Event::default() })).collect();
        gateway.sync(app, 0, &events[..1], json!([])).await;
        let reconcile = async |token: &str, events: Value| {
            app.call(token, "POST", "/gateway/v1/reconcile", json!({ "events": events })).await
        };
        reconcile(ADMIN, json!(events)).await.expect(401);
        // One of them is broken, and holds up no other.
        let mut broken = events[2].clone();
        broken["cost"] = json!("much");
        let told = reconcile(GATEWAY, json!([events[0], events[1], broken])).await.expect(200);
        assert_eq!((&told["new"], &told["repeated"]), (&json!(1), &json!(1)), "{told:#}");
        assert_eq!(told["rejected"].as_array().unwrap().len(), 1, "{told:#}");
        name(app);
        let told = reconcile(GATEWAY, json!(events)).await.expect(200);
        assert_eq!((&told["new"], &told["repeated"]), (&json!(1), &json!(2)), "{told:#}");
        let told = reconcile(GATEWAY, json!(events)).await.expect(200);
        assert_eq!((&told["new"], &told["repeated"]), (&json!(0), &json!(3)), "{told:#}");
        let sql = "SELECT gateway FROM events ORDER BY id";
        let mut tx = app.app.store.read().await.unwrap();
        let names: Vec<String> = tx.all(sql, paddock_ledger::store::Args::new()).await.unwrap();
        assert_eq!(names, ["one", "reconcile", "eu/reconcile"]);
        drop(tx);
        let audit = app.get("/v1/audit?action=usage.reconcile").await.expect(200);
        let who: Vec<&Value> =
            audit["data"].as_array().unwrap().iter().map(|entry| &entry["key_name"]).collect();
        assert_eq!(who, ["gateway", "eu"], "{audit:#}");
        // A token for other organizations books nothing of this one.
        let tokens = format!("us: {GATEWAY} organizations=acme");
        let admin = Secret::from(ADMIN.to_owned());
        let credentials = Credentials::read(&admin, &Secret::from(tokens)).unwrap();
        app.app.replace_credentials(credentials);
        let event = gateway.event(app, Event { cost: 5, ..Event::default() });
        let told = reconcile(GATEWAY, json!([event])).await.expect(200);
        assert_eq!(told["new"], 0);
        let reason = told["rejected"][0]["error"].as_str().unwrap();
        assert!(reason.contains("token is not for the organization"), "{reason}");
        let metrics = app.app.metrics.to_text();
        assert!(metrics.contains("paddock_ledger_events_reconciled_total 2"), "{metrics}");
    }

    async fn a_token_without_a_name_cannot_claim_one(app) {
        let credentials = Credentials::read(
            &Secret::from(ADMIN.to_owned()),
            &Secret::from(format!("eu: {OTHER_GATEWAY}")),
        );
        app.app.replace_credentials(credentials.unwrap());
        let body = json!({ "gateway": "eu/one", "needs": [] });
        app.call(GATEWAY, "POST", "/gateway/v1/lend", body.clone()).await.expect(401);
        app.call(OTHER_GATEWAY, "POST", "/gateway/v1/lend", body).await.expect(200);
    }

    async fn a_token_for_one_organization_is_blind_to_all_others(app) {
        for organization in ["acme", "globex"] {
            let body = json!({ "name": format!("{organization}-web"), "organization": organization,
                "monthly_quota_usd": 10 });
            app.post("/v1/namespaces", body).await.expect(201);
            app.post(&format!("/v1/namespaces/{organization}-web/reserve"),
                json!({ "reservation_id": "r", "estimated_cost_usd": 1 })).await.expect(201);
        }
        let key = async |namespace: &str| {
            let made = app.make_key(json!({ "name": "k", "namespace": namespace })).await;
            let text = |field: &str| made[field].as_str().unwrap().to_owned();
            (text("id"), text("key"))
        };
        let (own_id, own_key) = key("acme-web").await;
        let (other_id, other_key) = key("globex-web").await;
        app.delete("/v1/namespaces/gone").await.expect(404);
        app.post("/v1/namespaces", json!({ "name": "gone", "organization": "globex" })).await.expect(201);
        app.delete("/v1/namespaces/gone").await.expect(200);
        let tokens = format!("all: {OTHER_GATEWAY}\neu: {GATEWAY} organizations=acme,new");
        let admin = Secret::from(ADMIN.to_owned());
        let credentials = Credentials::read(&admin, &Secret::from(tokens)).unwrap();
        app.app.replace_credentials(credentials);
        let gateway = Gateway::new("one", 1);

        // What it hears.
        let changes = gateway.sync(app, 0, &[], json!([])).await.changes;
        let heard = serde_json::to_string(&changes).unwrap();
        assert!(heard.contains("acme-web") && heard.contains(&own_id), "{heard}");
        for other in ["globex", &other_id, "gone"] {
            assert!(!heard.contains(other), "{other}: {heard}");
        }
        let ask = |key: &str| json!({ "key": secret::digest(key.as_bytes()) });
        assert!(gateway.resolve(app, ask(&own_key)).await.key.is_some());
        for question in [ask(&other_key), json!({ "namespace": "globex-web" })] {
            let answer = gateway.resolve(app, question).await;
            assert!(answer.key.is_none() && answer.namespaces.is_empty(), "{answer:?}");
        }
        for (namespace, is_there) in [("acme-web", true), ("globex-web", false)] {
            let reservation = json!({ "reservation": { "namespace": namespace, "id": "r" } });
            let answer = gateway.resolve(app, reservation).await;
            assert_eq!(answer.reservation.is_some(), is_there);
        }

        // What it borrows.
        let scopes = ["namespace:globex-web", "reservation:globex-web/r", "namespace:acme-web"];
        let needs: Vec<Value> = scopes.iter().map(|scope| json!({ "scope": scope, "amount": 5 })).collect();
        let lent = gateway.lend(app, json!(needs)).await.leases;
        let lent: Vec<&str> = lent.iter().map(|lease| lease.scope.as_str()).collect();
        assert_eq!(lent, ["namespace:acme-web"]);

        // What it reports.
        let report = |key: &str, namespace: &str, organization: &str| {
            let event = Event { key, namespace, cost: 1_000_000_000, ..Event::default() };
            let mut event = gateway.event(app, event);
            event["organization"] = json!(organization);
            event
        };
        let stored = json!({ "made_by": "globex-web", "made_at": app.now(), "stored": [] });
        let events = [
            report(&own_id, "acme-web", "acme"),
            report(&other_id, "globex-web", "globex"),
            report(&own_id, "globex-web", "acme"),
            report(&other_id, "acme-web", "acme"),
            report(&own_id, "acme-web", "globex"),
            report(&own_id, "unknown", "acme"),
            stored,
        ];
        gateway.sync(app, 0, &events, json!([])).await;
        let mut tx = app.app.store.read().await.unwrap();
        let count = async |tx: &mut paddock_ledger::store::Tx, sql: &'static str| {
            tx.one::<(i64,)>(sql, Vec::new()).await.unwrap().0
        };
        assert_eq!(count(&mut tx, "SELECT COUNT(*) FROM events").await, 1);
        assert_eq!(count(&mut tx, "SELECT COUNT(*) FROM rejected_events").await, 6);
        drop(tx);
        let audit = app.get("/v1/audit?action=model.call").await.expect(200);
        assert_eq!(audit["data"][0]["gateway"], "eu/one", "{audit:#}");
    }
}
