//! What an upstream's record has to do with this gateway's share of its limit.

use super::in_force::InForce;
use super::record::{Kind, UpstreamRecord, clamp, parts_of};
use super::{Demand, PARTS};
use crate::admission::Terms;
use crate::bucket::BucketState;
use crate::epoch_sum::Epochs;
use crate::gateway_share::{
    Amounts, Basis, Holding, HoldsShare, Need, RATES, Report, Share, ShareTerm, Stock,
};
use crate::store::{SharedStore, update};
use crate::timestamp::Timestamp;

/// How scopes of upstreams begin.
const PREFIX: &str = "upstream:";

/// Whether a scope is an upstream.
pub fn is_upstream(scope: &str) -> bool {
    scope.starts_with(PREFIX)
}

/// Changes the record of an upstream: what `with` does of it. `None` if the record is never free.
pub fn change_upstream<S: SharedStore, T>(
    store: &mut S,
    scope: &str,
    mut with: impl FnMut(&mut dyn HoldsShare) -> T,
) -> Option<T> {
    let name = scope.strip_prefix(PREFIX)?;
    let changed = update(store, &format!("upstream/{name}"), |bytes| {
        let before = UpstreamRecord::decode(bytes);
        let mut record = before.clone();
        let done = with(&mut record);
        ((record != before).then(|| record.encode()), done)
    });
    changed.ok()
}

impl HoldsShare for UpstreamRecord {
    fn holding(&mut self) -> &mut Holding {
        &mut self.holding
    }

    fn accept(&mut self, share: &Share, asked: Option<&Report>, term: ShareTerm, now: Timestamp) {
        if (share.epoch, share.life) > self.holding.life() {
            self.gather();
        }
        let mut holding = self.holding;
        self.with_stocks(|stocks| holding.accept(share, asked, term, stocks, now));
        self.holding = holding;
        self.cut_to_share();
    }

    fn review(&mut self, scope: &str, several: bool, _: Epochs, now: Timestamp) -> Option<Report> {
        let mut holding = self.holding;
        let report = self.with_stocks(|stocks| {
            holding.review(stocks, 0, several, now);
            holding.report(scope, stocks, 0)
        });
        self.holding = holding;
        self.cut_to_share();
        report
    }
}

impl UpstreamRecord {
    /// What the pool has beside all debts is the stock, and members have what workers have elsewhere.
    fn with_stocks<T>(&mut self, with: impl FnOnce(&mut [Stock<'_>; RATES]) -> T) -> T {
        let kinds = [Kind::Requests, Kind::Tokens];
        let free = kinds.map(|kind| clamp(self.free(kind)));
        let [of_requests, of_tokens] = kinds.map(|kind| {
            let there = i128::from(self.pool(kind)).saturating_add(self.owned(kind));
            let lent = there.saturating_sub(self.free(kind));
            clamp(lent.div_euclid(PARTS))
        });
        let at = self.at;
        let [mut requests, mut tokens] = free.map(|parts| BucketState { parts, at });
        let done = with(&mut [
            Stock {
                state: &mut requests,
                lent: of_requests,
            },
            Stock {
                state: &mut tokens,
                lent: of_tokens,
            },
        ]);
        let after = [requests.parts, tokens.parts];
        for ((kind, before), after) in kinds.into_iter().zip(free).zip(after) {
            let pool = self.pool_mut(kind);
            *pool = pool.saturating_add(after.saturating_sub(before));
        }
        self.at = requests.at.max(tokens.at);
        done
    }

    /// Puts back into the pool what members own, or owe: a new share begins.
    fn gather(&mut self) {
        for kind in [Kind::Requests, Kind::Tokens] {
            let all = self.owned(kind).saturating_add(i128::from(self.pool(kind)));
            *self.pool_mut(kind) = clamp(all);
            for member in &mut self.members {
                *member.own_mut(kind) = 0;
            }
        }
    }

    /// What there is beyond the share's capacity is gone.
    fn cut_to_share(&mut self) {
        let [requests, tokens] = self.holding.part.rates;
        for (kind, part) in [(Kind::Requests, requests), (Kind::Tokens, tokens)] {
            self.cut(kind, parts_of(part.capacity));
        }
    }
}

/// What the service is asked for where this gateway's share of an upstream is used up. `None` where it is
/// not, or it was asked a moment ago.
pub(super) fn ask(
    record: &UpstreamRecord,
    demand: &Demand,
    in_force: InForce,
    terms: Terms,
    now: Timestamp,
) -> Option<Box<Report>> {
    let sharing = terms.sharing?;
    let limit = InForce::whole(&demand.upstream).capacity();
    let there = |kind: Kind| {
        let parts = record
            .owned(kind)
            .saturating_add(i128::from(record.pool(kind)));
        match in_force.basis {
            Basis::Nothing => 0,
            Basis::Whole | Basis::Part => clamp(parts.div_euclid(PARTS)),
        }
    };
    let [of_requests, of_tokens] = limit.rates;
    let units = Amounts {
        rates: [
            u64::from(of_requests.rate > 0),
            demand.tokens.min(of_tokens.capacity),
        ],
        slots: 0,
    };
    let has = [there(Kind::Requests), there(Kind::Tokens)];
    let lacks = |(units, has): (u64, i64)| i64::try_from(units).unwrap_or(i64::MAX) > has;
    let is_dry = in_force.basis == Basis::Part && now < record.holding.dry_until;
    let is_lacking = units.rates.into_iter().zip(has).any(lacks);
    if in_force.basis == Basis::Whole || is_dry || !is_lacking {
        return None;
    }
    let need = Need {
        limit,
        revision: sharing.revision,
        units,
        has,
    };
    let mut record = record.clone();
    let holding = record.holding;
    let scope = demand.upstream.scope();
    let report = record.with_stocks(|stocks| holding.ask(&scope, need, stocks, 0));
    Some(Box::new(report))
}
