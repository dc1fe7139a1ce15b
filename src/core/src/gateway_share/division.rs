//! The owner's side: what the service lends of one scope, and to whom.

use super::capacity::{Capacity, RATES};
use super::lent::Lent;
use super::message::{Need, Report, Share};
use crate::bucket::{Bucket, BucketState};
use crate::policy::MAX_RATE;
use crate::timestamp::Timestamp;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// How soon a need is asked for again that others are giving up something for: they hear of it at their
/// next sync, and tell at once.
const RECALLED: Duration = Duration::from_millis(500);
/// How soon where nobody has anything to give up.
const NOTHING: Duration = Duration::from_secs(5);
/// The same where its share fills up by itself: if that can grow, it is told.
const OWN_RATE: Duration = Duration::from_secs(30);

/// All gateways that live, as their terms say.
pub trait Peers {
    /// Whether shares that `gateway` has of `epoch` are in force.
    fn has(&self, gateway: &str, epoch: u64) -> bool;

    /// How many there are.
    fn count(&self) -> u64;
}

/// One scope's limit, and who has which part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    pub(super) limit: Capacity,
    /// The revision of the policy that the limit is of.
    revision: u64,
    /// Tokens that are not lent.
    pub(super) pools: [BucketState; RATES],
    /// The least rate of what is not lent, a minute, since the pools were last filled up. Older replicas write
    /// none.
    #[serde(default)]
    slowest: [u64; RATES],
    pub(super) shares: Vec<Lent>,
}

/// What a report has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The reporter's share; absent where it has none.
    pub share: Option<Share>,
    /// Gateways whose shares were changed, to be told with their next sync.
    pub changed: Vec<String>,
    /// Whether the reporter has confirmed all changes of its share.
    pub confirmed: bool,
}

impl Division {
    /// Takes in what a gateway says at `now`, and moves shares to where they are wanted.
    pub fn receive(
        &mut self,
        gateway: &str,
        epoch: u64,
        report: &Report,
        peers: &impl Peers,
        now: Timestamp,
    ) -> Outcome {
        // Only a need tells the limit as it is now: without one, what has come in is counted later.
        if let Some(need) = &report.need {
            let next = self.is_newer(need).then_some(need.limit);
            self.refill(next, now);
        }
        self.drop_expired(peers);
        for lent in &mut self.shares {
            lent.number_before = lent.number;
        }
        if let Some(need) = &report.need {
            self.set_limit(need.limit, need.revision, now);
        }
        let at = self.enter(gateway, epoch, report, now);
        let unmet = self.grow(at, report.need.as_ref(), peers.count(), now);
        self.shares
            .retain(|lent| lent.is_pending() || !lent.is_idle());
        self.note_slowest(report.need.is_some());
        let changed = |lent: &&Lent| lent.gateway != gateway && lent.number != lent.number_before;
        let changed: Vec<String> = self
            .shares
            .iter()
            .filter(changed)
            .map(|lent| lent.gateway.clone())
            .collect();
        let short = match (unmet, changed.is_empty()) {
            (false, _) => None,
            (true, false) => Some(RECALLED),
            (true, true) if self.fills_up(gateway, report.need.as_ref()) => Some(OWN_RATE),
            (true, true) => Some(NOTHING),
        };
        let mut share = self.share_of(&report.scope, gateway);
        let is_pending = |lent: &Lent| lent.gateway == gateway && lent.is_pending();
        let confirmed = !self.shares.iter().any(is_pending);
        if let Some(share) = &mut share {
            share.short_ms =
                short.map(|short| u64::try_from(short.as_millis()).unwrap_or(u64::MAX));
        }
        Outcome {
            share,
            changed,
            confirmed,
        }
    }

    /// Whether all that a request of `gateway` lacks comes in by the share's own rate, or ends by itself.
    fn fills_up(&self, gateway: &str, need: Option<&Need>) -> bool {
        let lent = self.shares.iter().find(|lent| lent.gateway == gateway);
        let (Some(lent), Some(need)) = (lent, need) else {
            return false;
        };
        let rates = need.units.rates.into_iter().zip(lent.part.rates);
        let mut rates = rates.filter(|(units, _)| *units > 0);
        let has_slots = need.units.slots == 0 || lent.part.slots > 0;
        has_slots && rates.all(|(units, part)| part.rate > 0 && units <= part.capacity)
    }

    /// What `gateway` is to be told of `scope`.
    pub fn share_of(&self, scope: &str, gateway: &str) -> Option<Share> {
        let lent = self.shares.iter().find(|lent| lent.gateway == gateway)?;
        Some(Share {
            scope: scope.to_owned(),
            epoch: lent.epoch,
            life: lent.life,
            number: lent.number,
            part: lent.part,
            of: self.limit,
            given: lent.given,
            void: lent.void,
            short_ms: None,
        })
    }

    /// The limit as it was last told.
    #[cfg(test)]
    pub(super) fn limit(&self) -> Capacity {
        self.limit
    }

    /// What each gateway may have.
    #[cfg(test)]
    pub(super) fn bounds(&self) -> Vec<Capacity> {
        self.shares.iter().map(|lent| lent.bound).collect()
    }

    /// Whether nobody has anything and nothing was used lately: it is as if it had never been.
    pub fn is_over(&self) -> bool {
        let full = |kind: usize| {
            let limit = self.limit.rates.get(kind).copied().unwrap_or_default();
            let pool = self.pools.get(kind).copied().unwrap_or_default();
            limit.whole(&pool) >= i64::try_from(limit.capacity).unwrap_or(i64::MAX)
        };
        self.shares.is_empty() && (0..RATES).all(full)
    }

