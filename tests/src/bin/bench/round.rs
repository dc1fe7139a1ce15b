//! Rounds: every contender in turn, one short load each, in rotating order.

use crate::contender::Running;
use crate::pace::Pace;
use crate::scenario::Scenario;
use crate::upstream::Upstream;
use std::time::Duration;

/// What one contender did in one round.
#[derive(Clone, Debug)]
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

    /// The part of a core that Envoy used. Where it is well below one for each worker, the load was
    /// what limited throughput.
    pub fn busy(&self) -> f64 {
        self.cpu.as_secs_f64() / self.took.as_secs_f64()
    }
}

/// All rounds of one contender in one scenario.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    /// As fast as it answers.
    pub full: Vec<Round>,
    /// At half of that.
    pub half: Vec<Round>,
}

/// How long to load, how often.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often each contender is started.
    pub starts: usize,
    /// Rounds at full load that count, of each start.
    pub rounds: usize,
    /// The length of each.
    pub span: Duration,
    /// Load before each that does not count: connections are made, caches filled, code compiled.
    pub warm_up: Duration,
    /// Quiet after each, in which what was put off is done.
    pub pause: Duration,
}

/// Runs one scenario on one start of each contender, and adds to the rounds of each, in the order of
/// `running`.
pub async fn run(
    plan: &Plan,
    scenario: Scenario,
    upstream: &Upstream,
    running: &mut [Running],
    rounds: &mut [Rounds],
) -> anyhow::Result<()> {
    for number in 0..plan.rounds {
        for index in turns(number, running.len()) {
            if let (Some(contender), Some(rounds)) = (running.get_mut(index), rounds.get_mut(index))
            {
                let full = Pace::Full(plan.span);
                let round = load(plan, scenario, upstream, contender, full).await?;
                rounds.full.push(round);
            }
        }
    }
    // One round, but a longer one: of it the slowest of a hundred is asked.
    let span = plan.span.saturating_mul(2);
    for (contender, rounds) in running.iter_mut().zip(rounds) {
        let mut fresh: Vec<f64> = rounds.full.iter().map(Round::throughput).collect();
        let fresh = fresh.split_off(fresh.len().saturating_sub(plan.rounds));
        let rate = fresh.iter().sum::<f64>() / fresh.len() as f64 / 2.0;
        let half = Pace::Rate(rate, span);
        let round = load(plan, scenario, upstream, contender, half).await?;
        rounds.half.push(round);
    }
    Ok(())
}

/// The order of a round: each is as often the first as any other.
fn turns(round: usize, contenders: usize) -> impl Iterator<Item = usize> {
    let turns = (0..contenders).map(move |position| position.saturating_add(round));
    turns.map(move |turn| turn.checked_rem(contenders).unwrap_or(0))
}

async fn load(
    plan: &Plan,
    scenario: Scenario,
    upstream: &Upstream,
    contender: &mut Running,
    pace: Pace,
) -> anyhow::Result<Round> {
    let warm_up = Pace::Full(plan.warm_up);
    contender.load(scenario, upstream, warm_up).await?;
    let before = contender.cpu_time()?;
    let done = contender.load(scenario, upstream, pace).await?;
    let cpu = contender.cpu_time()?.saturating_sub(before);
    tokio::time::sleep(plan.pause).await;
    Ok(Round {
        cpu,
        latencies: done.latencies,
        took: done.took,
    })
}
