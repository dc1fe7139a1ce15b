//! How an owner asks all borrowers to give back what they do not use.

use crate::timestamp::Timestamp;
use core::time::Duration;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// How long borrowers have to give back what they do not use: each does so at its next tick, which
/// is 100 ms away at most, and a busy worker's comes late.
const ANSWER: Duration = Duration::from_millis(250);
/// For how long after a recall nothing is lent.
const PAUSE: Duration = Duration::from_secs(1);

/// Who borrows, as the owner knows it, and whether they were asked to give back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub struct Recall {
    /// Counts how often borrowers were written off because they did not answer.
    round: u64,
    /// Borrowers that hold something they could use.
    borrowers: u64,
    /// When they were last asked.
    at: Timestamp,
}

/// That somebody is a borrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    round: u64,
}

impl Recall {
    /// Somebody has borrowed.
    pub fn join(&mut self) -> Membership {
        self.borrowers = self.borrowers.saturating_add(1);
        Membership { round: self.round }
    }

    /// Somebody has given everything back that it does not use.
    pub fn leave(&mut self, membership: Membership) {
        if membership.round == self.round {
            self.borrowers = self.borrowers.saturating_sub(1);
        }
    }

    /// Whether somebody holds something it could use, as far as is known.
    pub fn has_borrowers(&self) -> bool {
        self.borrowers > 0
    }

    /// Whether something may be lent: not while it is asked back.
    pub fn may_lend(&self, now: Timestamp) -> bool {
        !self.is_recent(now)
    }

    /// Asks all borrowers to give back what they do not use, if that was not done already. Until when
    /// they will have done it; `None` if nobody is left who could. A borrower that has not answered in
    /// time is gone, and is waited for no more; what it held stays lent until it drops out.
    pub fn ask(&mut self, now: Timestamp) -> Option<Timestamp> {
        if !self.has_borrowers() {
            return None;
        }
        if !self.is_recent(now) {
            self.at = now;
        }
        if now.since(self.at) < ANSWER {
            return Some(self.at.plus(ANSWER));
        }
        self.borrowers = 0;
        self.round = self.round.wrapping_add(1);
        None
    }

    /// A recall of a future that a clock stepped back from counts as none.
    fn is_recent(&self, now: Timestamp) -> bool {
        self.at <= now && now.since(self.at) < PAUSE
    }
}
