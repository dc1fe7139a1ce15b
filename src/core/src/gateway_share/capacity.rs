//! Amounts of rates and slots.

use crate::bucket::Bucket;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// How many kinds of rate are shared: requests a minute, and tokens a minute.
pub const RATES: usize = 2;

/// What of a scope may be used. 0 where there is no limit, or no part of it.
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
pub struct Capacity {
    /// Of requests, and of tokens.
    pub rates: [Bucket; RATES],
    /// Requests in flight.
    pub slots: u64,
}

/// How much of each is wanted, needed or there.
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
pub struct Amounts {
    /// Of requests, and of tokens.
    pub rates: [u64; RATES],
    /// Requests in flight.
    pub slots: u64,
}

/// `value * by / of`, rounded down; `value` where `of` is 0.
pub(super) fn scale(value: u64, by: u64, of: u64) -> u64 {
    let scaled = u128::from(value)
        .saturating_mul(u128::from(by))
        .checked_div(u128::from(of));
    scaled.map_or(value, |scaled| u64::try_from(scaled).unwrap_or(u64::MAX))
}

/// The part (1/64) of a limit that is left for newcomers, where several gateways live.
pub(super) fn reserve(limit: u64) -> u64 {
    limit.checked_div(64).unwrap_or(0)
}

impl Bucket {
    /// The same part of another limit.
    pub(super) fn scaled(self, by: Bucket, of: Bucket) -> Bucket {
        Bucket {
            rate: scale(self.rate, by.rate, of.rate),
            capacity: scale(self.capacity, by.capacity, of.capacity),
        }
    }

    /// The smaller of both.
    pub(super) fn min(self, other: Bucket) -> Bucket {
        Bucket {
            rate: self.rate.min(other.rate),
            capacity: self.capacity.min(other.capacity),
        }
    }
}

impl Capacity {
    /// The same part of another limit.
    pub(super) fn scaled(self, by: Capacity, of: Capacity) -> Capacity {
        let mut scaled = Capacity {
            slots: scale(self.slots, by.slots, of.slots),
            ..Capacity::default()
        };
        for (kind, part) in scaled.rates.iter_mut().enumerate() {
            let of_kind =
                |capacity: Capacity| capacity.rates.get(kind).copied().unwrap_or_default();
            *part = of_kind(self).scaled(of_kind(by), of_kind(of));
        }
        scaled
    }

    /// The smaller of both, kind by kind.
    pub(super) fn min(self, other: Capacity) -> Capacity {
        let mut least = self;
        for (part, other) in least.rates.iter_mut().zip(other.rates) {
            *part = part.min(other);
        }
        least.slots = least.slots.min(other.slots);
        least
    }

    /// Whether there is nothing of anything.
    pub fn is_nothing(&self) -> bool {
        *self == Capacity::default()
    }
}
