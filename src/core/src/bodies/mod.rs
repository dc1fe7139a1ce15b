//! What bodies of requests cost a gateway before anything of a tenant's rates or money is asked: the
//! memory that holds them, and the time that reading them takes.
//!
//! | file | what it does |
//! |---|---|
//! | `held.rs` | the bytes that are held at once, by key and by namespace |
//! | `reading.rs` | the bytes that are read a minute, by key, namespace and organization |
//! | `record.rs` | what the workers share of both |
//! | `arriving.rs` | how many bodies are on their way |
//! | `pace.rs` | how fast each of them comes |

mod arriving;
mod held;
mod pace;
mod reading;
mod record;

pub use arriving::ArrivingBodies;
pub use held::{BodyLimits, BodyScope, HeldBody, NotHeld};
pub use pace::Pace;
pub use reading::Reading;
pub use record::BodyRecord;

/// Bodies up to so many bytes are not counted one by one.
pub const SMALL: usize = 64 * 1_024;
