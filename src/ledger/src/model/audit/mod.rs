//! What the audit is made of: changes, the links of a chain, and how both are hashed.

mod canonical;
mod chain;
mod change;
mod snapshot;

pub use canonical::Canonical;
pub use chain::{ChainHash, Segment, SegmentKind};
pub use change::{Actor, Change, ChangeRow};
pub use snapshot::Snapshot;

/// The chain of what belongs to no organization: prices, and the organizations themselves. It is
/// the operator's. No organization can have this name.
pub const INSTALLATION: &str = "*";
