//! Who gets how much of a limit.

use super::*;
use proptest::prelude::*;

/// Minutes in which everybody asks ten times a second; how often each was served.
fn everybody_greedy<const N: usize>(bench: &mut Bench, who: &[NamespacePolicy; N]) -> [u64; N] {
    let mut served = [0; N];
    for _ in 0..6_000 {
        bench.now += SECOND / 10;
        for (who, served) in who.iter().zip(&mut served) {
            *served += u64::from(bench.ask(who, 1).is_ok());
        }
    }
    served
}

#[test]
fn greedy_ones_share_by_priority_and_weight() {
    for (a, b, expected) in [
        (("standard", 1), ("standard", 1), [30, 30]),
        (("high", 1), ("background", 1), [53, 6]),
        (("high", 1), ("standard", 1), [40, 20]),
        (("standard", 1), ("low", 1), [40, 20]),
        (("standard", 3), ("standard", 1), [45, 15]),
        (("low", 2), ("standard", 1), [30, 30]),
    ] {
        let mut bench = Bench::new(limit(60, None));
        let who = [namespace("a", a.0, a.1), namespace("b", b.0, b.1)];
        bench.drain(&who[0]);
        bench.drain(&who[1]);
        let served = everybody_greedy(&mut bench, &who).map(|served| served / 10);
        assert!(
            served[0].abs_diff(expected[0]) <= 1 && served[1].abs_diff(expected[1]) <= 1,
            "{a:?} {b:?}: {served:?}"
        );
    }
}

#[test]
fn an_unused_share_flows_to_whoever_wants_it() {
    let mut bench = Bench::new(limit(60, None));
    let [greedy, modest] = [number(1), namespace("modest", "high", 1)];
    bench.drain(&greedy);
    let (mut served, mut refused) = (0, 0);
    for tenth in 0..6_000 {
        bench.now += SECOND / 10;
        served += u64::from(bench.ask(&greedy, 1).is_ok());
        // Six a minute, of the forty it could have.
        if tenth % 100 == 0 {
            refused += u64::from(bench.ask(&modest, 1).is_err());
        }
    }
    assert_eq!(refused, 0);
    assert!((530..=545).contains(&served), "{served} of 600 - 60");
    // Who is gone leaves all to the others.
    bench.now += 2 * MINUTE;
    bench.drain(&greedy);
    assert_eq!(bench.record.members.len(), 1);
    let [alone] = everybody_greedy(&mut bench, &[greedy]);
    assert!((598..=601).contains(&alone), "{alone}");
}

#[test]
fn the_last_tenth_is_for_newcomers_and_an_advance() {
    let mut bench = Bench::new(limit(60, None));
    let greedy = number(0);
    assert_eq!(bench.drain(&greedy), 54);
    for newcomer in 1..=6 {
        assert!(bench.ask(&number(newcomer), 1).is_ok(), "{newcomer}");
        assert!(bench.ask(&number(newcomer), 1).is_err(), "{newcomer}");
    }
    let denial = bench.ask(&number(7), 1).unwrap_err();
    assert_eq!((denial.limit, denial.share), (60, 7), "an eighth");
    assert_eq!(denial.wait.as_secs(), 8);
    assert!(bench.ask(&greedy, 1).is_err());
    // Who was refused is dealt to all the same; who had an advance pays it back first.
    bench.now += 9 * SECOND;
    assert!(bench.ask(&number(7), 1).is_ok());
    assert!(bench.ask(&number(6), 1).is_err());
    bench.now += 9 * SECOND;
    assert!(bench.ask(&number(6), 1).is_ok());
    // The reserve is whole again once all have paid.
    bench.now += MINUTE;
    bench.drain(&greedy);
    let served = (10..30).filter(|n| bench.ask(&number(*n), 1).is_ok());
    assert_eq!(served.count(), 6);
}

/// Where everybody wants more at once than a minute's share, nobody could ever save enough if all
/// tried: they get it one after the other, and a greedy one with small requests cannot prevent it.
#[test]
fn requests_larger_than_a_share_are_served_in_turn() {
    let mut bench = Bench::new(limit(None, 10_000));
    let greedy = namespace("greedy", "high", 1);
    let large: Vec<_> = (0..10).map(number).collect();
    while bench.ask(&greedy, 100).is_ok() {}
    let mut served = [0; 10];
    for _ in 0..20 * 60 {
        bench.now += 3 * SECOND;
        while bench.ask(&greedy, 100).is_ok() {}
        for (who, served) in large.iter().zip(&mut served) {
            *served += u64::from(bench.ask(who, 5_000).is_ok());
        }
    }
    assert!(served.iter().all(|served| *served >= 2), "{served:?}");
}

/// The same for requests, where there are more namespaces than requests a minute.
#[test]
fn who_has_less_than_a_request_a_minute_is_served_in_turn() {
    for rate in [1, 2, 3, 10] {
        let mut bench = Bench::new(limit(rate, None));
        let all: Vec<_> = (0..20).map(number).collect();
        let mut served = [0; 20];
        for _ in 0..10 * 120 {
            bench.now += 6 * SECOND;
            for (who, served) in all.iter().zip(&mut served) {
                *served += u64::from(bench.ask(who, 1).is_ok());
            }
        }
        let fair = 120 * rate / 20;
        let all_are = served.iter().all(|served| *served + 1 >= fair * 9 / 10);
        assert!(all_are, "{rate}: {served:?}");
    }
}

