//! The service: who lives, and what of one scope they have.

use super::setting::{SCOPE, TTL};
use crate::gateway_share::{Capacity, Division, Peers, RATES, Report, Share};
use crate::timestamp::Timestamp;
use core::time::Duration;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

const GRACE: Duration = Duration::from_secs(2);

/// The terms that the service has given.
#[derive(Debug, Default)]
pub(super) struct Terms {
    gateways: BTreeMap<String, (u64, Timestamp)>,
    pub(super) now: Timestamp,
}

impl Terms {
    fn renew(&mut self, gateway: &str) -> u64 {
        let now = self.now;
        let (epoch, until) = self.gateways.entry(gateway.to_owned()).or_default();
        if *until <= now {
            *epoch += 1;
        }
        *until = now.plus(TTL);
        *epoch
    }
}

impl Peers for Terms {
    fn has(&self, gateway: &str, epoch: u64) -> bool {
        let term = self.gateways.get(gateway);
        term.is_some_and(|(current, until)| *current == epoch && self.now < until.plus(GRACE))
    }

    fn count(&self) -> u64 {
        let alive = self
            .gateways
            .values()
            .filter(|(_, until)| self.now < until.plus(GRACE));
        alive.count() as u64
    }
}

/// The service as far as one scope goes.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) terms: Terms,
    division: Division,
    /// Which gateways are to be told of changes.
    changed: BTreeSet<String>,
    /// Reports taken in: each is a row of the database that is written.
    pub(super) writes: u64,
    /// Whether the bytes of messages are counted, which takes time.
    pub(super) counts_bytes: bool,
    /// Bytes of reports and of answers to them.
    pub(super) bytes: u64,
}

impl Service {
    /// Takes in what a gateway says: its term, and what it is told.
    pub(super) fn receive(&mut self, name: &str, report: Option<&Report>) -> (u64, Vec<Share>) {
        let epoch = self.terms.renew(name);
        let mut shares = Vec::new();
        if let Some(report) = report {
            self.count(report);
            let now = self.terms.now;
            let outcome = self.division.receive(name, epoch, report, &self.terms, now);
            self.writes += 1;
            self.changed.extend(outcome.changed);
            if outcome.confirmed {
                self.changed.remove(name);
            } else {
                self.changed.insert(name.to_owned());
            }
            shares.extend(outcome.share);
            self.check_sums();
        } else if self.changed.contains(name) {
            shares.extend(self.division.share_of(SCOPE, name));
        }
        for share in &shares {
            self.count(share);
        }
        (epoch, shares)
    }

    fn count(&mut self, message: &impl Serialize) {
        if self.counts_bytes {
            self.bytes += serde_json::to_vec(message).unwrap().len() as u64;
        }
    }

    /// The limit that the service knows.
    pub(super) fn limit(&self) -> Capacity {
        self.division.limit()
    }

    /// What is lent is never more than the limit.
    fn check_sums(&self) {
        let bounds = self.division.bounds();
        // Until one of them asks, the service has an older limit.
        let limit = self.division.limit();
        for kind in 0..RATES {
            let rate: u64 = bounds.iter().map(|bound| bound.rates[kind].rate).sum();
            let capacity: u64 = bounds.iter().map(|bound| bound.rates[kind].capacity).sum();
            assert!(rate <= limit.rates[kind].rate, "{rate} of {limit:?}");
            assert!(
                capacity <= limit.rates[kind].capacity,
                "{capacity} of {limit:?}"
            );
        }
        assert!(bounds.iter().map(|bound| bound.slots).sum::<u64>() <= limit.slots);
    }
}
