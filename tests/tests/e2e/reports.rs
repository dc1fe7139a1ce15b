//! What the service tells of calls, asked through Envoy: the audit and the stream of usage.

use crate::client::{Call, Connection};
use crate::gateway::{Gateway, eventually};
use serde_json::{Value, json};
use std::net::IpAddr;

#[test]
fn the_audit_shows_a_call_as_it_was_and_proves_itself() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("audited", json!({}));
    let call = tenant.chat_with(json!({"model": "gpt4", "user": "bob"}));
    let answer = gateway
        .send(
            &call
                .header("user-agent", "horse-feeder/1.0")
                .header("x-forwarded-for", "6.6.6.6"),
        )
        .expect(200);
    gateway.ledger(&tenant, 1);
    let path = format!(
        "/v1/audit?namespace={}&include_cost=true&action=model.call",
        tenant.namespace
    );
    let found = gateway.manage("GET", &path, None);
    let entries = found["data"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{found:#}");
    for (field, expected) in [
        ("api_key_id", json!(tenant.id)),
        ("user_email", json!("bob")),
        ("resource_type", json!("model")),
        ("model", json!("gpt-4.1")),
        ("input_tokens", json!(3)),
        ("output_tokens", json!(16)),
        ("cost_usd", json!(0.000_135_5)),
        ("user_agent", json!("horse-feeder/1.0")),
        ("request_id", json!(answer.header("x-request-id").unwrap())),
        ("project", json!(tenant.namespace)),
    ] {
        assert_eq!(entries[0][field], expected, "{field}: {found:#}");
    }
    // As Envoy sees it: of a client on its own machine it says that machine's address.
    let address = entries[0]["ip_address"].as_str().unwrap();
    assert!(address.parse::<IpAddr>().is_ok(), "{found:#}");
    assert_ne!(address, "6.6.6.6", "what a client says of itself");
    // The making of the key came through Envoy as well.
    let path = format!("/v1/audit?namespace={}&action=key.create", tenant.namespace);
    let made = gateway.manage("GET", &path, None);
    assert_eq!(made["data"][0]["resource_id"], tenant.id, "{made:#}");
    assert_eq!(made["data"][0]["ip_address"], address, "{made:#}");

    let csv = format!("/v1/audit?namespace={}&format=csv", tenant.namespace);
    let csv = gateway.send(&Call::get(&csv).key(gateway.admin_key()));
    let csv = String::from_utf8(csv.expect(200).body).unwrap();
    assert!(csv.contains("horse-feeder/1.0"), "{csv}");

    let proved = gateway.manage("GET", "/v1/audit/verify", None);
    assert_eq!(proved["valid"], true, "{proved:#}");
}

/// Reads a stream of usage until it has told of so many requests; the last event's id.
#[track_caller]
fn listen(connection: &mut Connection, call: &Call, requests: u64) -> String {
    let mut answer = connection.head(call).expect(200);
    let (mut text, mut told, mut last) = (String::new(), 0, None);
    while told < requests {
        let piece = connection.piece(&mut answer).expect("the stream goes on");
        text += std::str::from_utf8(&piece).unwrap();
        while let Some((event, rest)) = text.split_once("\n\n") {
            for line in event.lines() {
                match line.split_once(": ") {
                    Some(("id", id)) => last = Some(id.to_owned()),
                    Some(("data", data)) => {
                        let row: Value = serde_json::from_str(data).unwrap();
                        assert_eq!(row["model"], "gpt-4.1", "{row:#}");
                        told += row["requests"].as_u64().unwrap();
                    }
                    _ => {}
                }
            }
            text = rest.to_owned();
        }
    }
    assert_eq!(told, requests);
    last.unwrap()
}

#[test]
fn a_stream_of_usage_resumes_where_it_was_left() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("streamed", json!({}));
    let path = format!(
        "/v1/usage/stream?namespace={}&granularity=1s",
        tenant.namespace
    );
    let subscribe = Call::get(&path).key(gateway.admin_key());
    let mut connection = Connection::open(gateway.address);
    connection.ask(&subscribe);
    for _ in 0..3 {
        gateway.send(&tenant.chat()).expect(200);
    }
    let last = listen(&mut connection, &subscribe, 3);
    drop(connection);

    // What is booked while nobody listens.
    for _ in 0..2 {
        gateway.send(&tenant.chat()).expect(200);
    }
    gateway.ledger(&tenant, 5);
    let resume = subscribe.header("last-event-id", last);
    let mut connection = Connection::open(gateway.address);
    connection.ask(&resume);
    gateway.send(&tenant.chat()).expect(200);
    listen(&mut connection, &resume, 3);
    eventually("the ledger says the same", || {
        (gateway.lines(&tenant).len() == 6).then_some(())
    });
}
