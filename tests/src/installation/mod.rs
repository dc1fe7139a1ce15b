//! Paddock where it must not fail: several Envoys, several replicas of the service, one database. All
//! of them are real, and any of them can be killed.

pub mod ledger;
mod limits;
mod relay;
mod replay;
mod replica;

pub use ledger::Entry;
pub use limits::Limits;
pub use relay::Relay;
pub use replay::Replay;
pub use replica::{Replica, Settings};

use anyhow::{Context, ensure};
use paddock_core::wire::SYNC_PATH;
use paddock_local::{Postgres, PostgresOptions, Process, Stack, StackOptions, Upstream, binary};
use reqwest::{Client, Method};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What to install.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Envoys, all with the same provider behind them.
    pub gateways: usize,
    /// Replicas of the service; one where the database is SQLite.
    pub replicas: usize,
    /// PostgreSQL, or else SQLite.
    pub postgres: bool,
    /// Another filter than `target/paddock.wasm`.
    pub wasm: Option<PathBuf>,
    /// Fields of the filter's configuration that are to be others than in `envoy/envoy.yaml`.
    pub plugin: Map<String, Value>,
    /// Envoy's limits that are to be others than in `envoy/envoy.yaml`.
    pub limits: Limits,
    /// Where requests go instead of to the fake provider.
    pub upstream: Option<Upstream>,
    /// Further arguments of `paddock serve`.
    pub arguments: Vec<String>,
    /// What the replicas are at first, if not the program that was built.
    pub program: Option<PathBuf>,
    /// Whether gateways can be cut off from the service.
    pub relayed: bool,
    /// Where logs are kept, and the database where it is SQLite. What is there is removed.
    pub state: PathBuf,
}

/// The running parts. Dropping it ends them.
#[derive(Debug)]
pub struct Installation {
    /// The Envoys; the first one's stack has the provider.
    pub gateways: Vec<Stack>,
    /// The replicas.
    pub replicas: Vec<Replica>,
    /// The database server, where there is one.
    pub postgres: Option<Postgres>,
    /// Between each gateway and the replicas, where they are relayed.
    relays: Vec<Vec<Relay>>,
    settings: Settings,
    client: Client,
}

