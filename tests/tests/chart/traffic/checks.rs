//! What a client of `llm.example` sees, what the provider gets and what is booked; and what changes while the
//! gateway runs.

use super::Site;
use crate::envoy::{CREDENTIAL, mounted};
use crate::xds;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const HOST: &str = "llm.example";

/// How a provider's credential reaches Envoy.
#[derive(Clone, Copy, Debug)]
pub enum Rotation<'a> {
    /// As a file of the pod.
    File,
    /// By SDS, under this name.
    Secret(&'a str),
}

impl Site {
    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Response {
        let url = format!("{}{path}", self.gateway.url());
        self.ask(method, url, key, body).await
    }

    async fn manage(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        let url = format!("{}{path}", self.management);
        let admin = Some(self.service.admin_key());
        self.ask(method, url, admin, body).await
    }

    async fn ask(
        &self,
        method: Method,
        url: String,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Response {
        let mut request = self.client.request(method, url).header("host", HOST);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.unwrap()
    }

    /// A key, with its id.
    pub async fn key(&self, name: &str) -> (String, String) {
        let body = json!({"name": name});
        let made = self.manage(Method::POST, "/v1/keys", Some(&body));
        let made = read(made.await, 201).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        (text("key"), text("id"))
    }

    /// A call of so many bytes, at least.
    pub async fn call(&self, key: &str, length: usize) -> Response {
        let content = format!("Hello{}", " ".repeat(length));
        let body = json!({"model": "gpt-4.1", "max_tokens": 16, "messages": [{"role": "user", "content": content}]});
        let path = "/v1/chat/completions";
        self.send(Method::POST, path, Some(key), Some(&body)).await
    }

    /// What the provider was asked, each with its headers.
    async fn asked(&self) -> Vec<Value> {
        let url = format!("{}/_fake/requests", self.gateway.provider_url().unwrap());
        let asked = self.client.get(url).send().await.unwrap();
        asked.json().await.unwrap()
    }

    /// Waits until the filter is there: Envoy listens before.
    pub async fn filtered(&self) {
        eventually("the filter refuses who has no key", async || {
            let answer = self.send(Method::GET, "/v1/models", None, None).await;
            answer.status() == 401
        })
        .await;
    }
}

/// A call is served with the provider's credential, tells the provider nothing else, and is booked.
pub async fn serves(site: &mut Site) {
    site.filtered().await;
    let (key, id) = site.key("through-a-form").await;
    let answer = read(site.call(&key, 0).await, 200).await;
    assert!(answer["choices"][0]["message"]["content"].is_string());

    let asked = site.asked().await;
    assert_eq!(asked.len(), 1);
    assert_eq!(credential(&asked[0]), CREDENTIAL);
    // Nothing of the tenant, nor of the gateway.
    let told = asked[0].to_string();
    for hidden in ["x-paddock", "x-forwarded", HOST, key.as_str()] {
        assert!(!told.contains(hidden), "{hidden}: {told}");
    }

    let path = format!("/v1/requests?key={id}");
    eventually("the call is booked", async || {
        let listed = site.manage(Method::GET, &path, None).await;
        read(listed, 200).await.to_string().contains("gpt-4.1")
    })
    .await;
}

/// A filter that comes by ECDS is replaced while the gateway runs.
pub async fn takes_a_new_filter(site: &mut Site, name: &str) {
    let (key, _) = site.key("before-and-after").await;
    read(site.call(&key, 3000).await, 200).await;
    let plane = site.plane.as_ref().unwrap();
    plane.change(&xds::extension(), name, |filter| {
        let text = &mut filter["typed_config"]["config"]["configuration"]["value"];
        let mut plugin: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        plugin["max_request_bytes"] = json!(2000);
        *text = plugin.to_string().into();
    });
    eventually("the new filter refuses what is longer", async || {
        site.call(&key, 3000).await.status() == 413
    })
    .await;
    read(site.call(&key, 0).await, 200).await;
}

/// A provider's new credential is used without a restart.
pub async fn takes_a_new_credential(site: &mut Site, how: Rotation<'_>) {
    const NEW: &str = "Bearer the-next-credential";
    let (key, _) = site.key("rotated").await;
    match how {
        Rotation::File => mounted(&site.folder.path().join("credentials/openai"), NEW),
        Rotation::Secret(name) => {
            let plane = site.plane.as_ref().unwrap();
            plane.change(&xds::secret(), name, |secret| {
                secret["generic_secret"]["secret"] = json!({"inline_string": NEW});
            });
        }
    }
    eventually("the provider is shown the new credential", async || {
        read(site.call(&key, 0).await, 200).await;
        credential(site.asked().await.last().unwrap()) == NEW
    })
    .await;
}

fn credential(asked: &Value) -> &str {
    let headers = asked["headers"].as_array().unwrap();
    let mut headers = headers.iter();
    let header = headers.find(|header| header[0] == "authorization");
    header.unwrap()[1].as_str().unwrap()
}

/// Asks until it is so.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < Duration::from_secs(30), "{what}: not yet");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub async fn read(answer: Response, status: u16) -> Value {
    let found = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    serde_json::from_str(&text).unwrap()
}
