//! The protocol between gateways and the accounting service: JSON over HTTP, under
//! `/gateway/v1/`, with `Authorization: Bearer` and the gateway's own token.
//!
//! Every message may be repeated, lost or answered late: money moves by cumulative counters, and
//! events are told apart by their ids.
//!
//! Behaviour must be absent: these types are all that gateways and the service share.

mod event;
mod lease;
mod policy;
mod protocol;
mod sync;
mod text;

pub use crate::policy::CapPeriod;
pub use event::{Made, Outcome, UsageEvent};
pub use lease::{Lease, LeaseReport, LendAnswer, LendRequest, Need, Shares};
pub use policy::{PolicyChanges, ResolveAnswer, ResolveRequest, StoredAnswer, StoredQuestion};
pub use protocol::{NotProtocols, PROTOCOL_HEADER, Protocols};
pub use sync::{Batch, SyncAnswer, SyncRequest};
pub(crate) use text::unbooked_line;

/// Path of the call that asks who a key is.
pub const RESOLVE_PATH: &str = "/gateway/v1/resolve";
/// Path of the call that asks for a larger budget slice.
pub const LEND_PATH: &str = "/gateway/v1/lend";
/// Path of the call that reports usage and brings back changes.
pub const SYNC_PATH: &str = "/gateway/v1/sync";
/// Path of the call that reports usage from a gateway's access log.
pub const RECONCILE_PATH: &str = "/gateway/v1/reconcile";