    /// Lets go of shares that have expired, and fills up what was gained since.
    pub fn bring_up(&mut self, peers: &impl Peers, now: Timestamp) {
        self.refill(None, now);
        self.drop_expired(peers);
        self.note_slowest(true);
    }

    /// Notes the rate of what is not lent; `anew` where all was counted that has come in.
    fn note_slowest(&mut self, anew: bool) {
        for kind in 0..RATES {
            let rate = self.pool_bucket(kind).rate;
            if let Some(slowest) = self.slowest.get_mut(kind) {
                *slowest = if anew { rate } else { rate.min(*slowest) };
            }
        }
    }

    fn drop_expired(&mut self, peers: &impl Peers) {
        self.shares
            .retain(|lent| peers.has(&lent.gateway, lent.epoch));
    }

    /// Whether a need is of another limit that goes before the one in force.
    fn is_newer(&self, need: &Need) -> bool {
        need.limit != self.limit && need.revision >= self.revision
    }

    /// Fills up what was gained. Where another limit is `next`, it is so since a moment that is not known
    /// here: then by the lower one.
    fn refill(&mut self, next: Option<Capacity>, now: Timestamp) {
        let next = next.unwrap_or(self.limit);
        for kind in 0..RATES {
            let of = |capacity: &Capacity| capacity.rates.get(kind).copied().unwrap_or_default();
            let bucket = self.pool_bucket(kind);
            let mut bucket = bucket.scaled(of(&next), of(&self.limit)).min(bucket);
            bucket.rate = bucket
                .rate
                .min(self.slowest.get(kind).copied().unwrap_or(0));
            if let Some(pool) = self.pools.get_mut(kind) {
                bucket.refill(pool, now);
            }
        }
    }

    /// The bucket of what is not lent.
    pub(super) fn pool_bucket(&self, kind: usize) -> Bucket {
        let of = |capacity: &Capacity| capacity.rates.get(kind).copied().unwrap_or_default();
        let lent = self.shares.iter().map(|lent| of(&lent.bound));
        lent.fold(of(&self.limit), |left, part| Bucket {
            rate: left.rate.saturating_sub(part.rate),
            capacity: left.capacity.saturating_sub(part.capacity),
        })
    }

    /// Whole units of the pool.
    pub(super) fn in_pool(&self, kind: usize) -> i64 {
        let pool = self.pools.get(kind).copied().unwrap_or_default();
        self.pool_bucket(kind).whole(&pool)
    }

    /// Takes `units`, which must be there, from the pool.
    pub(super) fn draw(&mut self, kind: usize, units: i64) {
        let bucket = self.pool_bucket(kind);
        if let Some(pool) = self.pools.get_mut(kind) {
            bucket.lend(pool, units);
        }
    }

    /// Puts `units` back into the pool, as many as there is room for, or takes some where negative.
    fn put_back(&mut self, kind: usize, units: i64) {
        let bucket = self.pool_bucket(kind);
        if let Some(pool) = self.pools.get_mut(kind) {
            bucket.correct(pool, units);
        }
    }

    /// What the pool has no room for any more is gone.
    pub(super) fn clip(&mut self, kind: usize) {
        let bucket = self.pool_bucket(kind);
        if let Some(pool) = self.pools.get_mut(kind) {
            pool.parts = bucket.at_most(pool.parts);
        }
    }

    /// Another limit: shares become the same parts of it. A limit of an older policy is none.
    fn set_limit(&mut self, limit: Capacity, revision: u64, now: Timestamp) {
        let most = Bucket {
            rate: MAX_RATE,
            capacity: MAX_RATE,
        };
        let most = Capacity {
            rates: [most; RATES],
            slots: MAX_RATE,
        };
        let limit = limit.min(most);
        if limit == self.limit || revision < self.revision {
            return;
        }
        let before = self.limit;
        self.revision = revision;
        self.limit = limit;
        for lent in &mut self.shares {
            lent.part = lent.part.scaled(limit, before).min(limit);
            lent.bound = lent.bound.scaled(limit, before).min(limit);
            lent.number = lent.number.saturating_add(1);
            lent.void_what_is_on_its_way(limit, before);
        }
        for kind in 0..RATES {
            let new = before.rates.get(kind).is_none_or(|part| part.capacity == 0);
            if let Some(pool) = self.pools.get_mut(kind)
                && new
            {
                *pool = BucketState {
                    parts: i64::MAX,
                    at: now,
                };
            }
            self.clip(kind);
        }
    }

    /// Notes what a gateway says. Where it is, in the list of shares.
    fn enter(&mut self, gateway: &str, epoch: u64, report: &Report, now: Timestamp) -> usize {
        let found = self.shares.iter().position(|lent| lent.gateway == gateway);
        let at = found.unwrap_or_else(|| {
            let fresh = Lent {
                gateway: gateway.to_owned(),
                epoch,
                life: now.nanos().max(report.life.saturating_add(1)),
                ..Lent::default()
            };
            self.shares.push(fresh);
            self.shares.len().saturating_sub(1)
        });
        let back = self.shares.get_mut(at).map(|lent| lent.hear(epoch, report));
        for (kind, back) in back.unwrap_or_default().into_iter().enumerate() {
            self.put_back(kind, back);
        }
        at
    }
}

pub(super) fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}
