//! The borrower's side: what a gateway holds of one scope.

use super::capacity::{Amounts, Capacity, RATES, scale};
use super::message::{Report, Share};
use super::pace::Pace;
use super::term::ShareTerm;
use crate::bucket::{BucketState, PARTS};
use crate::epoch_sum::Epochs;
use crate::store::Flag;
use crate::timestamp::Timestamp;
use core::time::Duration;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// How long a request that was refused counts as demand.
const PATIENCE: Duration = Duration::from_secs(7);

/// Where the limits come from that a gateway decides by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// They are the scope's: nobody else uses them, or this gateway has all of them.
    #[default]
    Whole,
    /// They are this gateway's share.
    Part,
    /// This gateway has no share that is in force. The limits are the scope's, for requests that may use them
    /// all the same.
    Nothing,
}

/// A record that has this gateway's share of a limit.
pub trait HoldsShare {
    /// The share.
    fn holding(&mut self) -> &mut Holding;

    /// Takes over what the service answers to what was `asked`.
    fn accept(&mut self, share: &Share, asked: Option<&Report>, term: ShareTerm, now: Timestamp);

    /// Measures demand, gives back what is not needed, and says what the service is to be told of it.
    fn review(
        &mut self,
        scope: &str,
        several: bool,
        epochs: Epochs,
        now: Timestamp,
    ) -> Option<Report>;
}

/// A bucket of the scope's record, and how much of it workers have on grants.
pub struct Stock<'a> {
    /// What is in it.
    pub state: &'a mut BucketState,
    /// What workers have.
    pub lent: i64,
}

/// What a gateway holds of one scope. All zero: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub struct Holding {
    /// The term it is of.
    pub epoch: u64,
    /// Which of the shares of that term it is.
    pub(super) life: u64,
    /// Its last change.
    pub number: u64,
    /// The share.
    pub part: Capacity,
    /// The limit that it is a part of.
    pub of: Capacity,
    /// Units for its buckets, in all of this life.
    given: [i64; RATES],
    /// Units given back, in all of this life.
    pub(super) returned: [i64; RATES],
    /// Units used, in all. Requests are counted where their rate has no limit, too.
    pub drawn: [i64; RATES],
    /// The same as of the last measurement.
    pub(super) drawn_before: [i64; RATES],
    /// The most requests in flight since the last measurement.
    pub peak: u64,
    /// When demand was last measured: not since then where nothing was used.
    pub(super) reviewed_at: Timestamp,
    /// What is used, as of then.
    pub(super) pace: Pace,
    /// Demand as it was last reported.
    pub(super) wants: Amounts,
    /// Counts what is to be reported.
    pub(super) report: u64,
    /// The last report that was taken in.
    pub(super) told: u64,
    /// Whether more was held than the share when it was last reviewed.
    pub(super) over: Flag,
    /// Until then the service need not be asked for more.
    pub dry_until: Timestamp,
    /// What a request needed in vain.
    pub(super) unmet: Amounts,
    /// How long that counts as demand.
    pub(super) unmet_until: Timestamp,
}

pub(super) fn units_of(parts: i64) -> i64 {
    i64::try_from(i128::from(parts).div_euclid(PARTS)).unwrap_or(0)
}

impl Holding {
    /// What may be used of `limit` in `term` at `now`.
    pub fn in_force(&self, limit: Capacity, term: ShareTerm, now: Timestamp) -> (Basis, Capacity) {
        if !term.covers(self.epoch, now) {
            return (Basis::Nothing, limit);
        }
        let part = match self.of == limit {
            true => self.part,
            false => self.part.scaled(limit, self.of).min(self.part),
        };
        match part == limit {
            true => (Basis::Whole, limit),
            false => (Basis::Part, part),
        }
    }

    /// Which share it is: its term, and which of that term.
    pub fn life(&self) -> (u64, u64) {
        (self.epoch, self.life)
    }

    /// Whether there is nothing of it, and the service knows.
    pub fn is_over(&self) -> bool {
        self.part.is_nothing() && self.report <= self.told
    }

