//! Blocks: sums of five and of fifteen whole days. A report over a month adds up at most nine rows a
//! group with them, and thirty-one without; weeks would make that thirteen.
//!
//! Bookings do not write the blocks of the day they fall on. Housekeeping makes blocks of days that are
//! over and seals them; from then on a booking that is late adds to the blocks of its day too.

use super::period::DAY;
use paddock_core::timestamp::Timestamp;

/// Seconds of the shorter blocks.
pub const FIVE_DAYS: u64 = 5 * DAY;
/// Seconds of the longer blocks.
pub const FIFTEEN_DAYS: u64 = 15 * DAY;
/// Seconds of all of them, counted from 1970 on; each is a whole number of those before it.
pub const BLOCK_LENGTHS: [u64; 2] = [FIVE_DAYS, FIFTEEN_DAYS];

/// The sealed blocks that a moment lies in, where days are sealed until `sealed`: their lengths and
/// first seconds.
pub fn sealed_blocks(at: u64, sealed: Timestamp) -> impl Iterator<Item = (u64, u64)> {
    let block = move |length: u64| {
        let start = at.saturating_sub(at.checked_rem(length).unwrap_or(0));
        (length, start)
    };
    let is_sealed =
        move |(length, start): &(u64, u64)| start.saturating_add(*length) <= sealed.secs();
    BLOCK_LENGTHS.into_iter().map(block).filter(is_sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_in_those_of_its_blocks_that_are_sealed() {
        let of = |day: u64, sealed: u64| {
            let sealed = Timestamp::from_secs(sealed * DAY);
            sealed_blocks(day * DAY + 7, sealed)
                .map(|(length, start)| (length / DAY, start / DAY))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(37, 35), []);
        assert_eq!(of(37, 40), [(5, 35)]);
        assert_eq!(of(37, 45), [(5, 35), (15, 30)]);
        assert_eq!(of(29, 30), [(5, 25), (15, 15)]);
        assert_eq!(of(30, 30), []);
    }
}
