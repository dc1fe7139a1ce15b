//! How the owner moves shares towards what they should be.

use super::capacity::{Capacity, RATES, reserve, scale};
use super::deal::{Wish, deal};
use super::division::{Division, signed};
use super::lent::Lent;
use super::message::Need;
use crate::bucket::Bucket;
use crate::timestamp::Timestamp;
use core::time::Duration;

/// Where a limit has fewer units a minute than this for each gateway, its rate is not shared: units are
/// lent one by one.
const FEWEST: u64 = 8;

/// Nobody loses all it has before it had it for so long.
const SHORTEST: Duration = Duration::from_secs(5);

/// Who asks, and who is there.
#[derive(Clone, Copy)]
struct Asking<'a> {
    /// Its place among the shares.
    at: usize,
    need: Option<&'a Need>,
    /// How many gateways live.
    gateways: u64,
    now: Timestamp,
}

impl Asking<'_> {
    fn need(&self, kind: usize) -> u64 {
        let units = self.need.and_then(|need| need.units.rates.get(kind));
        units.copied().unwrap_or(0)
    }

    fn has(&self, kind: usize) -> i64 {
        let has = self.need.and_then(|need| need.has.get(kind));
        has.copied().unwrap_or(0)
    }

    /// What of a limit is left for newcomers. One of them gets half of it.
    fn reserve(&self, limit: u64) -> u64 {
        match self.gateways > 1 {
            true => reserve(limit),
            false => 0,
        }
    }
}

/// What each share should be, and what it may be until its gateway says otherwise.
struct Move {
    targets: Vec<u64>,
    /// What is wanted of each. Beyond that nobody else is asked to give anything up.
    wants: Vec<u64>,
    limit: u64,
    reserve: u64,
}

/// What was not lent of a bucket before shares grew.
#[derive(Clone, Copy)]
struct Pool {
    units: i64,
    capacity: u64,
}

impl Division {
    /// Moves shares towards what is fair. The need of who asks at `at` is covered first. Whether it is not.
    pub(super) fn grow(
        &mut self,
        at: usize,
        need: Option<&Need>,
        gateways: u64,
        now: Timestamp,
    ) -> bool {
        let asking = Asking {
            at,
            need,
            gateways,
            now,
        };
        let before: Vec<_> = self.shares.iter().map(|lent| lent.part).collect();
        let mut unmet = false;
        for kind in 0..RATES {
            let pool = Pool {
                units: self.in_pool(kind),
                capacity: self.pool_bucket(kind).capacity,
            };
            self.grow_rate(kind, asking);
            self.grow_capacity(kind, asking);
            unmet |= self.give(kind, asking, &before, pool);
            self.clip(kind);
        }
        self.grow_slots(asking);
        if let (Some(need), Some(lent)) = (need, self.shares.get(at)) {
            unmet |= need.units.slots > lent.part.slots;
        }
        for (lent, before) in self.shares.iter_mut().zip(before) {
            if lent.part != before {
                lent.number = lent.number.saturating_add(1);
            }
        }
        unmet
    }

    fn limit_of(&self, kind: usize) -> Bucket {
        self.limit.rates.get(kind).copied().unwrap_or_default()
    }

    /// Rates by demand. A small limit's are the pool's.
    fn grow_rate(&mut self, kind: usize, asking: Asking<'_>) {
        let limit = self.limit_of(kind);
        let fewest = FEWEST.saturating_mul(asking.gateways);
        let is_small = asking.gateways > 1 && limit.rate < fewest;
        let wishes = self.wishes(
            |lent| {
                if is_small {
                    0
                } else {
                    wanted(lent, kind).min(limit.rate)
                }
            },
            |lent| rated(&lent.bound, kind).rate,
        );
        let reserve = asking.reserve(limit.rate);
        let to = Move {
            targets: deal(limit.rate.saturating_sub(reserve), &wishes),
            wants: wishes.iter().map(|wish| wish.wants).collect(),
            limit: limit.rate,
            reserve,
        };
        self.towards(asking, &to, |capacity| {
            Some(&mut capacity.rates.get_mut(kind)?.rate)
        });
    }

