//! A gateway that uses a scope: it decides by its share alone, and asks where that is used up.

use super::setting::SCOPE;
use crate::bucket::BucketState;
use crate::gateway_share::{
    Amounts, Basis, Capacity, Holding, Need, RATES, Report, ShareTerm, Stock,
};
use crate::timestamp::Timestamp;
use core::time::Duration;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) name: String,
    /// How far its clock is ahead, in seconds.
    pub(super) ahead: u64,
    pub(super) term: ShareTerm,
    pub(super) holding: Holding,
    pub(super) buckets: [BucketState; RATES],
    /// When those in flight end, the first one first.
    pub(super) in_flight: VecDeque<Timestamp>,
    pub(super) several: bool,
    pub(super) next_review: Timestamp,
    pub(super) synced_at: Timestamp,
    pub(super) asking: Timestamp,
    /// Requests a minute it is asked for.
    pub(super) demand: u64,
    pub(super) due: f64,
    /// The next request comes when so many are due.
    pub(super) next: f64,
    pub(super) served: u64,
    pub(super) refused: u64,
    pub(super) cut_off: bool,
}

pub(super) fn stocks(buckets: &mut [BucketState; RATES]) -> [Stock<'_>; RATES] {
    let [requests, tokens] = buckets;
    [requests, tokens].map(|state| Stock { state, lent: 0 })
}

impl Gateway {
    /// One that has nothing yet. Its clock is `ahead` by so many seconds.
    pub(super) fn new(name: String, ahead: u64, next_review: Timestamp, demand: u64) -> Gateway {
        Gateway {
            name,
            ahead,
            term: ShareTerm::default(),
            holding: Holding::default(),
            buckets: [BucketState::default(); RATES],
            in_flight: VecDeque::new(),
            several: false,
            next_review,
            synced_at: Timestamp::EPOCH,
            asking: Timestamp::EPOCH,
            demand,
            due: 0.0,
            next: 1.0,
            served: 0,
            refused: 0,
            cut_off: false,
        }
    }

    pub(super) fn clock(&self, now: Timestamp) -> Timestamp {
        now.plus(Duration::from_secs(self.ahead))
    }

    /// Serves a request from the share. `Err`: it is refused, and perhaps the service is to be asked.
    pub(super) fn take(
        &mut self,
        limit: Capacity,
        revision: u64,
        tokens: u64,
        now: Timestamp,
    ) -> Result<(), Option<Box<Report>>> {
        let local = self.clock(now);
        let (basis, part) = self.holding.in_force(limit, self.term, local);
        let in_force = basis != Basis::Nothing;
        let part = if in_force { part } else { Capacity::default() };
        let units = [1, tokens];
        let mut has = [0; RATES];
        let mut is_covered = limit.slots == 0 || (self.in_flight.len() as u64) < part.slots;
        let needs_slot = !is_covered;
        for kind in 0..RATES {
            if limit.rates[kind].rate == 0 {
                continue;
            }
            let bucket = part.rates[kind];
            if in_force {
                bucket.refill(&mut self.buckets[kind], local);
                has[kind] = bucket.whole(&self.buckets[kind]);
            }
            is_covered &= has[kind] >= i64::try_from(units[kind]).unwrap();
        }
        if is_covered {
            for (kind, units) in units.into_iter().enumerate() {
                if limit.rates[kind].rate > 0 {
                    let units = i64::try_from(units).unwrap();
                    part.rates[kind].lend(&mut self.buckets[kind], units);
                    self.holding.drawn[kind] += units;
                }
            }
            self.holding.peak = self.holding.peak.max(self.in_flight.len() as u64 + 1);
            return Ok(());
        }
        if now < self.asking || (in_force && local < self.holding.dry_until) {
            return Err(None);
        }
        let rated = |kind: usize| {
            if limit.rates[kind].rate == 0 {
                0
            } else {
                units[kind]
            }
        };
        let need = Need {
            limit,
            revision,
            units: Amounts {
                rates: [rated(0), rated(1)],
                slots: u64::from(needs_slot),
            },
            has,
        };
        let in_flight = self.in_flight.len() as u64;
        let stocks = stocks(&mut self.buckets);
        Err(Some(Box::new(
            self.holding.ask(SCOPE, need, &stocks, in_flight),
        )))
    }
}
