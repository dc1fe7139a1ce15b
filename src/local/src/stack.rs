//! Envoy, the service and the provider, running together.

mod launch;
mod ready;

use crate::options::StackOptions;
use crate::ports::Held;
use crate::process::Process;
use anyhow::Context;
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// One of the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Envoy, with the filter.
    Envoy,
    /// The accounting service.
    Service,
    /// The fake provider.
    Provider,
    /// `paddock reconcile --follow` beside Envoy.
    Repair,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Envoy => "Envoy",
            Self::Service => "the accounting service",
            Self::Provider => "the fake provider",
            Self::Repair => "paddock reconcile",
        })
    }
}

/// The running processes. Dropping it ends them, and nothing else.
pub struct Stack {
    options: StackOptions,
    port: Held,
    admin_port: Held,
    service_port: Option<Held>,
    provider_port: Option<Held>,
    envoy: Option<Process>,
    service: Option<Process>,
    provider: Option<Process>,
    repair: Option<Process>,
    client: reqwest::Client,
    state: PathBuf,
    temporary: bool,
}

impl Stack {
    /// Starts everything and waits until a request would succeed.
    pub async fn start(mut options: StackOptions) -> anyhow::Result<Self> {
        let (state, temporary) = match options.state.clone() {
            Some(state) => (state, false),
            None => (temporary_folder()?, true),
        };
        std::fs::create_dir_all(state.join("logs"))
            .with_context(|| format!("cannot make the folder {}", state.display()))?;
        let state = state.canonicalize()?;
        let service_port = options
            .with_service
            .then(|| options.service_port.hold("the service"))
            .transpose()?;
        let provider_port = options
            .upstream
            .is_none()
            .then(|| options.provider_port.hold("the provider"))
            .transpose()?;
        let mut stack = Self {
            port: options.port.hold("the gateway")?,
            admin_port: options.admin_port.hold("Envoy's admin interface")?,
            service_port,
            provider_port,
            envoy: None,
            service: None,
            provider: None,
            repair: None,
            client: crate::http::client()?
                .timeout(Duration::from_secs(5))
                .build()?,
            state,
            temporary,
            options: StackOptions::default(),
        };
        stack.write_bootstrap(&mut options)?;
        stack.options = options;
        for part in [Part::Provider, Part::Service, Part::Envoy] {
            if stack.has(part) {
                stack.spawn(part)?;
            }
        }
        for part in [Part::Provider, Part::Service, Part::Envoy] {
            stack.ready(part).await?;
        }
        // What it reads is there, and so is what it calls.
        if stack.has(Part::Repair) {
            stack.spawn(Part::Repair)?;
        }
        Ok(stack)
    }

    /// Starts a part again, on the same port, and waits until it answers.
    pub async fn restart(&mut self, part: Part) -> anyhow::Result<()> {
        self.kill(part)?;
        self.spawn(part)?;
        self.ready(part).await
    }

    /// Ends a part at once, as `kill -9` does.
    pub fn kill(&mut self, part: Part) -> anyhow::Result<()> {
        self.slot(part).as_mut().map_or(Ok(()), Process::kill)
    }

    /// Asks a part to stop, as an operator does.
    pub async fn stop(&mut self, part: Part) -> anyhow::Result<()> {
        match self.slot(part) {
            Some(process) => process.stop().await,
            None => Ok(()),
        }
    }

    /// Stops everything: Envoy first, then the service, which then has all that Envoy sent.
    pub async fn shut_down(mut self) -> anyhow::Result<()> {
        for part in [Part::Repair, Part::Envoy, Part::Service, Part::Provider] {
            self.stop(part).await?;
        }
        Ok(())
    }

    /// An error naming the first part that ended by itself, with the end of its log.
    pub fn check(&mut self) -> anyhow::Result<()> {
        let parts = [
            &mut self.service,
            &mut self.provider,
            &mut self.envoy,
            &mut self.repair,
        ];
        parts.into_iter().flatten().try_for_each(Process::check)
    }

    /// A part's process, where it was started.
    pub fn process(&mut self, part: Part) -> Option<&mut Process> {
        self.slot(part).as_mut()
    }

