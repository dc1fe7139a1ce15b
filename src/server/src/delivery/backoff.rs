//! When a delivery that failed is tried again.

use std::time::Duration;

/// How often a delivery is tried before it is given up: over 7 to 15 hours.
pub const ATTEMPTS: u64 = 10;

const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(6 * 3_600);

/// How long to wait after the attempt of that number (from 1) has failed: three times as long each
/// time, of which `random` (any number) takes away up to a half, so that many do not come back at
/// once.
pub fn wait(attempt: u64, random: u64) -> Duration {
    let exponent = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    let whole = FIRST
        .saturating_mul(3_u32.saturating_pow(exponent))
        .min(LONGEST);
    let half = whole.checked_div(2).unwrap_or_default();
    let jitter = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
    let jitter = random.checked_rem(jitter.max(1)).unwrap_or(0);
    whole.saturating_sub(Duration::from_nanos(jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_six_hours_and_keep_half() {
        assert_eq!(wait(1, 0), Duration::from_secs(10));
        assert_eq!(wait(4, 0), Duration::from_secs(270));
        assert_eq!(wait(9, 0), LONGEST);
        assert_eq!(wait(u64::MAX, 0), LONGEST);
        for random in [1, 12_345_678_901, u64::MAX] {
            let waited = wait(2, random);
            assert!(waited >= Duration::from_secs(15) && waited < Duration::from_secs(30));
        }
        let longest: Duration = (1..ATTEMPTS).map(|attempt| wait(attempt, 0)).sum();
        assert_eq!(longest.as_secs() / 3_600, 15);
    }
}
