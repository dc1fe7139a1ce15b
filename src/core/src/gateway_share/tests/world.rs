//! One scope, its service and its gateways, in simulated time: messages are late, lost and repeated,
//! gateways are killed and cut off, and their clocks are wrong.

use super::gateway::{Gateway, stocks};
use super::random::Random;
use super::service::Service;
use super::setting::{SCOPE, Setting, TTL};
use crate::bucket::{Bucket, BucketState};
use crate::gateway_share::{Peers, RATES, Report, Share};
use crate::timestamp::Timestamp;
use core::time::Duration;
use std::collections::BTreeMap;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const SYNC: Duration = Duration::from_secs(1);
const REVIEW: Duration = Duration::from_millis(500);

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

pub(super) struct World {
    pub(super) setting: Setting,
    pub(super) now: Timestamp,
    pub(super) gateways: Vec<Gateway>,
    pub(super) random: Random,
    /// The revision of the policy, which all gateways have at once.
    revision: u64,
    pub(super) service: Service,
    /// Where each gateway stands among them.
    places: BTreeMap<String, usize>,
    in_flight: usize,
    mail: Vec<(Timestamp, String, Message)>,
    made: u64,
    /// One bucket as it would be without gateways: it must never be overdrawn.
    judges: [BucketState; RATES],
    /// Reports that gateways have sent of their own accord.
    pub(super) reported: u64,
    /// Reports sent at once, because a request waited.
    pub(super) asked: u64,
}

impl World {
    pub(super) fn new(setting: Setting, seed: u64) -> World {
        let mut world = World {
            setting,
            now: START,
            gateways: Vec::new(),
            random: Random(seed.wrapping_mul(2) | 1),
            revision: 1,
            service: Service::default(),
            places: BTreeMap::new(),
            in_flight: 0,
            mail: Vec::new(),
            made: 0,
            judges: [BucketState::default(); RATES],
            reported: 0,
            asked: 0,
        };
        for (part, judge) in setting.limit.rates.iter().zip(&mut world.judges) {
            part.refill(judge, START);
        }
        world
    }

    pub(super) fn add(&mut self, demand: u64) -> usize {
        self.made += 1;
        // The same in each scope, since a gateway looks at all of its scopes at one time.
        let phase = Duration::from_millis(self.made * 379 % 1_000);
        let name = format!("gateway-{}", self.made);
        let ahead = self.random.below(100_000);
        let next_review = self.now.plus(phase);
        self.places.insert(name.clone(), self.gateways.len());
        self.gateways
            .push(Gateway::new(name, ahead, next_review, demand));
        self.gateways.len() - 1
    }

    /// Kills a gateway: another of its place starts with nothing.
    pub(super) fn kill(&mut self, at: usize) {
        let demand = self.gateways[at].demand;
        let fresh = self.add(demand);
        let killed = self.gateways.swap_remove(at);
        self.in_flight -= killed.in_flight.len();
        self.places.remove(&killed.name);
        self.places.insert(self.gateways[at].name.clone(), at);
        assert!(fresh >= self.gateways.len() - 1);
    }

    /// Sets other rates, which every gateway knows at once.
    pub(super) fn set_rate(&mut self, rate: u64) {
        self.revision += 1;
        let rates = self.setting.limit.rates.iter_mut();
        for (part, judge) in rates.zip(&mut self.judges) {
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
        let step = self.setting.step;
        let before: u64 = self.gateways.iter().map(|gateway| gateway.served).sum();
        let end = self.now.plus(time);
        while self.now < end {
            self.now = self.now.plus(step);
            self.service.terms.now = self.now;
            self.judge();
            self.deliver();
            for at in 0..self.gateways.len() {
                self.sync(at);
                self.serve(at, step);
            }
        }
        let after: u64 = self.gateways.iter().map(|gateway| gateway.served).sum();
        after - before
    }

    fn send(&mut self, gateway: &str, cut_off: bool, message: Message) {
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
        let (epoch, shares) = self.service.receive(name, report.as_ref());
        let cut_off = self
            .places
            .get(name)
            .is_some_and(|at| self.gateways[*at].cut_off);
        let answer = Message::Answer {
            shares,
            epoch,
            asked_at,
            told: report,
        };
        self.send(name, cut_off, answer);
    }

    fn answered(
        &mut self,
        name: &str,
        shares: &[Share],
        epoch: u64,
        asked_at: Timestamp,
        told: Option<Report>,
    ) {
        let several = self.service.terms.count() > 1;
        let Some(at) = self.places.get(name) else {
            return;
        };
        let gateway = &mut self.gateways[*at];
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
        self.reported += u64::from(report.is_some());
        self.send(
            &name,
            cut_off,
            Message::Sync {
                report,
                asked_at: local,
            },
        );
    }

    /// Fills up the judges. Until the service knows of a lower limit, it goes on to lend by the one it knows.
    fn judge(&mut self) {
        let known = self.service.limit();
        let limits = self.setting.limit.rates.into_iter().zip(known.rates);
        for ((mut limit, known), judge) in limits.zip(&mut self.judges) {
            limit.rate = limit.rate.max(known.rate);
            limit.refill(judge, self.now);
        }
    }

    fn serve(&mut self, at: usize, step: Duration) {
        let now = self.now;
        let revision = self.revision;
        let (limit, tokens, lasts) = (self.setting.limit, self.setting.tokens, self.setting.lasts);
        let gateway = &mut self.gateways[at];
        while gateway.in_flight.front().is_some_and(|ends| *ends <= now) {
            gateway.in_flight.pop_front();
            self.in_flight -= 1;
        }
        gateway.due += gateway.demand as f64 * step.as_secs_f64() / 60.0;
        while gateway.due >= gateway.next {
            gateway.due -= gateway.next;
            if self.setting.is_random {
                gateway.next = self.random.gap();
            }
            match gateway.take(limit, revision, tokens, now) {
                Ok(()) => {
                    gateway.served += 1;
                    gateway.in_flight.push_back(now.plus(lasts));
                    self.in_flight += 1;
                    for (kind, units) in [1, tokens].into_iter().enumerate() {
                        let part = limit.rates[kind];
                        if part.rate == 0 {
                            continue;
                        }
                        assert_eq!(
                            part.take(&mut self.judges[kind], units),
                            Ok(()),
                            "above the limit"
                        );
                    }
                }
                Err(ask) => {
                    gateway.refused += 1;
                    // So is what else comes at this moment.
                    gateway.due = 0.0;
                    if let Some(report) = ask {
                        gateway.asking = now.plus(Duration::from_millis(500));
                        let (name, cut_off) = (gateway.name.clone(), gateway.cut_off);
                        let asked_at = gateway.clock(now);
                        self.asked += 1;
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
        let in_flight = self.in_flight;
        assert!(
            limit.slots == 0 || in_flight as u64 <= limit.slots,
            "{in_flight} in flight"
        );
    }
}
