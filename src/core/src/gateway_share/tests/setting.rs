//! What is simulated.

use crate::bucket::Bucket;
use crate::gateway_share::Capacity;
use core::time::Duration;

pub(super) const SCOPE: &str = "key:1";
/// How long shares last in the simulation.
pub(super) const TTL: Duration = Duration::from_secs(5);

/// What is limited, and how it is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) limit: Capacity,
    /// Tokens of a request.
    pub(super) tokens: u64,
    /// Percent of messages that are lost.
    pub(super) loss: u64,
    /// The longest a message takes.
    pub(super) delay: Duration,
    /// How long a request is in flight.
    pub(super) lasts: Duration,
    /// How far time goes on at once.
    pub(super) step: Duration,
    /// Whether requests come at random rather than evenly.
    pub(super) is_random: bool,
}

impl Setting {
    pub(super) fn requests(rate: u64) -> Setting {
        Setting {
            limit: Capacity {
                rates: [
                    Bucket {
                        rate,
                        capacity: rate,
                    },
                    Bucket::default(),
                ],
                slots: 0,
            },
            tokens: 0,
            loss: 0,
            delay: Duration::from_millis(5),
            lasts: Duration::from_millis(300),
            step: Duration::from_millis(10),
            is_random: false,
        }
    }
}
