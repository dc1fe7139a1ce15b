//! The accounting service: what must outlive Envoy. Keys, namespaces, prices, the ledger of what
//! was used, and the lending of budgets to gateways.
//!
//! `api` is the management API, one folder a resource and one file a verb; `gateway` is the
//! protocol with the filter; `domain` decides and knows no HTTP; `delivery` sends out what the outbox
//! holds; `store` is the database.

pub mod api;
pub mod app;
mod background;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod gateway;
pub mod http;
mod ids;
pub mod metrics;
pub mod openapi;
pub mod serve;
pub mod store;
pub mod verify;
