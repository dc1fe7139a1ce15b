//! Lending within a limit: an owner lends parts of what it has to borrowers, which then decide
//! alone and are as exact as it is.
//!
//! | file | what it does |
//! |---|---|
//! | `portion.rs` | what a borrower holds of one resource, and the owner's [`Pool`] it is taken from |
//! | `recall.rs` | how an owner asks all borrowers to give back what they do not use |
//! | `heat.rs` | who asks so often that a grant is worth its cost |
//!
//! The rules, whatever the resource:
//! - What is lent has left the pool: all portions and the pool never sum past what there is.
//! - A borrower gives everything back that it does not use, and takes anew what it used lately, in
//!   one write. It never has to ask who else borrows.
//! - A portion is a small part of what is left, so portions shrink with it, and near the limit
//!   nobody gets one: then everybody asks the owner.
//! - What is out is an entry of an epoch: that of a borrower that is gone drops out by itself.
//!
//! Who owns, who borrows and what is counted must be absent.

mod heat;
mod portion;
mod recall;
#[cfg(test)]
mod tests;

pub use heat::Heat;
pub use portion::{Pool, Portion};
pub use recall::{Membership, Recall};
