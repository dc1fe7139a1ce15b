//! What the clients know of each call they made.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// What became of a call, as its client saw it.
#[derive(Clone, Debug)]
pub enum Fate {
    /// The whole answer came.
    Answered {
        /// Its `x-request-id`.
        request_id: String,
        /// Nano-dollars, by the usage that was answered.
        cost: i64,
        /// When it was sent.
        sent: Instant,
        /// When its end came.
        at: Instant,
    },
    /// The gateway answered with this status instead.
    Refused(u16),
    /// The client left before the end, or the gateway broke off: nobody but the gateway can know.
    Open,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which of the tenants made it.
    pub tenant: usize,
    /// Which gateway it went to.
    pub gateway: usize,
    /// What became of it.
    pub fate: Fate,
}

/// All calls, by the `User-Agent` they carried: a name of their own, which is in their event too.
#[derive(Debug, Default)]
pub struct Calls(Mutex<HashMap<String, Call>>);

impl Calls {
    /// Remembers a call.
    pub fn add(&self, name: String, call: Call) {
        self.lock().insert(name, call);
    }

    /// How many were answered so far.
    pub fn answered(&self) -> usize {
        let is_answered = |call: &&Call| matches!(call.fate, Fate::Answered { .. });
        self.lock().values().filter(is_answered).count()
    }

    /// All of them, by name.
    pub fn lock(&self) -> MutexGuard<'_, HashMap<String, Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
