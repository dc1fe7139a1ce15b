//! Sealing days: once five are over, they are summed up to a block, and every third time fifteen are.

use crate::model::day_blocks::{BLOCK_LENGTHS, FIVE_DAYS};
use crate::model::period::{DAY, HOUR, start_of};
use crate::store::{Store, StoreError, credits, day_blocks};
use paddock_core::timestamp::Timestamp;
use std::time::Duration;

/// How long days are over before they are sealed: what gateways tell a little late need not be added to
/// blocks as well.
const WAIT: Duration = Duration::from_secs(HOUR);

/// Seals what is due, five days in a transaction; how many blocks were made. Bookings wait meanwhile:
/// each is summed up with the days, or finds them sealed.
///
/// # Errors
/// The database is too busy for a moment.
pub(super) async fn keep(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let due = start_of(FIVE_DAYS, now.minus(WAIT));
    let mut made: u64 = 0;
    while day_blocks::sealed_until(&mut store.read().await?).await? < due {
        let mut tx = store.write().await?;
        day_blocks::lock(&mut tx).await?;
        credits::wait_for_bookings(&mut tx).await?;
        let sealed = day_blocks::sealed_until(&mut tx).await?;
        if sealed >= due {
            break;
        }
        if sealed == Timestamp::EPOCH {
            // Before the first day there is nothing to sum up.
            let first = day_blocks::first_day(&mut tx).await?;
            let first = first.map_or(due, |first| start_of(FIVE_DAYS, first).min(due));
            if first > sealed {
                day_blocks::seal(&mut tx, first).await?;
                tx.commit().await?;
                continue;
            }
        }
        let until = sealed.plus(Duration::from_secs(FIVE_DAYS));
        let mut parts = DAY;
        for length in BLOCK_LENGTHS {
            if until.secs().is_multiple_of(length) {
                let start = Timestamp::from_secs(until.secs().saturating_sub(length));
                day_blocks::make(&mut tx, (start, length), parts).await?;
                made = made.saturating_add(1);
            }
            parts = length;
        }
        day_blocks::seal(&mut tx, until).await?;
        tx.commit().await?;
    }
    Ok(made)
}
