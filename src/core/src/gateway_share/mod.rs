//! Shares of a scope's rates and concurrency, lent to gateways: all of them together never pass the limit,
//! and none of them asks for each request.
//!
//! | file | what it does |
//! |---|---|
//! | `capacity.rs` | amounts of rates and slots: limits, parts of them, demand |
//! | `deal.rs` | who should have how much |
//! | `division.rs` | the owner's side: what the service lends of one scope, and to whom |
//! | `lent.rs` | what the owner knows of one gateway's share |
//! | `growth.rs` | how the owner moves shares towards what they should be |
//! | `holding.rs` | the borrower's side: what a gateway holds of one scope |
//! | `demand.rs` | what it wants of it, and what it says |
//! | `pace.rs` | how much of it is used |
//! | `use_of.rs` | how much it says that it wants for that |
//! | `message.rs` | what both say of it |
//! | `term.rs` | how long a gateway's shares are in force |
//!
//! After Doorman (<https://github.com/youtube/doorman/blob/master/doc/design.md>): shares follow reported
//! demand and expire with the gateway that holds them. The rules:
//! - What the owner has lent, and what it has left, are parts of one limit: rates, capacities and the tokens
//!   in buckets. They move between owner and gateways, and their sums never grow.
//! - A share shrinks at the gateway first. Only what the gateway has said that it no longer has is lent again.
//! - All shares of a gateway expire together, unless it is heard of. So an unchanged share costs nothing.
//! - All amounts are absolute or cumulative and numbered, so any message may be lost, late or repeated.
//! - Where a limit is lowered, units on their way to or from a gateway are void.
//!
//! Where limits are set, and how messages travel, must be absent.

mod capacity;
mod deal;
mod demand;
mod division;
mod growth;
mod holding;
mod lent;
mod message;
mod pace;
mod term;
#[cfg(test)]
mod tests;
mod use_of;

pub use capacity::{Amounts, Capacity, RATES};
pub use division::{Division, Outcome, Peers};
pub use holding::{Basis, Holding, HoldsShare, Stock};
pub use message::{Need, Report, Share};
pub use term::ShareTerm;
