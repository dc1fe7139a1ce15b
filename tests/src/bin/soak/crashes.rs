//! What crashes, when, and how it comes back.

use super::calls::Calls;
use anyhow::{Context, ensure};
use paddock_local::{Part, Process};
use paddock_tests::installation::{Installation, Relay, Replica};
use rand::RngExt;
use rand::rngs::StdRng;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long it may take until calls are served again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Calls that are served between two crashes at least.
const BETWEEN: usize = 100;
/// Milliseconds.
const LONGER_THAN_A_SHARE: u64 = 25_000;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A replica of the service.
    Replica(usize),
    /// The database server with all its processes.
    Postgres,
    /// All replicas at once.
    Service,
    /// A replica that does nothing for a while, and then goes on.
    PausedReplica(usize),
    /// An Envoy that does so.
    PausedEnvoy(usize),
    /// An Envoy that the service does not hear, nor it the service.
    CutOffEnvoy(usize),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replica(number) => write!(f, "replica {}", number.saturating_add(1)),
            Self::Postgres => f.write_str("PostgreSQL"),
            Self::Service => f.write_str("every replica"),
            Self::PausedReplica(number) => {
                write!(f, "replica {}, paused", number.saturating_add(1))
            }
            Self::PausedEnvoy(number) => write!(f, "Envoy {}, paused", number.saturating_add(1)),
            Self::CutOffEnvoy(number) => write!(f, "Envoy {}, cut off", number.saturating_add(1)),
        }
    }
}

impl Target {
    /// One that this installation has.
    pub fn draw(installation: &Installation, rng: &mut StdRng) -> Self {
        let envoys = installation.gateways.len();
        match rng.random_range(0..130) {
            100..110 => Self::PausedReplica(rng.random_range(0..installation.replicas.len())),
            110..120 => Self::PausedEnvoy(rng.random_range(0..envoys)),
            120..130 => Self::CutOffEnvoy(rng.random_range(0..envoys)),
            0..40 if installation.postgres.is_some() => Self::Postgres,
            0..55 => Self::Service,
            _ => Self::Replica(rng.random_range(0..installation.replicas.len())),
        }
    }

    /// How long it stays so, in milliseconds: now and then an Envoy is cut off for longer than its shares last.
    fn lasts(self, rng: &mut StdRng) -> u64 {
        match self {
            Self::CutOffEnvoy(0) => LONGER_THAN_A_SHARE,
            _ => rng.random_range(0..2_500),
        }
    }

    /// `kill -9`, or a pause.
    pub fn kill(self, installation: &mut Installation) -> anyhow::Result<()> {
        match self {
            Self::Replica(number) => {
                let replica = installation.replicas.get_mut(number);
                replica.context("no such replica")?.kill()
            }
            Self::Postgres => installation
                .postgres
                .as_mut()
                .context("there is no PostgreSQL")?
                .crash(),
            Self::Service => installation
                .replicas
                .iter_mut()
                .try_for_each(|replica| replica.kill()),
            Self::CutOffEnvoy(number) => {
                installation.relays(number).iter().for_each(Relay::cut);
                Ok(())
            }
            paused => paused.process(installation)?.pause(),
        }
    }

    /// Lets what is paused or cut off go on.
    fn resume(self, installation: &mut Installation) -> anyhow::Result<()> {
        match self {
            Self::PausedReplica(_) | Self::PausedEnvoy(_) => self.process(installation)?.resume(),
            Self::CutOffEnvoy(number) => {
                installation.relays(number).iter().for_each(Relay::mend);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The process that is paused.
    fn process(self, installation: &mut Installation) -> anyhow::Result<&mut Process> {
        let process = match self {
            Self::PausedReplica(number) => {
                let replica = installation.replicas.get_mut(number);
                replica.and_then(Replica::process)
            }
            Self::PausedEnvoy(number) => {
                let gateway = installation.gateways.get_mut(number);
                gateway.and_then(|gateway| gateway.process(Part::Envoy))
            }
            _ => None,
        };
        process.context("there is no such process to pause")
    }
}

/// What every run has, before it draws.
const ALWAYS: [Target; 3] = [
    Target::PausedReplica(0),
    Target::PausedEnvoy(0),
    Target::CutOffEnvoy(0),
];

/// Starts whatever does not run.
pub async fn mend(installation: &mut Installation) -> anyhow::Result<()> {
    if let Some(postgres) = &mut installation.postgres {
        postgres.run().await?;
    }
    for replica in &mut installation.replicas {
        replica.run().await?;
    }
    Ok(())
}

/// Waits until so many more calls have been answered.
pub async fn until_served(calls: &Calls, more: usize) -> anyhow::Result<()> {
    let enough = calls.answered().saturating_add(more);
    let begun = Instant::now();
    while calls.answered() < enough {
        ensure!(
            begun.elapsed() < PATIENCE,
            "nothing is served for {PATIENCE:?}"
        );
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Kills, pauses or cuts off so often, each time something else, and mends it after a while.
pub async fn crash(
    count: usize,
    installation: &mut Installation,
    calls: &Calls,
    rng: &mut StdRng,
) -> anyhow::Result<Vec<Target>> {
    let mut killed = Vec::new();
    for number in 1..=count {
        until_served(calls, BETWEEN).await?;
        sleep(Duration::from_millis(rng.random_range(0..2_000))).await;
        let drawn = Target::draw(installation, rng);
        let target = ALWAYS
            .get(number.saturating_sub(1))
            .copied()
            .unwrap_or(drawn);
        let served = calls.answered();
        target.kill(installation)?;
        sleep(Duration::from_millis(target.lasts(rng))).await;
        target.resume(installation)?;
        mend(installation).await?;
        let meanwhile = calls.answered().saturating_sub(served);
        eprintln!(
            "crash {number} of {count}: {target}; {served} calls answered before, {meanwhile} until it was back"
        );
        killed.push(target);
    }
    until_served(calls, BETWEEN).await?;
    Ok(killed)
}

/// Traps VMs of random gateways until so many were asked for.
pub async fn trap(count: usize, urls: Vec<String>, mut rng: StdRng) -> anyhow::Result<()> {
    let http = paddock_local::client()?.timeout(PATIENCE).build()?;
    for _ in 0..count {
        sleep(Duration::from_millis(rng.random_range(1_000..4_000))).await;
        let url = urls
            .get(rng.random_range(0..urls.len()))
            .context("no gateway")?;
        // The request itself fails.
        let call = super::clients::chat(
            &http,
            &format!("{url}/v1/chat/completions"),
            "nobody",
            false,
        );
        let _ = call.header("x-fault", "trap").send().await;
    }
    Ok(())
}

/// How often VMs have been started anew.
pub async fn reloads(installation: &Installation) -> anyhow::Result<u64> {
    let mut sum: u64 = 0;
    for gateway in &installation.gateways {
        let count = gateway.stat("wasm.paddock.vm_reload_success").await?;
        sum = sum.saturating_add(count.unwrap_or(0));
    }
    Ok(sum)
}
