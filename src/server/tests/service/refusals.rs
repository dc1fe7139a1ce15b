//! Refused calls: in the audit, one event for one or for many, and in no sum.

use crate::support::{Event, Gateway, TestApp, on_both_databases};
use serde_json::{Value, json};

/// An event of refused calls.
fn refused(gateway: &Gateway, app: &TestApp, code: &str, refusals: u64) -> Value {
    let mut event = gateway.event(app, Event::default());
    event["outcome"] = json!("refused");
    event["status"] = json!(429);
    event["tokens"] = json!({});
    event["code"] = json!(code);
    event["refused_by"] = json!("namespace:team");
    event["refusals"] = json!(refusals);
    event
}

async fn entries(app: &TestApp, query: &str) -> Vec<Value> {
    let audit = app
        .get(&format!("/v1/audit?namespace=team&{query}"))
        .await
        .expect(200);
    audit["data"].as_array().unwrap().clone()
}

on_both_databases! {
    async fn refused_calls_are_in_the_audit_and_in_no_sum(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let served = gateway.event(app, Event { cost: 5_000_000, ..Event::default() });
        let one = refused(&gateway, app, "budget_exceeded", 1);
        let mut many = refused(&gateway, app, "rate_limit_exceeded", 50_000);
        many["model"] = json!("");
        many["duration_ms"] = json!(990);
        // As gateways reported violations of content before refusals had codes.
        let mut old = refused(&gateway, app, "", 1);
        for field in ["code", "refused_by", "refusals"] {
            old.as_object_mut().unwrap().remove(field);
        }
        old["category"] = json!("weapons");
        let batch = [served, one, many.clone(), old];
        gateway.sync(app, 0, &batch, json!([])).await;
        gateway.sync(app, 0, &batch, json!([])).await;

        let told = entries(app, "action=model.refused").await;
        let mut told: Vec<_> = told.iter().map(|entry| {
            assert_eq!(entry["outcome"], "refused");
            assert_eq!((&entry["input_tokens"], &entry["cost_usd"]), (&json!(0), &json!(0.0)));
            let code = entry["refusal_code"].as_str().unwrap_or_default();
            (code.to_owned(), entry["refused_by"].clone(), entry["refusals"].as_u64().unwrap())
        }).collect();
        told.sort_by(|a, b| a.0.cmp(&b.0));
        let by = json!("namespace:team");
        assert_eq!(told, [
            (String::new(), Value::Null, 1),
            ("budget_exceeded".to_owned(), by.clone(), 1),
            ("rate_limit_exceeded".to_owned(), by, 50_000),
        ]);
        assert_eq!(entries(app, "action=model.call").await.len(), 1);
        assert_eq!(entries(app, "action=model.").await.len(), 4);
        assert_eq!(entries(app, "action=key.").await.len(), 0);
        let served = entries(app, "action=model.call").await;
        assert_eq!((&served[0]["refusals"], &served[0]["refusal_code"]), (&json!(0), &Value::Null));
        let path = "/v1/audit?format=csv&action=model.refused&fields=refusal_code,refusals,outcome";
        let csv = app.get(path).await;
        let csv = csv.expect(200);
        assert!(csv.as_str().unwrap().contains("rate_limit_exceeded,50000,refused"), "{csv}");

        let usage = app.get("/v1/namespaces/team/usage").await.expect(200);
        assert_eq!((&usage["request_count"], &usage["total_spent"]), (&json!(1), &json!(0.005)));
        assert_eq!(usage["model_breakdown"].as_object().unwrap().len(), 1);
        let sums = app.get("/v1/audit?aggregation=per_key&namespace=team").await.expect(200);
        assert_eq!(sums["data"][0]["requests"], 1, "{sums:#}");
        let verified = app.get("/v1/audit/verify").await.expect(200);
        assert_eq!(verified["valid"], true, "{verified}");
        assert_eq!(verified["entries"], 5, "with the namespace's creation: {verified}");

        // The log of an Envoy has some of them too: they are known already.
        let body = json!({ "events": batch });
        let again = app.post("/v1/usage/reconcile", body).await.expect(200);
        assert_eq!((&again["new"], &again["repeated"]), (&json!(0), &json!(4)));
        many["id"] = refused(&gateway, app, "", 1)["id"].clone();
        many["refusals"] = json!(u64::MAX);
        let rejected = app.post("/v1/usage/reconcile", json!({ "events": [many] })).await.expect(200);
        assert_eq!(rejected["rejected"].as_array().unwrap().len(), 1);
    }
}
