//! What goes out: the outbox's rows, to webhooks, to Slack and by mail.
//!
//! Rows are written in the transaction of what they tell of, by the ledger's rules. Here they are
//! delivered at least once: whoever claims a row moves its due time into the future first, so that
//! it is tried again where the claimant dies.

pub mod backoff;
pub mod signature;
pub mod worker;
