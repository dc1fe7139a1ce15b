//! Dealing what an upstream has gained to those who asked lately.

use super::PARTS;
use super::in_force::InForce;
use super::record::{Kind, Member, UpstreamRecord, clamp, parts_of};
use crate::timestamp::Timestamp;
use core::time::Duration;

/// Who has not asked for so long is no member any more. Who owes something stays until it is paid.
const IDLE: Duration = Duration::from_secs(60);

/// Nanoseconds of its share that a member's own bucket holds. More would be hoarding, less could
/// not bridge the pauses between requests.
const SAVINGS: i128 = 5_000_000_000;

/// Nanoseconds between two deals at least: what is lost by rounding, a part a member and deal, then
/// is nothing even of the smallest share.
const PAUSE: u64 = 1_000_000;

/// Rounds in which what fills no bucket is offered to those that are not full.
const ROUNDS: usize = 4;

/// One limit of an upstream, as parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    /// Parts gained a nanosecond, which is tokens a minute.
    pub(super) rate: i128,
    /// Parts there are at most, pool and members together: one minute's worth.
    pub(super) capacity: i128,
    /// Parts of the pool that are for newcomers: a tenth, and one request where there are two.
    pub(super) reserve: i128,
}

impl Rate {
    pub(super) fn of(limit: &InForce, kind: Kind) -> Option<Rate> {
        let part = match kind {
            Kind::Requests => limit.requests?,
            Kind::Tokens => limit.tokens?,
        };
        let capacity = parts_of(part.capacity);
        let tenth = capacity.checked_div(10).unwrap_or_default();
        Some(Rate {
            rate: i128::from(part.rate),
            capacity,
            reserve: tenth.max(PARTS).min(capacity.saturating_sub(PARTS)).max(0),
        })
    }

    /// What members may own together.
    pub(super) fn for_members(self) -> i128 {
        self.capacity.saturating_sub(self.reserve)
    }
}

/// The part of `whole` that `weight` has in `all`.
pub(super) fn part(whole: i128, weight: u64, all: u64) -> i128 {
    let parts = whole.saturating_mul(i128::from(weight));
    parts.checked_div(i128::from(all)).unwrap_or_default()
}

impl UpstreamRecord {
    /// Deals all that came in since the record was written, then lets go of who is idle. A clock
    /// that steps back brings nothing.
    pub(super) fn refill(&mut self, limit: &InForce, now: Timestamp) {
        let elapsed = now.nanos().saturating_sub(self.at.nanos());
        if elapsed < PAUSE {
            return;
        }
        let elapsed = i128::from(elapsed);
        self.at = now;
        for kind in [Kind::Requests, Kind::Tokens] {
            match Rate::of(limit, kind) {
                Some(rate) => self.deal(kind, rate, elapsed.saturating_mul(rate.rate)),
                None => self.clear(kind),
            }
        }
        let is_gone = |member: &Member| {
            member.requests >= 0 && member.tokens >= 0 && now.since(member.seen) >= IDLE
        };
        let (gone, members): (Vec<Member>, _) = core::mem::take(&mut self.members)
            .into_iter()
            .partition(is_gone);
        self.members = members;
        if !gone.is_empty() {
            self.share_out();
        }
        for member in gone {
            self.requests = self.requests.saturating_add(member.requests);
            self.tokens = self.tokens.saturating_add(member.tokens);
        }
    }

