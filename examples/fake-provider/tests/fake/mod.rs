//! A provider on a port of its own.

use fake_provider::{Options, serve};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokio::net::TcpListener;

pub struct Fake {
    pub url: String,
    pub client: Client,
}

impl Fake {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve(listener, Options::default()));
        Self {
            url,
            client: paddock_local::client().unwrap().build().unwrap(),
        }
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).json(body)
    }

    pub async fn get(&self, path: &str) -> Value {
        self.client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }
}
