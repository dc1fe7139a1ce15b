//! Tenants are apart in the network, and each sees its own.

use crate::client::{Answer, Call, Connection};
use crate::gateway::{Gateway, Tenant, eventually};
use paddock_local::StackOptions;
use serde_json::{Value, json};

fn models(answer: Answer) -> Vec<String> {
    let list = answer.expect(200).says("/object", "list").json();
    let models = list["data"].as_array().unwrap();
    for model in models {
        assert_eq!(model["object"], "model", "{list:#}");
        assert!(
            model["owned_by"].is_string() && model["created"].is_u64(),
            "{list:#}"
        );
    }
    models
        .iter()
        .map(|model| model["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn everyone_lists_their_own_models() {
    let gateway = Gateway::shared();
    let all = gateway.tenant("all-models", json!({}));
    let team = gateway.namespace(
        "some-models",
        json!({"allowed_models": ["gpt-4.1", "deepseek-v3.2"]}),
    );
    let narrow = json!({"namespace": team.namespace, "allowed_models": ["deepseek-v3.2"]});
    let key = gateway.tenant("one-model", narrow);
    let list = |tenant: &Tenant| models(gateway.send(&tenant.get("/v1/models")));
    let everything = list(&all);
    for model in [
        "gpt-4.1",
        "claude-sonnet-4.5",
        "gemini-2.5-flash",
        "deepseek-v3.2",
    ] {
        assert!(everything.contains(&model.to_owned()), "{everything:?}");
    }
    assert_eq!(list(&team), ["gpt-4.1", "deepseek-v3.2"]);
    assert_eq!(list(&key), ["deepseek-v3.2"]);
    let operator = Call::get("/v1/models").key(gateway.admin_key());
    gateway.send(&operator).expect(403);
    let operator = operator.header("x-namespace", &team.namespace);
    assert_eq!(
        models(gateway.send(&operator)),
        ["gpt-4.1", "deepseek-v3.2"]
    );
    // It is answered by the gateway, and is no model call.
    let answer = gateway.send(&all.get("/v1/models")).expect(200);
    assert!(
        answer.header("x-ratelimit-limit-requests").is_some(),
        "{answer}"
    );
    assert_eq!(gateway.seen(&all).len(), 0);
    assert!(gateway.lines(&all).is_empty());
}

/// One client connection keeps to one worker, each of which has pools of its own.
#[test]
fn each_namespace_has_its_own_connections_to_the_provider() {
    let gateway = Gateway::start(StackOptions::default());
    let tenants = [(); 3].map(|()| gateway.tenant("pool", json!({})));
    let sibling = gateway.tenant("sibling", json!({"namespace": tenants[0].namespace}));
    let mut connection = Connection::open(gateway.address);
    // Asking for the number takes a connection as well.
    let connections = || gateway.provider_stat("connections");
    let before = connections();
    for _ in 0..3 {
        for tenant in tenants.iter().chain([&sibling]) {
            connection.call(&tenant.chat()).expect(200);
        }
    }
    assert_eq!(connections() - before, 3 + 1);
}

#[test]
fn metrics_have_their_labels() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("measured", json!({}));
    gateway.send(&tenant.chat()).expect(200);
    gateway.send(&tenant.stream()).expect(200);
    gateway.send(&tenant.chat().fake("status", 400)).expect(400);
    gateway
        .send(&tenant.chat_with(json!({"model": "nothing"})))
        .expect(404);
    let ns = &tenant.namespace;
    let expected = [
        (
            format!(r#"paddock_requests_total{{code="200",model="gpt-4.1",ns="{ns}"}}"#),
            2,
        ),
        (
            format!(r#"paddock_requests_total{{code="400",model="gpt-4.1",ns="{ns}"}}"#),
            1,
        ),
        (
            format!(r#"paddock_input_tokens_total{{model="gpt-4.1",ns="{ns}"}}"#),
            6,
        ),
        (
            format!(r#"paddock_output_tokens_total{{model="gpt-4.1",ns="{ns}"}}"#),
            32,
        ),
        (
            format!(r#"paddock_cost_nanodollars_total{{model="gpt-4.1",ns="{ns}"}}"#),
            271_000,
        ),
        (
            format!(r#"paddock_refusals_total{{ns="{ns}",reason="model_not_found"}}"#),
            1,
        ),
    ];
    eventually("the metrics are there", || {
        let found: Vec<_> = gateway
            .envoy_metrics()
            .lines()
            .filter_map(sorted_labels)
            .collect();
        let ours: Vec<_> = found
            .iter()
            .filter(|(name, _)| name.contains(&format!("\"{ns}\"")))
            .collect();
        expected
            .iter()
            .all(|wanted| ours.contains(&wanted))
            .then_some(())
            .or_else(|| (ours.len() > expected.len()).then(|| panic!("{ours:#?}")))
    });
}

/// A line of Prometheus' text as a name with its labels in order, and its value.
fn sorted_labels(line: &str) -> Option<(String, u64)> {
    let (name, rest) = line
        .strip_prefix("envoy_wasmcustom_")
        .unwrap_or(line)
        .split_once('{')?;
    let (labels, value) = rest.rsplit_once("} ")?;
    let mut labels: Vec<&str> = labels.split(',').collect();
    labels.sort_unstable();
    Some((
        format!("{name}{{{}}}", labels.join(",")),
        value.parse().ok()?,
    ))
}

#[test]
fn the_access_log_has_the_whole_event() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("logged", json!({}));
    let served = gateway
        .send(&tenant.stream().header("user-agent", "horse/1.0"))
        .expect(200);
    gateway
        .send(&tenant.chat_with(json!({"model": "nothing"})))
        .expect(404);
    let line = gateway.ledger(&tenant, 1).remove(0);
    let ours = eventually("both are logged", || {
        let is_ours = |line: &Value| line["event"]["namespace"] == tenant.namespace;
        let ours: Vec<_> = gateway.access_log().into_iter().filter(is_ours).collect();
        (ours.len() == 2).then_some(ours)
    });
    let [served_line, refused] = &ours[..] else {
        unreachable!()
    };
    for (field, value) in [
        ("method", json!("POST")),
        ("path", json!("/v1/chat/completions")),
        ("status", json!(200)),
        ("upstream_cluster", json!("openai")),
        ("request_id", json!(served.header("x-request-id"))),
    ] {
        assert_eq!(served_line[field], value, "{field}: {served_line:#}");
    }
    // The event is what the ledger has.
    let (event, refused_event) = (&served_line["event"], &refused["event"]);
    for (field, value) in [
        ("id", json!(line.id)),
        ("key_id", json!(tenant.id)),
        ("namespace", json!(tenant.namespace)),
        ("model", json!("gpt-4.1")),
        ("cost", json!(line.cost)),
        ("request_id", json!(line.request_id)),
        ("user_agent", json!("horse/1.0")),
        ("outcome", json!("complete")),
    ] {
        assert_eq!(event[field], value, "{field}: {event:#}");
    }
    // Of a client on this machine Envoy says the machine's own address.
    let address = event["client_address"].as_str().unwrap();
    assert!(address.parse::<std::net::IpAddr>().is_ok(), "{event:#}");
    assert_eq!(
        (&event["tokens"]["input"], &event["tokens"]["output"]),
        (&json!(3), &json!(16))
    );
    assert_eq!(
        (&refused["status"], &refused["request_id"]),
        (&json!(404), &refused_event["request_id"])
    );
    assert_eq!(
        (&refused_event["outcome"], &refused_event["cost"]),
        (&json!("refused"), &json!(0))
    );
    assert_eq!(refused_event["key_id"], tenant.id);
}

#[test]
fn a_key_sees_its_own_usage_and_balance() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant(
        "self-service",
        json!({"monthly_quota_usd": 1.0, "rate_limits": {"rpm": 60}}),
    );
    let nobody = gateway.tenant("nosy", json!({}));
    for _ in 0..3 {
        gateway
            .send(&tenant.chat_with(json!({"max_tokens": 16})))
            .expect(200);
    }
    gateway.ledger(&tenant, 3);
    let get = |tenant: &Tenant, path: &str| gateway.send(&tenant.get(path));
    let path = tenant.key_path();
    let usage = get(&tenant, &format!("{path}/usage?period=7d&granularity=day")).expect(200);
    let usage = usage.says("/total_requests", 3).says("/total_tokens", 57);
    let usage = usage
        .says("/total_cost_usd", 0.000_406_5)
        .says("/by_model/gpt-4.1/requests", 3);
    usage.says("/limit_rpm", 60);
    let status = get(&tenant, &format!("{path}/status")).expect(200);
    status
        .says("/enabled", true)
        .says("/budget_remaining_usd", 0.999_593_5);
    let balance = get(&tenant, "/v1/account/balance").expect(200);
    let balance = balance
        .says("/used", 0.000_406_5)
        .says("/monthly_limit", 1.0);
    balance
        .says("/balance", 0.999_593_5)
        .says("/currency", "USD");
    let answer = get(&nobody, &format!("{path}/usage"));
    assert!(matches!(answer.status, 403 | 404), "{answer}");
}
