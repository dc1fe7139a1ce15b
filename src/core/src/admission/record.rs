//! The state of one scope in shared data: one small record of fixed layout.

use super::bucket::BucketState;
use crate::budget::{Books, Slice};
use crate::epoch_sum::EpochSum;
use crate::timestamp::Timestamp;
use crate::wire::CapPeriod;

/// Changes whenever the layout does. A record of another layout counts as none: its buckets are
/// full and its lease is left to expire.
pub(crate) const LAYOUT: u64 = 5;
const WORDS: usize = 41;
/// Periods of caps as a record has them.
const MONTHLY: u64 = 0;
const DAILY: u64 = 1;
const BALANCE: u64 = 2;

/// Everything the workers of one Envoy share about one scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeRecord {
    /// The request bucket.
    pub requests: BucketState,
    /// The token bucket.
    pub tokens: BucketState,
    /// The part of the request bucket that throttling takes away.
    pub excess_requests: BucketState,
    /// The part of the token bucket that throttling takes away.
    pub excess_tokens: BucketState,
    /// Whether the buckets are parted, as throttling does.
    pub parted: bool,
    /// Requests in flight.
    pub in_flight: EpochSum,
    /// The budget slice on loan.
    pub slice: Slice,
    /// The books of a gateway without a service.
    pub books: Books,
    /// Which reservation it serves; 0 where it is another scope's.
    pub owner: u128,
}

impl ScopeRecord {
    /// Reads a record; anything that is not one (nothing above all) is a scope never used.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut words = Reader(bytes);
        if bytes.len() != WORDS.saturating_mul(8) || words.u64() != LAYOUT {
            return Self::default();
        }
        ScopeRecord {
            requests: words.bucket(),
            tokens: words.bucket(),
            excess_requests: words.bucket(),
            excess_tokens: words.bucket(),
            parted: words.u64() == 1,
            in_flight: words.epoch_sum(),
            slice: Slice {
                lease: words.i64(),
                lent: words.i64(),
                returned: words.i64(),
                spent: words.i64(),
                held: words.epoch_sum(),
                expires_at: words.time(),
                period_ends_at: words.time(),
                used_at: words.time(),
                period: match words.u64() {
                    DAILY => CapPeriod::Daily,
                    BALANCE => CapPeriod::Balance,
                    _ => CapPeriod::Monthly,
                },
                remaining: words.i64(),
                used_percent: words.u64(),
                dry_until: words.time(),
                dry_need: words.i64(),
                retired: core::array::from_fn(|_| words.i64()),
            },
            books: Books {
                day_ends_at: words.time(),
                day_spent: words.i64(),
                month_ends_at: words.time(),
                month_spent: words.i64(),
                held: words.epoch_sum(),
            },
            owner: words.u128(),
        }
    }

    /// Writes the record: little-endian words of 64 bits, the layout's number first.
    pub fn encode(&self) -> Vec<u8> {
        let mut words = Writer(Vec::with_capacity(WORDS.saturating_mul(8)));
        words.u64(LAYOUT);
        for bucket in [
            &self.requests,
            &self.tokens,
            &self.excess_requests,
            &self.excess_tokens,
        ] {
            words.i64(bucket.parts);
            words.time(bucket.at);
        }
        words.u64(u64::from(self.parted));
        words.epoch_sum(&self.in_flight);
        let slice = &self.slice;
        words.i64(slice.lease);
        words.i64(slice.lent);
        words.i64(slice.returned);
        words.i64(slice.spent);
        words.epoch_sum(&slice.held);
        words.time(slice.expires_at);
        words.time(slice.period_ends_at);
        words.time(slice.used_at);
        words.u64(match slice.period {
            CapPeriod::Monthly => MONTHLY,
            CapPeriod::Daily => DAILY,
            CapPeriod::Balance => BALANCE,
        });
        words.i64(slice.remaining);
        words.u64(slice.used_percent);
        words.time(slice.dry_until);
        words.i64(slice.dry_need);
        for lease in slice.retired {
            words.i64(lease);
        }
        words.time(self.books.day_ends_at);
        words.i64(self.books.day_spent);
        words.time(self.books.month_ends_at);
        words.i64(self.books.month_spent);
        words.epoch_sum(&self.books.held);
        words.u128(self.owner);
        words.0
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u64(&mut self) -> u64 {
        let Some((word, rest)) = self.0.split_first_chunk::<8>() else {
            return 0;
        };
        self.0 = rest;
        u64::from_le_bytes(*word)
    }

    fn u128(&mut self) -> u128 {
        let (low, high) = (self.u64(), self.u64());
        u128::from(low) | u128::from(high) << 64
    }

    fn i64(&mut self) -> i64 {
        self.u64().cast_signed()
    }

    fn time(&mut self) -> Timestamp {
        Timestamp::from_nanos(self.u64())
    }

    fn bucket(&mut self) -> BucketState {
        BucketState {
            parts: self.i64(),
            at: self.time(),
        }
    }

    fn epoch_sum(&mut self) -> EpochSum {
        EpochSum {
            epoch: self.u64(),
            present: self.i64(),
            before: self.i64(),
        }
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u64(&mut self, word: u64) {
        self.0.extend_from_slice(&word.to_le_bytes());
    }

    fn u128(&mut self, words: u128) {
        self.0.extend_from_slice(&words.to_le_bytes());
    }

    fn i64(&mut self, word: i64) {
        self.u64(word.cast_unsigned());
    }

    fn time(&mut self, at: Timestamp) {
        self.u64(at.nanos());
    }

    fn epoch_sum(&mut self, sum: &EpochSum) {
        self.u64(sum.epoch);
        self.i64(sum.present);
        self.i64(sum.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(words in proptest::collection::vec(any::<i64>(), WORDS - 1)) {
            let mut bytes = LAYOUT.to_le_bytes().to_vec();
            for word in &words {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
            let record = ScopeRecord::decode(&bytes);
            prop_assert_eq!(ScopeRecord::decode(&record.encode()), record);
            prop_assert_eq!(record.encode().len(), WORDS * 8);
        }

        #[test]
        fn arbitrary_bytes_are_a_scope_never_used(bytes: Vec<u8>) {
            prop_assert_eq!(ScopeRecord::decode(&bytes), ScopeRecord::default());
        }
    }
}