    /// Capacities in proportion to rates, but no less than what a request needs at once.
    fn grow_capacity(&mut self, kind: usize, asking: Asking<'_>) {
        let limit = self.limit_of(kind);
        let need = asking.need(kind).min(limit.capacity);
        let mut targets: Vec<u64> = Vec::with_capacity(self.shares.len());
        for (at, lent) in self.shares.iter().enumerate() {
            let part = rated(&lent.part, kind);
            let fair = match part.rate {
                0 => part.capacity,
                rate => scale(limit.capacity, rate, limit.rate).max(1),
            };
            targets.push(if at == asking.at {
                fair.max(need)
            } else {
                fair
            });
        }
        let mine = targets.get(asking.at).copied().unwrap_or(0);
        let sum = targets
            .iter()
            .fold(0_u64, |sum, target| sum.saturating_add(*target));
        if sum > limit.capacity {
            // All others together leave what the need takes.
            let others = sum.saturating_sub(mine);
            let rest = limit.capacity.saturating_sub(mine);
            for (at, target) in targets.iter_mut().enumerate() {
                if at != asking.at {
                    *target = scale(*target, rest, others);
                }
            }
        }
        let to = Move {
            wants: targets.clone(),
            targets,
            limit: limit.capacity,
            reserve: 0,
        };
        self.towards(asking, &to, |capacity| {
            Some(&mut capacity.rates.get_mut(kind)?.capacity)
        });
    }

    fn grow_slots(&mut self, asking: Asking<'_>) {
        let limit = self.limit.slots;
        let wishes = self.wishes(|lent| lent.wants.slots.min(limit), |lent| lent.bound.slots);
        let reserve = asking.reserve(limit);
        let to = Move {
            targets: deal(limit.saturating_sub(reserve), &wishes),
            wants: wishes.iter().map(|wish| wish.wants).collect(),
            limit,
            reserve,
        };
        self.towards(asking, &to, |capacity| Some(&mut capacity.slots));
    }

    fn wishes(&self, wants: impl Fn(&Lent) -> u64, has: impl Fn(&Lent) -> u64) -> Vec<Wish> {
        let wish = |lent: &Lent| Wish {
            wants: wants(lent),
            has: has(lent),
            grown_at: lent.grown_at,
        };
        self.shares.iter().map(wish).collect()
    }

    /// Grows shares from what is not lent, and if that is not enough, asks back what others have too much.
    fn towards(
        &mut self,
        asking: Asking<'_>,
        to: &Move,
        field: impl Fn(&mut Capacity) -> Option<&mut u64>,
    ) {
        let get = |capacity: &Capacity| field(&mut { *capacity }).map_or(0, |value| *value);
        let lent = self.shares.iter().map(|lent| get(&lent.bound));
        let mut spare = lent.fold(to.limit, u64::saturating_sub);
        // Changes that are small, of the limit and of what one gets of it, are not worth telling.
        let step_of = |target: u64| {
            let quarter = target.checked_div(4).unwrap_or(0);
            reserve(to.limit).min(quarter).max(1)
        };
        let (mut is_unmet, mut is_starving) = (false, false);
        let first = core::iter::once(asking.at);
        let others = (0..self.shares.len()).filter(|at| *at != asking.at);
        for at in first.chain(others).collect::<Vec<_>>() {
            let (Some(lent), Some(target)) = (self.shares.get_mut(at), to.targets.get(at)) else {
                continue;
            };
            let (bound, part) = (get(&lent.bound), get(&lent.part));
            let missing = target.saturating_sub(bound);
            let is_asking = at == asking.at && asking.need.is_some();
            if missing == 0 || (missing < step_of(*target) && !is_asking) {
                // A shrink that is not confirmed and not wanted any more.
                if part < bound && *target >= bound {
                    set(&field, &mut lent.part, bound);
                }
                continue;
            }
            let kept = match bound {
                0 => to.reserve.checked_div(2).unwrap_or(0),
                _ => to.reserve,
            };
            let more = missing.min(spare.saturating_sub(kept));
            spare = spare.saturating_sub(more);
            let grown = bound.saturating_add(more);
            if more > 0 {
                lent.grown_at = asking.now;
            }
            set(&field, &mut lent.bound, grown);
            set(&field, &mut lent.part, grown);
            let due = to.wants.get(at).copied().unwrap_or(0).min(*target);
            is_unmet |= grown < due;
            is_starving |= grown < due.checked_div(2).unwrap_or(0);
        }
        if !is_unmet {
            return;
        }
        for (lent, target) in self.shares.iter_mut().zip(&to.targets) {
            let part = get(&lent.part);
            let is_new = lent.is_pending() || asking.now.since(lent.grown_at) < SHORTEST;
            if *target == 0 && is_new {
                continue;
            }
            let step = if is_starving { 1 } else { step_of(*target) };
            if part >= target.saturating_add(step) {
                set(&field, &mut lent.part, *target);
            }
        }
    }

