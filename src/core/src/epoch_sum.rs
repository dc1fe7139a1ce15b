//! A sum of what is in flight that forgets what was never settled.
//!
//! A VM that traps never settles its requests. No request lives longer than the gateway's longest
//! request, so whatever was entered in one epoch of that length and is still there when the epoch
//! after next begins belongs to nobody, and drops out by itself.

use crate::timestamp::Timestamp;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The length of an epoch in seconds: the longest a request may live. At least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epochs(pub u64);

impl Epochs {
    /// The epoch `now` lies in.
    fn of(self, now: Timestamp) -> u64 {
        now.secs().checked_div(self.0.max(1)).unwrap_or(0)
    }

    /// When the epoch `now` lies in ends.
    pub fn end_of(self, now: Timestamp) -> Timestamp {
        let next = self.of(now).saturating_add(1);
        Timestamp::from_secs(next.saturating_mul(self.0.max(1)))
    }
}

/// A sum over two epochs: the present one and the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub struct EpochSum {
    /// The present epoch, as of the last change.
    pub epoch: u64,
    /// What was entered in the present epoch and has not been settled.
    pub present: i64,
    /// What was entered in the epoch before and has not been settled.
    pub before: i64,
}

/// Where an amount was entered, to be given back when it is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    epoch: u64,
    amount: i64,
}

impl Entry {
    /// The amount that was entered.
    pub const fn amount(self) -> i64 {
        self.amount
    }

    /// The same place with nothing in it: what was entered there is accounted for elsewhere.
    pub(crate) const fn emptied(self) -> Entry {
        Entry { amount: 0, ..self }
    }
}

impl EpochSum {
    /// Moves on to the epoch of `now`. A clock that steps back moves nothing.
    pub fn roll(&mut self, epochs: Epochs, now: Timestamp) {
        let epoch = epochs.of(now);
        match epoch.saturating_sub(self.epoch) {
            0 => return,
            1 => self.before = self.present,
            _ => self.before = 0,
        }
        self.present = 0;
        self.epoch = epoch;
    }

    /// All that is in flight, as of the last [`EpochSum::roll`].
    pub fn total(&self) -> i64 {
        self.present.saturating_add(self.before)
    }

    /// Enters `amount` (zero or more) into the present epoch.
    pub fn enter(&mut self, amount: i64) -> Entry {
        self.present = self.present.saturating_add(amount);
        Entry {
            epoch: self.epoch,
            amount,
        }
    }

    /// Takes an entry out again, and says how much that was. One that has dropped out already
    /// changes nothing.
    pub fn settle(&mut self, entry: Entry) -> i64 {
        let before = self.total();
        if entry.epoch == self.epoch {
            self.present = self.present.saturating_sub(entry.amount).max(0);
        } else if entry.epoch.saturating_add(1) == self.epoch {
            self.before = self.before.saturating_sub(entry.amount).max(0);
        }
        before.saturating_sub(self.total())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_settled_drops_out() {
        let epochs = Epochs(10);
        let mut sum = EpochSum::default();
        sum.roll(epochs, Timestamp::from_secs(1_000));
        sum.enter(5);
        let kept = sum.enter(7);
        sum.roll(epochs, Timestamp::from_secs(1_019));
        assert_eq!(
            sum.total(),
            12,
            "a request of 10 seconds may still be there"
        );
        sum.settle(kept);
        assert_eq!(sum.total(), 5);
        sum.roll(epochs, Timestamp::from_secs(1_020));
        assert_eq!(sum.total(), 0);
        assert_eq!(sum.settle(kept), 0);
        assert_eq!(sum.total(), 0, "late settling changes nothing");
    }

    #[test]
    fn a_request_shorter_than_an_epoch_is_counted_until_it_ends() {
        let epochs = Epochs(10);
        for start in 1_000..1_010 {
            for length in 0..=10 {
                let mut sum = EpochSum::default();
                sum.roll(epochs, Timestamp::from_secs(start));
                let entry = sum.enter(1);
                sum.roll(epochs, Timestamp::from_secs(start + length));
                assert_eq!(sum.total(), 1, "from {start} for {length} seconds");
                sum.settle(entry);
                assert_eq!(sum.total(), 0);
            }
        }
    }
}
