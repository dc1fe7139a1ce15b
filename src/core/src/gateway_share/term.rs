//! How long a gateway's shares are in force.

use crate::timestamp::Timestamp;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Since when and until when the shares of one gateway are in force.
///
/// A gateway that was not heard of until its term ended begins a new one, of a higher epoch: whatever it held
/// before is void. Durations travel, not times: the clocks of gateway and service need not agree.
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
pub struct ShareTerm {
    /// Counted up by the service for each gateway; 0 where there is none.
    pub epoch: u64,
    /// From then on nothing of its shares may be used, by the gateway's own clock.
    pub ends_at: Timestamp,
}

impl ShareTerm {
    /// The later of both: an epoch never comes back, and a term is never shortened by an answer that was
    /// overtaken.
    pub fn renewed(self, epoch: u64, asked_at: Timestamp, lasts: Duration) -> ShareTerm {
        let ends_at = asked_at.plus(lasts);
        match epoch.cmp(&self.epoch) {
            core::cmp::Ordering::Less => self,
            core::cmp::Ordering::Greater => ShareTerm { epoch, ends_at },
            core::cmp::Ordering::Equal => ShareTerm {
                epoch,
                ends_at: self.ends_at.max(ends_at),
            },
        }
    }

    /// Whether shares of `epoch` are in force.
    pub fn covers(self, epoch: u64, now: Timestamp) -> bool {
        epoch != 0 && epoch == self.epoch && now < self.ends_at
    }
}
