//! The service as gateways and clients see it, every test on SQLite and on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod access;
mod alerts;
mod aliases;
mod audit_chain;
mod audit_changes;
mod audit_list;
mod auto_refill;
mod blocks;
mod bounds;
mod budget_periods;
mod changes;
mod content;
mod corrections;
mod costs;
mod credentials;
mod credits;
mod credits_hook;
mod earlier_prices;
mod encryption;
mod event_details;
mod faults;
mod housekeeping;
mod installation;
mod keys;
mod ledger;
mod lending;
mod matrix;
mod members;
mod moves;
mod names;
mod namespaces;
mod openapi;
mod operations;
mod organizations;
mod ownership;
mod partitions;
mod periods;
mod plans;
mod prepaid;
mod pressure;
mod price_parts;
mod price_versions;
mod prices;
mod protocol;
mod quota_overrides;
mod refusals;
mod requests;
mod reservations;
mod roles;
mod routing;
mod settings;
mod shared_budgets;
mod shares;
mod stored_objects;
mod sums_by_time;
mod support;
mod tags;
mod usage_groups;
mod usage_stream;
mod users;
mod verification;
mod webhooks;
mod whoami;
