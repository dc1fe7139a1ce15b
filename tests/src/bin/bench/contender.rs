//! The Envoys that are compared. They run `envoy/envoy.yaml` alike, but for the filter.

use crate::cpu::{self, Cores};
use crate::filters;
use crate::load::{Done, Load};
use crate::pace::Pace;
use crate::scenario::Scenario;
use crate::tenant::{self, Keys};
use crate::upstream::Upstream;
use anyhow::{Context, ensure};
use clap::ValueEnum;
use paddock_local::{Part, Stack, StackOptions};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is put between client and provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Contender {
    /// Envoy without any filter but its router.
    Bare,
    /// With a Wasm filter that does nothing.
    Empty,
    /// With one that holds the request, reads both headers and both bodies, edits three headers.
    F3,
    /// The same, with seven headers of the answer set.
    F4,
    /// With a Lua filter that finds the model in the request and the usage in the answer.
    Lua,
    /// With an external processor that does nothing, the request buffered.
    ExtProc,
    /// With Paddock, its service, and every limit of a key and a namespace set.
    Paddock,
    /// The same with those of an organization and of an end user.
    FourLevels,
    /// Paddock with two levels that keeps each event outside the VM before the answer ends.
    EachDurable,
    /// Paddock with two levels and another build of the filter: before and after in one run.
    Other,
}

/// What all contenders of a run have in common.
#[derive(Debug)]
pub struct Setup {
    /// Which cores are whose.
    pub cores: Cores,
    /// Envoy's worker threads.
    pub workers: u32,
    /// The keys of each Paddock.
    pub keys: Keys,
    /// The provider.
    pub upstream: Upstream,
    /// The external processor.
    pub ext_proc: SocketAddr,
    /// The filter of the floors.
    pub floor: PathBuf,
    /// Another build of Paddock's.
    pub other: Option<PathBuf>,
}

impl Contender {
    /// All of them; the first is what the others are compared with.
    pub fn all() -> Vec<Self> {
        Self::value_variants().to_vec()
    }

    /// For the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare Envoy",
            Self::Empty => "empty Wasm filter",
            Self::F3 => "f3: host calls alone",
            Self::F4 => "f4: f3, 7 response headers",
            Self::Lua => "Lua, model and usage",
            Self::ExtProc => "ext_proc, does nothing",
            Self::Paddock => "Paddock",
            Self::FourLevels => "Paddock, four levels",
            Self::EachDurable => "Paddock, durable_events: each",
            Self::Other => "Paddock, the other build",
        }
    }

    /// Whether it has Paddock's filter.
    pub fn is_paddock(self) -> bool {
        matches!(
            self,
            Self::Paddock | Self::FourLevels | Self::EachDurable | Self::Other
        )
    }

    /// What the floor filter is told to do, where it is that.
    pub fn floor(self) -> Option<&'static str> {
        match self {
            Self::Empty => Some("empty"),
            Self::F3 => Some("f3"),
            Self::F4 => Some("f4"),
            _ => None,
        }
    }

    /// Fields of the plugin's configuration that are to be others than in `envoy/envoy.yaml`.
    fn settings(self) -> Value {
        match self {
            Self::EachDurable => json!({"durable_events": "each"}),
            _ => json!({}),
        }
    }

    /// Starts it.
    pub async fn start(self, setup: &Setup) -> anyhow::Result<Running> {
        let ext_proc = setup.ext_proc;
        let rate = tenant::RATE.to_string();
        let stack = Stack::start(StackOptions {
            upstream: Some(format!("http://{}", setup.upstream.address).parse()?),
            wasm: match self {
                Self::Other => setup.other.clone(),
                _ => self.floor().map(|_| setup.floor.clone()),
            },
            concurrency: setup.workers,
            envoy_prefix: cpu::pinned(&setup.cores.envoy),
            other_prefix: cpu::pinned(&setup.cores.others),
            with_service: self.is_paddock(),
            await_filter: self.is_paddock(),
            service_arguments: ["--max-rpm", &rate, "--organization-rpm", &rate]
                .map(str::to_owned)
                .to_vec(),
            edit_plugin: Some(Box::new(move |plugin| {
                if let (Some(plugin), Value::Object(fields)) =
                    (plugin.as_object_mut(), self.settings())
                {
                    plugin.extend(fields);
                }
            })),
            edit_bootstrap: Some(Box::new(move |config| {
                filters::edit(self, ext_proc, config);
            })),
            ..StackOptions::default()
        });
        let mut stack = stack
            .await
            .with_context(|| format!("cannot start {}", self.name()))?;
        let keys = match self.is_paddock() {
            true => tenant::make(&stack, self == Self::FourLevels, setup.keys).await?,
            // Nobody looks at them, but they are as long and as many.
            false => setup.keys.secrets(),
        };
        let envoy = stack.process(Part::Envoy).context("Envoy is not running")?;
        let mut running = Running {
            contender: self,
            envoy: envoy.pid(),
            ready: envoy.ready_after().context("Envoy is not ready")?,
            gateway: stack.url().trim_start_matches("http://").parse()?,
            keys,
            answered: 0,
            stack,
        };
        if setup.keys.in_use > 1 {
            // The first sight of a key costs a question to the service, which is not compared.
            let once = running.load(Scenario::Small, &setup.upstream, Pace::Once);
            once.await?;
        }
        Ok(running)
    }
}

/// A contender at work.
#[derive(Debug)]
pub struct Running {
    /// Which it is.
    pub contender: Contender,
    /// How long its Envoy took from its start until it answered.
    pub ready: Duration,
    gateway: SocketAddr,
    keys: Arc<[String]>,
    envoy: u32,
    answered: usize,
    stack: Stack,
}

impl Running {
    /// Puts load on it. An error where an answer is not 200 or a part of it has ended.
    pub async fn load(
        &mut self,
        scenario: Scenario,
        upstream: &Upstream,
        pace: Pace,
    ) -> anyhow::Result<Done> {
        let load = Load {
            gateway: self.gateway,
            scenario,
            keys: Arc::clone(&self.keys),
            seen: Arc::clone(&upstream.seen),
        };
        let done = load.run(pace).await;
        let done = done.with_context(|| format!("{}, {}", self.contender.name(), scenario.name()));
        self.stack.check()?;
        let done = done?;
        self.answered = self.answered.saturating_add(done.latencies.len());
        Ok(done)
    }

    /// The CPU time its Envoy has had.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        cpu::time(self.envoy)
    }

    /// The memory of its Envoy, in bytes.
    pub fn resident(&self) -> anyhow::Result<u64> {
        cpu::resident(self.envoy)
    }

    /// The version of its Envoy.
    pub async fn envoy_version(&self) -> anyhow::Result<String> {
        let info: Value = serde_json::from_str(&self.stack.admin("/server_info").await?)?;
        let version = info.get("version").and_then(Value::as_str);
        Ok(version.context("Envoy does not tell its version")?.into())
    }

    /// Ends it. Cheap figures of a Paddock that forgot to book what it served would be worth
    /// nothing: an error unless every request that was answered is in the ledger, once.
    pub async fn stop(self) -> anyhow::Result<()> {
        if self.contender.is_paddock() {
            let booked = tenant::booked(&self.stack, self.answered).await?;
            ensure!(
                booked == self.answered,
                "{} answered {} requests and booked {booked}",
                self.contender.name(),
                self.answered,
            );
        }
        self.stack.shut_down().await
    }
}
