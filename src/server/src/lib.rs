//! The accounting service over HTTP: keys, namespaces, prices, the ledger of what was used, and the
//! lending of budgets to gateways.
//!
//! `api` is the management API, one folder a resource and one file a verb; `gateway` is the protocol
//! with the filter; `delivery` sends the rows of the outbox; `background` has the periodic tasks. All of
//! them get `state`, and `router` puts them together. What is stored, and the rules about it, is
//! `paddock_ledger`. `scripts/layers` holds the order of imports.
//!
//! Absent from this crate: SQL, floating-point money, a client of the management API.

#![forbid(unsafe_code)]

pub mod api;
mod background;
mod booking;
mod booking_queue;
pub mod clock;
pub mod config;
mod connections;
pub mod delivery;
pub mod encryption;
pub mod gateway;
pub mod gauges;
pub mod http;
mod key_lookups;
pub mod metrics;
pub mod openapi;
pub mod outbound;
mod pace;
mod reconciliation;
pub mod router;
mod seats;
pub mod serve;
pub mod state;
pub mod verify;
