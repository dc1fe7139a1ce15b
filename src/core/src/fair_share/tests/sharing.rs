//! Several gateways use one upstream: together they never take more than its limit, and little is wasted.

use super::number;
use crate::admission::{Ask, Budgeting, Denied, Grants, RateTier, Sharing, Terms, WhenShort};
use crate::bucket::{Bucket, BucketState};
use crate::epoch_sum::Epochs;
use crate::fair_share::{
    Demand, NotAdmitted, UpstreamLimit, change_upstream, hold_request, is_upstream,
};
use crate::gateway_share::{Division, HoldsShare, Peers, Report, Share, ShareTerm};
use crate::money::Money;
use crate::store::fake::FakeStore;
use crate::timestamp::Timestamp;
use core::time::Duration;
use proptest::prelude::*;
use std::rc::Rc;

const SCOPE: &str = "upstream:openai";
const START: Timestamp = Timestamp::from_secs(1_800_000_000);

struct All(u64);

impl Peers for All {
    fn has(&self, _: &str, epoch: u64) -> bool {
        epoch == 1
    }

    fn count(&self) -> u64 {
        self.0
    }
}

struct World {
    limit: Rc<UpstreamLimit>,
    stores: Vec<FakeStore>,
    division: Division,
    changed: Vec<String>,
    now: Timestamp,
    /// Requests and tokens, as one bucket each would have them: they must never be overdrawn.
    judges: [(Option<Bucket>, BucketState); 2],
    served: u64,
}

impl World {
    fn new(gateways: usize, requests: Option<u64>, tokens: Option<u64>) -> World {
        let judge = |rate: Option<u64>| {
            let bucket = rate.map(|rate| Bucket {
                rate,
                capacity: rate,
            });
            (bucket, BucketState::default())
        };
        World {
            limit: Rc::new(UpstreamLimit {
                name: "openai".to_owned(),
                requests_per_minute: requests,
                tokens_per_minute: tokens,
            }),
            stores: (0..gateways).map(|_| FakeStore::default()).collect(),
            division: Division::default(),
            changed: Vec::new(),
            now: START,
            judges: [judge(requests), judge(tokens)],
            served: 0,
        }
    }

    fn name(gateway: usize) -> String {
        format!("gateway-{gateway}")
    }

    fn term(&self) -> ShareTerm {
        ShareTerm {
            epoch: 1,
            ends_at: Timestamp::FAR,
        }
    }

    /// What the service answers to a report, or tells without one.
    fn tell(&mut self, gateway: usize, report: Option<&Report>) {
        let (name, peers) = (Self::name(gateway), All(self.stores.len() as u64));
        let share: Option<Share> = match report {
            Some(report) => {
                let outcome = self.division.receive(&name, 1, report, &peers, self.now);
                self.changed.extend(outcome.changed);
                self.changed.retain(|other| *other != name);
                outcome.share
            }
            None if self.changed.contains(&name) => self.division.share_of(SCOPE, &name),
            None => None,
        };
        let Some(share) = share else { return };
        let (term, now) = (self.term(), self.now);
        change_upstream(&mut self.stores[gateway], SCOPE, |upstream| {
            if let Some(report) = report.filter(|report| report.need.is_none()) {
                upstream.holding().told(report);
            }
            upstream.accept(&share, report, term, now);
        });
    }

    fn sync(&mut self, gateway: usize) {
        let (now, several) = (self.now, self.stores.len() > 1);
        let store = &mut self.stores[gateway];
        let review = |one: &mut dyn HoldsShare| one.review(SCOPE, several, Epochs(60), now);
        let report = change_upstream(store, SCOPE, review).unwrap();
        self.tell(gateway, report.as_ref());
    }

