//! Hard budgets: how much of a cap may be lent, and how a gateway spends what it was lent.

mod lending;

pub use lending::{Cap, LENT_SHARE, slice, tightest};
