//! Budget slices on loan to a gateway.
//!
//! All amounts of a lease are cumulative over its life, so that any message may be lost or
//! repeated: what a gateway may still spend is `lent - returned - spent`.

use crate::gateway_share::{Report, Share};
use crate::money::Money;
use crate::policy::CapPeriod;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// A slice of one scope's budget that one gateway may spend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// `key:ID`, `namespace:NAME`, `organization:NAME`, `user:NAMESPACE/USER` or
    /// `reservation:NAMESPACE/ID`.
    pub scope: String,
    /// The lease; a new one is made when a budget period ends or the old one was reclaimed.
    pub id: i64,
    /// All that was ever lent under this lease. Never shrinks.
    pub lent: Money,
    /// What the ledger has booked under this lease.
    #[serde(default)]
    pub spent: Money,
    /// After this the gateway must not hold any of it.
    pub expires_at: Timestamp,
    /// The first end of a budget period it belongs to; never before `expires_at`. [`Timestamp::FAR`] of a
    /// scope whose caps have no period.
    pub period_ends_at: Timestamp,
    /// The cap that limits it.
    pub period: CapPeriod,
    /// When that cap has more again: the end of its period, or, of one of the last days, of the present
    /// day. [`Timestamp::FAR`] of one that never has. Absent where the service is older: then it is
    /// `period_ends_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<Timestamp>,
    /// What that cap has left, lent or not: cap minus what the ledger has booked.
    pub remaining: Money,
    /// Percent of the fullest of the scope's caps, but for a prepaid balance, that the ledger has booked.
    #[serde(default)]
    pub used_percent: u64,
    /// The lender had too little for the need this answers: asking again at once is in vain.
    #[serde(default)]
    pub short: bool,
    /// The gateway is asked to give back whatever it has above this and no hold takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_at_most: Option<Money>,
}

/// What a gateway says of a lease it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseReport {
    /// The scope it belongs to.
    pub scope: String,
    /// The lease.
    pub id: i64,
    /// All that was ever given back under this lease. Never shrinks.
    pub returned: Money,
    /// What the gateway holds that no hold takes.
    pub left: Money,
    /// The gateway holds nothing more of it and no request in flight has a hold on it: the
    /// lease may be closed once the events sent so far are booked.
    #[serde(default)]
    pub idle: bool,
}

/// What a waiting request needs of one scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The scope that is short of it.
    pub scope: String,
    /// How much money the gateway must be able to hold of that scope; 0 where that is not what it is
    /// short of.
    pub amount: Money,
    /// What the gateway holds of it, where it holds a lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<LeaseReport>,
    /// What it needs of the scope's rates and slots, where the gateway's share is too small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Box<Report>>,
}

impl Need {
    /// Whether it is money that is short.
    pub fn is_of_money(&self) -> bool {
        self.amount > Money::ZERO || self.share.is_none()
    }
}

/// Asks for larger slices and shares, because a request waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LendRequest {
    /// The gateway (one Envoy process).
    pub gateway: String,
    /// One need a scope.
    pub needs: Vec<Need>,
}

/// The slices after a [`LendRequest`]: one a need, unchanged where nothing could be lent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LendAnswer {
    /// In the order of the needs; a need whose scope has no cap or does not exist has no entry.
    pub leases: Vec<Lease>,
    /// The shares that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<Shares>,
}

/// How long a gateway's shares are in force, and what has changed of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// The gateway's term. Shares of an earlier one are void.
    pub epoch: u64,
    /// How long its shares are in force from when it asked, in milliseconds.
    pub lasts_ms: u64,
    /// How many gateways live.
    pub gateways: u64,
    /// Shares that have changed, or were asked for.
    pub shares: Vec<Share>,
}
