//! Every decision Paddock makes, as pure functions and state machines.
//!
//! This crate has no I/O, no clock and no randomness: time is an argument, ids are made by the
//! caller, and the one question it may ask while deciding is [`store::SharedStore`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, clippy::excessive_precision)
)]

pub mod admission;
pub mod authorization;
pub mod bodies;
pub mod bucket;
pub mod budget;
pub mod cache;
pub mod config;
pub mod content;
mod decimal;
pub mod epoch_sum;
pub mod estimate;
pub mod exchange;
pub mod failover;
pub mod fair_share;
mod fnv;
pub mod forwarding;
pub mod gateway_share;
pub mod grant;
pub mod identity;
pub mod ids;
pub mod likely_output;
pub mod made;
pub mod meter;
pub mod money;
pub mod policy;
pub mod price;
pub mod queue;
pub mod refusal;
pub mod request;
pub mod routing;
pub mod secret;
pub mod store;
pub mod stored;
pub mod timestamp;
pub mod units;
pub mod usage;
pub mod wire;
pub mod wire_format;
pub mod worker;
