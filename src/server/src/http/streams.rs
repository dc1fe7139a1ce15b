//! How many streams and exports a caller may have open.

use super::caller::Caller;
use super::error::ApiError;
use crate::seats::Seat;
use crate::state::{App, STREAMS_OF_KEY, STREAMS_OF_ORGANIZATION};
use std::time::Duration;

/// When a caller should try again that has too many.
const WAIT: Duration = Duration::from_secs(5);

/// A stream's place, until it is dropped.
#[derive(Debug)]
pub struct Open {
    _key: Seat,
    _organization: Option<Seat>,
}

/// Takes a place for a stream or an export.
///
/// # Errors
/// 429 if the key or its organization has as many open as it may.
pub fn open(app: &App, caller: &Caller) -> Result<Open, ApiError> {
    let full = |whose: &str, most: usize| {
        let message = format!(
            "{whose} has {most} streams and exports open, the most at once. End one, or wait for one \
             to end."
        );
        ApiError::too_many(message, WAIT)
    };
    let key = app.streams_of_key.take(caller.id());
    let key = key.ok_or_else(|| full("Your key", STREAMS_OF_KEY))?;
    let organization = match caller.organization() {
        None => None,
        Some(name) => Some(
            app.streams_of_organization
                .take(name)
                .ok_or_else(|| full("Your organization", STREAMS_OF_ORGANIZATION))?,
        ),
    };
    Ok(Open {
        _key: key,
        _organization: organization,
    })
}
