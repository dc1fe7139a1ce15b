//! How long requests took, in buckets that grow by a fifth.

/// How much wider each bucket is than the one before.
const GROWTH: f64 = 1.2;

/// The bucket of a duration in milliseconds. Bucket `n` holds what is above `1.2^(n-1)` and up
/// to `1.2^n`.
pub fn bucket(millis: u64) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "buckets are wide")]
    let millis = millis.max(1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "at most 244")]
    let bucket = (millis.ln() / GROWTH.ln() - 1e-9).ceil() as i64;
    bucket.max(0)
}

/// The duration in milliseconds that `share` (0 to 1) of the counted requests did not exceed; 0
/// if there were none. Right to within a fifth.
pub fn quantile(counts: &[(i64, i64)], share: f64) -> f64 {
    let total: i64 = counts
        .iter()
        .fold(0, |sum, (_, count)| sum.saturating_add(*count));
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let wanted = share * total as f64;
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let mut seen = 0.0;
    for (bucket, count) in sorted {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let here = count as f64;
        if here > 0.0 && seen + here >= wanted {
            let exponent = i32::try_from(bucket).unwrap_or(i32::MAX);
            let upper = GROWTH.powi(exponent);
            let lower = if bucket == 0 { 0.0 } else { upper / GROWTH };
            return lower + (upper - lower) * ((wanted - seen) / here).clamp(0.0, 1.0);
        }
        seen += here;
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn quantiles_are_right_to_within_a_fifth() {
        let mut counts = BTreeMap::<i64, i64>::new();
        for millis in 1..=1_000 {
            *counts.entry(bucket(millis)).or_default() += 1;
        }
        let counts: Vec<_> = counts.into_iter().collect();
        for (share, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = quantile(&counts, share);
            assert!((found / expected - 1.0).abs() < 0.2, "{share}: {found}");
        }
        assert_eq!(quantile(&[], 0.5), 0.0);
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(u64::MAX), 244);
    }
}
