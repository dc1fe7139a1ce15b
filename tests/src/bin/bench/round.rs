//! Rounds: every contender in turn, one short load each, in rotating order.

use crate::contender::Running;
use crate::load::Load;
use crate::scenario::Scenario;
use crate::upstream::Upstream;
use std::sync::Arc;
use std::time::Duration;

/// What one contender did in one round.
#[derive(Debug)]
pub struct Round {
    /// Of each request.
    pub latencies: Vec<Duration>,
    /// The length of the round.
    pub took: Duration,
    /// The CPU time of Envoy, all of its threads.
    pub cpu: Duration,
}

impl Round {
    /// Microseconds of Envoy's CPU time a request.
    pub fn cpu_per_request(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.latencies.len() as f64
    }

    /// Requests a second.
    pub fn throughput(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    /// The part of its core that Envoy used. Where it is well below one, the load was what limited
    /// throughput.
    pub fn busy(&self) -> f64 {
        self.cpu.as_secs_f64() / self.took.as_secs_f64()
    }
}

/// How long to load, how often.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds that count.
    pub rounds: usize,
    /// The length of each.
    pub span: Duration,
    /// Load before each that does not count: connections are made, caches filled, code compiled.
    pub warm_up: Duration,
    /// Quiet after each, in which what was put off is done.
    pub pause: Duration,
}

/// Runs one scenario. The answer has the rounds of each contender, in the order of `running`.
pub async fn run(
    plan: &Plan,
    scenario: Scenario,
    upstream: &Upstream,
    running: &mut [Running],
) -> anyhow::Result<Vec<Vec<Round>>> {
    let mut rounds: Vec<Vec<Round>> = running.iter().map(|_| Vec::new()).collect();
    for number in 0..plan.rounds {
        for position in 0..running.len() {
            let turn = number.saturating_add(position);
            let index = turn.checked_rem(running.len()).unwrap_or(0);
            let (Some(contender), Some(rounds)) = (running.get_mut(index), rounds.get_mut(index))
            else {
                continue;
            };
            rounds.push(load(plan, scenario, upstream, contender).await?);
            contender.check()?;
            tokio::time::sleep(plan.pause).await;
        }
    }
    Ok(rounds)
}

async fn load(
    plan: &Plan,
    scenario: Scenario,
    upstream: &Upstream,
    contender: &Running,
) -> anyhow::Result<Round> {
    let load = Load {
        gateway: contender.gateway,
        scenario,
        key: contender.key.clone(),
        seen: Arc::clone(&upstream.seen),
    };
    load.run(plan.warm_up).await?;
    let before = contender.cpu_time()?;
    let done = load.run(plan.span).await?;
    Ok(Round {
        cpu: contender.cpu_time()?.saturating_sub(before),
        latencies: done.latencies,
        took: done.took,
    })
}
