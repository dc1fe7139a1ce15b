//! What gateway and service say of a share.

use super::capacity::{Amounts, Capacity, RATES};
use serde::{Deserialize, Serialize};

/// What a gateway says of its share of one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `key:ID`, `namespace:NAME`, `organization:NAME`, `user:NAMESPACE/USER` or `upstream:NAME`.
    pub scope: String,
    /// The term the share is of; 0 where it has none.
    pub epoch: u64,
    /// Which of the shares it had in that term: see [`Share::life`].
    pub life: u64,
    /// The last change of the share that it knows.
    pub number: u64,
    /// Counted up by the gateway: of two reports the higher one is newer.
    pub report: u64,
    /// What it may still use at most: its share, and what its requests and workers hold beyond it.
    pub holds: Capacity,
    /// Its demand: units a minute, and requests in flight.
    pub wants: Amounts,
    /// Units of its buckets that it has given back, in all of this life. Less than before where it
    /// owes some.
    pub returned: [i64; RATES],
    /// What a waiting request needs, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Need>,
}

/// What a request needs that the share does not cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The scope's limit, as the gateway's policy has it.
    pub limit: Capacity,
    /// The revision of that policy.
    pub revision: u64,
    /// Units that must be there at once.
    pub units: Amounts,
    /// Units that are there; negative where it owes some.
    pub has: [i64; RATES],
}

/// A gateway's share of one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The scope.
    pub scope: String,
    /// The term it is of.
    pub epoch: u64,
    /// A share that was given back whole ends. The next one has a higher life, and its counts start anew.
    pub life: u64,
    /// Counted up with each change.
    pub number: u64,
    /// The share.
    pub part: Capacity,
    /// The limit that it is a part of.
    pub of: Capacity,
    /// Units for its buckets, in all of this life.
    pub given: [i64; RATES],
    /// The first so many of those are void where they have not arrived: the limit has been lowered since.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub void: [i64; RATES],
    /// A need is not covered: milliseconds after which it may be asked for again. A larger share is told
    /// without being asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_ms: Option<u64>,
}

fn is_nothing(units: &[i64; RATES]) -> bool {
    *units == [0; RATES]
}
