//! One scope, its service and its gateways, in simulated time: messages are late, lost and repeated,
//! gateways are killed and cut off, and their clocks are wrong.

use crate::bucket::{Bucket, BucketState};
use crate::gateway_share::{
    Amounts, Basis, Capacity, Division, Holding, Need, Peers, RATES, Report, Share, ShareTerm,
    Stock,
};
use crate::timestamp::Timestamp;
use core::time::Duration;
use std::collections::BTreeMap;

pub(super) const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const TTL: Duration = Duration::from_secs(5);
const GRACE: Duration = Duration::from_secs(2);
const SYNC: Duration = Duration::from_secs(1);
const REVIEW: Duration = Duration::from_millis(500);
const SCOPE: &str = "key:1";

/// xorshift64* (Marsaglia, 2003; Vigna, 2016).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(super) fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What is limited, and how it is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) limit: Capacity,
    /// Tokens of a request.
    pub(super) tokens: u64,
    /// Percent of messages that are lost.
    pub(super) loss: u64,
    /// The longest a message takes.
    pub(super) delay: Duration,
    /// How long a request is in flight.
    pub(super) lasts: Duration,
}

impl Setting {
    pub(super) fn requests(rate: u64) -> Setting {
        Setting {
            limit: Capacity {
                rates: [
                    Bucket {
                        rate,
                        capacity: rate,
                    },
                    Bucket::default(),
                ],
                slots: 0,
            },
            tokens: 0,
            loss: 0,
            delay: Duration::from_millis(5),
            lasts: Duration::from_millis(300),
        }
    }
}

#[derive(Debug)]
enum Message {
    Sync {
        report: Option<Report>,
        asked_at: Timestamp,
    },
    Ask {
        report: Report,
        asked_at: Timestamp,
    },
    Answer {
        shares: Vec<Share>,
        epoch: u64,
        asked_at: Timestamp,
        told: Option<Report>,
    },
}

#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) name: String,
    /// How far its clock is ahead, in seconds.
    ahead: u64,
    term: ShareTerm,
    holding: Holding,
    buckets: [BucketState; RATES],
    in_flight: Vec<Timestamp>,
    several: bool,
    next_review: Timestamp,
    synced_at: Timestamp,
    asking: Timestamp,
    /// Requests a minute it is asked for.
    pub(super) demand: u64,
    due: f64,
    pub(super) served: u64,
    pub(super) refused: u64,
    pub(super) cut_off: bool,
}

/// The terms that the service has given.
#[derive(Debug, Default)]
struct Terms {
    gateways: BTreeMap<String, (u64, Timestamp)>,
    now: Timestamp,
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

pub(super) struct World {
    pub(super) setting: Setting,
    pub(super) now: Timestamp,
    pub(super) gateways: Vec<Gateway>,
    pub(super) random: Random,
    /// The revision of the policy, which all gateways have at once.
    revision: u64,
    terms: Terms,
    division: Division,
    /// Which gateways are to be told of changes.
    changed: Vec<String>,
    mail: Vec<(Timestamp, String, Message)>,
    made: u64,
    /// One bucket as it would be without gateways: it must never be overdrawn.
    judges: [BucketState; RATES],
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) writes: u64,
}

impl World {
    pub(super) fn new(setting: Setting, seed: u64) -> World {
        let mut world = World {
            setting,
            now: START,
            gateways: Vec::new(),
            random: Random(seed.wrapping_mul(2) | 1),
            revision: 1,
            terms: Terms::default(),
            division: Division::default(),
            changed: Vec::new(),
            mail: Vec::new(),
            made: 0,
            judges: [BucketState::default(); RATES],
            messages: 0,
            bytes: 0,
            writes: 0,
        };
        for (part, judge) in setting.limit.rates.iter().zip(&mut world.judges) {
            part.refill(judge, START);
        }
        world
    }

