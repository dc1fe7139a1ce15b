//! Work in steps: each holds what bookings wait for only for a moment, and after each the database is
//! left alone for as long as it took.

use std::time::Duration;
use tokio::time::Instant;

/// How long a step should hold a lock, or on SQLite the one connection that writes.
const HOLD: Duration = Duration::from_millis(20);
const FEWEST: u64 = 50;
const MOST: u64 = 10_000;

/// How many rows the next step takes, by how long the last ones took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    size: u64,
}

impl Default for Steps {
    fn default() -> Self {
        Steps { size: 500 }
    }
}

impl Steps {
    /// Rows of the next step.
    pub fn size(self) -> u64 {
        self.size
    }

    /// Takes note of a step of [`Steps::size`] rows that began at `began` and is committed, and rests.
    pub async fn rest(&mut self, began: Instant) {
        let took = began.elapsed();
        self.adapt(took);
        tokio::time::sleep(took).await;
    }

    /// At most doubled: the first steps read from the disk what later ones find in memory.
    fn adapt(&mut self, took: Duration) {
        let fit = u128::from(self.size).saturating_mul(HOLD.as_nanos());
        let fit = fit.checked_div(took.as_nanos()).unwrap_or(u128::MAX);
        let fit = u64::try_from(fit).unwrap_or(u64::MAX);
        self.size = fit.min(self.size.saturating_mul(2)).clamp(FEWEST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_as_long_as_it_may_hold_the_others_up() {
        let mut steps = Steps::default();
        steps.adapt(HOLD);
        assert_eq!(steps.size(), 500);
        steps.adapt(HOLD * 5);
        assert_eq!(steps.size(), 100);
        steps.adapt(HOLD * 1_000);
        assert_eq!(steps.size(), FEWEST);
        for size in [100, 200, 400] {
            steps.adapt(HOLD / 10);
            assert_eq!(steps.size(), size);
        }
        for _ in 0..10 {
            steps.adapt(Duration::ZERO);
        }
        assert_eq!(steps.size(), MOST);
    }
}