impl Installation {
    /// Starts all of it and waits until a request would succeed at each gateway.
    pub async fn start(plan: Plan) -> anyhow::Result<Self> {
        match std::fs::remove_dir_all(&plan.state) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => std::fs::create_dir_all(&plan.state)?,
        }
        let postgres = match plan.postgres {
            true => {
                let options = PostgresOptions {
                    log: Some(plan.state.join("postgres.log")),
                    ..PostgresOptions::default()
                };
                Some(Postgres::start(options).await?)
            }
            false => None,
        };
        let file = plan.state.join("paddock.db");
        let settings = Settings {
            database_url: postgres
                .as_ref()
                .map_or_else(|| file.display().to_string(), Postgres::url),
            admin_key: "installation-admin-key".to_owned(),
            gateway_token: "installation-gateway-token".to_owned(),
            arguments: plan.arguments.clone(),
            program: plan.program.clone(),
        };
        let client = paddock_local::client()?
            .timeout(Duration::from_secs(30))
            .build()?;
        let mut replicas = Vec::new();
        for number in 1..=plan.replicas {
            let log = plan.state.join(format!("replica-{number}.log"));
            let mut replica = Replica::new(settings.clone(), log, client.clone())?;
            replica.run().await?;
            replicas.push(replica);
        }
        let mut installation = Self {
            gateways: Vec::new(),
            replicas,
            postgres,
            relays: Vec::new(),
            settings,
            client,
        };
        if plan.relayed {
            installation.relay(plan.gateways).await?;
        }
        // The first has the provider; the others start together.
        let first = Stack::start(installation.gateway(&plan, 1)?).await?;
        installation.gateways.push(first);
        let others: Vec<_> = (2..=plan.gateways)
            .map(|number| {
                Ok(tokio::spawn(Stack::start(
                    installation.gateway(&plan, number)?,
                )))
            })
            .collect::<anyhow::Result<_>>()?;
        for other in others {
            installation.gateways.push(other.await??);
        }
        Ok(installation)
    }

    async fn relay(&mut self, gateways: usize) -> anyhow::Result<()> {
        for _ in 0..gateways {
            let mut relays = Vec::new();
            for replica in &self.replicas {
                relays.push(Relay::to(replica.port()).await?);
            }
            self.relays.push(relays);
        }
        Ok(())
    }

    /// What is between a gateway, counted from 0, and the replicas; nothing where they are not relayed.
    pub fn relays(&self, gateway: usize) -> &[Relay] {
        self.relays.get(gateway).map_or(&[], Vec::as_slice)
    }

    fn gateway(&self, plan: &Plan, number: usize) -> anyhow::Result<StackOptions> {
        let upstream = match (&plan.upstream, self.gateways.first()) {
            (Some(upstream), _) => Some(upstream.clone()),
            (None, Some(first)) => first.provider_url().map(|url| url.parse()).transpose()?,
            (None, None) => None,
        };
        let (fields, limits) = (plan.plugin.clone(), plan.limits.clone());
        Ok(StackOptions {
            with_service: false,
            replicas: match self.relays(number.saturating_sub(1)) {
                [] => self.replicas.iter().map(Replica::port).collect(),
                relays => relays.iter().map(Relay::port).collect(),
            },
            gateway_token: self.settings.gateway_token.clone(),
            upstream,
            wasm: plan.wasm.clone(),
            // Each line of the access log is written at once, as it must be where a kill may cost none.
            envoy_arguments: vec!["--file-flush-min-size-kb".to_owned(), "0".to_owned()],
            state: Some(plan.state.join(format!("gateway-{number}"))),
            edit_plugin: Some(Box::new(move |plugin| {
                // What scripted and fake providers are told.
                plugin["forward_headers"] = serde_json::json!(["x-fake-*", "x-script"]);
                if let Some(plugin) = plugin.as_object_mut() {
                    plugin.extend(fields);
                }
            })),
            edit_bootstrap: Some(Box::new(move |bootstrap| limits.set(bootstrap))),
            ..StackOptions::default()
        })
    }

    /// Manages something as the operator does, through a gateway.
    pub fn operator(&self, gateway: usize) -> anyhow::Result<Operator> {
        let gateway = self.gateways.get(gateway).context("no such gateway")?;
        Ok(Operator {
            client: self.client.clone(),
            url: gateway.url(),
            key: self.settings.admin_key.clone(),
        })
    }

    /// The ledger's address.
    pub fn database_url(&self) -> &str {
        &self.settings.database_url
    }

    /// All that is booked.
    pub async fn ledger(&self) -> anyhow::Result<Vec<Entry>> {
        ledger::read(self.database_url()).await
    }

    /// `paddock verify`; what it says, where it finds nothing.
    pub fn verify(&self) -> anyhow::Result<String> {
        let (succeeded, told) = self.paddock(&["verify", "--database-url", self.database_url()])?;
        ensure!(succeeded, "paddock verify: {told}");
        Ok(told)
    }

    /// `paddock reconcile` of an access log; whether it could read all of it, and what it says.
    pub fn reconcile(&self, log: &Path) -> anyhow::Result<(bool, Value)> {
        let log = log.to_str().context("the log's path is no text")?;
        let (succeeded, told) = self.paddock(&["reconcile", "--output", "json", log])?;
        let told =
            serde_json::from_str(&told).with_context(|| format!("paddock reconcile: {told}"))?;
        Ok((succeeded, told))
    }

    /// `paddock reconcile --follow` beside a gateway, until it is dropped.
    pub fn follow(&self, gateway: usize, delay_seconds: u64) -> anyhow::Result<Process> {
        let replica = self.replicas.first().context("there is no replica")?;
        let gateway = self.gateways.get(gateway).context("no such gateway")?;
        let mut command = Command::new(binary("paddock")?);
        command
            .args([
                "reconcile",
                "--follow",
                "--delay",
                &delay_seconds.to_string(),
            ])
            .arg(gateway.access_log())
            .env("PADDOCK_URL", replica.url())
            .env("PADDOCK_GATEWAY_TOKEN", &self.settings.gateway_token);
        Process::start("reconcile", command, &gateway.state().join("reconcile.log"))
    }

    /// Has a replica take a message of a gateway; the answer.
    pub async fn sync(&self, replica: &Replica, message: &Value) -> anyhow::Result<Value> {
        let call = self.client.post(format!("{}{SYNC_PATH}", replica.url()));
        let answer = call
            .bearer_auth(&self.settings.gateway_token)
            .json(message)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{SYNC_PATH}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Runs a command of the operator's against the first replica; whether it found no problem, and what
    /// it prints.
    fn paddock(&self, arguments: &[&str]) -> anyhow::Result<(bool, String)> {
        let replica = self.replicas.first().context("there is no replica")?;
        let ran = Command::new(binary("paddock")?)
            .args(arguments)
            .env("PADDOCK_URL", replica.url())
            .env("PADDOCK_ADMIN_KEY", &self.settings.admin_key)
            .current_dir(std::env::temp_dir())
            .output()?;
        let out = String::from_utf8_lossy(&ran.stdout).into_owned();
        let err = String::from_utf8_lossy(&ran.stderr);
        ensure!(
            ran.status.success() || !out.is_empty(),
            "paddock {arguments:?}: {err}"
        );
        Ok((ran.status.success(), out))
    }
}

/// Who manages it.
#[derive(Clone, Debug)]
pub struct Operator {
    client: Client,
    url: String,
    key: String,
}

impl Operator {
    /// The operator's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Asks, and is answered 2xx.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let method: Method = method.parse()?;
        let mut call = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.bearer_auth(&self.key).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path}: {status} {text}");
        match text.is_empty() {
            true => Ok(Value::Null),
            false => Ok(serde_json::from_str(&text)?),
        }
    }
}
