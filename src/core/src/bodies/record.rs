//! What the workers of one Envoy share about the bodies of one scope.

use crate::admission::Scope;
use crate::bucket::{Bucket, BucketState};
use crate::epoch_sum::{EpochSum, Epochs};
use crate::policy::MAX_RATE;
use crate::store::read_as;
use crate::timestamp::Timestamp;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// What the workers of one Envoy share about the bodies of one scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub struct BodyRecord {
    /// Bytes that are held.
    pub held: EpochSum,
    /// The bucket of what may be read, in [`UNIT`]s.
    pub read: BucketState,
}

/// Bytes of one token of the bucket: a bucket holds rates up to [`MAX_RATE`] exactly.
const UNIT: u64 = 1_024;

/// A bucket holds a sixth of a minute's worth: what is read at once stops a worker for everybody.
const BURST_PARTS: u64 = 6;

impl BodyRecord {
    /// The key of a scope's record in shared data.
    pub(super) fn key(scope: &Scope) -> String {
        format!("bodies/{}", scope.name)
    }

    /// A record as it is at `now`. Anything that is not one is a scope never used.
    pub(super) fn read(present: &[u8], epochs: Epochs, now: Timestamp) -> BodyRecord {
        let mut record: BodyRecord = read_as(present).unwrap_or_default();
        record.held.roll(epochs, now);
        record
    }
}

/// The bucket of so many bytes a minute.
pub(super) fn bucket(bytes_per_minute: u64) -> Bucket {
    let rate = bytes_per_minute.div_ceil(UNIT).clamp(1, MAX_RATE);
    Bucket {
        rate,
        capacity: rate.div_ceil(BURST_PARTS),
    }
}

/// Whole tokens of a bucket, rounded up.
pub(super) fn units(bytes: u64) -> u64 {
    bytes.div_ceil(UNIT)
}

/// Whole tokens of a bucket, and the bytes that are left.
pub(super) fn whole_units(bytes: i64) -> (i64, i64) {
    let unit = i64::try_from(UNIT).unwrap_or(i64::MAX);
    (bytes.div_euclid(unit), bytes.rem_euclid(unit))
}