    /// Where clients connect: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        url(&self.port)
    }

    /// What an OpenAI client is given: [`Stack::url`] and `/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// Envoy's admin interface.
    pub fn admin_url(&self) -> String {
        url(&self.admin_port)
    }

    /// The accounting service, past Envoy.
    pub fn service_url(&self) -> Option<String> {
        self.service_port.as_ref().map(url)
    }

    /// The fake provider, past Envoy.
    pub fn provider_url(&self) -> Option<String> {
        self.provider_port.as_ref().map(url)
    }

    /// The ports that had to move, each with what it is for.
    pub fn moved(&self) -> Vec<(&'static str, u16, u16)> {
        let ports = [
            ("the gateway", Some(&self.port)),
            ("Envoy's admin interface", Some(&self.admin_port)),
            ("the accounting service", self.service_port.as_ref()),
            ("the fake provider", self.provider_port.as_ref()),
        ];
        let held = ports
            .into_iter()
            .filter_map(|(what, held)| held.map(|held| (what, held)));
        held.filter_map(|(what, held)| Some((what, held.moved_from?, held.number)))
            .collect()
    }

    /// The operator's key.
    pub fn admin_key(&self) -> &str {
        &self.options.admin_key
    }

    /// The token the filter shows to the service.
    pub fn gateway_token(&self) -> &str {
        &self.options.gateway_token
    }

    /// The folder with logs, the ledger and Envoy's configuration.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Envoy's access log: one JSON object a line.
    pub fn access_log(&self) -> PathBuf {
        self.state.join("logs/access.log")
    }

    /// What a part printed.
    pub fn log(&self, part: Part) -> PathBuf {
        self.state.join(match part {
            Part::Envoy => "logs/envoy.log",
            Part::Service => "logs/service.log",
            Part::Provider => "logs/provider.log",
            Part::Repair => "logs/reconcile.log",
        })
    }

    /// The ledger's address.
    pub fn database_url(&self) -> String {
        let own = || format!("sqlite://{}", self.state.join("paddock.db").display());
        self.options.database_url.clone().unwrap_or_else(own)
    }

    /// Asks Envoy's admin interface, as in `/stats?filter=wasm` or `/stats/prometheus`.
    pub async fn admin(&self, path: &str) -> anyhow::Result<String> {
        let response = self
            .client
            .get(format!("{}{path}", self.admin_url()))
            .send()
            .await?;
        Ok(response.error_for_status()?.text().await?)
    }

    /// One counter or gauge of Envoy's, by its full name; absent until it was first counted.
    pub async fn stat(&self, name: &str) -> anyhow::Result<Option<u64>> {
        let stats: Value = serde_json::from_str(&self.admin("/stats?format=json").await?)?;
        let stats = stats.get("stats").and_then(Value::as_array);
        let mut stats = stats.into_iter().flatten();
        let found = stats.find(|stat| stat.get("name").and_then(Value::as_str) == Some(name));
        Ok(found.and_then(|stat| stat.get("value")?.as_u64()))
    }

    /// The configuration Envoy runs with.
    pub async fn config_dump(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.admin("/config_dump").await?)?)
    }

    fn has(&self, part: Part) -> bool {
        match part {
            Part::Envoy => true,
            Part::Service => self.service_port.is_some(),
            Part::Provider => self.provider_port.is_some(),
            Part::Repair => self.options.with_repair && self.service_port.is_some(),
        }
    }

    fn slot(&mut self, part: Part) -> &mut Option<Process> {
        match part {
            Part::Envoy => &mut self.envoy,
            Part::Service => &mut self.service,
            Part::Provider => &mut self.provider,
            Part::Repair => &mut self.repair,
        }
    }

    fn spawn(&mut self, part: Part) -> anyhow::Result<()> {
        let command = match part {
            Part::Envoy => self.envoy_command()?,
            Part::Service => self.service_command()?,
            Part::Provider => self.provider_command()?,
            Part::Repair => self.repair_command()?,
        };
        let process = Process::start(&part.to_string(), command, &self.log(part))?;
        *self.slot(part) = Some(process);
        Ok(())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let parts = [
            &mut self.repair,
            &mut self.envoy,
            &mut self.service,
            &mut self.provider,
        ];
        for process in parts.into_iter().flatten() {
            let _ = process.kill();
        }
        // A failing test leaves its logs behind.
        if self.temporary && !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.state);
        }
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("url", &self.url())
            .field("state", &self.state)
            .finish()
    }
}

fn url(port: &Held) -> String {
    format!("http://127.0.0.1:{}", port.number)
}

/// A new folder for one stack.
fn temporary_folder() -> anyhow::Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!(
        "paddock-{}-{}",
        std::process::id(),
        NUMBER.fetch_add(1, Relaxed)
    );
    let path = std::env::temp_dir().join(name);
    if path.exists() {
        // Of an earlier process with the same id.
        std::fs::remove_dir_all(&path)?;
    }
    std::fs::create_dir_all(&path)?;
    Ok(path)
}
