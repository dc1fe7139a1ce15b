//! The once-a-second exchange of one Envoy with the service.

use super::{Lease, LeaseReport, PolicyChanges, Shares};
use crate::gateway_share::Report;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Sends usage and leases, asks for changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncRequest<'a> {
    /// The gateway (one Envoy process).
    pub gateway: String,
    /// The revision of the policy the gateway has; 0 where it has none.
    pub revision: u64,
    /// Usage events not yet acknowledged.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch<'a>>,
    /// Every lease it holds.
    #[serde(default)]
    pub leases: Vec<LeaseReport>,
    /// The shares that have changed, or whose demand has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Report>,
}

/// Usage events sent together, repeated under the same number until acknowledged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Batch<'a> {
    /// Counted up by the gateway.
    pub number: u64,
    /// [`super::UsageEvent`]s, each parsed on its own: one that cannot be read must not hold up
    /// the others.
    #[serde(borrow)]
    pub events: Vec<&'a RawValue>,
}

/// The service's answer, with the changes of policy in it or, as a worker passes them on, as they are
/// written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncAnswer<Changes: Default = PolicyChanges> {
    /// The number of the batch that is now in the ledger.
    pub acknowledged: Option<u64>,
    /// What changed.
    pub changes: Changes,
    /// The leases reported, renewed, or replaced by new ones.
    pub leases: Vec<Lease>,
    /// The gateway's shares of rates and slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<Shares>,
}
