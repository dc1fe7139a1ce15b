//! Where requests are held until they are decided: at the body, where Envoy cannot hold headers; and
//! what becomes of them where Envoy was not told that it may.

use crate::client::{Answer, Call, Connection, http2, sse};
use crate::gateway::{Gateway, Tenant, eventually, header_of};
use paddock_local::{Stack, StackOptions};
use serde_json::{Value, json};
use std::sync::OnceLock;

const HTTP: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

/// Takes from Envoy's configuration what Istio's WasmPlugin and Envoy Gateway do not say.
fn without_leave_to_hold(config: &mut Value) {
    let filters = config.pointer_mut(&format!("{HTTP}/http_filters")).unwrap();
    let mut filters = filters.as_array_mut().unwrap().iter_mut();
    let paddock = filters.find(|filter| filter["name"] == "paddock").unwrap();
    let config = paddock["typed_config"]["config"].as_object_mut().unwrap();
    config.remove("allow_on_headers_stop_iteration").unwrap();
}

/// A gateway that holds at the body; its route leads to one provider, whatever is asked for.
fn at_the_body() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let edit = |config: &mut Value| {
            without_leave_to_hold(config);
            let routes = format!("{HTTP}/route_config/virtual_hosts/0/routes");
            let routes = config.pointer_mut(&routes).unwrap().as_array_mut().unwrap();
            let last = routes.last_mut().unwrap()["route"].as_object_mut().unwrap();
            last.remove("cluster_header").unwrap();
            last.insert("cluster".to_owned(), json!("openai"));
        };
        let options = StackOptions {
            edit_bootstrap: Some(Box::new(edit)),
            edit_plugin: Some(Box::new(|plugin| {
                plugin["hold"] = json!("body");
                plugin["upstream"] = json!("openai");
                plugin["max_request_bytes"] = json!(300_000);
                plugin["pass_through"] = json!([{"path": "/v1/audio", "upstream": "openai"}]);
            })),
            ..StackOptions::default()
        };
        Gateway::lasting("holding", options)
    })
}

/// In every framing there is.
fn everywhere(gateway: &Gateway, call: &Call) -> Vec<Answer> {
    let chunked = call.clone().chunked(1_000);
    let trailers = chunked.clone().trailer("x-checksum", "abc");
    vec![
        gateway.send(call),
        gateway.send(&chunked),
        gateway.send(&trailers),
        http2::send(gateway.address, call),
        http2::send(gateway.address, &chunked),
        http2::send(gateway.address, &trailers),
    ]
}

#[test]
fn bodies_arrive_as_they_were_sent() {
    let gateway = at_the_body();
    let tenant = gateway.tenant("whole", json!({"rate_limits": {"rpm": 600}}));
    for size in [1, 200_000] {
        let content = "🐎".repeat(size / 4) + "!";
        let message = json!([{"role": "user", "content": content}]);
        let call = tenant.chat_with(json!({"messages": message, "max_tokens": 16}));
        for answer in everywhere(gateway, &call) {
            let answer = answer.expect(200).with("x-ratelimit-limit-requests", "600");
            assert!(
                answer.complete && answer.json()["usage"].is_object(),
                "{answer}"
            );
        }
        for request in gateway.seen(&tenant).iter().rev().take(6) {
            assert!(request["body"] == String::from_utf8_lossy(&call.body).as_ref());
            assert_eq!(header_of(request, "authorization"), None);
        }
    }
    let lines = gateway.ledger(&tenant, 12);
    assert!(
        lines
            .iter()
            .all(|line| line.outcome == "complete" && !line.estimated)
    );
}

#[test]
fn what_must_change_on_its_way_changes() {
    let gateway = at_the_body();
    let tenant = gateway.tenant("changed", json!({}));
    let call = tenant.chat_with(json!({"model": "gpt4", "stream": true, "max_tokens": 16}));
    for answer in everywhere(gateway, &call) {
        let answer = answer.expect(200).with("x-paddock-model", "gpt-4.1");
        let chunks = sse::chunks(&answer.body);
        assert!(chunks.len() > 2 && answer.complete, "{answer}");
        assert!(
            chunks.iter().all(|chunk| chunk["usage"].is_null()),
            "{answer}"
        );
    }
    for request in gateway.seen(&tenant) {
        let body: Value = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["model"], "gpt-4.1");
        assert_eq!(body["stream_options"]["include_usage"], true);
    }
    for line in gateway.ledger(&tenant, 6) {
        assert_eq!(
            (line.input, line.output, line.stream),
            (3, 16, true),
            "{line:?}"
        );
    }
}

