//! Models that several deployments serve: what one fails to answer, the next one does.

use crate::client::{Answer, Call, Connection};
use crate::examples::{example, tour};
use crate::gateway::{Gateway, Line, Tenant, eventually, header_of};
use paddock_local::StackOptions;
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// The first deployment, and the name of its host.
const A: (&str, &str) = ("openai", "api.openai.com");
/// The one behind it, which takes twice as much.
const B: (&str, &str) = ("gemini", "generativelanguage.googleapis.com");
/// One whose host refuses connections.
const NOBODY: &str = "deepseek";
/// Nano-dollars of a token of input and of output.
const PRICE_A: (i64, i64) = (1_000, 10_000);
const PRICE_B: (i64, i64) = (2_000, 20_000);

fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let options = StackOptions {
            edit_bootstrap: Some(Box::new(edit)),
            ..StackOptions::default()
        };
        Gateway::lasting("failover", options)
    })
}

/// Hosts have names, one refuses connections, and no deployment may take longer than a second to answer.
fn edit(bootstrap: &mut Value) {
    let clusters = bootstrap.pointer_mut("/static_resources/clusters").unwrap();
    for cluster in clusters.as_array_mut().unwrap() {
        let name = cluster["name"].as_str().unwrap().to_owned();
        let endpoint = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint";
        let endpoint = cluster.pointer_mut(endpoint).unwrap();
        if let Some((_, host)) = [A, B].iter().find(|(cluster, _)| *cluster == name) {
            endpoint["hostname"] = json!(host);
        }
        if name == NOBODY {
            endpoint["address"]["socket_address"]["port_value"] = json!(1);
        }
    }
    let routes = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/\
                  virtual_hosts/0/routes";
    let routes = bootstrap
        .pointer_mut(routes)
        .unwrap()
        .as_array_mut()
        .unwrap();
    let several = routes
        .iter_mut()
        .find(|route| !route["route"]["inline_cluster_specifier_plugin"].is_null());
    several.unwrap()["route"]["retry_policy"]["per_try_timeout"] = json!("1s");
}

/// A model of its own, served by `first`, and by B behind it.
#[track_caller]
fn model(gateway: &Gateway, first: &str) -> String {
    let name = format!("failing-{}", gateway.number());
    gateway.model(
        &name,
        &json!({
            "input_usd_per_million": 1, "output_usd_per_million": 10,
            "deployments": [
                { "upstream": first, "upstream_model": format!("{name}-a") },
                { "upstream": B.0, "upstream_model": format!("{name}-b"), "priority": 1,
                  "paths": { "openai": "/v1beta/openai" },
                  "price": { "input_usd_per_million": 2, "output_usd_per_million": 20 } },
            ],
        }),
    );
    name
}

fn chat(tenant: &Tenant, model: &str) -> Call {
    tenant.chat_with(json!({ "model": model, "max_tokens": 16 }))
}

/// The same, of which A makes this.
fn failing(tenant: &Tenant, model: &str, how: (&str, u64)) -> Call {
    let call = chat(tenant, model).fake(how.0, how.1);
    call.fake("only-host", A.1)
}

#[track_caller]
fn served(line: &Line, by: (&str, u64), price: (i64, i64)) {
    let found = line
        .served
        .as_ref()
        .map(|(upstream, attempt)| (upstream.as_str(), *attempt));
    assert_eq!(found, Some(by), "{line:?}");
    let cost = line.input * price.0 + line.output * price.1;
    assert_eq!(
        (line.output, line.cost, line.estimated),
        (16, cost, false),
        "{line:?}"
    );
    assert_eq!(
        (line.status, line.outcome.as_str()),
        (200, "complete"),
        "{line:?}"
    );
}

/// Host, path and model of all attempts that arrived.
fn arrived(gateway: &Gateway, tenant: &Tenant) -> Vec<(String, String, String)> {
    let seen = gateway.seen(tenant);
    let one = |request: &Value| {
        let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
        let length: usize = header_of(request, "content-length")
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(length, request["body"].as_str().unwrap().len());
        for (name, _) in request["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        {
            assert!(
                !name.starts_with("x-paddock") && !name.starts_with("x-envoy"),
                "{name}"
            );
        }
        (
            header_of(request, "host").unwrap().to_owned(),
            request["path"].as_str().unwrap().to_owned(),
            body["model"].as_str().unwrap().to_owned(),
        )
    };
    seen.iter().map(one).collect()
}