    /// Gives units of the pool with the capacity that was given, and as many as a request needs. Whether
    /// they are too few.
    fn give(&mut self, kind: usize, asking: Asking<'_>, before: &[Capacity], pool: Pool) -> bool {
        let (need, has) = (signed(asking.need(kind)), asking.has(kind));
        let capacity = |parts: &[Capacity], at: usize| {
            parts.get(at).map_or(0, |part| rated(part, kind).capacity)
        };
        let now: Vec<Capacity> = self.shares.iter().map(|lent| lent.part).collect();
        let grown: Vec<u64> = (0..now.len())
            .map(|at| capacity(&now, at).saturating_sub(capacity(before, at)))
            .collect();
        let all = grown
            .iter()
            .fold(0_u64, |sum, grown| sum.saturating_add(*grown));
        let of = pool.capacity.max(all);
        let mut left = pool.units.max(0);
        let mut is_unmet = need > has;
        let first = core::iter::once(asking.at);
        let others = (0..now.len()).filter(|at| *at != asking.at);
        for at in first.chain(others) {
            let grown = grown.get(at).copied().unwrap_or(0);
            let fair = scale(unsigned(pool.units), grown, of);
            // Who has a rate waits for it to fill its bucket: it need not ask for each request.
            let has_rate = now.get(at).is_some_and(|part| rated(part, kind).rate > 0);
            let is_piece = at == asking.at && asking.need.is_some() && (grown > 0 || !has_rate);
            let units = match is_piece {
                false => signed(fair.min(grown)),
                true => {
                    let room = signed(capacity(&now, at)).saturating_sub(has);
                    signed(fair).max(need.saturating_sub(has)).min(room)
                }
            };
            let units = units.clamp(0, left);
            if units == 0 {
                continue;
            }
            left = left.saturating_sub(units);
            self.draw(kind, units);
            if at == asking.at {
                is_unmet = need > has.saturating_add(units);
            }
            let Some(lent) = self.shares.get_mut(at) else {
                continue;
            };
            if let Some(given) = lent.given.get_mut(kind) {
                *given = given.saturating_add(units);
            }
            lent.number = lent.number.saturating_add(1);
        }
        is_unmet
    }
}

fn rated(capacity: &Capacity, kind: usize) -> Bucket {
    capacity.rates.get(kind).copied().unwrap_or_default()
}

fn wanted(lent: &Lent, kind: usize) -> u64 {
    lent.wants.rates.get(kind).copied().unwrap_or(0)
}

fn unsigned(units: i64) -> u64 {
    u64::try_from(units).unwrap_or(0)
}

fn set(field: impl Fn(&mut Capacity) -> Option<&mut u64>, capacity: &mut Capacity, to: u64) {
    if let Some(value) = field(capacity) {
        *value = to;
    }
}
