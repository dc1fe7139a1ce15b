//! The borrower's side: what a gateway holds of one scope.

use super::capacity::{Amounts, Capacity, RATES, reserve, scale};
use super::message::{Need, Report, Share};
use super::term::ShareTerm;
use crate::bucket::{BucketState, PARTS};
use crate::epoch_sum::Epochs;
use crate::store::Flag;
use crate::timestamp::Timestamp;
use core::time::Duration;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Reviews without use after which everything is given back, where several gateways live.
const IDLE: u64 = 3;
/// The same where there is nobody who could want it.
const IDLE_ALONE: u64 = 120;
/// The part (1/16) of a limit that a newcomer asks for.
const FIRST: u64 = 16;
/// A bucket with less than this part (1/16) is used as fast as it fills.
const EMPTY: u64 = 16;
/// How long a request that was refused counts as demand once the service may be asked again.
const PATIENCE: Duration = Duration::from_secs(2);
/// Demand is not measured over less than this.
const SHORTEST: Duration = Duration::from_millis(400);

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
    life: u64,
    /// Its last change.
    pub number: u64,
    /// The share.
    pub part: Capacity,
    /// The limit that it is a part of.
    pub of: Capacity,
    /// Units for its buckets, in all of this life.
    given: [i64; RATES],
    /// Units given back, in all of this life.
    returned: [i64; RATES],
    /// Units used, in all.
    pub drawn: [i64; RATES],
    /// The same as of the last review.
    drawn_before: [i64; RATES],
    /// The most requests in flight since the last review.
    pub peak: u64,
    /// When demand was last measured.
    reviewed_at: Timestamp,
    /// Demand as it was last reported.
    wants: Amounts,
    /// Counts what is to be reported.
    report: u64,
    /// The last report that was taken in.
    told: u64,
    /// Reviews in a row without use.
    idle: u64,
    /// Whether more was held than the share when it was last reviewed.
    over: Flag,
    /// Until then the service need not be asked for more.
    pub dry_until: Timestamp,
    /// What a request needed in vain.
    unmet: Amounts,
    /// How long that counts as demand.
    unmet_until: Timestamp,
}

