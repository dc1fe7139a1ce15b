//! The OpenAPI document: what is served is what is committed.

use crate::support::on_both_databases;
use paddock_server::config::PolicyOptions;
use serde_json::{Value, json};

fn committed() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

on_both_databases! {
    async fn the_document_served_is_the_one_committed(app) {
        let answer = app.get("/openapi.json").await;
        assert_eq!(answer.headers["content-type"], "application/json");
        let served = answer.expect(200);
        assert!(served == committed(), "src/server/openapi.json is out of date: run `make openapi`");
    }

    async fn the_document_tells_this_installations_range_of_rates(app) {
        let options = PolicyOptions { min_rpm: 1, max_rpm: 50_000, ..PolicyOptions::default() };
        let served = app.replica(PolicyOptions { organization_rpm: 50_000, ..options }).await;
        let served = served.get("/openapi.json").await.expect(200);
        let field = "/components/schemas/CreateKey/properties/rate_limit_per_minute";
        let rate = served.pointer(field).unwrap();
        assert_eq!((&rate["minimum"], &rate["maximum"]), (&json!(1), &json!(50_000)));
    }
}

#[test]
fn every_operation_is_described_and_says_how_it_refuses() {
    let document = committed();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(!path.contains('*'), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert_eq!(
                operation["tags"].as_array().unwrap().len(),
                1,
                "{method} {path}"
            );
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{method} {path}"
            );
            assert_eq!(
                path.starts_with("/v1/"),
                responses.contains_key("401"),
                "{method} {path}"
            );
            let names = operation["parameters"].as_array().into_iter().flatten();
            let in_path = names.filter(|parameter| parameter["in"] == "path");
            assert_eq!(
                in_path.count(),
                path.matches('{').count(),
                "{method} {path}"
            );
        }
    }
    assert!(ids.len() > 60, "{}", ids.len());
}

#[test]
fn bodies_say_their_synonyms_and_that_they_have_no_other_fields() {
    let document = committed();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let key = schema("CreateKey");
    assert_eq!(key["additionalProperties"], false);
    assert_eq!(key["required"], json!(["name"]));
    let synonyms = &key["properties"]["tokens_per_minute"]["x-synonyms"];
    for synonym in ["tpm", "rate_limit_tpm", "rate_limits.tpm"] {
        assert!(
            synonyms.as_array().unwrap().contains(&json!(synonym)),
            "{synonym}"
        );
    }
    let cap = schema("PutUserQuota");
    let synonyms = cap["properties"]["monthly_limit_usd"]["x-synonyms"]
        .as_array()
        .unwrap();
    assert!(
        synonyms.contains(&json!("monthly_quota_usd"))
            && !synonyms.contains(&json!("monthly_limit_usd"))
    );
    assert_eq!(schema("RoutingRule")["additionalProperties"], false);
}
