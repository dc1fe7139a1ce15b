//! The `paddock` binary as an operator runs it, against a service it started itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    missing_docs
)]

mod apply;
mod backup;
mod check;
mod configuration;
mod console;
mod contexts;
mod follow;
mod init;
mod keys;
mod lists;
mod mail;
mod prices;
mod quickstart;
mod reconcile;
mod replicas;
mod schemathesis;
mod serving;
mod support;
mod tail;
