//! Taking from an upstream's record, and correcting what was taken.

use super::deal::{Rate, part};
use super::in_force::InForce;
use super::record::{Kind, UpstreamRecord, clamp, parts_of};
use super::{Asker, Demand, PARTS};
use crate::admission::{LONGEST_WAIT, RateKind};
use crate::timestamp::Timestamp;
use core::time::Duration;

/// What comes in is dealt once a millisecond and rounded down: a share is there so much later.
const DEALING: Duration = Duration::from_millis(2);

/// Why an upstream's limit refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareDenial {
    /// Requests or tokens.
    pub kind: RateKind,
    /// The upstream's limit, a minute.
    pub limit: u64,
    /// What of it is the namespace's, a minute, as long as no others come.
    pub share: u64,
    /// When its share covers the same request, whatever others do.
    pub wait: Duration,
}

/// Where the tokens of one request came from, in parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Drawn {
    own: i128,
    pool: i128,
}

impl Drawn {
    fn all(self) -> i128 {
        self.own.saturating_add(self.pool)
    }
}

impl UpstreamRecord {
    /// Takes one request and its tokens from a refilled record.
    ///
    /// # Errors
    /// The [`ShareDenial`]. Then nothing is taken, but from now on the namespace counts as one that
    /// asks: its share accrues, or it could wait for ever.
    pub(super) fn take(
        &mut self,
        demand: &Demand,
        limit: &InForce,
        now: Timestamp,
    ) -> Result<Drawn, ShareDenial> {
        let asker = demand.asker;
        self.enter(asker, now);
        let of_tokens = Rate::of(limit, Kind::Tokens);
        // Like any bucket, it cannot ask for more than it ever holds: the answer corrects that. (A gateway's
        // share may hold less: then it must grow.)
        let whole = Rate::of(&InForce::whole(&demand.upstream), Kind::Tokens);
        let tokens = whole.map_or(0, |rate| parts_of(demand.tokens).min(rate.for_members()));
        if let Some(member) = self.find(asker) {
            // Small requests in between do not make it forget at once what a large one wants.
            let faded = member.wants.saturating_sub(member.wants.div_ceil(8));
            member.wants = demand.tokens.max(faded);
        }
        let wanted = [
            (Kind::Requests, Rate::of(limit, Kind::Requests), PARTS),
            (Kind::Tokens, of_tokens, tokens),
        ];
        let mut denial: Option<ShareDenial> = None;
        let [mut of_requests, mut of_tokens] = [Drawn::default(); 2];
        for (kind, rate, need) in wanted {
            let Some(rate) = rate else { continue };
            match self.source(kind, rate, asker, need) {
                Some(drawn) if kind == Kind::Requests => of_requests = drawn,
                Some(drawn) => of_tokens = drawn,
                None => {
                    let new = self.denial(kind, rate, demand, need);
                    if denial.is_none_or(|old| new.wait > old.wait) {
                        denial = Some(new);
                    }
                }
            }
        }
        if let Some(denial) = denial {
            let member = self.find(asker);
            if let Some(member) = member.filter(|member| member.waiting == Timestamp::EPOCH) {
                member.waiting = now;
            }
            return Err(denial);
        }
        self.remove(Kind::Requests, asker, of_requests);
        self.remove(Kind::Tokens, asker, of_tokens);
        self.count_drawn(PARTS, of_tokens.all());
        if let Some(member) = self.find(asker) {
            member.newcomer = false.into();
            member.waiting = Timestamp::EPOCH;
        }
        Ok(of_tokens)
    }

    /// Why nothing is taken where this gateway has no share.
    pub(super) fn refuse(&mut self, demand: &Demand, now: Timestamp) -> ShareDenial {
        self.enter(demand.asker, now);
        let (kind, set) = match demand.upstream.requests_per_minute {
            Some(requests) => (RateKind::Requests, requests),
            None => (
                RateKind::Tokens,
                demand.upstream.tokens_per_minute.unwrap_or(0),
            ),
        };
        ShareDenial {
            kind,
            limit: set,
            share: set,
            wait: LONGEST_WAIT,
        }
    }

    /// Where `need` parts can come from: a member's own, then the pool but for its reserve; for a
    /// newcomer the reserve too, as an advance on what it will own.
    fn source(&mut self, kind: Kind, rate: Rate, asker: Asker, need: i128) -> Option<Drawn> {
        let free = self.free(kind);
        let member = self.find(asker)?;
        let own = i128::from(member.own(kind)).clamp(0, need);
        let missing = need.saturating_sub(own);
        if missing == 0 || missing <= free.saturating_sub(rate.reserve) {
            return Some(Drawn { own, pool: missing });
        }
        let advance = Drawn { own: need, pool: 0 };
        (member.newcomer.is_set() && missing <= free).then_some(advance)
    }

