//! What came out: a table to read and JSON to compare.

use crate::contender::Contender;
use crate::round::Round;
use crate::scenario::Scenario;
use serde_json::{Value, json};
use std::fmt::{self, Write};
use std::time::Duration;

/// One scenario, all contenders.
#[derive(Debug)]
pub struct Comparison {
    scenario: Scenario,
    figures: Vec<Figures>,
}

/// One contender in one scenario. Everything is the median over the rounds; what is compared with
/// bare Envoy is compared round by round, so that a disturbance that lasts longer than a round
/// meets both.
#[derive(Debug)]
struct Figures {
    contender: Contender,
    requests: usize,
    cpu: f64,
    over_bare: f64,
    ratio: f64,
    throughput: f64,
    busy: f64,
    p50: Duration,
    p99: Duration,
    /// Microseconds of CPU time a request, round by round.
    cpu_rounds: Vec<f64>,
}

impl Comparison {
    /// From the rounds of each contender, in the order of [`Contender::ALL`].
    pub fn new(scenario: Scenario, rounds: &[Vec<Round>]) -> Self {
        let bare = rounds.first().map(Vec::as_slice).unwrap_or_default();
        let figures = Contender::ALL
            .into_iter()
            .zip(rounds)
            .map(|(contender, rounds)| Figures::new(contender, rounds, bare))
            .collect();
        Self { scenario, figures }
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "scenario": self.scenario.name(),
            "contenders": self.figures.iter().map(Figures::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Figures {
    fn new(contender: Contender, rounds: &[Round], bare: &[Round]) -> Self {
        let each = |figure: fn(&Round) -> f64| rounds.iter().map(figure).collect::<Vec<_>>();
        let pairs = || rounds.iter().zip(bare);
        let mut latencies: Vec<Duration> = rounds
            .iter()
            .flat_map(|round| round.latencies.iter().copied())
            .collect();
        latencies.sort_unstable();
        Self {
            contender,
            requests: latencies.len(),
            cpu: median(each(Round::cpu_per_request)),
            over_bare: median(
                pairs()
                    .map(|(own, bare)| own.cpu_per_request() - bare.cpu_per_request())
                    .collect(),
            ),
            ratio: median(
                pairs()
                    .map(|(own, bare)| own.throughput() / bare.throughput())
                    .collect(),
            ),
            throughput: median(each(Round::throughput)),
            busy: median(each(Round::busy)),
            p50: quantile(&latencies, 50),
            p99: quantile(&latencies, 99),
            cpu_rounds: each(Round::cpu_per_request),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "contender": self.contender.name(),
            "requests": self.requests,
            "cpu_us_per_request": rounded(self.cpu),
            "cpu_us_over_bare": rounded(self.over_bare),
            "throughput_ratio": rounded(self.ratio),
            "requests_per_second": rounded(self.throughput),
            "envoy_busy": rounded(self.busy),
            "p50_us": u64::try_from(self.p50.as_micros()).unwrap_or(u64::MAX),
            "p99_us": u64::try_from(self.p99.as_micros()).unwrap_or(u64::MAX),
            "cpu_us_per_request_by_round": self.cpu_rounds.iter().copied().map(rounded).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = [
            "Envoy CPU",
            "over bare",
            "throughput",
            "ratio",
            "busy",
            "p50",
            "p99",
        ];
        let mut head = format!("{:<40}", self.scenario.title());
        for title in titles {
            write!(head, "{title:>12}")?;
        }
        writeln!(f, "{head}")?;
        for figures in &self.figures {
            let cells = [
                format!("{:.1} us", figures.cpu),
                format!("{:+.1} us", figures.over_bare),
                format!("{:.0}/s", figures.throughput),
                format!("{:.2}", figures.ratio),
                format!("{:.0} %", figures.busy * 100.0),
                format!("{:.2} ms", figures.p50.as_secs_f64() * 1e3),
                format!("{:.2} ms", figures.p99.as_secs_f64() * 1e3),
            ];
            let mut line = format!("  {:<38}", figures.contender.name());
            for cell in cells {
                write!(line, "{cell:>12}")?;
            }
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
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

fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(requests: u32, cpu_ms: u64) -> Round {
        Round {
            latencies: (1..=requests)
                .map(|n| Duration::from_micros(n.into()))
                .collect(),
            took: Duration::from_secs(1),
            cpu: Duration::from_millis(cpu_ms),
        }
    }

    #[test]
    fn contenders_are_compared_round_by_round() {
        let bare = vec![round(100, 1), round(100, 9), round(100, 5)];
        let own = vec![round(50, 1), round(50, 9), round(50, 5)];
        let comparison = Comparison::new(Scenario::Small, &[bare, own]);
        let [bare, own] = comparison.figures.as_slice() else {
            panic!("two went in")
        };
        assert_eq!((bare.cpu, bare.over_bare, bare.ratio), (50.0, 0.0, 1.0));
        assert_eq!((own.cpu, own.over_bare, own.ratio), (100.0, 50.0, 0.5));
        assert_eq!((bare.requests, own.requests), (300, 150));
        assert_eq!(own.p50, Duration::from_micros(25));
        assert_eq!(own.p99, Duration::from_micros(50));
        let table = comparison.to_string();
        assert!(table.contains("+50.0 us"), "{table}");
    }

    #[test]
    fn medians_are_between() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
        assert_eq!(quantile(&[], 99), Duration::ZERO);
    }
}
