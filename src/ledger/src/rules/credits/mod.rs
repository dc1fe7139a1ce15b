//! Prepaid balances: accounts of namespaces and organizations, what is paid in, what is spent of it.
//!
//! A balance is the sum of an account's entries, less what was booked of calls that started while it
//! was open. Where the namespace or the organization is `prepaid`, that balance is a cap like any
//! other, but for having no period.

mod charging;
mod crediting;
pub mod refill;

pub use charging::{charge, paying};
pub use crediting::{CreditRequest, Credited, MAX_TOTAL, close, credit, open};
