//! The state of one scope in shared data: one small record of fixed layout.

use crate::bucket::BucketState;
use crate::budget::{Books, Slice};
use crate::epoch_sum::EpochSum;
use crate::gateway_share::Holding;
use crate::grant::Recall;
use crate::store::{Flag, bytes_of, read_as};
use crate::timestamp::Timestamp;
use zerocopy::little_endian::U128;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Changes whenever the layout does. A record of another layout counts as none: its buckets are
/// full and its lease is left to expire.
pub(crate) const LAYOUT: u64 = 9;

/// Everything the workers of one Envoy share about one scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
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
    pub parted: Flag,
    /// Requests in flight.
    pub in_flight: EpochSum,
    /// The budget slice on loan.
    pub slice: Slice,
    /// The books of a gateway without a service.
    pub books: Books,
    /// Which reservation it serves; 0 where it is another scope's.
    pub owner: U128,
    /// Until then a request waits for money that newcomers may not take.
    pub awaited_until: Timestamp,
    /// The bucket of requests that no provider charges.
    pub free_requests: BucketState,
    /// Requests of the request bucket that workers have on grants.
    pub lent_requests: EpochSum,
    /// Tokens of the token bucket that workers have on grants. What they have of slots and of money
    /// is in `in_flight`, and in what the slice and the books hold.
    pub lent_tokens: EpochSum,
    /// Which workers have grants, and whether they are asked to give them back.
    pub recall: Recall,
    /// This gateway's share of the limits, and what it wants of them.
    pub holding: Holding,
}

/// A record as it is stored: the layout's number first.
#[derive(FromBytes, Immutable, IntoBytes)]
#[repr(C)]
struct Stored {
    layout: u64,
    record: ScopeRecord,
}

impl ScopeRecord {
    /// Reads a record; anything that is not one (nothing above all) is a scope never used.
    pub fn decode(bytes: &[u8]) -> Self {
        let stored = read_as::<Stored>(bytes).filter(|stored| stored.layout == LAYOUT);
        stored.map_or_else(Self::default, |stored| stored.record)
    }

    /// Writes the record.
    pub fn encode(&self) -> Vec<u8> {
        bytes_of(&Stored {
            layout: LAYOUT,
            record: *self,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::CapPeriod;
    use proptest::prelude::*;

    const WORDS: usize = 60 + size_of::<Holding>() / 8;

    proptest! {
        #[test]
        fn what_is_written_is_read(words in proptest::collection::vec(any::<i64>(), WORDS - 1)) {
            let mut bytes = LAYOUT.to_le_bytes().to_vec();
            for word in &words {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
            let record = ScopeRecord::decode(&bytes);
            prop_assert_eq!(ScopeRecord::decode(&record.encode()), record);
            prop_assert_eq!(record.encode(), bytes);
            // Every word is where it always was: an Envoy may have records of an older filter.
            prop_assert_eq!(record.requests.parts, words[0]);
            prop_assert_eq!(record.parted.is_set(), words[8] == 1);
            prop_assert_eq!(record.in_flight.before, words[11]);
            prop_assert_eq!(record.slice.lease, words[12]);
            prop_assert_eq!(record.slice.period.get() == CapPeriod::Daily, words[22] == 1);
            prop_assert_eq!(&record.slice.retired[..], &words[27..31]);
            prop_assert_eq!(record.slice.lost, words[34]);
            prop_assert_eq!(record.slice.resets_at.nanos(), words[37].cast_unsigned());
            prop_assert_eq!(record.books.month_spent, words[41]);
            let owner = [words[45], words[46]].map(i64::to_le_bytes).concat();
            prop_assert_eq!(record.owner.to_bytes().to_vec(), owner);
            prop_assert_eq!(record.lent_tokens.before, words[55]);
        }

        #[test]
        fn arbitrary_bytes_are_a_scope_never_used(bytes: Vec<u8>) {
            prop_assert_eq!(ScopeRecord::decode(&bytes), ScopeRecord::default());
        }
    }
}
