//! The borrower's side: what a gateway wants of one scope, and what it says of it.

use super::capacity::{Amounts, Capacity, RATES, reserve, scale};
use super::holding::{Holding, Stock, units_of};
use super::message::{Need, Report};
use crate::timestamp::Timestamp;
use core::time::Duration;

/// Reviews without use after which everything is given back, where several gateways live.
const IDLE: u64 = 3;
/// The same where there is nobody who could want it.
const IDLE_ALONE: u64 = 120;
/// The part (1/16) of a limit that a newcomer asks for.
const FIRST: u64 = 16;
/// A bucket with less than this part (1/16) is used as fast as it fills.
const EMPTY: u64 = 16;
/// Demand is not measured over less than this.
const SHORTEST: Duration = Duration::from_millis(400);

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
        let elapsed = now.since(self.reviewed_at);
        if self.reviewed_at <= now && elapsed < SHORTEST {
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
        let wants = self.measure(left, in_flight, elapsed, now);
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
            self.resize(keeps, stocks);
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

    /// Demand since the last review. `left` is what there is of each rate, in whole units.
    fn measure(
        &mut self,
        left: [i64; RATES],
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
            let left = at(&left);
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
            self.add_unmet(&mut wants, left, in_flight);
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