    pub(super) fn add(&mut self, demand: u64) -> usize {
        self.made += 1;
        let phase = Duration::from_millis(self.random.below(1_000));
        self.gateways.push(Gateway {
            name: format!("gateway-{}", self.made),
            ahead: self.random.below(100_000),
            term: ShareTerm::default(),
            holding: Holding::default(),
            buckets: [BucketState::default(); RATES],
            in_flight: Vec::new(),
            several: false,
            next_review: self.now.plus(phase),
            synced_at: Timestamp::EPOCH,
            asking: Timestamp::EPOCH,
            demand,
            due: 0.0,
            served: 0,
            refused: 0,
            cut_off: false,
        });
        self.gateways.len() - 1
    }

    /// Kills a gateway: another of its place starts with nothing.
    pub(super) fn kill(&mut self, at: usize) {
        let demand = self.gateways[at].demand;
        let fresh = self.add(demand);
        self.gateways.swap_remove(at);
        assert!(fresh >= self.gateways.len() - 1);
    }

    /// Sets other rates, which every gateway knows at once.
    pub(super) fn set_rate(&mut self, rate: u64) {
        self.revision += 1;
        let now = self.now;
        let rates = self.setting.limit.rates.iter_mut();
        for (part, judge) in rates.zip(&mut self.judges) {
            part.refill(judge, now);
            if part.rate > 0 {
                *part = Bucket {
                    rate,
                    capacity: part.capacity.min(rate),
                };
            }
            judge.parts = part.at_most(judge.parts);
        }
    }

    /// Lets time pass, and says how many requests were served.
    pub(super) fn run(&mut self, time: Duration) -> u64 {
        const STEP: Duration = Duration::from_millis(10);
        let before: u64 = self.gateways.iter().map(|gateway| gateway.served).sum();
        let end = self.now.plus(time);
        while self.now < end {
            self.now = self.now.plus(STEP);
            self.terms.now = self.now;
            self.deliver();
            for at in 0..self.gateways.len() {
                self.sync(at);
                self.serve(at, STEP);
            }
        }
        let after: u64 = self.gateways.iter().map(|gateway| gateway.served).sum();
        after - before
    }

    fn send(&mut self, gateway: &str, cut_off: bool, message: Message) {
        self.messages += 1;
        if cut_off || self.random.happens(self.setting.loss) {
            return;
        }
        let delay = u64::try_from(self.setting.delay.as_millis()).unwrap();
        let at = |world: &mut World| {
            world
                .now
                .plus(Duration::from_millis(1 + world.random.below(delay)))
        };
        let due = at(self);
        self.mail.push((due, gateway.to_owned(), message));
    }

    fn deliver(&mut self) {
        let now = self.now;
        let due: Vec<_> = self.mail.extract_if(.., |(at, _, _)| *at <= now).collect();
        for (_, name, message) in due {
            match message {
                Message::Sync { report, asked_at } => self.receive(&name, report, asked_at),
                Message::Ask { report, asked_at } => self.receive(&name, Some(report), asked_at),
                Message::Answer {
                    shares,
                    epoch,
                    asked_at,
                    told,
                } => {
                    self.answered(&name, &shares, epoch, asked_at, told);
                }
            }
        }
    }