fn units_of(parts: i64) -> i64 {
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
            self.unmet_until = self.dry_until.plus(PATIENCE);
            // What is wanted now is told again, once it was measured.
            self.report = self.report.saturating_add(1);
        }
        if share.number <= self.number {
            return;
        }
        if share.short_ms.is_none() {
            self.dry_until = Timestamp::EPOCH;
        }
        self.number = share.number;
        self.resize(share.part, stocks, now);
        self.of = share.of;
        let given = share.given.iter().zip(&mut self.given);
        for ((given, before), stock) in given.zip(stocks.iter_mut()) {
            let more = given.saturating_sub(*before).max(0);
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
            _ => self.part,
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
            drawn_before: self.drawn_before,
            reviewed_at: self.reviewed_at,
            peak: self.peak,
            report: self.report,
            told: self.told,
            ..Holding::default()
        };
    }

    /// Changes the share. What a smaller capacity has no room for is given back, in proportion.
    fn resize(&mut self, part: Capacity, stocks: &mut [Stock<'_>; RATES], now: Timestamp) {
        let before = core::mem::replace(&mut self.part, part);
        let parts = before.rates.iter().zip(part.rates);
        for (((before, after), stock), returned) in parts.zip(stocks).zip(&mut self.returned) {
            before.refill_beside(stock.state, stock.lent, now);
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
            *returned = returned.saturating_add(had.saturating_sub(kept));
            let parts = i128::from(kept).saturating_mul(PARTS);
            stock.state.parts = i64::try_from(parts).unwrap_or(i64::MAX);
        }
    }

    /// Measures demand, and gives back what is not needed. To be called about twice a second, where
    /// `several` gateways live or one.
    pub fn review(
        &mut self,
        stocks: &mut [Stock<'_>; RATES],
        in_flight: u64,
        several: bool,
        now: Timestamp,
    ) {
        if self.epoch == 0 {
            return;
        }
        let is_over = self.holds(stocks, in_flight) != self.part;
        if is_over || self.over.is_set() {
            self.report = self.report.saturating_add(1);
        }
        self.over = is_over.into();
        let elapsed = now.since(self.reviewed_at);
        if self.reviewed_at <= now && elapsed < SHORTEST {
            return;
        }
        for (part, stock) in self.part.rates.iter().zip(&mut *stocks) {
            part.refill_beside(stock.state, stock.lent, now);
        }
        let wants = self.measure(stocks, in_flight, elapsed, now);
        self.reviewed_at = now;
        let is_used = wants != Amounts::default();
        self.idle = if is_used {
            0
        } else {
            self.idle.saturating_add(1)
        };
        let most = if several { IDLE } else { IDLE_ALONE };
        let mut keeps = match self.idle >= most {
            true => Capacity::default(),
            false if several => self.part.min(without_reserve(self.of)),
            false => self.part,
        };
        for (part, stock) in keeps.rates.iter_mut().zip(&*stocks) {
            // What was lent without a rate is used once.
            if part.rate == 0 {
                let there = units_of(stock.state.parts)
                    .max(0)
                    .saturating_add(stock.lent);
                part.capacity = part.capacity.min(u64::try_from(there).unwrap_or(0));
            }
        }
        if keeps != self.part {
            self.resize(keeps, stocks, now);
            self.report = self.report.saturating_add(1);
        }
        let changed = [(wants.slots, self.wants.slots)];
        let rates = wants.rates.into_iter().zip(self.wants.rates);
        if several
            && rates
                .chain(changed)
                .any(|(now, before)| differs(now, before))
        {
            self.report = self.report.saturating_add(1);
        }
        self.wants = wants;
    }

    /// Demand since the last review.
    fn measure(
        &mut self,
        stocks: &[Stock<'_>; RATES],
        in_flight: u64,
        elapsed: Duration,
        now: Timestamp,
    ) -> Amounts {
        let mut wants = Amounts::default();
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        for (kind, want) in wants.rates.iter_mut().enumerate() {
            let at = |values: &[i64; RATES]| values.get(kind).copied().unwrap_or(0);
            let used = at(&self.drawn).saturating_sub(at(&self.drawn_before));
            let used = u64::try_from(used).unwrap_or(0);
            let of = |capacity: &Capacity| capacity.rates.get(kind).copied().unwrap_or_default();
            let (part, limit) = (of(&self.part), of(&self.of));
            if used == 0 {
                continue;
            }
            let left = stocks
                .get(kind)
                .map_or(0, |stock| units_of(stock.state.parts));
            let low = i64::try_from(part.capacity.checked_div(EMPTY).unwrap_or(0));
            *want = match left <= low.unwrap_or(i64::MAX) {
                true => limit.rate,
                false => with_headroom(scale(used, MINUTE, nanos)).min(limit.rate),
            };
        }
        self.drawn_before = self.drawn;
        let peak = core::mem::replace(&mut self.peak, in_flight).max(in_flight);
        wants.slots = match peak {
            0 => 0,
            _ if peak >= self.part.slots => self.of.slots,
            _ => with_headroom(peak).min(self.of.slots),
        };
        if now < self.unmet_until {
            self.add_unmet(&mut wants, stocks, in_flight);
        }
        wants
    }

    /// Adds what a request needed in vain, as long as it would still be in vain.
    fn add_unmet(&self, wants: &mut Amounts, stocks: &[Stock<'_>; RATES], in_flight: u64) {
        for (kind, (want, units)) in wants.rates.iter_mut().zip(self.unmet.rates).enumerate() {
            let there = stocks
                .get(kind)
                .map_or(0, |stock| units_of(stock.state.parts));
            let limit = self.of.rates.get(kind).map_or(0, |limit| limit.rate);
            let part = self.part.rates.get(kind).copied().unwrap_or_default();
            if i64::try_from(units).unwrap_or(i64::MAX) > there {
                *want = wanted((*want).max(units), part.rate, limit);
            }
        }
        if self.unmet.slots > 0 && in_flight >= self.part.slots {
            wants.slots = wanted(wants.slots.max(1), self.part.slots, self.of.slots);
        }
    }

    /// What can be used, now or later: the share, and what is out beyond it.
    fn holds(&self, stocks: &[Stock<'_>; RATES], in_flight: u64) -> Capacity {
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

    /// What the service is to be told, where it is. [`Holding::told`] must follow once it has been.
    pub fn report(
        &self,
        scope: &str,
        stocks: &[Stock<'_>; RATES],
        in_flight: u64,
    ) -> Option<Report> {
        (self.report > self.told).then(|| Report {
            scope: scope.to_owned(),
            epoch: self.epoch,
            life: self.life,
            number: self.number,
            report: self.report,
            holds: self.holds(stocks, in_flight),
            wants: self.wants,
            returned: self.returned,
            need: None,
        })
    }

    /// A report was taken in.
    pub fn told(&mut self, report: &Report) {
        if (report.epoch, report.life) == (self.epoch, self.life) {
            self.told = self.told.max(report.report);
        }
    }

    /// Asks for what a request needs. Demand that is not covered has no measure: a gateway that has nothing
    /// asks for a small part of the limit, and one that has used its share for all of it.
    pub fn ask(
        &self,
        scope: &str,
        need: Need,
        stocks: &[Stock<'_>; RATES],
        in_flight: u64,
    ) -> Report {
        let mut wants = self.wants;
        for (kind, want) in wants.rates.iter_mut().enumerate() {
            let units = need.units.rates.get(kind).copied().unwrap_or(0);
            let has = need.has.get(kind).copied().unwrap_or(0);
            let limit = need.limit.rates.get(kind).map_or(0, |limit| limit.rate);
            let part = self.part.rates.get(kind).copied().unwrap_or_default();
            if i64::try_from(units).unwrap_or(i64::MAX) > has {
                *want = wanted((*want).max(units), part.rate, limit);
            }
        }
        if need.units.slots > 0 {
            wants.slots = wanted(wants.slots.max(1), self.part.slots, need.limit.slots);
        }
        Report {
            scope: scope.to_owned(),
            epoch: self.epoch,
            life: self.life,
            number: self.number,
            report: self.report,
            holds: self.holds(stocks, in_flight),
            wants,
            returned: self.returned,
            need: Some(need),
        }
    }
}

const MINUTE: u64 = 60_000_000_000;

fn wanted(want: u64, part: u64, limit: u64) -> u64 {
    let want = match part {
        0 => want.max(limit.checked_div(FIRST).unwrap_or(0)),
        _ => limit,
    };
    want.min(limit)
}

/// A quarter more than was used.
fn with_headroom(used: u64) -> u64 {
    let quarter = used.checked_div(4).unwrap_or(0);
    used.saturating_add(quarter).saturating_add(1)
}

/// Whether demand has changed by more than a quarter.
fn differs(now: u64, before: u64) -> bool {
    let (small, large) = (now.min(before), now.max(before));
    large.saturating_sub(small) > large.checked_div(4).unwrap_or(0)
}

/// All of a limit but what newcomers are to find.
fn without_reserve(limit: Capacity) -> Capacity {
    let without = |whole: u64| whole.saturating_sub(reserve(whole));
    let mut left = Capacity {
        slots: without(limit.slots),
        ..limit
    };
    for part in &mut left.rates {
        part.rate = without(part.rate);
        part.capacity = without(part.capacity);
    }
    left
}
