//! Where attacks take place: an organization of the attacker's own, and an address of its own.

use crate::installation::{Operator, Replay};
use anyhow::Context;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// The attacker's organization, and its namespace.
const NAME: &str = "attacker";
/// Loopback answers at all of 127.0.0.0/8, so the attacker need not share the others' address.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// A call that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What attacks need.
#[derive(Debug)]
pub struct Ground {
    /// Envoy.
    pub gateway: SocketAddr,
    /// The service, past Envoy.
    pub service: SocketAddr,
    /// The attacker's namespace.
    pub namespace: &'static str,
    /// A key for calls, with a rate.
    pub key: String,
    /// A key for calls, without money.
    pub poor: String,
    /// A key that only looks.
    pub viewer: String,
    /// A key without limits, of an admin of the organization, for calls.
    pub admin: String,
    /// The same for exports, for lists, for half bodies and for replays: each has its own bounds.
    pub exporter: String,
    /// See `exporter`.
    pub lister: String,
    /// See `exporter`.
    pub uploader: String,
    /// See `exporter`.
    pub replayer: String,
    /// An event of a webhook whose receiver never answers, once there is one.
    pub replay: Option<Replay>,
    http: Client,
    answers: Mutex<BTreeMap<u16, usize>>,
    receiver: Option<JoinHandle<()>>,
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.receiver.iter().for_each(JoinHandle::abort);
    }
}

impl Ground {
    /// Makes the attacker's organization and keys.
    pub async fn make(
        operator: &Operator,
        gateway: SocketAddr,
        service: SocketAddr,
    ) -> anyhow::Result<Ground> {
        let organization = json!({"name": NAME});
        operator
            .ask("POST", "/v1/organizations", Some(&organization))
            .await?;
        let namespace = json!({"name": NAME, "organization": NAME});
        operator
            .ask("POST", "/v1/namespaces", Some(&namespace))
            .await?;
        let key = async |name: &str, role: &str, fields: Value| {
            let mut key = json!({"name": name, "namespace": NAME, "role": role});
            if let (Some(key), Value::Object(fields)) = (key.as_object_mut(), fields) {
                key.extend(fields);
            }
            let made = operator.ask("POST", "/v1/keys", Some(&key)).await?;
            let key = made.get("key").and_then(Value::as_str);
            anyhow::Ok(key.context("the new key has no secret")?.to_owned())
        };
        Ok(Ground {
            gateway,
            service,
            namespace: NAME,
            key: key("calls", "developer", json!({"rpm": 300})).await?,
            poor: key("poor", "developer", json!({"monthly_quota_usd": 0.000_001})).await?,
            viewer: key("looks", "viewer", json!({})).await?,
            admin: key("admin", "admin", json!({})).await?,
            exporter: key("exports", "admin", json!({})).await?,
            lister: key("lists", "admin", json!({})).await?,
            uploader: key("uploads", "admin", json!({})).await?,
            replayer: key("replays", "admin", json!({})).await?,
            replay: None,
            http: paddock_local::client()?
                .local_address(Some(ADDRESS.into()))
                .timeout(PATIENCE)
                .build()?,
            answers: Mutex::default(),
            receiver: None,
        })
    }

    /// Makes an event that can be replayed. Webhooks must be allowed to reach this machine.
    pub async fn make_replay(&mut self, operator: &Operator) -> anyhow::Result<()> {
        let (receiver, url) = silent_receiver().await?;
        self.receiver = Some(receiver);
        self.replay = Some(operator.replay(NAME, &self.key, &url).await?);
        Ok(())
    }

    /// A request to the gateway.
    pub fn request(&self, method: &str, path: &str, key: &str) -> RequestBuilder {
        let method = method.parse().unwrap_or_default();
        self.http
            .request(method, format!("http://{}{path}", self.gateway))
            .bearer_auth(key)
    }

    /// A chat of sixteen tokens with further fields in its body.
    pub fn chat(&self, key: &str, fields: Value) -> RequestBuilder {
        let mut body = json!({
            "model": "gpt-4.1",
            "max_tokens": 16,
            "messages": [{"role": "user", "content": "Hello, horse"}],
        });
        if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
            body.extend(fields);
        }
        self.request("POST", "/v1/chat/completions", key)
            .json(&body)
    }

    /// Sends it and reads the whole answer; its status.
    pub async fn ask(&self, request: RequestBuilder) -> anyhow::Result<u16> {
        let mut answer = request.send().await?;
        let status = answer.status().as_u16();
        self.was_answered(status);
        while answer.chunk().await?.is_some() {}
        Ok(status)
    }

    /// A connection from the attacker's address.
    pub async fn connect(&self, to: SocketAddr) -> anyhow::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((ADDRESS, 0)))?;
        Ok(socket.connect(to).await?)
    }

    /// Notes an answer.
    pub fn was_answered(&self, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = answers.entry(status).or_default();
        *count = count.saturating_add(1);
    }

    /// How often which status was answered since this was last asked.
    pub fn answers(&self) -> BTreeMap<u16, usize> {
        std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Somebody who accepts every connection and never says a word.
async fn silent_receiver() -> anyhow::Result<(JoinHandle<()>, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let receiver = tokio::spawn(async move {
        let mut taken = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            taken.push(connection);
        }
    });
    Ok((receiver, format!("http://{address}/hook")))
}