    fn remove(&mut self, kind: Kind, asker: Asker, drawn: Drawn) {
        let pool = i128::from(self.pool(kind)).saturating_sub(drawn.pool);
        *self.pool_mut(kind) = clamp(pool);
        if let Some(member) = self.find(asker) {
            let own = i128::from(member.own(kind)).saturating_sub(drawn.own);
            *member.own_mut(kind) = clamp(own);
        }
    }

    /// Counts the parts that were drawn, or put back where negative.
    fn count_drawn(&mut self, requests: i128, tokens: i128) {
        let drawn = self.holding.drawn.iter_mut();
        for (drawn, parts) in drawn.zip([requests, tokens]) {
            *drawn = drawn.saturating_add(clamp(parts.div_euclid(PARTS)));
        }
    }

    fn denial(&mut self, kind: Kind, rate: Rate, demand: &Demand, need: i128) -> ShareDenial {
        let all = self.weight();
        let set = match kind {
            Kind::Requests => demand.upstream.requests_per_minute,
            Kind::Tokens => demand.upstream.tokens_per_minute,
        };
        let set = i128::from(set.unwrap_or(0));
        let (own, weight) = self.find(demand.asker).map_or((0, 1), |member| {
            (i128::from(member.own(kind)), member.share)
        });
        // `missing` parts at `rate * weight / all` a nanosecond, rounded up.
        let missing = need.saturating_sub(own).max(0);
        let missing = u128::try_from(missing).unwrap_or_default();
        let shared = missing.saturating_mul(u128::from(all));
        let gained = rate.rate.saturating_mul(i128::from(weight)).max(1);
        let nanos = shared.div_ceil(u128::try_from(gained).unwrap_or(1));
        let tokens = |parts: i128| u64::try_from(parts).unwrap_or_default();
        // A gateway's share follows demand: the service will say more by then.
        let longest = match rate.rate < set {
            true => LONGEST_WAIT,
            false => Duration::MAX,
        };
        ShareDenial {
            kind: match kind {
                Kind::Requests => RateKind::Requests,
                Kind::Tokens => RateKind::Tokens,
            },
            limit: tokens(set),
            share: tokens(part(set, weight, all)).max(1),
            wait: Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
                .saturating_add(DEALING)
                .min(longest),
        }
    }

    /// Replaces the tokens that were `drawn` by those that were used, in a refilled record.
    pub(super) fn settle(
        &mut self,
        limit: &InForce,
        asker: Asker,
        drawn: Drawn,
        used: u64,
        now: Timestamp,
    ) {
        let Some(rate) = Rate::of(limit, Kind::Tokens) else {
            return;
        };
        let unused = drawn.all().saturating_sub(parts_of(used));
        self.count_drawn(0, unused.saturating_neg());
        if unused < 0 {
            self.charge_more(rate, asker, unused.saturating_neg(), now);
            return;
        }
        let to_pool = unused.min(drawn.pool);
        let room = rate
            .capacity
            .saturating_sub(self.owned(Kind::Tokens))
            .max(0);
        let to_own = unused.saturating_sub(to_pool).min(room);
        let pool = i128::from(self.tokens).saturating_add(to_pool);
        match self.find(asker) {
            Some(member) => {
                member.tokens = clamp(i128::from(member.tokens).saturating_add(to_own));
                self.tokens = clamp(pool);
            }
            None => self.tokens = clamp(pool.saturating_add(to_own)),
        }
        self.trim(Kind::Tokens, rate);
    }

    /// Charges what was not foreseen: to what the member owns, then to the pool but for its
    /// reserve, and what is left is a debt on its share.
    fn charge_more(&mut self, rate: Rate, asker: Asker, more: i128, now: Timestamp) {
        if self.enter(asker, now)
            && let Some(member) = self.find(asker)
        {
            member.newcomer = false.into();
        }
        let excess = self.free(Kind::Tokens).saturating_sub(rate.reserve).max(0);
        let own = self
            .find(asker)
            .map_or(0, |member| i128::from(member.tokens));
        let from_own = own.clamp(0, more);
        let pool = more.saturating_sub(from_own).min(excess);
        let own = more.saturating_sub(pool);
        self.remove(Kind::Tokens, asker, Drawn { own, pool });
    }
}
