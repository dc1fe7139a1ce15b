//! What every endpoint has in common on the wire: errors, callers, JSON bodies, request ids.

pub mod actor;
pub mod body;
pub mod caller;
pub mod error;
pub mod fields;
pub mod gateway_caller;
pub mod health;
pub mod limits;
pub mod path;
pub mod period;
pub mod query;
pub mod request_log;
pub mod upkeep;