#[test]
fn more_namespaces_than_entries_share_them() {
    let mut bench = Bench::new(limit(6_000, None));
    let all: Vec<_> = (0..300).map(number).collect();
    let mut served = vec![0; 300];
    for _ in 0..120 {
        bench.now += SECOND;
        for (who, served) in all.iter().zip(&mut served) {
            *served += u64::from(bench.ask(who, 1).is_ok());
        }
    }
    assert!(served.iter().all(|served| *served > 4), "{served:?}");
}

proptest! {
    /// Others may do what they like. Whose share is four requests a minute asks often enough to stay
    /// a member; who is silent for a minute begins anew, with an advance to pay back.
    #[test]
    fn who_asks_within_its_share_is_never_refused(
        rate in 60u64..6_000, weights in proptest::collection::vec(1u64..=10, 2..6),
        waits in proptest::collection::vec(0u64..2 * SECOND, 50..200), seed: u64,
    ) {
        let all: u64 = weights.iter().sum();
        prop_assume!(rate * weights[0] >= 4 * all);
        let mut bench = Bench::new(limit(rate, None));
        let who: Vec<_> = (0..).zip(&weights)
            .map(|(n, weight)| namespace(&format!("n{n}"), "standard", *weight))
            .collect();
        for who in &who {
            while bench.ask(who, 1).is_ok() {}
        }
        // What the first can count on, in parts; a part in a thousand is lost by rounding.
        let share = |nanos: u64| i128::from(nanos) * i128::from(rate * weights[0]) / i128::from(all);
        let one = super::super::PARTS;
        let needed = one + one / 1_000;
        let mut saved = 0i128;
        // The advance is paid back, and the first share accrues, while nobody asks.
        let first = 2 * one * i128::from(all) / i128::from(rate * weights[0]);
        bench.now += u64::try_from(first).unwrap() + SECOND;
        for (step, wait) in waits.into_iter().enumerate() {
            bench.now += wait;
            for (n, other) in who.iter().enumerate().skip(1) {
                if seed.rotate_left(u32::try_from(step * 7 + n).unwrap()) % 3 != 0 {
                    while bench.ask(other, 1).is_ok() {}
                }
            }
            // Its bucket may hold no more than one request.
            saved = (saved + share(wait) * 999 / 1_000).min(needed);
            if saved == needed {
                prop_assert!(bench.ask(&who[0], 1).is_ok(), "step {step}");
                saved = 0;
            }
        }
    }

    #[test]
    fn waiting_as_told_is_enough(
        rate in 1u64..600, others in 0usize..20, tokens in 1u64..50,
    ) {
        // Whose share is less than one request a minute waits its turn beside.
        prop_assume!(rate == 1 && others == 0 || rate * 9 / 10 > others as u64);
        let mut bench = Bench::new(limit(rate, rate * 100));
        let drain = |bench: &mut Bench| for n in 1..=others {
            while bench.ask(&number(n), tokens).is_ok() {}
        };
        drain(&mut bench);
        while bench.ask(&number(0), tokens).is_ok() {}
        let denial = bench.ask(&number(0), tokens).unwrap_err();
        bench.now += u64::try_from(denial.wait.as_nanos()).unwrap();
        drain(&mut bench);
        prop_assert!(bench.ask(&number(0), tokens).is_ok(), "{denial:?}");
    }
}

/// An organization makes as many namespaces as it likes, and more than are told apart.
#[test]
fn many_namespaces_of_one_organization_get_as_much_as_one_of_another() {
    for many in [30, 200] {
        let mut bench = Bench::new(limit(600, None));
        let victim = of_organization("victim", 0);
        let greedy: Vec<_> = (0..many).map(|n| of_organization("greedy", n)).collect();
        let (mut of_victim, mut of_greedy) = (0, 0);
        for second in 1..=180 {
            bench.now = second * SECOND;
            // The greedy ones are there first, and ask for all there is.
            let asked = greedy.iter().map(|who| bench.drain(who)).sum::<usize>();
            let served = bench.drain(&victim);
            if second > 60 {
                of_greedy += asked;
                of_victim += served;
            }
        }
        assert!(
            (1_150..=1_210).contains(&(of_victim + of_greedy)),
            "{of_victim} {of_greedy}"
        );
        assert!(
            (560..=620).contains(&of_victim),
            "{many}: {of_victim} of 600"
        );
    }
}

#[test]
fn within_an_organization_weights_count_and_heavy_ones_lift_it() {
    let mut bench = Bench::new(limit(1_200, None));
    let of = |name: &str, priority: &str, organization: &str| NamespacePolicy {
        organization: organization.to_owned(),
        ..namespace(name, priority, 1)
    };
    // Weights 8 and 4 in one, 8 in the other: a half each, of which two thirds and one.
    let all = [
        of("a", "high", "one"),
        of("b", "standard", "one"),
        of("c", "high", "two"),
    ];
    let mut served = [0; 3];
    for second in 1..=180 {
        bench.now = second * SECOND;
        for (who, served) in all.iter().zip(&mut served) {
            let now = bench.drain(who);
            *served += if second > 60 { now } else { 0 };
        }
    }
    let [a, b, c] = served;
    assert!(
        (780..=820).contains(&a) && (380..=420).contains(&b),
        "{served:?}"
    );
    assert!((1_170..=1_230).contains(&c), "{served:?}");
}
