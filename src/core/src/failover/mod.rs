//! Several deployments of one model: which is tried first, which comes next if it fails, and how long
//! one that failed is left alone.
//!
//! | file | what it does |
//! |---|---|
//! | `order.rs` | the order in which deployments are tried: a pure function |
//! | `cool_down.rs` | how long one that failed comes last, for all workers |
//! | `groups.rs` | that order, as Envoy's router reads it |
//! | `attempts.rs` | what each attempt of one request is to look like |
//!
//! Envoy makes the attempts. Nothing here sends or waits.

mod attempts;
mod cool_down;
mod groups;
mod order;

pub use attempts::{AsSent, Attempt, Attempts, Rewritten};
pub use cool_down::{
    CoolDown, DeploymentName, FIRST_COOL_DOWN, LONGEST_COOL_DOWN, cool_down, cools_until,
    is_failure, retry_after,
};
pub use groups::groups_header;
pub(crate) use order::mix;
pub use order::{Standing, order};
