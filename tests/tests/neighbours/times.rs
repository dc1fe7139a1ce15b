//! How long things took in a phase.

use std::fmt;
use std::time::Duration;

/// Times may be so many times what they are without attack, and as often what the provider takes.
const FACTOR: f64 = 5.0;

/// In milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Calls of the tenant, the 99th percentile.
    pub calls: f64,
    /// The same past the gateway: what the machine itself has time for.
    pub provider: f64,
    /// Management calls of the operator, the 90th percentile.
    pub operator: f64,
    /// From making a new key to the answer of its first call, the median.
    pub first_calls: f64,
    /// From a replay to the delivery, the longest.
    pub notices: f64,
}

impl Times {
    /// What is typical of several phases.
    pub fn median(phases: &[Times]) -> Times {
        let of = |time: fn(&Times) -> f64| {
            let mut times: Vec<f64> = phases.iter().map(time).collect();
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        Times {
            calls: of(|times| times.calls),
            provider: of(|times| times.provider),
            operator: of(|times| times.operator),
            first_calls: of(|times| times.first_calls),
            notices: of(|times| times.notices),
        }
    }

    /// What took longer than it may.
    pub fn out_of_proportion_to(&self, quiet: &Times) -> Option<String> {
        let pairs = [
            ("calls", self.calls, quiet.calls),
            ("the operator's calls", self.operator, quiet.operator),
            ("first calls", self.first_calls, quiet.first_calls),
            ("notices", self.notices, quiet.notices),
        ];
        let too_long = pairs
            .into_iter()
            .find(|(_, time, quiet)| *time > FACTOR * (quiet + self.provider));
        too_long.map(|(what, time, quiet)| {
            format!(
                "{what} take {time:.1} ms, {quiet:.1} ms without attack, and the provider {:.1} ms",
                self.provider
            )
        })
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "calls {:7.1} provider {:6.1} operator {:7.1} first {:7.1} notices {:7.1}",
            self.calls, self.provider, self.operator, self.first_calls, self.notices
        )
    }
}

/// A percentile of some times, in milliseconds; of none it is 0.
pub fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    let at = (last * percent).div_ceil(100);
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
