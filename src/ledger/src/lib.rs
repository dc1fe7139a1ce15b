//! The ledger: what Paddock stores, and the rules over one transaction of it.
//!
//! `model` is what is stored, as plain values. `store` is the database, one SQL text for SQLite and
//! PostgreSQL. `rules` decide, given a transaction and the time. Imports run from `rules` to `store`
//! to `model`.
//!
//! Absent from this crate: HTTP, a clock (time is an argument), configuration, the environment.

#![forbid(unsafe_code)]

pub mod ids;
pub mod model;
pub mod rules;
pub mod store;