    fn receive(&mut self, name: &str, report: Option<Report>, asked_at: Timestamp) {
        let epoch = self.terms.renew(name);
        let mut shares = Vec::new();
        if let Some(report) = &report {
            self.bytes += serde_json::to_vec(report).unwrap().len() as u64;
            let outcome = self
                .division
                .receive(name, epoch, report, &self.terms, self.now);
            self.writes += 1;
            self.changed.extend(outcome.changed);
            if outcome.confirmed {
                self.changed.retain(|other| other != name);
            } else {
                self.changed.push(name.to_owned());
            }
            shares.extend(outcome.share);
        } else if self.changed.iter().any(|other| other == name) {
            shares.extend(self.division.share_of(SCOPE, name));
        }
        self.bytes += shares
            .iter()
            .map(|share| serde_json::to_vec(share).unwrap().len() as u64)
            .sum::<u64>();
        self.check_sums();
        let cut_off = self
            .gateways
            .iter()
            .any(|gateway| gateway.name == name && gateway.cut_off);
        self.send(
            name,
            cut_off,
            Message::Answer {
                shares,
                epoch,
                asked_at,
                told: report,
            },
        );
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

    fn answered(
        &mut self,
        name: &str,
        shares: &[Share],
        epoch: u64,
        asked_at: Timestamp,
        told: Option<Report>,
    ) {
        let several = self.terms.count() > 1;
        let Some(gateway) = self
            .gateways
            .iter_mut()
            .find(|gateway| gateway.name == name)
        else {
            return;
        };
        gateway.several = several;
        gateway.term = gateway.term.renewed(epoch, asked_at, TTL);
        if let Some(told) = &told
            && told.need.is_none()
        {
            gateway.holding.told(told);
        }
        let now = gateway.clock(self.now);
        let number = gateway.holding.number;
        for share in shares {
            let term = gateway.term;
            let Gateway {
                holding, buckets, ..
            } = gateway;
            holding.accept(share, told.as_ref(), term, &mut stocks(buckets), now);
        }
        // What was given up is told at once: somebody waits for it.
        if gateway.holding.number != number {
            gateway.next_review = gateway
                .next_review
                .min(self.now.plus(Duration::from_millis(10)));
        }
        gateway.asking = Timestamp::EPOCH;
    }

    fn sync(&mut self, at: usize) {
        let now = self.now;
        let gateway = &mut self.gateways[at];
        if now < gateway.next_review {
            return;
        }
        gateway.next_review = now.plus(REVIEW);
        let local = gateway.clock(now);
        let in_flight = gateway.in_flight.len() as u64;
        let Gateway {
            holding,
            buckets,
            several,
            ..
        } = gateway;
        holding.review(&mut stocks(buckets), in_flight, *several, local);
        let report = holding.report(SCOPE, &stocks(buckets), in_flight);
        // Half a second is not over time where there is nothing to say.
        if report.is_none() && now.since(gateway.synced_at) < SYNC {
            return;
        }
        gateway.synced_at = now;
        let (name, cut_off) = (gateway.name.clone(), gateway.cut_off);
        self.send(
            &name,
            cut_off,
            Message::Sync {
                report,
                asked_at: local,
            },
        );
    }

    fn serve(&mut self, at: usize, step: Duration) {
        let now = self.now;
        let revision = self.revision;
        let (limit, tokens, lasts) = (self.setting.limit, self.setting.tokens, self.setting.lasts);
        let gateway = &mut self.gateways[at];
        gateway.in_flight.retain(|ends| *ends > now);
        gateway.due += gateway.demand as f64 * step.as_secs_f64() / 60.0;
        while gateway.due >= 1.0 {
            gateway.due -= 1.0;
            match gateway.take(limit, revision, tokens, now) {
                Ok(()) => {
                    gateway.served += 1;
                    gateway.in_flight.push(now.plus(lasts));
                    for (kind, units) in [1, tokens].into_iter().enumerate() {
                        let part = limit.rates[kind];
                        if part.rate == 0 {
                            continue;
                        }
                        part.refill(&mut self.judges[kind], now);
                        assert_eq!(
                            part.take(&mut self.judges[kind], units),
                            Ok(()),
                            "above the limit"
                        );
                    }
                }
                Err(ask) => {
                    gateway.refused += 1;
                    if let Some(report) = ask {
                        gateway.asking = now.plus(Duration::from_millis(500));
                        let (name, cut_off) = (gateway.name.clone(), gateway.cut_off);
                        let asked_at = gateway.clock(now);
                        self.send(
                            &name,
                            cut_off,
                            Message::Ask {
                                report: *report,
                                asked_at,
                            },
                        );
                        break;
                    }
                }
            }
        }
        let in_flight: usize = self
            .gateways
            .iter()
            .map(|gateway| gateway.in_flight.len())
            .sum();
        assert!(
            limit.slots == 0 || in_flight as u64 <= limit.slots,
            "{in_flight} in flight"
        );
    }
}

fn stocks(buckets: &mut [BucketState; RATES]) -> [Stock<'_>; RATES] {
    let [requests, tokens] = buckets;
    [requests, tokens].map(|state| Stock { state, lent: 0 })
}

impl Gateway {
    fn clock(&self, now: Timestamp) -> Timestamp {
        now.plus(Duration::from_secs(self.ahead))
    }

    /// Serves a request from the share. `Err`: it is refused, and perhaps the service is to be asked.
    fn take(
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
