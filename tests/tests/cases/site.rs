//! A running installation whose provider is the scripted upstream.

use crate::case::{Book, Settings};
use crate::ledger::{self, Line};
use paddock_tests::installation::{Installation, Operator, Plan};
use paddock_tests::upstream::Upstream;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Usage is sent once a second; what is not there after so long has been lost.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Site {
    pub upstream: Upstream,
    pub operator: Operator,
    pub address: SocketAddr,
    pub access_log: PathBuf,
    /// The ledger: a file, or the URL of a PostgreSQL.
    pub database: String,
    /// What runs, until this goes.
    _installation: Mutex<Installation>,
}

/// A namespace and its key.
#[derive(Clone)]
pub struct Tenant {
    pub namespace: String,
    pub key: String,
    pub key_id: String,
}

impl Site {
    pub async fn start(name: &str, settings: &Settings, book: &Book) -> Site {
        let upstream = Upstream::start(0).await.unwrap();
        let wasm = paddock_local::wasm().unwrap();
        let plan = Plan {
            gateways: 1,
            replicas: 1,
            postgres: settings.postgres,
            wasm: None,
            upstream: Some(upstream.url().parse().unwrap()),
            plugin: settings.plugin.clone(),
            limits: settings.limits.clone(),
            arguments: Vec::new(),
            program: None,
            relayed: false,
            state: wasm.with_file_name("cases").join(match name {
                "" => "usual",
                name => name,
            }),
        };
        let installation = Installation::start(plan).await.unwrap();
        let gateway = &installation.gateways[0];
        let address = gateway.url().strip_prefix("http://").unwrap().parse();
        let site = Site {
            upstream,
            operator: installation.operator(0).unwrap(),
            address: address.unwrap(),
            access_log: gateway.access_log(),
            database: installation.database_url().to_owned(),
            _installation: Mutex::new(installation),
        };
        for (model, price) in &book.prices {
            let path = format!("/v1/prices/{model}");
            site.operator.ask("PUT", &path, Some(price)).await.unwrap();
        }
        site
    }

    /// A namespace with these fields and settings, and a key of it; or why there cannot be one.
    pub async fn tenant(
        &self,
        name: &str,
        fields: &Map<String, Value>,
        settings: &Map<String, Value>,
    ) -> Result<Tenant, String> {
        let mut fields = fields.clone();
        fields.insert("name".to_owned(), json!(name));
        self.try_to("POST", "/v1/namespaces", &fields).await?;
        if !settings.is_empty() {
            let path = format!("/v1/namespaces/{name}/settings");
            self.try_to("PUT", &path, settings).await?;
        }
        let key = json!({"name": name, "namespace": name});
        let made = self.manage("POST", "/v1/keys", &key).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Ok(Tenant {
            namespace: name.to_owned(),
            key: text("key"),
            key_id: text("id"),
        })
    }

    async fn try_to(
        &self,
        how: &str,
        path: &str,
        fields: &Map<String, Value>,
    ) -> Result<(), String> {
        let body = Value::Object(fields.clone());
        let answered = self.operator.ask(how, path, Some(&body)).await;
        answered.map(drop).map_err(|error| format!("{error:#}"))
    }

    pub async fn manage(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = (!body.is_null()).then_some(body);
        let answered = self.operator.ask(method, path, body).await;
        answered.unwrap_or_else(|error| panic!("{method} {path}: {error:#}"))
    }

    /// All that is booked by now, where the ledger is in SQLite.
    pub async fn ledger(&self) -> Vec<Line> {
        if self.database.contains("://") {
            return Vec::new();
        }
        ledger::read(&self.database).await
    }

    /// Waits until a namespace has so many lines, and no longer than they may take.
    pub async fn has_booked(&self, namespace: &str, lines: usize) {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let ledger = self.ledger().await;
            let booked = ledger.iter().filter(|line| line.namespace == namespace);
            if booked.count() >= lines {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The longest line of the access log that has a text, in bytes.
    pub fn longest_access_log_line(&self, text: &str) -> usize {
        let log = std::fs::read(&self.access_log).unwrap();
        let lines = log.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| String::from_utf8_lossy(line).contains(text));
        lines.map(<[u8]>::len).max().unwrap_or(0)
    }
}
