//! What Envoy answers by itself, whoever told it how: JSON in the caller's format.

use super::checks::{eventually, read};
use super::{Form, Site, through};
use crate::xds::Made;
use paddock_local::Part;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Its refusals, and what it says when a provider is away. The provider is gone afterwards.
pub async fn answers_in_form(site: &mut Site) {
    let long = format!("x: {}\r\n", "a".repeat(70_000));
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    let code = "/error/code";
    for (path, headers, status, field, says) in [
        ("/v1/a%00b", "", 400, code, "invalid_request_error"),
        ("/v1/messages/a%00b", "", 400, "/type", "error"),
        (
            "/v1beta/models/a%00b:generateContent",
            "",
            400,
            "/error/status",
            "INVALID_ARGUMENT",
        ),
        ("/v1/responses", upgrade, 426, code, "upgrade_not_supported"),
        ("/v1/responses", &long, 431, code, "request_too_large"),
    ] {
        let (found, body) = raw(site, path, headers);
        assert_eq!(found, status, "{path}: {body}");
        assert_eq!(body.pointer(field), Some(&json!(says)), "{path}: {body}");
    }
    let (key, _) = site.key("away").await;
    read(site.call(&key, 0).await, 200).await;
    site.gateway.kill(Part::Provider).unwrap();
    let body = read(site.call(&key, 0).await, 503).await;
    assert_eq!(body["error"]["code"], "upstream_unavailable", "{body}");
}

/// Bytes as they are, to Envoy; the status and the body of its answer.
fn raw(site: &Site, path: &str, headers: &str) -> (u16, Value) {
    let url = site.gateway.url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: llm.example\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Until all of the body is there, or the connection ends.
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            if let Ok(body) = serde_json::from_str(body) {
                return (status, body);
            }
        }
        let read = stream.read(&mut piece).unwrap_or(0);
        assert!(read > 0, "{path}: no JSON: {text}");
        answer.extend_from_slice(&piece[..read]);
    }
}

/// A gateway that has no memory left says so.
pub fn tells_of_overload(mut made: Made, files: &Value) {
    let monitors = made.config["overload_manager"]["resource_monitors"].as_array_mut();
    let mut monitors = monitors.unwrap().iter_mut();
    let heap = monitors.find(|monitor| monitor["name"] == "envoy.resource_monitors.fixed_heap");
    heap.unwrap()["typed_config"]["max_heap_size_bytes"] = json!(1);
    through(Form::Told(made), files, async |site| {
        let url = format!("{}/v1/models", site.gateway.url());
        eventually("Envoy refuses all", async || {
            let request = site.client.get(&url).header("host", "llm.example");
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            status == 503 && body["error"]["code"] == "gateway_overloaded"
        })
        .await;
    });
}
