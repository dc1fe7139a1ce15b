//! What goes out: the outbox's rows, to webhooks, to Slack and by mail.
//!
//! Rows are written in the transaction of what they tell of, by `domain::notices` and `domain::alerts`. Here they are
//! delivered at least once: whoever claims a row moves its due time into the future first, so that
//! it is tried again where the claimant dies.

pub mod backoff;
pub mod guard;
pub mod mail;
pub mod outlet;
pub mod signature;
pub mod worker;

use std::time::Duration;

/// How long a name may take to be resolved where a URL is checked.
const LOOKUP: Duration = Duration::from_secs(2);
