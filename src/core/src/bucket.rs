//! Token buckets that refill continuously and exactly.

use crate::timestamp::Timestamp;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Parts of one token. A bucket of `r` a minute gains exactly `r` parts a nanosecond, so no refill
/// is ever rounded.
pub(crate) const PARTS: i128 = 60_000_000_000;

/// Nanoseconds in a minute.
const MINUTE: u64 = 60_000_000_000;

/// The rate and capacity of a bucket, or of a part of one. The state is kept apart, in shared data.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    FromBytes,
    Immutable,
    IntoBytes,
)]
#[repr(C)]
pub struct Bucket {
    /// Tokens gained a minute; at most [`crate::policy::MAX_RATE`].
    pub rate: u64,
    /// Tokens held at most; at most [`crate::policy::MAX_RATE`].
    pub capacity: u64,
}

/// What is in a bucket. All zero is a bucket never used, which is full.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    FromBytes,
    Immutable,
    IntoBytes,
)]
#[repr(C)]
pub struct BucketState {
    /// Parts of tokens held at `at`; negative where more was used than was foreseen.
    pub parts: i64,
    /// When that was so.
    pub at: Timestamp,
}

/// What a caller may be told of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketView {
    /// Tokens gained a minute.
    pub limit: u64,
    /// Whole tokens held.
    pub remaining: u64,
    /// Time until it is full again.
    pub reset: Duration,
}

impl Bucket {
    /// Fills up what has come in since the state was written. A clock that steps back adds nothing.
    pub fn refill(self, state: &mut BucketState, now: Timestamp) {
        self.refill_beside(state, 0, now);
    }

    /// The same where `out` tokens are lent: they take up room too.
    pub fn refill_beside(self, state: &mut BucketState, out: i64, now: Timestamp) {
        let elapsed = now.nanos().saturating_sub(state.at.nanos());
        let gained = i128::from(elapsed).saturating_mul(i128::from(self.rate));
        self.add(state, gained, out);
        state.at = state.at.max(now);
    }

    /// Takes `tokens` (at most the capacity) from a refilled state.
    ///
    /// # Errors
    /// The time until as many will be there; then nothing was taken.
    pub fn take(self, state: &mut BucketState, tokens: u64) -> Result<(), Duration> {
        let cost = i128::from(tokens.min(self.capacity)).saturating_mul(PARTS);
        let after = i128::from(state.parts).saturating_sub(cost);
        if after < 0 {
            return Err(self.time_to_gain(after.saturating_neg()));
        }
        state.parts = clamp(after);
        Ok(())
    }

    /// Gives back `unused` tokens (or takes more, where negative, into debt if need be).
    pub fn correct(self, state: &mut BucketState, unused: i64) {
        self.correct_beside(state, unused, 0);
    }

    /// The same where `out` tokens are lent.
    pub fn correct_beside(self, state: &mut BucketState, unused: i64, out: i64) {
        self.add(state, i128::from(unused).saturating_mul(PARTS), out);
    }

    /// Adds as many parts as there is room for, or takes some where negative.
    fn add(self, state: &mut BucketState, parts: i128, out: i64) {
        let held = i128::from(state.parts).min(self.full());
        let lent = i128::from(out).saturating_mul(PARTS);
        let room = self.full().saturating_sub(lent).saturating_sub(held);
        state.parts = clamp(held.saturating_add(parts.min(room.max(0))));
    }

    /// Takes `tokens` out of a state, which must have them, to lend them.
    pub(crate) fn lend(self, state: &mut BucketState, tokens: i64) {
        let lent = i128::from(tokens).saturating_mul(PARTS);
        state.parts = clamp(i128::from(state.parts).saturating_sub(lent));
    }

    /// Whole tokens in a state; negative where there is a debt.
    pub(crate) fn whole(self, state: &BucketState) -> i64 {
        let whole = i128::from(state.parts).min(self.full());
        clamp(whole.div_euclid(PARTS))
    }

    /// As much of these parts as fits.
    pub fn at_most(self, parts: i64) -> i64 {
        clamp(i128::from(parts).min(self.full()))
    }

    /// Pours another state into this one, up to the capacity, where `out` tokens are lent.
    pub fn join(self, state: &mut BucketState, other: &BucketState, out: i64) {
        self.add(state, i128::from(other.parts), out);
        state.at = state.at.max(other.at);
    }

    /// What a caller may be told of a refilled state.
    pub fn view(self, state: &BucketState) -> BucketView {
        let held = i128::from(state.parts);
        let whole = held.max(0).checked_div(PARTS).unwrap_or(0);
        BucketView {
            limit: self.rate,
            remaining: u64::try_from(whole).unwrap_or(0),
            reset: self.time_to_gain(self.full().saturating_sub(held)),
        }
    }