    fn deal(&mut self, kind: Kind, rate: Rate, gained: i128) {
        let gained = gained.min(rate.capacity);
        let all = self.weight();
        let saver = self.saver(kind, rate, all);
        let most = |member: &Member| most(member, kind, rate, all, saver);
        let mut returned: i128 = 0;
        for member in &mut self.members {
            if most(member) == 0 && member.own(kind) > 0 {
                let own = member.own_mut(kind);
                returned = returned.saturating_add(i128::from(*own));
                *own = 0;
            }
        }
        let room = rate.for_members().saturating_sub(self.owned(kind)).max(0);
        let gained = gained.saturating_add(returned);
        let mut left = gained.min(room);
        let beyond = gained.saturating_sub(left);
        let open = |member: &Member| {
            let own = i128::from(member.own(kind));
            most(member).saturating_sub(own).max(0)
        };
        for _ in 0..ROUNDS {
            let takers = self.members.iter().filter(|member| open(member) > 0);
            let weights = takers.fold(0u64, |sum, member| sum.saturating_add(member.share));
            let before = left;
            for member in &mut self.members {
                let given = part(before, member.share, weights).min(open(member));
                let own = member.own_mut(kind);
                *own = clamp(i128::from(*own).saturating_add(given));
                left = left.saturating_sub(given);
            }
            if left == before || left == 0 {
                break;
            }
        }
        let pool = i128::from(self.pool(kind));
        *self.pool_mut(kind) = clamp(pool.saturating_add(left).saturating_add(beyond));
        self.trim(kind, rate);
    }

    /// The one member that may save more than a minute's share: whoever has waited longest for it.
    /// Did all of them save at once, nobody would ever have enough.
    fn saver(&self, kind: Kind, rate: Rate, all: u64) -> Option<u64> {
        let saves = |member: &&Member| {
            member.waiting > Timestamp::EPOCH && member.is_oversized(kind, rate, all)
        };
        let savers = self.members.iter().filter(saves);
        let longest = savers.min_by_key(|member| member.waiting);
        longest.map(|member| member.id)
    }

    /// Lets go of what the pool has beyond the capacity.
    pub(super) fn trim(&mut self, kind: Kind, rate: Rate) {
        let room = rate.capacity.saturating_sub(self.owned(kind)).max(0);
        let pool = self.pool_mut(kind);
        *pool = (*pool).min(clamp(room));
    }

    /// Lets go of what members, and then the pool, have beyond so many parts: each loses the same part.
    pub(super) fn cut(&mut self, kind: Kind, capacity: i128) {
        let own = |member: &Member| i128::from(member.own(kind)).max(0);
        let owned = self.members.iter().map(own).fold(0, i128::saturating_add);
        if owned > capacity {
            for member in &mut self.members {
                let kept = own(member).saturating_mul(capacity).checked_div(owned);
                let own = member.own_mut(kind);
                *own = (*own).min(clamp(kept.unwrap_or(0)));
            }
        }
        let room = capacity.saturating_sub(self.owned(kind)).max(0);
        let pool = self.pool_mut(kind);
        *pool = (*pool).min(clamp(room));
    }

    /// Forgets what was counted under a limit that is no more.
    fn clear(&mut self, kind: Kind) {
        *self.pool_mut(kind) = 0;
        for member in &mut self.members {
            *member.own_mut(kind) = 0;
        }
    }
}

impl Member {
    /// What its requests want, in parts.
    fn wanted(&self, kind: Kind, rate: Rate) -> i128 {
        let wanted = match kind {
            Kind::Requests => PARTS,
            Kind::Tokens => parts_of(self.wants),
        };
        wanted.min(rate.for_members())
    }

    /// Whether a minute's share does not cover what one of its requests wants.
    fn is_oversized(&self, kind: Kind, rate: Rate, all: u64) -> bool {
        self.wanted(kind, rate) > part(rate.for_members(), self.share, all)
    }
}

/// What a member's own bucket holds at most: a few seconds of its share, or what one of its requests
/// wants. Nothing where a minute's share does not cover that: then it waits until it may save.
fn most(member: &Member, kind: Kind, rate: Rate, all: u64, saver: Option<u64>) -> i128 {
    if member.is_oversized(kind, rate, all) && saver != Some(member.id) {
        return 0;
    }
    let savings = part(rate.rate.saturating_mul(SAVINGS), member.share, all);
    savings.max(member.wanted(kind, rate))
}
