//! The limit holds whatever namespaces do.

use super::super::deal::Rate;
use super::super::record::{Kind, MAX_MEMBERS};
use super::*;
use crate::fair_share::PARTS;
use crate::fair_share::in_force::InForce;
use crate::gateway_share::Holding;
use proptest::prelude::*;

/// Who asks, after how long, for how many tokens, and how much of that it uses in percent.
fn steps(most_used: u64) -> impl Strategy<Value = Vec<(usize, u64, u64, u64)>> {
    let wait = prop_oneof![0u64..50_000, 0u64..3 * SECOND, 0u64..3 * MINUTE];
    let step = (0usize..80, wait, 0u64..300, 0..=most_used);
    proptest::collection::vec(step, 1..250)
}

fn gained(limit: u64, elapsed: u64) -> i128 {
    i128::from(limit) * PARTS + i128::from(limit) * i128::from(elapsed)
}

/// Words of a gateway's share in a record.
const HOLDING: usize = size_of::<Holding>() / 8;

proptest! {
    #[test]
    fn never_more_than_capacity_plus_refill(
        requests in 1u64..600, tokens in 1u64..5_000, steps in steps(100),
    ) {
        let mut bench = Bench::new(limit(requests, tokens));
        // More than this a request cannot ask for: what it uses beyond was not foreseen.
        let most = Rate::of(&InForce::whole(&bench.limit), Kind::Tokens).unwrap().for_members() / PARTS;
        let (mut served, mut used) = (0i128, 0i128);
        for (who, wait, wanted, percent) in steps {
            bench.now += wait;
            let organization = format!("o{}", who % 5);
            let who = namespace(&format!("n{who}"), ["high", "low"][who % 2], 1 + who as u64 % 7);
            let who = NamespacePolicy { organization, ..who };
            if let Ok(drawn) = bench.ask(&who, wanted) {
                let charged = wanted.min(u64::try_from(most).unwrap());
                let really = charged * percent / 100;
                served += 1;
                used += i128::from(really);
                bench.settle(&who, drawn, really);
            }
            prop_assert!(served * PARTS <= gained(requests, bench.now));
            prop_assert!(used * PARTS <= gained(tokens, bench.now));
        }
        prop_assert!(bench.record.members.len() <= MAX_MEMBERS);
    }

    /// What was used and what is still there are never more than what came in, debts included: so
    /// who uses more than was foreseen pays for it.
    #[test]
    fn nothing_is_gained_by_using_more_than_was_foreseen(
        tokens in 1u64..5_000, steps in steps(400),
    ) {
        let mut bench = Bench::new(limit(None, tokens));
        let mut used = 0i128;
        for (who, wait, wanted, percent) in steps {
            bench.now += wait;
            let who = number(who);
            if let Ok(drawn) = bench.ask(&who, wanted) {
                let really = wanted.min(tokens) * percent / 100;
                used += i128::from(really);
                bench.settle(&who, drawn, really);
            }
            let record = &bench.record;
            let held = record.owned(Kind::Tokens) + i128::from(record.pool(Kind::Tokens));
            prop_assert!(held <= i128::from(tokens) * PARTS);
            prop_assert!(used * PARTS + held <= gained(tokens, bench.now));
        }
    }

    #[test]
    fn what_is_written_is_read(words in proptest::collection::vec(any::<u64>(), 4), members in 0usize..=64) {
        let mut bytes = 3u64.to_le_bytes().to_vec();
        let mut word = |word: u64| bytes.extend_from_slice(&word.to_le_bytes());
        words[..3].iter().for_each(|any| word(*any));
        (0..HOLDING).for_each(|at| word(words[3].wrapping_mul(at as u64 + 7)));
        word(members as u64);
        (0..members * 10).for_each(|at| word(words[3].wrapping_mul(at as u64)));
        let record = UpstreamRecord::decode(&bytes);
        prop_assert_eq!(record.members.len(), members);
        prop_assert_eq!(UpstreamRecord::decode(&record.encode()), record);
        bytes.push(0);
        prop_assert_eq!(UpstreamRecord::decode(&bytes), UpstreamRecord::default());
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, words in proptest::collection::vec(any::<u64>(), 25 + HOLDING), now: u64) {
        let mut record = UpstreamRecord::decode(&bytes);
        prop_assert_eq!(&record, &UpstreamRecord::default());
        let mut odd: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        odd[..8].copy_from_slice(&3u64.to_le_bytes());
        let members = (4 + HOLDING) * 8;
        odd[members..members + 8].copy_from_slice(&2u64.to_le_bytes());
        for limit in [limit(1, 1), limit(100_000_000, 100_000_000)] {
            for bytes in [&bytes, &odd] {
                record = UpstreamRecord::decode(bytes);
                let now = Timestamp::from_nanos(now);
                record.refill(&InForce::whole(&limit), now);
                let demand = Demand::new(&limit, &number(1), u64::MAX);
                let _ = record.take(&demand, &InForce::whole(&limit), now);
                record.settle(&InForce::whole(&limit), demand.asker, Drawn::default(), u64::MAX, now);
            }
        }
    }
}

#[test]
fn a_limit_that_changes_changes_nothing_that_was_taken() {
    let mut bench = Bench::new(limit(60, None));
    assert_eq!(bench.drain(&number(1)), 54);
    bench.limit = limit(10, 100);
    bench.now += 1;
    assert!(bench.ask(&number(1), 1).is_err());
    bench.now += 10 * MINUTE;
    let served = (0..100)
        .filter(|_| bench.ask(&number(1), 1).is_ok())
        .count();
    assert_eq!(served, 9, "a tenth of 10 is for newcomers");
}