fn of(host: &str, path: &str, model: String) -> (String, String, String) {
    (host.to_owned(), path.to_owned(), model)
}

#[track_caller]
fn ok(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer}");
}

/// A failure costs the caller nothing but time; the next calls go elsewhere, until it is over.
#[test]
fn what_one_fails_to_answer_the_next_one_does() {
    let gateway = gateway();
    thread::scope(|scope| {
        for how in [
            ("status", 429),
            ("status", 500),
            ("status", 503),
            ("reset-after", 0),
            ("latency-ms", 4_000),
        ] {
            scope.spawn(move || {
                let model = model(gateway, A.0);
                let tenant = gateway.tenant("fails", json!({"monthly_quota_usd": 1}));
                let began = Instant::now();
                ok(&gateway.send(&failing(&tenant, &model, how)));
                served(&gateway.ledger(&tenant, 1)[0], (B.0, 2), PRICE_B);
                assert_eq!(
                    arrived(gateway, &tenant),
                    [
                        of(A.1, "/v1/chat/completions", format!("{model}-a")),
                        of(B.1, "/v1beta/openai/chat/completions", format!("{model}-b")),
                    ],
                    "{how:?}"
                );
                ok(&gateway.send(&chat(&tenant, &model)));
                let second = gateway.ledger(&tenant, 2).pop().unwrap();
                // Where all of this took longer than A is left alone, it may be tried again.
                if began.elapsed() < Duration::from_millis(1_900) {
                    served(&second, (B.0, 1), PRICE_B);
                }
                thread::sleep(Duration::from_millis(2_500));
                ok(&gateway.send(&chat(&tenant, &model)));
                served(&gateway.ledger(&tenant, 3)[2], (A.0, 1), PRICE_A);
            });
        }
    });
}

#[test]
fn a_host_that_refuses_connections_is_passed_by() {
    let gateway = gateway();
    let model = model(gateway, NOBODY);
    let tenant = gateway.tenant("refused", json!({}));
    // Knowing the model has tried it already.
    thread::sleep(Duration::from_millis(4_500));
    ok(&gateway.send(&chat(&tenant, &model)));
    served(&gateway.ledger(&tenant, 1)[0], (B.0, 2), PRICE_B);
}

#[test]
fn how_long_one_asks_to_be_left_alone_is_believed() {
    let gateway = gateway();
    let model = model(gateway, A.0);
    let tenant = gateway.tenant("asks", json!({}));
    ok(&gateway.send(&failing(&tenant, &model, ("status", 429)).fake("retry-after", 5)));
    thread::sleep(Duration::from_millis(3_000));
    ok(&gateway.send(&chat(&tenant, &model)));
    thread::sleep(Duration::from_millis(3_000));
    ok(&gateway.send(&chat(&tenant, &model)));
    let lines = gateway.ledger(&tenant, 3);
    served(&lines[0], (B.0, 2), PRICE_B);
    served(&lines[1], (B.0, 1), PRICE_B);
    served(&lines[2], (A.0, 1), PRICE_A);
    let counted = format!("paddock_cool_downs_total{{scope=\"{}\"}}", A.0);
    eventually("cool-downs are counted", || {
        let metrics = gateway.envoy_metrics();
        metrics
            .lines()
            .any(|line| line.starts_with(&counted))
            .then_some(())
    });
}

#[test]
fn a_stream_that_has_begun_is_never_repeated() {
    let gateway = gateway();
    let model = model(gateway, A.0);
    let tenant = gateway.tenant("breaks", json!({}));
    let call = tenant.chat_with(json!({ "model": model, "max_tokens": 16, "stream": true }));
    let answer = gateway.send(&call.fake("reset-after", 3).fake("only-host", A.1));
    assert_eq!(answer.status, 200, "{answer}");
    let line = gateway.ledger(&tenant, 1).remove(0);
    assert_eq!(line.served, Some((A.0.to_owned(), 1)), "{line:?}");
    assert_eq!(
        (line.outcome.as_str(), line.estimated),
        ("truncated", true),
        "{line:?}"
    );
    assert_eq!(arrived(gateway, &tenant).len(), 1);
}

