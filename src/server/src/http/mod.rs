//! What every endpoint has in common on the wire: errors, callers, JSON bodies, request ids.

pub mod author;
pub mod body;
pub mod caller;
pub mod deleted;
pub mod edit;
pub mod error;
pub mod gateway_caller;
pub mod health;
pub mod limits;
pub mod managed;
mod named_namespace;
pub mod page;
pub mod path;
pub mod period;
pub mod places;
pub mod query;
pub mod request_log;
pub mod shown;
