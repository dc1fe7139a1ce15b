//! What an upstream's record has to do with this gateway's share of its limit.

use super::in_force::InForce;
use super::record::{Kind, UpstreamRecord, clamp};
use super::{Demand, PARTS};
use crate::admission::{Basis, Terms};
use crate::bucket::BucketState;
use crate::gateway_share::{Amounts, Holding, Need, RATES, Report, Share, ShareTerm, Stock};
use crate::store::{SharedStore, update};
use crate::timestamp::Timestamp;

/// How scopes of upstreams begin.
const PREFIX: &str = "upstream:";

/// Whether a scope is an upstream.
pub fn is_upstream(scope: &str) -> bool {
    scope.starts_with(PREFIX)
}

/// Changes what this gateway knows of its share of an upstream's limit, in the record of `scope`. What it
/// then is; `None` if the record is never free.
pub fn change_share<S: SharedStore, T>(
    store: &mut S,
    scope: &str,
    mut with: impl FnMut(&mut UpstreamShare<'_>) -> T,
) -> Option<(Holding, T)> {
    let name = scope.strip_prefix(PREFIX)?;
    let changed = update(store, &format!("upstream/{name}"), |bytes| {
        let before = UpstreamRecord::decode(bytes);
        let mut record = before.clone();
        let done = with(&mut UpstreamShare(&mut record));
        let holding = record.holding;
        ((record != before).then(|| record.encode()), (holding, done))
    });
    changed.ok()
}

/// A gateway's share of an upstream's limit, with what is in its record.
pub struct UpstreamShare<'a>(&'a mut UpstreamRecord);

impl UpstreamShare<'_> {
    /// The number of its last change.
    pub fn number(&self) -> u64 {
        self.0.holding.number
    }

    /// Takes over what the service answers to what was `asked`.
    pub fn accept(
        &mut self,
        share: &Share,
        asked: Option<&Report>,
        term: ShareTerm,
        now: Timestamp,
    ) {
        let before = self.0.holding;
        let mut holding = before;
        self.with_stocks(|stocks| holding.accept(share, asked, term, stocks, now));
        if holding.life() != before.life() {
            // What members had is of another share.
            for member in &mut self.0.members {
                (member.requests, member.tokens) = (0, 0);
            }
            self.0.at = now;
        }
        self.0.holding = holding;
        self.cut();
    }

    /// Measures demand, gives back what is not needed, and says what the service is to be told of it.
    pub fn review(&mut self, scope: &str, several: bool, now: Timestamp) -> Option<Report> {
        let mut holding = self.0.holding;
        let report = self.with_stocks(|stocks| {
            holding.review(stocks, 0, several, now);
            holding.report(scope, stocks, 0)
        });
        self.0.holding = holding;
        self.cut();
        report
    }

    /// A report was taken in.
    pub fn told(&mut self, report: &Report) {
        self.0.holding.told(report);
    }

    /// The pool is the stock, and members have what workers have elsewhere.
    fn with_stocks<T>(&mut self, with: impl FnOnce(&mut [Stock<'_>; RATES]) -> T) -> T {
        let owned = |kind: Kind| clamp(self.0.owned(kind).max(0).div_euclid(PARTS));
        let lent = [owned(Kind::Requests), owned(Kind::Tokens)];
        let at = self.0.at;
        let [mut requests, mut tokens] =
            [self.0.requests, self.0.tokens].map(|parts| BucketState { parts, at });
        let [of_requests, of_tokens] = lent;
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
        (self.0.requests, self.0.tokens) = (requests.parts, tokens.parts);
        self.0.at = requests.at.max(tokens.at);
        done
    }

    /// What members have beyond the share's capacity is gone.
    fn cut(&mut self) {
        let [requests, tokens] = self.0.holding.part.rates;
        for (kind, part) in [(Kind::Requests, requests), (Kind::Tokens, tokens)] {
            self.0.cut(kind, super::record::parts_of(part.capacity));
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
    let mut upstream = UpstreamShare(&mut record);
    let report = upstream.with_stocks(|stocks| holding.ask(&scope, need, stocks, 0));
    Some(Box::new(report))
}