#[test]
fn if_all_fail_the_last_answer_is_the_callers_and_costs_nothing() {
    let gateway = gateway();
    let model = model(gateway, A.0);
    let tenant = gateway.tenant("all", json!({}));
    let answer = gateway.send(&chat(&tenant, &model).fake("status", 503));
    assert_eq!(answer.status, 503, "{answer}");
    let line = gateway.ledger(&tenant, 1).remove(0);
    assert_eq!(line.served, Some((B.0.to_owned(), 2)), "{line:?}");
    assert_eq!(
        (line.outcome.as_str(), line.cost),
        ("upstream_error", 0),
        "{line:?}"
    );
    assert_eq!(arrived(gateway, &tenant).len(), 2);
}

/// What a client did wrong is no failure of the deployment's.
#[test]
fn a_refusal_of_the_request_itself_goes_back_at_once() {
    let gateway = gateway();
    let model = model(gateway, A.0);
    let tenant = gateway.tenant("bad", json!({}));
    let answer = gateway.send(&failing(&tenant, &model, ("status", 400)));
    assert_eq!(answer.status, 400, "{answer}");
    assert_eq!(arrived(gateway, &tenant).len(), 1);
    ok(&gateway.send(&chat(&tenant, &model)));
    served(&gateway.ledger(&tenant, 2)[1], (A.0, 1), PRICE_A);
}

/// One call in ten fails at A; nobody gets anything but an answer, and the ledger is exact.
#[test]
fn a_tenth_of_the_load_failing_costs_no_caller_an_answer() {
    const WORKERS: usize = 8;
    const CALLS: usize = 50;
    let gateway = gateway();
    let model = &model(gateway, A.0);
    let tenant = &gateway.tenant("load", json!({"monthly_quota_usd": 5}));
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            scope.spawn(move || {
                let mut connection = Connection::open(gateway.address);
                for number in 0..CALLS {
                    let call = match (number + worker) % 10 {
                        0 => failing(tenant, model, ("status", 503)),
                        _ => chat(tenant, model),
                    };
                    ok(&connection.call(&call));
                }
            });
        }
    });
    let lines = gateway.ledger(tenant, WORKERS * CALLS);
    for line in &lines {
        match line
            .served
            .as_ref()
            .map(|(upstream, attempt)| (upstream.as_str(), *attempt))
        {
            Some(("openai", 1)) => served(line, (A.0, 1), PRICE_A),
            Some(("gemini", attempt)) => served(line, (B.0, attempt), PRICE_B),
            other => panic!("{other:?}: {line:?}"),
        }
    }
    let attempts: u64 = lines
        .iter()
        .filter_map(|line| Some(line.served.as_ref()?.1))
        .sum();
    assert_eq!(arrived(gateway, tenant).len() as u64, attempts);
    assert!(attempts > lines.len() as u64, "none has failed");
    let (is_right, report) = gateway.verify();
    assert!(is_right, "{report}");
}

#[test]
fn the_examples_tour_does_what_it_says() {
    let gateway = example("examples/failover/envoy.yaml", str::to_owned);
    let provider = format!("http://{}", gateway.provider);
    let environment = [("PROVIDER_URL", provider.as_str())];
    tour(&gateway, "examples/failover/README.md", &environment);
    // Each provider sees its own credential, and no other's.
    gateway.send_to_provider(&Call::new("DELETE", "/_fake/requests"));
    let call = Call::chat_with(
        "failover-key-for-trying-out",
        &json!({"model": "gpt-5", "max_tokens": 16}),
    );
    ok(&gateway.send(&call.fake("status", 503).fake("only-host", A.1)));
    let arrived = gateway
        .send_to_provider(&Call::get("/_fake/requests"))
        .json();
    let shown = |request: &Value| {
        let names = ["authorization", "api-key", "x-api-key"];
        let shown = names.map(|name| header_of(request, name).map(str::to_owned));
        shown.into_iter().flatten().collect::<Vec<_>>()
    };
    let last = arrived.as_array().unwrap().last().unwrap();
    assert_eq!(
        header_of(last, "host"),
        Some("our-resource.openai.azure.com")
    );
    assert_eq!(shown(last), ["the-credential-of-azure"]);
}
