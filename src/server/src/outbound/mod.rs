//! Outgoing HTTP to webhooks and mail to an SMTP server, and the guard that keeps webhooks out of the
//! service's own network.

pub mod guard;
pub mod mail;
pub mod outlet;
pub mod signature;
pub mod tls;
