//! Delivers the rows of the outbox to webhooks, to Slack and by mail.
//!
//! The ledger's rules write a row in the transaction of the event it reports. Each row is delivered at
//! least once: a claim moves its due time into the future, so that it is attempted again if the
//! claimant dies.

pub mod backoff;
pub mod re_encryption;
pub mod worker;
