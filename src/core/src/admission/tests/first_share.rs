//! Requests of several workers that wait for the same first share.

use super::*;
use crate::admission::{Denied, Grants, Sharing, place_hold};
use crate::bucket::{Bucket, BucketState};
use crate::gateway_share::{Division, Peers, ShareTerm};
use crate::store::fake::FakeStore;
use crate::wire::{LendAnswer, Need, Shares};
use crate::worker::{apply_lend, share_term};
use core::time::Duration;

struct Alone;

impl Peers for Alone {
    fn has(&self, _: &str, epoch: u64) -> bool {
        epoch == 1
    }

    fn count(&self) -> u64 {
        1
    }
}

#[test]
fn all_wait_for_it_and_together_have_no_more_than_the_limit() {
    let limits = Limits {
        requests_per_minute: Some(10_000),
        burst: Some(2_000),
        ..Limits::default()
    };
    let scopes = [Rc::new(Scope::new("key:1".to_owned(), limits))];
    let mut store = FakeStore::default();
    let mut division = Division::default();
    let mut workers: Vec<(Grants, Option<ShareTerm>, Vec<Vec<Need>>)> = (0..4)
        .map(|_| (Grants::default(), Some(ShareTerm::default()), Vec::new()))
        .collect();
    let bucket = Bucket {
        rate: 10_000,
        capacity: 2_000,
    };
    let mut judge = BucketState::default();
    let (mut now, mut served) = (Timestamp::from_secs(1_800_000_000), 0_u64);
    for step in 0..4_000_u64 {
        now = now.plus(Duration::from_micros(300));
        let at = usize::try_from(step % 4).unwrap();
        let (grants, term, waiting) = &mut workers[at];
        let terms = Terms {
            sharing: term.map(|term| Sharing { term, revision: 1 }),
            ..TERMS
        };
        if step % 333 == 0 {
            grants.tick(&mut store, terms, now);
            *term = share_term(&store);
        }
        for _ in 0..3 {
            match place_hold(grants, &mut store, &scopes, &ask(0, 0), terms, now) {
                Ok(hold) => {
                    served += 1;
                    bucket.refill(&mut judge, now);
                    assert_eq!(bucket.take(&mut judge, 1), Ok(()), "{served} at {step}");
                    let _ = hold.settle(grants, &mut store, 0, Money::ZERO, now);
                }
                Err(Denied::Lend(needs)) => waiting.push(needs),
                Err(_) => {}
            }
        }
        // Answers come after a while.
        if step % 64 == u64::try_from(at).unwrap() + 40 {
            for needs in waiting.drain(..) {
                let report = *needs[0].share.clone().unwrap();
                let outcome = division.receive("gateway", 1, &report, &Alone, now);
                let shares = Shares {
                    epoch: 1,
                    lasts_ms: 20_000,
                    gateways: 1,
                    shares: outcome.share.into_iter().collect(),
                };
                let answer = LendAnswer {
                    leases: Vec::new(),
                    shares: Some(shares),
                };
                apply_lend(&mut store, &needs, &answer, now, now);
                *term = share_term(&store);
            }
        }
    }
    assert!(served > 2_000);
}

/// What it would ask for is another limit than the one that gateways share.
#[test]
fn a_scope_of_which_a_limit_was_left_out_asks_for_nothing() {
    let limits = Limits {
        tokens_per_minute: Some(100),
        ..Limits::default()
    };
    let term = ShareTerm::default();
    let terms = Terms {
        sharing: Some(Sharing { term, revision: 1 }),
        ..TERMS
    };
    let now = Timestamp::from_secs(1_800_000_000);
    for is_softened in [false, true] {
        let scope = Scope {
            is_softened,
            ..Scope::new("key:1".to_owned(), limits.clone())
        };
        let (grants, store) = (&mut Grants::default(), &mut FakeStore::default());
        let denied = place_hold(grants, store, &[Rc::new(scope)], &ask(5, 0), terms, now);
        match denied.unwrap_err() {
            Denied::Lend(_) => assert!(!is_softened),
            Denied::Rate { .. } => assert!(is_softened),
            other => panic!("{other:?}"),
        }
    }
}
