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
}
