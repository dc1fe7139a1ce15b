//! What leaves the service: HTTP to webhooks, mail to an SMTP server, and the guard that keeps both from
//! reaching the inside of the network.

pub mod guard;
pub mod mail;
pub mod outlet;
