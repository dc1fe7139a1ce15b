//! Money that somebody waits for.

use super::record::ScopeRecord;
use super::scope::Scope;
use crate::store::{SharedStore, update};
use crate::timestamp::Timestamp;
use core::time::Duration;

/// For how long newcomers leave the money of a scope to a request that waits for it. It says so again
/// at each of its turns, several times in this span. A worker that is gone holds nobody up.
const AWAITED: Duration = Duration::from_millis(250);

/// Has newcomers wait behind a request that waits for the money of `scope`.
pub fn await_money<S: SharedStore>(store: &mut S, scope: &Scope, now: Timestamp) {
    let until = now.plus(AWAITED);
    // Out of attempts: a newcomer may be served first.
    let _ = update(store, &scope.record, |bytes| {
        let mut record = ScopeRecord::decode(bytes);
        record.awaited_until = record.awaited_until.max(until);
        (Some(record.encode()), ())
    });
}
