//! Headers: bytes that are no text, and names that only the gateway may use.

use crate::client::{Call, Connection, http2};
use crate::gateway::{Gateway, header_of};
use paddock_core::failover::groups_header;
use serde_json::json;

const NOT_UTF8: &[u8] = b"a\xff\xfe\x80b";

#[test]
fn bytes_that_are_no_utf8_are_only_bytes() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("bytes", json!({}));
    for name in [
        "user-agent",
        "x-user",
        "x-anything",
        "accept",
        "accept-encoding",
        "x-request-id",
        "x-priority",
        "x-reservation-id",
        "cookie",
        "content-type",
        "referer",
        "from",
    ] {
        let mut call = tenant.chat();
        call.headers.retain(|(other, _)| other != name);
        let call = call.header(name, NOT_UTF8);
        gateway.send(&call).expect(200);
        http2::send(gateway.address, &call).expect(200);
    }
    let call = tenant.chat().header("x-namespace", NOT_UTF8);
    let answer = gateway.send(&call);
    assert!(matches!(answer.status, 401 | 403), "{answer}");
    let refused = |call: Call| {
        let answer = gateway.send(&tenant.mark(call)).expect(401);
        assert!(answer.to_string().contains("invalid_api_key"), "{answer}");
    };
    let body = r#"{"model":"gpt-4.1"}"#;
    refused(Call::post("/v1/chat/completions", body).header("authorization", b"Bearer \xff\xfe"));
    refused(Call::post("/v1/chat/completions", body).header("authorization", NOT_UTF8));
    refused(Call::post("/v1/chat/completions", body).header("x-api-key", NOT_UTF8));
    refused(Call::post("/v1/chat/completions", body).header("x-goog-api-key", b"pdk_\xff"));
    // The id is one the filter can book by, whatever the client sent.
    let lines = gateway.ledger(&tenant, 24);
    assert!(lines.iter().all(|line| !line.request_id.is_empty()));
    assert_eq!(gateway.seen(&tenant).len(), 24);
    assert_eq!(gateway.reloads(), 0, "a VM trapped");
}

#[test]
fn a_path_of_odd_bytes_is_refused() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("odd-path", json!({}));
    for path in [
        "/v1/chat/completions\u{ff}",
        "/v1/\u{fffd}",
        "/v1/chat/completions%00",
        "/%ff",
    ] {
        let answer = gateway.send(&tenant.post(path, r#"{"model":"gpt-4.1"}"#));
        assert!(matches!(answer.status, 400 | 404), "{answer}");
    }
    assert_eq!(gateway.seen(&tenant).len(), 0);
    gateway.send(&tenant.chat()).expect(200);
}

#[test]
fn what_only_paddock_may_say_is_not_believed() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("spoofed", json!({}));
    let victim = gateway.tenant("victim", json!({}));
    let spoof = |call: Call| {
        call.header("x-paddock-upstream", "paddock")
            .header("X-Paddock-Upstream", "deepseek")
            .header("x-paddock-deployments", groups_header(["paddock"]))
            .header("x-paddock-namespace", &victim.namespace)
            .header("x-paddock-key", "admin")
            .header("x-paddock-anything", "1")
    };
    gateway.send(&spoof(tenant.chat())).expect(200);
    gateway
        .send(&spoof(tenant.chat_with(json!({"model": "deepseek"}))))
        .expect(200);
    let mut unspoofed = spoof(tenant.chat());
    for (name, _) in &mut unspoofed.headers {
        *name = name.to_lowercase();
    }
    http2::send(gateway.address, &unspoofed).expect(200);
    // Neither a route nor a name can be had without a key.
    gateway
        .send(&spoof(tenant.mark(Call::post("/v1/files", "{}"))))
        .expect(401);
    gateway
        .send(&spoof(tenant.post("/v1/files", "{}")))
        .expect(404);

    let seen = gateway.seen(&tenant);
    assert_eq!(seen.len(), 3);
    for request in &seen {
        let text = request["headers"].to_string();
        for secret in [
            "paddock",
            "victim",
            &tenant.namespace[..tenant.namespace.len() - 2],
            "x-forwarded",
            "x-envoy",
        ] {
            let leaks = text
                .replace(&tenant.mark, "")
                .to_lowercase()
                .contains(secret);
            assert!(!leaks, "the provider learns {secret}: {text}");
        }
    }
    gateway.ledger(&tenant, 3);
    assert!(gateway.lines(&victim).is_empty());
    let ours = crate::gateway::eventually("the access log has them", || {
        let lines = gateway.access_log().into_iter();
        let ours: Vec<_> = lines
            .filter(|line| line["event"]["namespace"] == tenant.namespace)
            .collect();
        (ours.len() == 4).then_some(ours)
    });
    let clusters: Vec<_> = ours
        .iter()
        .filter_map(|line| line["upstream_cluster"].as_str())
        .collect();
    assert_eq!(clusters, ["openai", "deepseek", "openai"]);
}

