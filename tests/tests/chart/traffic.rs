//! A call through the gateway that a form makes: what a client of `llm.example` sees, what the provider gets and
//! what is booked. Addresses alone are replaced by those of this machine.

use crate::envoy::{CREDENTIAL, HTTP, placed};
use paddock_local::{Stack, StackOptions};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const HOST: &str = "llm.example";

/// Runs a configuration in a real Envoy, before the real service and a fake provider. `files` are those of the
/// gateway's ConfigMap.
pub fn serves(config: Value, files: &Value) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let config = placed(&config, files, folder.path());
        let site = Stack::start(StackOptions::default()).await.unwrap();
        let service = site.service_url().unwrap();
        let port = service.rsplit(':').next().unwrap().parse().unwrap();
        let options = StackOptions {
            with_service: false,
            replicas: vec![port],
            await_filter: false,
            edit_bootstrap: Some(Box::new(move |local| *local = addressed(config, local))),
            ..StackOptions::default()
        };
        let gateway = Stack::start(options).await.unwrap();
        let caller = Caller {
            client: paddock_local::client().unwrap().build().unwrap(),
            url: gateway.url(),
        };
        call(&caller, &site, &gateway).await;
        gateway.shut_down().await.unwrap();
        site.shut_down().await.unwrap();
    });
}

async fn call(caller: &Caller, site: &Stack, gateway: &Stack) {
    // Envoy listens, but the filter may still be on its way.
    let since = Instant::now();
    loop {
        let answer = caller.send(Method::GET, "/v1/models", None, None).await;
        if answer.status() == 401 {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let admin = Some(site.admin_key());
    let made = json!({"name": "through-a-form"});
    let made = caller.send(Method::POST, "/v1/keys", admin, Some(&made));
    let made = read(made.await, 201).await;
    let key = made["key"].as_str().unwrap();

    let body = json!({"model": "gpt-4.1", "max_tokens": 16, "messages": [{"role": "user", "content": "Hello"}]});
    let path = "/v1/chat/completions";
    let answer = caller.send(Method::POST, path, Some(key), Some(&body));
    let answer = read(answer.await, 200).await;
    assert!(answer["choices"][0]["message"]["content"].is_string());

    let asked = format!("{}/_fake/requests", gateway.provider_url().unwrap());
    let asked: Value = caller
        .client
        .get(asked)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let asked = asked.as_array().unwrap();
    assert_eq!(asked.len(), 1);
    let headers = asked[0]["headers"].as_array().unwrap();
    let header = |name: &str| headers.iter().find(|header| header[0] == name);
    assert_eq!(header("authorization").unwrap()[1], CREDENTIAL);
    // Nothing of the tenant, nor of the gateway.
    let told = asked[0].to_string();
    for hidden in ["x-paddock", "x-forwarded", HOST, key] {
        assert!(!told.contains(hidden), "{hidden}: {told}");
    }

    let since = Instant::now();
    let path = format!("/v1/requests?key={}", made["id"].as_str().unwrap());
    loop {
        let listed = caller.send(Method::GET, &path, admin, None).await;
        let listed = read(listed, 200).await.to_string();
        if listed.contains("gpt-4.1") {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{listed}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

struct Caller {
    client: Client,
    url: String,
}

impl Caller {
    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Response {
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(method, url).header("host", HOST);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.unwrap()
    }
}

async fn read(answer: Response, status: u16) -> Value {
    let found = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The gateway's own configuration with the addresses of a stack on this machine, whose own is `local`.
fn addressed(mut config: Value, local: &Value) -> Value {
    config["admin"] = local["admin"].clone();
    if config.get("node").is_none() {
        config["node"] = local["node"].clone();
    }
    let listeners = config["static_resources"]["listeners"].as_array_mut();
    let listeners = listeners.unwrap();
    // Others are for Kubernetes alone.
    listeners.truncate(1);
    listeners[0]["address"] = local["static_resources"]["listeners"][0]["address"].clone();
    assert!(config.pointer(HTTP).is_some());
    let of = |name: &str| {
        let clusters = local["static_resources"]["clusters"].as_array().unwrap();
        let found = clusters.iter().find(|cluster| cluster["name"] == name);
        found.unwrap()["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
            .clone()
    };
    let clusters = config["static_resources"]["clusters"].as_array_mut();
    for cluster in clusters.unwrap() {
        let endpoint =
            &mut cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        let is_service = endpoint["address"]["socket_address"]["port_value"] == 10080;
        endpoint["address"] = of(if is_service { "paddock" } else { "openai" });
        if !is_service {
            // The fake provider speaks no TLS.
            cluster.as_object_mut().unwrap().remove("transport_socket");
        }
    }
    config
}
