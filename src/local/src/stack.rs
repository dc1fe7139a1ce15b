//! Envoy, the service and the provider, running together.

use crate::bootstrap::Bootstrap;
use crate::options::StackOptions;
use crate::ports::Held;
use crate::process::Process;
use crate::{binary, envoy, root, secrets, wasm};
use anyhow::{Context, bail};
use reqwest::StatusCode;
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a part may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(25);

/// One of the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Envoy, with the filter.
    Envoy,
    /// The accounting service.
    Service,
    /// The fake provider.
    Provider,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Envoy => "Envoy",
            Self::Service => "the accounting service",
            Self::Provider => "the fake provider",
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
            client: reqwest::Client::builder()
                .timeout(Duration::from_secs(5))
                .no_proxy()
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
        for part in [Part::Envoy, Part::Service, Part::Provider] {
            self.stop(part).await?;
        }
        Ok(())
    }

    /// An error naming the first part that ended by itself, with the end of its log.
    pub fn check(&mut self) -> anyhow::Result<()> {
        let parts = [&mut self.service, &mut self.provider, &mut self.envoy];
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

    fn write_bootstrap(&self, options: &mut StackOptions) -> anyhow::Result<()> {
        let mut bootstrap = Bootstrap::read(&root().join("envoy/envoy.yaml"))?;
        bootstrap.listen(self.port.number)?;
        bootstrap.admin(self.admin_port.number)?;
        bootstrap.access_log(&self.access_log())?;
        bootstrap.code(&options.wasm.clone().map_or_else(wasm, Ok)?)?;
        if let Some(service) = &self.service_port {
            bootstrap.service(service.number)?;
        }
        let upstream = match (&options.upstream, self.provider_url()) {
            (Some(upstream), _) => upstream.clone(),
            (None, Some(provider)) => provider.parse()?,
            (None, None) => bail!("there is no provider to send requests to"),
        };
        let key = match &options.upstream_key {
            Some(key) => {
                let path = self.state.join("upstream-credential");
                secrets::write(&path, &format!("Bearer {key}"))?;
                Some(path)
            }
            None => None,
        };
        bootstrap.provider(&upstream, key.as_deref())?;
        if let Some(edit) = options.edit_plugin.take() {
            bootstrap.edit_plugin(edit)?;
        }
        if let Some(edit) = options.edit_bootstrap.take() {
            bootstrap.edit(edit);
        }
        bootstrap.write(&self.state.join("envoy.json"))
    }

    fn has(&self, part: Part) -> bool {
        match part {
            Part::Envoy => true,
            Part::Service => self.service_port.is_some(),
            Part::Provider => self.provider_port.is_some(),
        }
    }

    fn slot(&mut self, part: Part) -> &mut Option<Process> {
        match part {
            Part::Envoy => &mut self.envoy,
            Part::Service => &mut self.service,
            Part::Provider => &mut self.provider,
        }
    }

    fn spawn(&mut self, part: Part) -> anyhow::Result<()> {
        let command = match part {
            Part::Envoy => self.envoy_command()?,
            Part::Service => self.service_command()?,
            Part::Provider => self.provider_command()?,
        };
        let process = Process::start(&part.to_string(), command, &self.log(part))?;
        *self.slot(part) = Some(process);
        Ok(())
    }

    fn envoy_command(&self) -> anyhow::Result<Command> {
        let mut command = prefixed(&self.options.envoy_prefix, &envoy()?);
        command
            .arg("-c")
            .arg(self.state.join("envoy.json"))
            .args(["--concurrency", &self.options.concurrency.to_string()])
            .args(["--log-level", &self.options.envoy_log_level])
            // Several may run side by side, and a test reads the access log at once.
            .args(["--use-dynamic-base-id", "--file-flush-interval-msec", "100"])
            .env("PADDOCK_GATEWAY_TOKEN", &self.options.gateway_token)
            .current_dir(root());
        Ok(command)
    }

    fn service_command(&self) -> anyhow::Result<Command> {
        let port = self
            .service_port
            .as_ref()
            .context("this stack has no accounting service")?;
        let mut command = prefixed(&self.options.other_prefix, &binary("paddock")?);
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{}", port.number)])
            .args(&self.options.service_arguments)
            // Not as arguments: those can be read by everyone on the machine.
            .env("PADDOCK_DATABASE_URL", self.database_url())
            .env("PADDOCK_ADMIN_KEY", &self.options.admin_key)
            .env("PADDOCK_GATEWAY_TOKEN", &self.options.gateway_token)
            .envs(self.options.service_environment.iter().cloned());
        Ok(command)
    }

    fn provider_command(&self) -> anyhow::Result<Command> {
        let port = self
            .provider_port
            .as_ref()
            .context("this stack has no fake provider")?;
        let mut command = prefixed(&self.options.other_prefix, &binary("fake-provider")?);
        command
            .args(["--listen", &format!("127.0.0.1:{}", port.number)])
            .args(&self.options.provider_arguments);
        Ok(command)
    }

    /// Waits until a part answers as it does in good health.
    async fn ready(&mut self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Provider => match self.provider_url() {
                Some(provider) => {
                    self.await_status(part, format!("{provider}/_fake/stats"), 200)
                        .await
                }
                None => Ok(()),
            },
            Part::Service => match self.service_url() {
                Some(service) => {
                    self.await_status(part, format!("{service}/readyz"), 200)
                        .await
                }
                None => Ok(()),
            },
            Part::Envoy => {
                self.await_status(part, format!("{}/ready", self.admin_url()), 200)
                    .await?;
                if self.has(Part::Service) {
                    self.await_status(part, format!("{}/readyz", self.url()), 200)
                        .await?;
                }
                if self.options.await_filter {
                    // The filter is loaded: nothing else refuses a caller without a key.
                    let refused = format!("{}/models", self.base_url());
                    self.await_status(part, refused, 401).await?;
                }
                Ok(())
            }
        }
    }

    async fn await_status(&mut self, part: Part, url: String, wanted: u16) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let answer = self.client.get(&url).send().await;
            let status = answer.as_ref().map(reqwest::Response::status);
            if status.ok().as_ref().map(StatusCode::as_u16) == Some(wanted) {
                return Ok(());
            }
            self.check()?;
            if begun.elapsed() > PATIENCE {
                let got = answer.map_or_else(|error| error.to_string(), |a| a.status().to_string());
                let log = self.log(part);
                bail!(
                    "{part} is not ready after {PATIENCE:?}: {url} answers '{got}' instead of {wanted}. See {}.",
                    log.display()
                );
            }
            sleep(POLL).await;
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for process in [&mut self.envoy, &mut self.service, &mut self.provider]
            .into_iter()
            .flatten()
        {
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

fn prefixed(prefix: &[String], program: &Path) -> Command {
    match prefix.split_first() {
        None => Command::new(program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
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