    /// The same of so many whole tokens.
    pub(crate) fn view_of(self, tokens: i64) -> BucketView {
        let remaining = u64::try_from(tokens).unwrap_or(0).min(self.capacity);
        // A rate's worth of nanoseconds: `MAX_RATE` times a minute fits.
        let missing = self.capacity.saturating_sub(remaining);
        let nanos = missing.saturating_mul(MINUTE).div_ceil(self.rate.max(1));
        BucketView {
            limit: self.rate,
            remaining,
            reset: Duration::from_nanos(nanos),
        }
    }

    fn full(self) -> i128 {
        i128::from(self.capacity).saturating_mul(PARTS)
    }

    fn time_to_gain(self, parts: i128) -> Duration {
        let parts = u128::try_from(parts).unwrap_or(0);
        let nanos = parts.div_ceil(u128::from(self.rate.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

fn clamp(parts: i128) -> i64 {
    i64::try_from(parts).unwrap_or(if parts < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: u64 = 1_800_000_000_000_000_000;

    #[test]
    fn an_unused_bucket_is_full_and_an_empty_one_says_when() {
        let bucket = Bucket {
            rate: 60,
            capacity: 2,
        };
        let mut state = BucketState::default();
        bucket.refill(&mut state, Timestamp::from_nanos(START));
        assert_eq!(bucket.take(&mut state, 1), Ok(()));
        assert_eq!(bucket.take(&mut state, 1), Ok(()));
        assert_eq!(bucket.take(&mut state, 1), Err(Duration::from_secs(1)));
        bucket.refill(&mut state, Timestamp::from_nanos(START + 999_999_999));
        assert_eq!(bucket.take(&mut state, 1), Err(Duration::from_nanos(1)));
        bucket.refill(&mut state, Timestamp::from_nanos(START + 1_000_000_000));
        assert_eq!(bucket.take(&mut state, 1), Ok(()));
        assert_eq!(bucket.view(&state).reset, Duration::from_secs(2));
    }

    #[test]
    fn a_correction_may_leave_a_debt_and_never_overfills() {
        let bucket = Bucket {
            rate: 60,
            capacity: 10,
        };
        let mut state = BucketState::default();
        bucket.refill(&mut state, Timestamp::from_nanos(START));
        bucket.correct(&mut state, 5);
        assert_eq!(bucket.view(&state).remaining, 10);
        bucket.correct(&mut state, -15);
        assert_eq!(bucket.view(&state).remaining, 0);
        assert_eq!(bucket.take(&mut state, 1), Err(Duration::from_secs(6)));
    }

    proptest! {
        #[test]
        fn never_more_than_capacity_plus_refill(
            rate in 1u64..100_000_000, capacity in 1u64..1_000,
            steps in proptest::collection::vec((0u64..10_000_000_000, 1u64..50), 1..200),
        ) {
            let bucket = Bucket { rate, capacity };
            let mut state = BucketState::default();
            let (mut now, mut granted) = (START, 0u128);
            for (wait, tokens) in steps {
                now += wait;
                bucket.refill(&mut state, Timestamp::from_nanos(now));
                if bucket.take(&mut state, tokens).is_ok() {
                    granted += u128::from(tokens.min(capacity));
                }
                let gained = u128::from(now - START) * u128::from(rate);
                let allowed = u128::from(capacity) * PARTS.unsigned_abs() + gained;
                prop_assert!(granted * PARTS.unsigned_abs() <= allowed);
            }
        }

        #[test]
        fn waiting_as_told_is_enough_and_no_less_is(
            rate in 1u64..1_000_000, capacity in 1u64..100, tokens in 1u64..100,
        ) {
            let bucket = Bucket { rate, capacity };
            let mut state = BucketState::default();
            bucket.refill(&mut state, Timestamp::from_nanos(START));
            while bucket.take(&mut state, tokens).is_ok() {}
            let wait = bucket.take(&mut state, tokens).unwrap_err();
            let mut early = state;
            let nanos = u64::try_from(wait.as_nanos()).unwrap();
            bucket.refill(&mut early, Timestamp::from_nanos(START + nanos - 1));
            prop_assert!(bucket.take(&mut early, tokens).is_err());
            bucket.refill(&mut state, Timestamp::from_nanos(START + nanos));
            prop_assert!(bucket.take(&mut state, tokens).is_ok());
        }

        #[test]
        fn no_state_panics(parts: i64, at: u64, now: u64, rate: u64, capacity: u64, unused: i64) {
            let bucket = Bucket { rate, capacity };
            let mut state = BucketState { parts, at: Timestamp::from_nanos(at) };
            bucket.refill(&mut state, Timestamp::from_nanos(now));
            let _ = bucket.take(&mut state, unused.unsigned_abs());
            bucket.correct(&mut state, unused);
            bucket.view(&state);
        }
    }
}
