//! What came out of the rounds of one contender in one scenario.

use crate::contender::Contender;
use crate::round::{Round, Rounds};
use serde_json::{Value, json};
use std::time::Duration;

/// Everything is the median over the rounds of all starts; what is compared with bare Envoy is
/// compared round by round, so that a disturbance that lasts longer than a round meets both.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Whose.
    pub contender: Contender,
    /// Of the rounds at full load, all together.
    pub requests: usize,
    /// Envoy's CPU time, microseconds a request.
    pub cpu: f64,
    /// What of it bare Envoy does not need.
    pub over_bare: f64,
    /// `over_bare` for each start: the same contender differs from start to start.
    pub over_bare_by_start: Vec<f64>,
    /// Requests a second.
    pub throughput: f64,
    /// To bare Envoy's throughput.
    pub ratio: f64,
    /// The part of a core that Envoy used.
    pub busy: f64,
    /// At full load.
    pub p50: Duration,
    /// At full load.
    pub p99: Duration,
    /// At half of its own throughput.
    pub half_p99: Duration,
}

impl Figures {
    /// From its rounds and those of bare Envoy, `per_start` of each start.
    pub fn new(contender: Contender, rounds: &Rounds, bare: &Rounds, per_start: usize) -> Self {
        let each = |figure: fn(&Round) -> f64| median(rounds.full.iter().map(figure).collect());
        let pairs = || rounds.full.iter().zip(&bare.full);
        let over: Vec<f64> = pairs()
            .map(|(own, bare)| own.cpu_per_request() - bare.cpu_per_request())
            .collect();
        let full = sorted(&rounds.full);
        Self {
            contender,
            requests: full.len(),
            cpu: each(Round::cpu_per_request),
            over_bare: median(over.clone()),
            over_bare_by_start: over
                .chunks(per_start.max(1))
                .map(|start| median(start.to_vec()))
                .collect(),
            throughput: each(Round::throughput),
            ratio: median(
                pairs()
                    .map(|(own, bare)| own.throughput() / bare.throughput())
                    .collect(),
            ),
            busy: each(Round::busy),
            p50: quantile(&full, 50),
            p99: quantile(&full, 99),
            half_p99: quantile(&sorted(&rounds.half), 99),
        }
    }

    /// As JSON; `floor` is what f4 needs over bare Envoy.
    pub fn to_json(&self, floor: Option<f64>) -> Value {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let starts = self.over_bare_by_start.iter().copied();
        json!({
            "contender": self.contender.name(),
            "requests": self.requests,
            "cpu_us_per_request": rounded(self.cpu),
            "cpu_us_over_bare": rounded(self.over_bare),
            "cpu_us_over_bare_by_start": starts.map(rounded).collect::<Vec<_>>(),
            "over_bare_to_f4": floor.map(|floor| rounded(self.over_bare / floor)),
            "requests_per_second": rounded(self.throughput),
            "throughput_ratio": rounded(self.ratio),
            "envoy_busy": rounded(self.busy),
            "p50_us": micros(self.p50),
            "p99_us": micros(self.p99),
            "half_load_p99_us": micros(self.half_p99),
        })
    }
}

fn sorted(rounds: &[Round]) -> Vec<Duration> {
    let latencies = rounds.iter().flat_map(|round| round.latencies.iter());
    let mut latencies: Vec<Duration> = latencies.copied().collect();
    latencies.sort_unstable();
    latencies
}

/// The middle of `figures`; not a number where there are none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = figures.get(middle).copied().unwrap_or(f64::NAN);
    match figures.len() % 2 {
        1 => upper,
        _ => {
            let lower = middle.checked_sub(1).and_then(|at| figures.get(at));
            (lower.copied().unwrap_or(f64::NAN) + upper) / 2.0
        }
    }
}

/// The smallest of `sorted` that `percent` of them do not exceed.
fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    let found = sorted.get(rank.saturating_sub(1));
    found.copied().unwrap_or_default()
}

/// To three digits after the point.
pub fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(requests: u32, cpus_ms: [u64; 4]) -> Rounds {
        let round = |cpu| Round {
            latencies: (1..=requests)
                .map(|n| Duration::from_micros(n.into()))
                .collect(),
            took: Duration::from_secs(1),
            cpu: Duration::from_millis(cpu),
        };
        Rounds {
            full: cpus_ms.map(round).to_vec(),
            half: vec![round(1)],
        }
    }

    #[test]
    fn contenders_are_compared_round_by_round() {
        let bare = rounds(100, [1, 9, 5, 5]);
        let own = rounds(50, [1, 9, 5, 10]);
        let bare_figures = Figures::new(Contender::Bare, &bare, &bare, 2);
        assert_eq!((bare_figures.over_bare, bare_figures.ratio), (0.0, 1.0));
        let own = Figures::new(Contender::Paddock, &own, &bare, 2);
        assert_eq!((own.cpu, own.over_bare, own.ratio), (140.0, 70.0, 0.5));
        assert_eq!(own.over_bare_by_start, [50.0, 100.0]);
        assert_eq!(own.requests, 200);
        assert_eq!(own.p50, Duration::from_micros(25));
        assert_eq!(own.half_p99, Duration::from_micros(50));
        assert_eq!(own.to_json(Some(35.0))["over_bare_to_f4"], 2.0);
    }

    #[test]
    fn medians_are_between() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
        assert_eq!(quantile(&[], 99), Duration::ZERO);
    }
}
