//! What an upstream's limit has left.

use super::UpstreamLimit;
use super::deal::Rate;
use super::in_force::InForce;
use super::record::{Kind, UpstreamRecord};
use crate::admission::Terms;
use crate::store::SharedStore;
use crate::timestamp::Timestamp;

/// What a limit has left for this gateway, of requests or of tokens, whichever is less: 0 to 1,000
/// thousandths.
pub fn room<S: SharedStore>(store: &S, limit: &UpstreamLimit, terms: Terms, now: Timestamp) -> u64 {
    let bytes = store.get(&limit.record()).map(|(bytes, _)| bytes);
    let mut record = UpstreamRecord::decode(&bytes.unwrap_or_default());
    let in_force = InForce::of(limit, &record, terms, now);
    record.refill(&in_force, now);
    let left = [Kind::Requests, Kind::Tokens]
        .into_iter()
        .filter_map(|kind| {
            let capacity = Rate::of(&in_force, kind)?.capacity;
            let there = record
                .owned(kind)
                .saturating_add(i128::from(record.pool(kind)));
            let thousandths = there.saturating_mul(1_000).checked_div(capacity)?;
            Some(u64::try_from(thousandths.max(0)).unwrap_or(1_000))
        });
    left.min().unwrap_or(1_000).min(1_000)
}