#[test]
fn a_stream_passes_event_by_event() {
    let gateway = at_the_body();
    let tenant = gateway.tenant("streamed", json!({}));
    let call = tenant
        .stream()
        .fake("chunk-ms", 300)
        .fake("completion-tokens", 4);
    let mut connection = Connection::open(gateway.address);
    connection.ask(&call);
    let mut answer = connection.head(&call).expect(200);
    let first = connection.piece(&mut answer).unwrap();
    assert!(String::from_utf8_lossy(&first).matches("data:").count() < 3);
    assert!(gateway.lines(&tenant).is_empty(), "it is under way");
    while connection.piece(&mut answer).is_some() {}
    assert!(answer.complete);
    gateway.ledger(&tenant, 1);
}

#[test]
fn a_client_that_waits_to_be_told_to_continue_and_one_that_has_nothing_to_say() {
    let gateway = at_the_body();
    let tenant = gateway.tenant("patient", json!({}));
    let call = tenant.chat().header("expect", "100-continue");
    let mut connection = Connection::open(gateway.address);
    connection.write(&call.head());
    connection.head(&call).expect(100);
    connection.write(&call.body);
    connection.answer(&call).expect(200);
    gateway.send(&tenant.get("/v1/models")).expect(200);
    let bare = tenant.mark(Call::new("POST", "/v1/chat/completions").key(&tenant.key));
    for call in [bare.clone(), bare.header("content-length", "0")] {
        gateway.send(&call).expect(400);
    }
    gateway
        .send(&tenant.get("/v1/audio/voices"))
        .expect(404)
        .without("x-should-retry");
    gateway.ledger(&tenant, 1);
}

#[test]
fn refusals_are_the_same_and_nothing_is_asked_of_the_provider() {
    let gateway = at_the_body();
    let tenant = gateway.namespace("refused", json!({}));
    let say = |call: &Call, status: u16, code: &str| {
        for answer in everywhere(gateway, call) {
            answer.expect(status).says("/error/code", code);
        }
    };
    let unknown = tenant.mark(Call::chat(&paddock_core::secret::write(&[9; 32])));
    say(&unknown, 401, "invalid_api_key");
    let nothing = json!({"model": "nothing"});
    say(&tenant.chat_with(nothing), 404, "model_not_found");
    say(
        &tenant.post("/v1/chat/completions", "{"),
        400,
        "invalid_request_error",
    );
    let elsewhere = tenant.chat().header("x-namespace", "elsewhere");
    say(&elsewhere, 401, "invalid_api_key");
    let large = tenant.post("/v1/chat/completions", vec![b' '; 300_001]);
    say(&large, 413, "request_too_large");
    let poor = gateway.tenant("poor", json!({"monthly_quota_usd": 0.00001}));
    say(&poor.chat(), 402, "budget_exceeded");
    let hurried = gateway.tenant("hurried", json!({"rate_limits": {"rpm": 10, "burst": 1}}));
    gateway.send(&hurried.chat()).expect(200);
    say(&hurried.chat(), 429, "rate_limit_exceeded");
    gateway.ledger(&hurried, 1);
    for tenant in [&tenant, &poor] {
        assert_eq!(gateway.seen(tenant).len(), 0, "{:?}", gateway.seen(tenant));
        assert!(gateway.settled_ledger(tenant).is_empty());
    }
}

#[test]
fn a_model_of_another_upstream_is_refused_with_the_reason() {
    let gateway = at_the_body();
    let tenant = gateway.tenant("elsewhere", json!({}));
    let call = tenant.chat_with(json!({"model": "deepseek-v3.2"}));
    for answer in everywhere(gateway, &call) {
        let answer = answer.expect(403).says("/error/code", "model_not_allowed");
        let answer = answer.with("x-should-retry", "false");
        let answer = answer.mentions("/error/message", "'deepseek-v3.2' is served by 'deepseek'");
        answer.mentions("/error/message", "the route to 'openai' is fixed");
    }
    assert!(gateway.seen(&tenant).is_empty());
}

#[test]
fn places_come_back_however_a_request_ends() {
    let gateway = at_the_body();
    let tenant = gateway.tenant("places", json!({"max_concurrency": 2}));
    for n in 0..30 {
        let call = tenant.stream().fake("chunk-ms", 100);
        let mut connection = Connection::open(gateway.address);
        match n % 3 {
            0 => connection.write(&[call.head(), call.body[..9].to_vec()].concat()),
            1 => connection.ask(&call),
            _ => drop(connection.call(&tenant.chat().fake("reset-after", 0))),
        }
    }
    eventually("both places are free", || {
        let (one, two) = (slow(gateway, &tenant), slow(gateway, &tenant));
        [one, two]
            .map(finish)
            .iter()
            .all(|status| *status == 200)
            .then_some(())
    });
}

/// A request that takes long enough for another beside it.
fn slow(gateway: &Gateway, tenant: &Tenant) -> (Connection, Call) {
    let call = tenant.chat().fake("latency-ms", 200);
    let mut connection = Connection::open(gateway.address);
    connection.ask(&call);
    (connection, call)
}

