//! Hard budgets: how much of a cap may be lent, and how a gateway spends what it was lent.

mod books;
mod epoch_sum;
mod lending;
mod slice;

pub use books::Books;
pub use epoch_sum::{Entry, EpochSum, Epochs};
pub use lending::{Cap, LENT_SHARE, slice, tightest};
pub use slice::{RETIRED, Shortage, Slice, Unavailable};