    /// Takes over what the service answers to what was `asked`. What is older, or of another term, is nothing.
    pub fn accept(
        &mut self,
        share: &Share,
        asked: Option<&Report>,
        term: ShareTerm,
        stocks: &mut [Stock<'_>; RATES],
        now: Timestamp,
    ) {
        let (theirs, ours) = ((share.epoch, share.life), (self.epoch, self.life));
        if share.epoch != term.epoch || theirs < ours {
            return;
        }
        if theirs > ours {
            self.begin(share, stocks, now);
        }
        if let Some(short) = share.short_ms {
            self.dry_until = now.plus(Duration::from_millis(short));
            let need = asked.and_then(|asked| asked.need);
            self.unmet = need.map_or(Amounts::default(), |need| need.units);
            self.unmet_until = now.plus(PATIENCE);
            if asked.is_none_or(|asked| asked.wants != self.wants) {
                // What is wanted now is told again, once it was measured.
                self.report = self.report.saturating_add(1);
            }
        }
        if share.number <= self.number {
            return;
        }
        if share.short_ms.is_none() {
            self.dry_until = Timestamp::EPOCH;
        }
        self.number = share.number;
        // When the limit changed is not known here, so what came in since came in by the lower one.
        let lower = self.part.scaled(share.of, self.of).min(self.part);
        for (part, stock) in lower.rates.iter().zip(stocks.iter_mut()) {
            part.refill_beside(stock.state, stock.lent, now);
        }
        self.resize(share.part, stocks);
        self.of = share.of;
        let given = share.given.iter().zip(share.void).zip(&mut self.given);
        for (((given, void), before), stock) in given.zip(stocks.iter_mut()) {
            let more = given.saturating_sub(void.max(*before)).max(0);
            *before = (*given).max(*before);
            let parts = i128::from(more).saturating_mul(PARTS);
            let parts = parts.saturating_add(i128::from(stock.state.parts));
            stock.state.parts = i64::try_from(parts).unwrap_or(i64::MAX);
        }
        for (part, stock) in self.part.rates.iter().zip(stocks) {
            stock.state.parts = part.at_most(stock.state.parts);
        }
        self.report = self.report.saturating_add(1);
    }

    /// A new life: whatever was held before is void, but not what was used without a share, or beyond one.
    fn begin(&mut self, share: &Share, stocks: &mut [Stock<'_>; RATES], now: Timestamp) {
        let before = match self.epoch {
            0 => share.of,
            _ => self.part.scaled(share.of, self.of).min(self.part),
        };
        for (stock, part) in stocks.iter_mut().zip(before.rates) {
            part.refill_beside(stock.state, stock.lent, now);
            let missing = stock.state.parts.saturating_sub(part.at_most(i64::MAX));
            stock.state.parts = missing.min(0);
            stock.state.at = now;
        }
        *self = Holding {
            epoch: share.epoch,
            life: share.life,
            of: share.of,
            drawn: self.drawn,
            drawn_before: self.drawn,
            reviewed_at: now,
            peak: self.peak,
            report: self.report,
            told: self.told,
            ..Holding::default()
        };
    }

    /// Changes the share. What a smaller capacity has no room for is given back, in proportion. What has come
    /// in since the buckets were last filled up is not in them, and is the new share's.
    pub(super) fn resize(&mut self, part: Capacity, stocks: &mut [Stock<'_>; RATES]) {
        let before = core::mem::replace(&mut self.part, part);
        let parts = before.rates.iter().zip(part.rates);
        for (((before, after), stock), returned) in parts.zip(stocks).zip(&mut self.returned) {
            if after.capacity >= before.capacity {
                continue;
            }
            let had = units_of(stock.state.parts);
            let kept = match u64::try_from(had) {
                Ok(had) => scale(had, after.capacity, before.capacity),
                // A debt goes back whole where nothing is left that could pay it.
                Err(_) if after.capacity == 0 => 0,
                Err(_) => continue,
            };
            let kept = i64::try_from(kept).unwrap_or(i64::MAX);
            let back = had.saturating_sub(kept);
            *returned = returned.saturating_add(back);
            // A part of a unit stays: where shares change often, units would never become whole.
            after.lend(stock.state, back);
            stock.state.parts = after.at_most(stock.state.parts);
        }
    }

    /// What can be used, now or later: the share, and what is out beyond it.
    pub(super) fn holds(&self, stocks: &[Stock<'_>; RATES], in_flight: u64) -> Capacity {
        let mut holds = self.part;
        for (part, stock) in holds.rates.iter_mut().zip(stocks) {
            let there = units_of(stock.state.parts)
                .max(0)
                .saturating_add(stock.lent);
            part.capacity = part.capacity.max(u64::try_from(there).unwrap_or(0));
        }
        if self.of.slots > 0 {
            holds.slots = holds.slots.max(in_flight);
        }
        holds
    }
}