fn finish((mut connection, call): (Connection, Call)) -> u16 {
    connection.answer(&call).status
}

/// Where a route cannot read the upstream's cluster from a header, as in Istio's VirtualService and
/// the Gateway API: one route for each value, and one where requests wait that goes nowhere.
#[test]
fn routes_that_match_the_header_follow_the_decision() {
    let edit = |config: &mut Value| {
        let routes = format!("{HTTP}/route_config/virtual_hosts/0/routes");
        let routes = config.pointer_mut(&routes).unwrap().as_array_mut().unwrap();
        let by_header = routes.pop().unwrap();
        for upstream in ["openai", "anthropic"] {
            let mut route = by_header.clone();
            let exact = json!({"name": "x-paddock-upstream", "string_match": {"exact": upstream}});
            route["match"]["headers"] = json!([exact]);
            let action = route["route"].as_object_mut().unwrap();
            action.remove("cluster_header");
            action.insert("cluster".to_owned(), json!(upstream));
            routes.push(route);
        }
        routes.push(json!({"match": {"prefix": "/"}, "direct_response": {"status": 404}}));
    };
    let gateway = Gateway::start(StackOptions {
        edit_bootstrap: Some(Box::new(edit)),
        ..StackOptions::default()
    });
    let tenant = gateway.tenant("routed", json!({}));
    let spoofed = |call: Call| call.header("x-paddock-upstream", "anthropic");
    for answer in everywhere(&gateway, &spoofed(tenant.chat())) {
        answer.expect(200);
    }
    let body = json!({"model": "claude", "max_tokens": 16,
        "messages": [{"role": "user", "content": "Hello, horse"}]});
    gateway
        .send(&tenant.post("/v1/messages", body.to_string()))
        .expect(200);
    gateway.send(&spoofed(Call::chat("sk-nobody"))).expect(401);
    // One that no route knows goes nowhere.
    gateway
        .send(&tenant.chat_with(json!({"model": "deepseek-v3.2"})))
        .expect(404);
    let clusters = eventually("all is logged", || {
        let log = gateway.access_log();
        let ours = log
            .iter()
            .filter(|line| line["event"]["namespace"] == tenant.namespace);
        let clusters: Vec<Value> = ours.map(|line| line["upstream_cluster"].clone()).collect();
        (clusters.len() == 8).then_some(clusters)
    });
    let count = |name: &str| clusters.iter().filter(|cluster| *cluster == name).count();
    assert_eq!(
        (count("openai"), count("anthropic")),
        (6, 1),
        "{clusters:?}"
    );
}

/// Nothing hangs, and the operator is told what is wrong.
#[test]
fn held_at_the_headers_without_leave() {
    let gateway = Gateway::start(StackOptions {
        edit_bootstrap: Some(Box::new(without_leave_to_hold)),
        ..StackOptions::default()
    });
    let tenant = gateway.tenant("hung", json!({}));
    let answers = std::thread::scope(|scope| {
        let one = scope.spawn(|| gateway.send(&tenant.chat()));
        let two = scope.spawn(|| gateway.send(&tenant.chat().chunked(10)));
        let three = scope.spawn(|| http2::send(gateway.address, &tenant.chat()));
        [one, two, three].map(|answer| answer.join().unwrap())
    });
    for answer in answers {
        let answer = answer
            .expect(503)
            .says("/error/code", "gateway_misconfigured");
        answer.mentions("/error/message", "misconfigured and cannot hold requests");
    }
    let log = gateway.envoy_log();
    assert!(
        log.contains("allow_on_headers_stop_iteration: true"),
        "{log}"
    );
    assert!(log.contains("hold: body"), "{log}");
    assert!(gateway.seen(&tenant).is_empty());
    // What needs no body is served.
    gateway.send(&tenant.get("/v1/models")).expect(200);
}

/// A configuration that cannot work does not start, and the reason is in the log.
#[test]
fn a_hold_that_does_not_know_its_upstream_is_refused() {
    for (fields, reason) in [
        (json!({"hold": "body"}), "`hold: body` needs upstream"),
        (
            json!({"upstream": "openai"}),
            "upstream goes with `hold: body` only",
        ),
        (json!({"hold": "trailers"}), "unknown variant `trailers`"),
    ] {
        let options = StackOptions {
            edit_plugin: Some(Box::new(move |plugin| {
                for (name, value) in fields.as_object().unwrap() {
                    plugin[name] = value.clone();
                }
            })),
            ..StackOptions::default()
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let error = runtime.block_on(Stack::start(options)).unwrap_err();
        let error = format!("{error:?}");
        assert!(
            error.contains("ended by itself") && error.contains(reason),
            "{error}"
        );
    }
}
