//! How changes of policy reach gateways.

use crate::support::{ADMIN, Gateway, on_both_databases};
use paddock_core::policy::Role;
use paddock_core::secret;
use serde_json::json;

fn digest(key: &serde_json::Value) -> paddock_core::ids::KeyDigest {
    secret::digest(key["key"].as_str().unwrap().as_bytes())
}

on_both_databases! {
    async fn a_key_is_resolved_with_its_namespace_and_the_catalog_once(app) {
        let key = app.make_key(json!({
            "name": "k", "rpm": 60, "scopes": ["chat:create"], "models": ["gpt-4.1"],
        })).await;
        let gateway = Gateway::new("one", 1);
        let ask = json!({ "gateway": "one", "key": digest(&key) });
        let answer = gateway.resolve(app, ask).await;
        let policy = answer.key.unwrap();
        assert_eq!(policy.id, key["id"].as_str().unwrap());
        assert_eq!(policy.limits.requests_per_minute, Some(60));
        assert_eq!(policy.limits.tokens_per_minute, None);
        assert_eq!(answer.namespaces.len(), 1);
        assert_eq!(answer.namespaces[0].name, "k");
        let catalog = answer.catalog.unwrap();
        assert_eq!(catalog.models.len(), app.models().await);
        let again = json!({ "key": digest(&key), "catalog_revision": catalog.revision });
        assert_eq!(gateway.resolve(app, again).await.catalog, None);

        app.post(&format!("/v1/keys/{}/disable", policy.id), json!(null)).await.expect(200);
        let disabled = gateway.resolve(app, json!({ "key": digest(&key) })).await.key.unwrap();
        assert!(!disabled.enabled);
        let admin = secret::digest(ADMIN.as_bytes());
        let admin = gateway.resolve(app, json!({ "key": admin, "namespace": "k" })).await;
        let policy = admin.key.unwrap();
        assert_eq!((policy.id.as_str(), policy.role, policy.namespace), ("admin", Role::Admin, None));
        assert_eq!(admin.namespaces[0].name, "k");
        let unknown = secret::digest(b"pdk_unknown");
        let unknown = gateway.resolve(app, json!({ "key": unknown, "namespace": "no" })).await;
        assert!(unknown.key.is_none() && unknown.namespaces.is_empty());
    }

    async fn a_gateway_is_told_what_changed_since_it_last_asked(app) {
        let gateway = Gateway::new("one", 1);
        let start = gateway.sync(app, 0, &[], json!([])).await.changes;
        assert!(start.catalog.is_some() && !start.reset);
        let key = app.make_key(json!({ "name": "k" })).await;
        let id = key["id"].as_str().unwrap();
        let made = gateway.sync(app, start.revision, &[], json!([])).await.changes;
        assert_eq!((made.keys.len(), made.namespaces.len()), (1, 1));
        assert!(made.catalog.is_none());

        app.patch(&format!("/v1/keys/{id}"), json!({ "rpm": 77 })).await.expect(200);
        let changed = gateway.sync(app, made.revision, &[], json!([])).await.changes;
        assert_eq!(changed.keys[0].limits.requests_per_minute, Some(77));
        assert!(changed.namespaces.is_empty());
        let same = gateway.sync(app, changed.revision, &[], json!([])).await.changes;
        assert!(same.keys.is_empty() && same.revision == changed.revision);

        let rotated = app.post(&format!("/v1/keys/{id}/rotate"), json!({})).await.expect(201);
        let told = gateway.sync(app, changed.revision, &[], json!([])).await.changes;
        assert_eq!(told.keys.len(), 2, "the new secret and the old");
        app.post(&format!("/v1/keys/{id}/rotate"), json!({})).await.expect(201);
        let told = gateway.sync(app, told.revision, &[], json!([])).await.changes;
        assert_eq!(told.removed_keys, [digest(&key)]);

        let before = app.models().await;
        let body = json!({ "input": 1, "output": 2, "upstream": "mesh" });
        app.call(ADMIN, "PUT", "/v1/prices/llama", body).await.expect(201);
        let priced = gateway.sync(app, told.revision, &[], json!([])).await.changes;
        assert_eq!(priced.catalog.unwrap().models.len(), before + 1);

        app.delete("/v1/namespaces/k").await.expect(200);
        let gone = gateway.sync(app, priced.revision, &[], json!([])).await.changes;
        assert_eq!(gone.removed_namespaces, ["k"]);
        assert_eq!(gone.removed_keys.len(), 2);
        assert!(gone.removed_keys.contains(&digest(&json!({ "key": rotated["primary"] }))));

        app.post("/v1/namespaces", json!({ "name": "k" })).await.expect(201);
        let back = gateway.sync(app, gone.revision, &[], json!([])).await.changes;
        assert!(back.removed_namespaces.is_empty());
        assert_eq!(back.namespaces[0].name, "k");
    }

    async fn a_gateway_too_far_behind_or_ahead_starts_anew(app) {
        let gateway = Gateway::new("one", 1);
        let ahead = gateway.sync(app, 1_000_000, &[], json!([])).await.changes;
        assert!(ahead.reset && ahead.revision < 1_000_000);
        for n in 0..501 {
            app.make_key(json!({ "name": format!("k{n}") })).await;
        }
        let behind = gateway.sync(app, ahead.revision, &[], json!([])).await.changes;
        assert!(behind.reset && behind.keys.is_empty());
        let near = gateway.sync(app, behind.revision - 2, &[], json!([])).await.changes;
        assert!(!near.reset);
        assert_eq!(near.keys.len(), 2);
    }
}