#[test]
fn underscores_do_not_slip_past() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("underscore", json!({}));
    let names = [
        "x_paddock_upstream",
        "x_paddock-namespace",
        "X-Paddock_Key",
        "x_namespace",
        "session_id",
    ];
    for name in names {
        gateway
            .send(&tenant.chat().header(name, "anything"))
            .expect(200);
    }
    gateway.ledger(&tenant, names.len());
    let seen = gateway.seen(&tenant);
    assert_eq!(seen.len(), names.len());
    for request in seen {
        let headers = request["headers"].to_string();
        assert!(!headers.contains("anything"), "{headers}");
    }
}

#[test]
fn a_clients_own_request_id_is_not_the_gateways() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("own-id", json!({}));
    let call = tenant.chat().header("x-request-id", "0000-mine");
    let ids: Vec<_> = (0..2)
        .map(|_| {
            gateway
                .send(&call)
                .expect(200)
                .header("x-request-id")
                .unwrap()
        })
        .collect();
    assert!(
        ids[0] != ids[1] && !ids.contains(&"0000-mine".to_owned()),
        "{ids:?}"
    );
    assert_eq!(gateway.ledger(&tenant, 2).len(), 2);
}

/// Two at a time: more than two answers Envoy does not queue for one connection.
#[test]
fn requests_in_one_piece_are_answered_in_order() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("pipelined", json!({}));
    let chat = || (tenant.chat(), 200);
    let unknown_model = || (tenant.chat_with(json!({"model": "nothing"})), 404);
    let models = || (tenant.get("/v1/models"), 200);
    let nobody = || (Call::get("/v1/models"), 401);
    let chunked = || (tenant.chat().chunked(3), 200);
    let stream = || (tenant.stream(), 200);
    let pairs = [
        [chat(), unknown_model()],
        [unknown_model(), chat()],
        [models(), stream()],
        [stream(), nobody()],
        [chunked(), models()],
        [unknown_model(), chunked()],
    ];
    for pair in pairs {
        let write = |(call, _): &(Call, u16)| [call.head(), call.framed().concat()].concat();
        let mut connection = Connection::open(gateway.address);
        connection.write(&pair.iter().flat_map(write).collect::<Vec<u8>>());
        for (call, status) in &pair {
            connection.answer(call).expect(*status);
        }
    }
    gateway.ledger(&tenant, 6);
}

#[test]
fn streams_of_one_connection_do_not_mix() {
    let gateway = Gateway::shared();
    let tenants: Vec<_> = (0..4)
        .map(|_| gateway.tenant("multiplexed", json!({})))
        .collect();
    let calls: Vec<_> = (0..40_u64)
        .map(|n| {
            tenants[n as usize % 4]
                .chat()
                .fake("completion-tokens", n + 1)
        })
        .collect();
    for (answer, n) in http2::send_all(gateway.address, &calls)
        .into_iter()
        .zip(1..)
    {
        assert_eq!(answer.expect(200).usage(), (3, n));
    }
    for (tenant, first) in tenants.iter().zip(1..) {
        let mut outputs: Vec<_> = gateway
            .ledger(tenant, 10)
            .iter()
            .map(|line| line.output)
            .collect();
        outputs.sort_unstable();
        assert_eq!(
            outputs,
            (0..10).map(|n| first + 4 * n).collect::<Vec<i64>>()
        );
    }
    let seen = gateway.seen(&tenants[0]);
    assert!(
        seen.iter()
            .all(|request| header_of(request, "host").is_some())
    );
}
