//! What the workers of one Envoy do together, once a second rather than once a request: elect the
//! one that syncs, send usage, keep leases, pass on changes.
//!
//! Per-request work must be absent.

mod changes;
mod election;
mod leases;
mod outbox;
mod policy_age;
mod registry;
mod shares;
mod sync;
mod waiting;

pub use changes::ChangeFeed;
pub use election::{Election, gateway_id};
pub use leases::apply_lend;
pub use outbox::{EventBlock, Outbox, UsageQueue};
pub use policy_age::{policy_heard, policy_heard_at};
pub use shares::share_term;
pub use sync::{Relayed, Sync, SyncFailure};
pub use waiting::{Join, Waiting};

#[cfg(test)]
mod tests;
