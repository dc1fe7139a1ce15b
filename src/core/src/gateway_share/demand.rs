//! The borrower's side: what a gateway wants of one scope, and what it says of it.

use super::capacity::{Amounts, Capacity, RATES, reserve};
use super::holding::{Holding, Stock, units_of};
use super::message::{Need, Report};
use super::pace::Pace;
use super::use_of::UseOf;
use crate::timestamp::Timestamp;
use core::time::Duration;

/// Demand is not measured over less than this.
const SHORTEST: Duration = Duration::from_millis(400);
/// So many requests that should have come and did not are the end of demand, where several gateways live.
const MISSED: u64 = 8;
/// The same of a share that was used as fast as it filled: its requests come evenly.
const MISSED_FULL: u64 = 3;
/// So long without a request is the end of demand however rare they are.
const LONGEST_GAP: Duration = Duration::from_secs(60);
/// The same where there is nobody who could want what is not used.
const GAP_ALONE: Duration = Duration::from_secs(600);
/// What is not wanted is given back, but not sooner after the last use.
const IDLE: Duration = Duration::from_millis(1_500);
/// The part (1/16) of a limit that a newcomer asks for.
const FIRST: u64 = 16;
/// A bucket with less than this part (1/16) is used as fast as it fills.
const EMPTY: u64 = 16;

impl Holding {
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
        if self.reviewed_at > now {
            // The clock has stepped back.
            (self.reviewed_at, self.drawn_before) = (now, self.drawn);
        }
        if now.since(self.reviewed_at) < SHORTEST {
            return;
        }
        // The buckets themselves are not filled up here: only who uses them knows the limit as it is now.
        let mut left = [0; RATES];
        let parts = self.part.rates.iter().zip(&*stocks);
        for ((part, stock), left) in parts.zip(&mut left) {
            let mut state = *stock.state;
            part.refill_beside(&mut state, stock.lent, now);
            *left = units_of(state.parts);
        }
        let is_used = self.used() != [0; RATES] || self.peak.max(in_flight) > 0;
        let unused = now.since(self.reviewed_at);
        let mut wants = match is_used {
            true => self.measure(left, in_flight, now),
            false if unused >= self.longest_gap(several) => Amounts::default(),
            false => self.wants,
        };
        if now < self.unmet_until {
            self.add_unmet(&mut wants, left, in_flight);
        }
        let is_idle = !is_used && wants == Amounts::default() && unused >= IDLE;
        let mut keeps = match is_idle {
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
            self.resize(keeps, stocks);
            self.report = self.report.saturating_add(1);
        }
        if wants != self.wants {
            self.wants = wants;
            // A lone gateway has all of it, whatever it wants.
            self.report = self.report.saturating_add(u64::from(several));
        }
    }

    /// The longest time between two requests, as they have come so far: after that no more are expected.
    fn longest_gap(&self, several: bool) -> Duration {
        let missed = match self.wants_all() {
            true => MISSED_FULL,
            false => MISSED,
        };
        match several {
            true => self
                .pace
                .time_of(missed)
                .map_or(IDLE, |gap| gap.min(LONGEST_GAP)),
            false => GAP_ALONE,
        }
    }

    /// Whether it has said that it wants all of some limit.
    fn wants_all(&self) -> bool {
        let is_all = |wants: u64, limit: u64| limit > 0 && wants == limit;
        let mut rates = self.wants.rates.into_iter().zip(self.of.rates);
        is_all(self.wants.slots, self.of.slots)
            || rates.any(|(wants, limit)| is_all(wants, limit.rate))
    }

    /// Requests and tokens since demand was last measured.
    fn used(&self) -> [u64; RATES] {
        let mut used = [0; RATES];
        let drawn = self.drawn.iter().zip(self.drawn_before);
        for (used, (drawn, before)) in used.iter_mut().zip(drawn) {
            *used = u64::try_from(drawn.saturating_sub(before)).unwrap_or(0);
        }
        used
    }

    /// Demand, where something was used since it was last measured. `left` is what there is of each rate, in
    /// whole units.
    fn measure(&mut self, left: [i64; RATES], in_flight: u64, now: Timestamp) -> Amounts {
        let (peak, elapsed) = (self.peak.max(in_flight), now.since(self.reviewed_at));
        let pace = self.pace.after(self.used(), peak, elapsed);
        let units = pace.units();
        let mut wants = Amounts::default();
        for (kind, want) in wants.rates.iter_mut().enumerate() {
            let of = |capacity: &Capacity| capacity.rates.get(kind).copied().unwrap_or_default();
            let at = |amounts: &Amounts| amounts.rates.get(kind).copied().unwrap_or(0);
            let (part, limit) = (of(&self.part), of(&self.of));
            let low = i64::try_from(part.capacity.checked_div(EMPTY).unwrap_or(0));
            let left = left.get(kind).copied().unwrap_or(0);
            *want = UseOf {
                pace: at(&units),
                is_used_up: left <= low.unwrap_or(i64::MAX),
                said: at(&self.wants),
                part: part.rate,
                limit: limit.rate,
            }
            .wants();
        }
        wants.slots = UseOf {
            pace: units.slots,
            is_used_up: peak >= self.part.slots,
            said: self.wants.slots,
            part: self.part.slots,
            limit: self.of.slots,
        }
        .wants();
        if pace != Pace::default() {
            self.pace = pace;
            self.drawn_before = self.drawn;
            self.reviewed_at = now;
            self.peak = in_flight;
        }
        wants
    }

    /// Adds what a request needed in vain, as long as it would still be in vain.
    fn add_unmet(&self, wants: &mut Amounts, left: [i64; RATES], in_flight: u64) {
        for (kind, (want, units)) in wants.rates.iter_mut().zip(self.unmet.rates).enumerate() {
            let there = left.get(kind).copied().unwrap_or(0);
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

fn wanted(want: u64, part: u64, limit: u64) -> u64 {
    let want = match part {
        0 => want.max(limit.checked_div(FIRST).unwrap_or(0)),
        _ => limit,
    };
    want.min(limit)
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