    /// One request of a namespace at a gateway. Whether it was served.
    fn ask(&mut self, gateway: usize, namespace: usize, tokens: u64) -> bool {
        let demand = Demand::new(&self.limit, &number(namespace), tokens);
        let terms = Terms {
            epochs: Epochs(60),
            budgeting: Budgeting::Leased,
            sharing: Some(Sharing {
                term: self.term(),
                revision: 1,
            }),
        };
        let mut ask = Ask {
            tokens,
            money: Money::ZERO,
            short: WhenShort::Borrow,
            unshared: WhenShort::Borrow,
            unshared_upstream: WhenShort::Borrow,
            tier: RateTier::Regular,
            is_turn: false,
        };
        loop {
            let store = &mut self.stores[gateway];
            let mut grants = Grants::default();
            let held = hold_request(
                &mut grants,
                store,
                &[],
                &ask,
                Some(&demand),
                terms,
                self.now,
            );
            match held {
                Ok(hold) => {
                    let _ = hold.settle(&mut grants, store, tokens, Money::ZERO, self.now);
                    self.served += 1;
                    for ((bucket, state), units) in self.judges.iter_mut().zip([1, tokens]) {
                        if let Some(bucket) = bucket {
                            bucket.refill(state, self.now);
                            assert_eq!(bucket.take(state, units), Ok(()), "above the limit");
                        }
                    }
                    return true;
                }
                Err(NotAdmitted::Scope(Denied::Lend(needs))) => {
                    let report = *needs[0].share.clone().unwrap();
                    assert!(is_upstream(&report.scope));
                    self.tell(gateway, Some(&report));
                    ask.unshared_upstream = WhenShort::Refuse;
                }
                Err(_) => return false,
            }
        }
    }

    fn run(&mut self, time: Duration, busy: &[usize], tokens: u64) -> u64 {
        const STEP: Duration = Duration::from_millis(20);
        let (before, end) = (self.served, self.now.plus(time));
        let mut step = 0_u64;
        while self.now < end {
            self.now = self.now.plus(STEP);
            step += 1;
            for gateway in busy {
                for namespace in 0..3 {
                    while self.ask(*gateway, namespace, tokens) {}
                }
            }
            if step.is_multiple_of(25) {
                (0..self.stores.len()).for_each(|gateway| self.sync(gateway));
            }
        }
        self.served - before
    }
}

#[test]
fn a_lone_gateway_has_the_whole_limit() {
    let mut world = World::new(1, Some(600), None);
    world.run(Duration::from_secs(70), &[0], 0);
    let served = world.run(Duration::from_secs(60), &[0], 0);
    assert!(served >= 590, "{served}");
}

#[test]
fn a_newcomer_is_served_at_once() {
    let mut world = World::new(2, Some(6_000), None);
    world.run(Duration::from_secs(70), &[0], 0);
    let served = world.run(Duration::from_millis(100), &[1], 0);
    assert!(served > 0);
}

#[test]
fn three_gateways_use_one_limit_and_follow_demand() {
    let mut world = World::new(3, Some(6_000), None);
    world.run(Duration::from_secs(70), &[0, 1, 2], 0);
    let served = world.run(Duration::from_secs(60), &[0, 1, 2], 0);
    assert!(served >= 5_700, "{served}");
    world.run(Duration::from_secs(4), &[1], 0);
    let served = world.run(Duration::from_secs(60), &[1], 0);
    assert!(served >= 5_700, "{served} by one alone");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_upstream_is_asked_for_more_than_its_limit(
        gateways in 1usize..4, requests in prop_oneof![Just(None), (10u64..2_000).prop_map(Some)],
        tokens in 1_000u64..100_000, each in 1u64..300,
        turns in proptest::collection::vec((1u64..9_000, 0usize..8), 1..8),
    ) {
        let mut world = World::new(gateways, requests, Some(tokens));
        for (time, busy) in turns {
            let busy: Vec<usize> = (0..gateways).filter(|at| busy & (1 << at) != 0).collect();
            world.run(Duration::from_millis(time), &busy, each);
        }
    }
}

/// Members of one gateway have used more than theirs when its share shrinks.
#[test]
fn what_is_owed_is_not_given_back() {
    let mut world = World::new(2, None, Some(4_931));
    world.run(Duration::from_millis(501), &[0, 1], 178);
}
