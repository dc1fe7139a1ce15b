//! One process of the accounting service.

use anyhow::bail;
use paddock_local::{Held, Port, Process, binary};
use reqwest::Client;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long it may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(25);

/// What every replica is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ledger.
    pub database_url: String,
    /// The operator's key.
    pub admin_key: String,
    /// What gateways show.
    pub gateway_token: String,
    /// Further arguments of `paddock serve`.
    pub arguments: Vec<String>,
    /// Another program than the one that was built.
    pub program: Option<PathBuf>,
}

/// `paddock serve` on a port that stays its own.
#[derive(Debug)]
pub struct Replica {
    process: Option<Process>,
    port: Held,
    settings: Settings,
    log: PathBuf,
    client: Client,
}

impl Replica {
    /// One that does not run yet.
    pub fn new(settings: Settings, log: PathBuf, client: Client) -> anyhow::Result<Self> {
        Ok(Self {
            process: None,
            port: Port::Free.hold("a replica")?,
            settings,
            log,
            client,
        })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port.number
    }

    /// Where it is reached, past Envoy.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Stops it as its supervisor does, and starts the program that was built in its place.
    pub async fn replace(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.stop().await?;
        }
        self.settings.program = None;
        self.run().await
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process
            .take()
            .map_or(Ok(()), |mut process| process.kill())
    }

    /// Its process, while it runs.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Starts it where it does not run, and waits until it is ready. As its supervisor would, it
    /// starts it again where it ends because it finds no database.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let ended = self
                .process
                .as_mut()
                .is_none_or(|process| process.ended().is_some());
            if ended {
                self.process = Some(self.spawn()?);
            }
            let asked = self.client.get(format!("{}/readyz", self.url()));
            if asked
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
            {
                return Ok(());
            }
            sleep(POLL).await;
        }
        bail!(
            "a replica is not ready after {PATIENCE:?}: see {}",
            self.log.display()
        )
    }

    fn spawn(&self) -> anyhow::Result<Process> {
        let program = self.settings.program.clone();
        let mut command = Command::new(program.map_or_else(|| binary("paddock"), Ok)?);
        command
            .args([
                "serve",
                "--create",
                "--listen",
                &format!("127.0.0.1:{}", self.port()),
            ])
            .args(&self.settings.arguments)
            .env("PADDOCK_DATABASE_URL", &self.settings.database_url)
            .env("PADDOCK_ADMIN_KEY", &self.settings.admin_key)
            .env("PADDOCK_GATEWAY_TOKEN", &self.settings.gateway_token);
        Process::start("a replica", command, &self.log)
    }
}
