//! The gateway that is attacked.

use crate::kinds::Kind;
use crate::price::Prices;
use anyhow::{Context, ensure};
use paddock_tests::installation::{Installation, Limits, Operator, Plan};
use paddock_tests::upstream::Upstream;
use serde_json::{Map, Value, json};
use std::process::Command;
use std::time::Duration;
use tokio::time::sleep;

/// Usage is sent once a second.
const BOOKED: Duration = Duration::from_secs(2);

/// A gateway, and how it gives keys.
#[derive(Debug)]
pub enum Gateway {
    /// One that runs already, and whose provider is the scripted upstream.
    Given {
        /// With `/v1`.
        base_url: String,
        /// Whose cap it is.
        keys: Keys,
    },
    /// A Paddock that was started for it.
    Paddock {
        /// With `/v1`.
        base_url: String,
        /// Who manages it.
        operator: Operator,
        /// What runs, until this goes.
        installation: Box<Installation>,
    },
}

/// How a given gateway's keys are had.
#[derive(Clone, Debug)]
pub enum Keys {
    /// One key, and one cap, for all kinds.
    One(String),
    /// A command that makes a key with a fresh cap and prints it.
    Made(String),
}

impl Gateway {
    /// Starts a Paddock with these prices.
    pub async fn paddock(upstream: &Upstream, prices: &Prices) -> anyhow::Result<Self> {
        let wasm = paddock_local::wasm()?;
        let installation = Installation::start(Plan {
            gateways: 1,
            replicas: 1,
            postgres: false,
            wasm: None,
            // Nobody is the owner of the conversation that one kind goes on with.
            plugin: Map::from_iter([("foreign_ids".to_owned(), json!("allow"))]),
            limits: Limits::default(),
            upstream: Some(upstream.url().parse()?),
            arguments: Vec::new(),
            program: None,
            relayed: false,
            state: wasm.with_file_name("captest"),
        })
        .await?;
        let operator = installation.operator(0)?;
        for (model, price) in &prices.written {
            let mut price = price.clone();
            let fields = price.as_object_mut().context("a price is no object")?;
            fields.insert("upstream".to_owned(), json!("openai"));
            let path = format!("/v1/prices/{model}");
            operator.ask("PUT", &path, Some(&price)).await?;
        }
        let stack = installation.gateways.first().context("no gateway")?;
        Ok(Self::Paddock {
            base_url: stack.base_url(),
            operator,
            installation: Box::new(installation),
        })
    }

    /// Where clients ask, with `/v1`.
    pub fn base_url(&self) -> &str {
        match self {
            Self::Given { base_url, .. } | Self::Paddock { base_url, .. } => base_url,
        }
    }

    /// A key for a kind, and whether its cap is fresh.
    pub async fn key(&self, kind: Kind, cap_usd: f64) -> anyhow::Result<(String, bool)> {
        match self {
            Self::Given {
                keys: Keys::One(key),
                ..
            } => Ok((key.clone(), false)),
            Self::Given {
                keys: Keys::Made(command),
                ..
            } => {
                let made = Command::new("sh")
                    .args(["-c", command])
                    .env("CAPTEST_KIND", kind.name())
                    .env("CAPTEST_CAP_USD", cap_usd.to_string())
                    .output()?;
                let errors = String::from_utf8_lossy(&made.stderr);
                ensure!(made.status.success(), "the key's command failed: {errors}");
                let key = String::from_utf8(made.stdout)?.trim().to_owned();
                ensure!(!key.is_empty(), "the key's command printed nothing");
                Ok((key, true))
            }
            Self::Paddock { operator, .. } => {
                let name = kind.name();
                let namespace = json!({"name": name, "monthly_quota_usd": cap_usd});
                let post = |path, body: Value| async move {
                    operator.ask("POST", path, Some(&body)).await
                };
                post("/v1/namespaces", namespace).await?;
                let key = post("/v1/keys", json!({"name": name, "namespace": name})).await?;
                let key = key.get("key").and_then(Value::as_str);
                Ok((key.context("no key was made")?.to_owned(), true))
            }
        }
    }

    /// What was booked for a kind, in nano-dollars, where that can be known.
    pub async fn booked(&self, kind: Kind) -> anyhow::Result<Option<i64>> {
        let Self::Paddock { installation, .. } = self else {
            return Ok(None);
        };
        sleep(BOOKED).await;
        let ledger = installation.ledger().await?;
        let name = kind.name();
        let lines = ledger.iter().filter(|entry| entry.namespace == name);
        Ok(Some(lines.map(|entry| entry.cost).sum()))
    }
}
