//! How many requests, and how many streams and exports, a caller may have open.

use super::caller::Caller;
use super::error::ApiError;
use crate::seats::{Full, Place};
use crate::state::App;
use std::time::Duration;

/// When a caller should try again that has too many requests open.
const WAIT: Duration = Duration::from_secs(1);
/// The same of streams and exports.
const WAIT_FOR_STREAM: Duration = Duration::from_secs(5);

/// Takes a place for a stream or an export.
///
/// # Errors
/// 429 if the key or its organization has as many open as it may.
pub fn stream(app: &App, caller: &Caller) -> Result<Place, ApiError> {
    let taken = app.streams.take(caller.id(), caller.organization());
    taken.map_err(|full| {
        let (whose, most) = told(full);
        let message = format!(
            "{whose} has {most} streams and exports open, the most at once. End one, or wait for one \
             to end."
        );
        ApiError::too_many(message, WAIT_FOR_STREAM)
    })
}

/// Takes a place for a request of a key, which it keeps until it is answered: also while its body is on
/// its way.
///
/// # Errors
/// 429 if the key or its organization has as many under way as it may.
pub fn request(app: &App, caller: &Caller) -> Result<Place, ApiError> {
    let taken = app.requests.take(caller.id(), caller.organization());
    taken.map_err(|full| {
        let (whose, most) = told(full);
        let message = format!(
            "{whose} has {most} requests under way, the most at once. Wait for one to end."
        );
        ApiError::too_many(message, WAIT)
    })
}

fn told(full: Full) -> (&'static str, usize) {
    match full {
        Full::Key(most) => ("Your key", most),
        Full::Organization(most) => ("Your organization", most),
    }
}
