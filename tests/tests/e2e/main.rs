//! The whole of Paddock in a real Envoy with two workers: the real filter, the real service on
//! SQLite, a fake provider.
//!
//! Most tests share one stack and keep apart by tenants of their own; those that kill, trap or
//! reconfigure start their own. Nothing is asserted about how long anything takes, but for what
//! the product promises: a change is in force within two seconds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod client;
mod gateway;

mod adversary;
mod as_code;
mod budget;
mod budget_periods;
mod changes;
mod charges;
mod config_updates;
mod content;
mod credits;
mod databases;
mod exactness;
mod examples;
mod failover;
mod fair_share;
mod holding;
mod identities;
mod isolation;
mod management;
mod matrix;
mod monitoring;
mod notices;
mod organizations;
mod outages;
mod prices;
mod provider_credentials;
mod python_client;
mod rates;
mod receiver;
mod refusals;
mod refused_calls;
mod replicas;
mod reports;
mod reservations;
mod rolling;
mod routes;
mod routing;
mod sdks;
mod shared_budgets;
mod shared_limits;
mod soft;
mod standalone;
mod stored;
mod streams;
mod throttling;
mod tour;
mod traps;
mod upgrade;
mod users;
mod wire;
