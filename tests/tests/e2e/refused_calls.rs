//! Refused calls of identified callers are in the audit: each of its own, a burst as a few events
//! that count it, and none in any sum.

use crate::client::{Call, Connection};
use crate::gateway::{Gateway, Tenant, eventually};
use serde_json::{Value, json};

/// Calls of the burst, of each of some clients.
const BURST: u64 = 150;
const CLIENTS: u64 = 6;

/// The entries of a tenant's refused calls.
pub fn refused(gateway: &Gateway, tenant: &Tenant) -> Vec<Value> {
    let namespace = &tenant.namespace;
    let path = format!("/v1/audit?namespace={namespace}&action=model.refused");
    let audit = gateway.manage("GET", &path, None);
    audit["data"].as_array().unwrap().clone()
}

/// How many calls those entries stand for.
pub fn calls(entries: &[Value]) -> u64 {
    entries
        .iter()
        .map(|entry| entry["refusals"].as_u64().unwrap())
        .sum()
}

/// The entries, once they stand for as many calls, which they must exactly.
#[track_caller]
pub fn all_refused(gateway: &Gateway, tenant: &Tenant, count: u64) -> Vec<Value> {
    let mut entries = Vec::new();
    eventually(&format!("{count} refusals of {tenant:?}"), || {
        entries = refused(gateway, tenant);
        (calls(&entries) >= count).then_some(())
    });
    assert_eq!(calls(&entries), count, "{entries:#?}");
    entries
}

#[test]
fn each_refusal_is_in_the_audit_with_code_and_scope() {
    let gateway = Gateway::shared();
    let poor = gateway.namespace("poor", json!({"monthly_quota_usd": 0}));
    let narrow = gateway.tenant("narrow", json!({"allowed_models": ["deepseek-v3.2"]}));
    let viewer = gateway.tenant("viewer", json!({"role": "viewer"}));
    let unknown = json!({"model": "no-such-model"});
    type Row<'a> = (&'a Tenant, Call, u16, &'a str, Option<String>, &'a str);
    let rows: [Row<'_>; 5] = [
        (
            &poor,
            poor.chat(),
            402,
            "budget_exceeded",
            Some(poor.namespace_scope()),
            "gpt-4.1",
        ),
        (
            &narrow,
            narrow.chat(),
            403,
            "model_not_allowed",
            Some(narrow.key_scope()),
            "gpt-4.1",
        ),
        (
            &narrow,
            narrow.chat_with(unknown),
            404,
            "model_not_found",
            None,
            "no-such-model",
        ),
        (
            &viewer,
            viewer.chat(),
            403,
            "endpoint_not_allowed",
            Some(viewer.key_scope()),
            "",
        ),
        (
            &viewer,
            viewer.post("/v1/nothing", "{}"),
            404,
            "not_found",
            None,
            "",
        ),
    ];
    for (tenant, call, status, code, scope, model) in &rows {
        let answer = gateway
            .send(call)
            .expect(*status)
            .says("/error/code", *code);
        let id = answer.header("x-request-id").unwrap();
        let entry = eventually(&format!("{code} is in the audit"), || {
            let entries = refused(gateway, tenant);
            entries.into_iter().find(|entry| entry["request_id"] == id)
        });
        assert_eq!(entry["refusal_code"], *code);
        assert_eq!(entry["refused_by"], json!(scope), "{code}");
        assert_eq!(
            (&entry["status"], &entry["refusals"]),
            (&json!(status), &json!(1))
        );
        assert_eq!(
            (&entry["model"], &entry["api_key_id"]),
            (&json!(model), &json!(tenant.id))
        );
        assert_eq!(
            (&entry["input_tokens"], &entry["cost_usd"]),
            (&json!(0), &json!(0.0))
        );
        let address = entry["ip_address"].as_str().unwrap();
        assert!(address.parse::<std::net::IpAddr>().is_ok(), "{entry:#}");
    }
    gateway
        .send(&narrow.chat_with(json!({"model": "deepseek-v3.2"})))
        .expect(200);
    for (tenant, served) in [(&poor, 0), (&narrow, 1), (&viewer, 0)] {
        assert_eq!(gateway.settled_ledger(tenant).len(), served);
        let path = format!("/v1/namespaces/{}/usage", tenant.namespace);
        assert_eq!(gateway.manage("GET", &path, None)["request_count"], served);
    }
}

#[test]
fn a_burst_is_counted_and_floods_nothing() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("loop", json!({"rate_limits": {"rpm": 10}}));
    let call = tenant.chat_with(json!({"max_tokens": 16}));
    let served: u64 = std::thread::scope(|scope| {
        let client = || {
            let mut connection = Connection::open(gateway.address);
            let answers = (0..BURST).map(|_| connection.call(&call));
            let served = answers.filter(|answer| match answer.status {
                200 => true,
                429 => false,
                _ => panic!("{answer}"),
            });
            served.count() as u64
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    let refused = BURST * CLIENTS - served;
    assert!(served >= 10 && refused > 800, "{served} were served");
    let entries = all_refused(gateway, &tenant, refused);
    assert!(
        (entries.len() as u64) * 8 < refused,
        "{} events",
        entries.len()
    );
    for entry in &entries {
        assert_eq!(entry["refusal_code"], "rate_limit_exceeded");
        assert_eq!(entry["refused_by"], tenant.key_scope());
        assert_eq!(entry["model"], "gpt-4.1");
    }
    // What was served is in the sums, and nothing else.
    let lines = gateway.settled_ledger(&tenant);
    assert_eq!(lines.len() as u64, served);
    let path = format!("/v1/namespaces/{}/usage", tenant.namespace);
    assert_eq!(gateway.manage("GET", &path, None)["request_count"], served);

    // The log has the events of some of them: the ledger knows those.
    let log = gateway.access_log();
    let events = log
        .iter()
        .map(|line| line["event"].clone())
        .filter(|event| event["id"].is_string());
    let ours: Vec<Value> = events
        .filter(|event| event["namespace"] == json!(tenant.namespace))
        .collect();
    let of_refusals = ours.iter().filter(|event| event["outcome"] == "refused");
    assert!(
        of_refusals.count() > 0,
        "the first of each window is logged"
    );
    let body = json!({"events": ours});
    let reconciled = gateway.manage("POST", "/v1/usage/reconcile", Some(&body));
    assert_eq!(
        (&reconciled["new"], &reconciled["rejected"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(calls(&self::refused(gateway, &tenant)), refused);
}
