//! The order in which a model's deployments are tried.

use crate::timestamp::Timestamp;

/// How one deployment stands when a call is about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// One is tried before all of a higher number.
    pub priority: u64,
    /// Its part of the calls among those of its priority, at least 1.
    pub weight: u64,
    /// Whether its region is one that the caller wants first.
    pub is_preferred: bool,
    /// What its upstream's own limit has left for this gateway, in thousandths; 1,000 where it has no
    /// limit.
    pub room: u64,
    /// Until when it is left alone because it failed; absent if it is not.
    pub cools_until: Option<Timestamp>,
}

/// What one is tried after. Those that fail now come last, however good they are otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Ready,
    /// Its upstream's limit is used up.
    Full,
    Cooling(Timestamp),
}

impl Standing {
    fn place(&self) -> (Class, bool, u64) {
        let class = match (self.cools_until, self.room) {
            (Some(until), _) => Class::Cooling(until),
            (None, 0) => Class::Full,
            (None, _) => Class::Ready,
        };
        (class, !self.is_preferred, self.priority)
    }

    /// Its part among its equals.
    fn part(&self) -> u128 {
        u128::from(self.weight.max(1)).saturating_mul(u128::from(self.room.max(1)))
    }
}

/// Which is tried first, which next, as indices of `standings`: those that are ready first, then those
/// whose limit is used up, then those that cool down, the soonest ready first; of each the preferred
/// regions first, then by priority. Equals are drawn by weight and room, by `random`, which is to be
/// any number with equal chance.
pub fn order(standings: &[Standing], random: u64) -> Vec<usize> {
    let mut rest: Vec<(usize, &Standing)> = standings.iter().enumerate().collect();
    let mut random = random;
    let mut order = Vec::with_capacity(rest.len());
    while let Some(first) = rest.iter().map(|(_, one)| one.place()).min() {
        let equal = |(_, one): &&(usize, &Standing)| one.place() == first;
        let all = rest.iter().filter(equal).map(|(_, one)| one.part());
        let all = all.fold(0, u128::saturating_add);
        random = mix(random);
        // In 0..all, as evenly as 64 bits can say.
        let mut drawn = u128::from(random).saturating_mul(all) >> 64;
        let chosen = rest.iter().position(|(_, one)| {
            if one.place() != first {
                return false;
            }
            match drawn.checked_sub(one.part()) {
                Some(further) => {
                    drawn = further;
                    false
                }
                None => true,
            }
        });
        let Some(chosen) = chosen else {
            break;
        };
        order.push(rest.remove(chosen).0);
    }
    order
}

/// The next number of the sequence SplitMix64 (<https://doi.org/10.1145/2714064.2660195>).
pub(crate) fn mix(state: u64) -> u64 {
    let next = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    next ^ (next >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const READY: Standing = Standing {
        priority: 0,
        weight: 1,
        is_preferred: false,
        room: 1_000,
        cools_until: None,
    };

    fn cooling(secs: u64) -> Standing {
        Standing {
            cools_until: Some(Timestamp::from_secs(secs)),
            ..READY
        }
    }

    #[test]
    fn a_lower_priority_is_tried_first_and_a_preferred_region_before_that() {
        let second = Standing {
            priority: 1,
            ..READY
        };
        let preferred = Standing {
            priority: 9,
            is_preferred: true,
            ..READY
        };
        for random in 0..50 {
            assert_eq!(order(&[second, READY], random), [1, 0]);
            assert_eq!(order(&[second, READY, preferred], random), [2, 1, 0]);
        }
    }

    #[test]
    fn what_cools_down_comes_last_and_what_is_full_before_it() {
        let full = Standing { room: 0, ..READY };
        let last = Standing {
            priority: 7,
            ..READY
        };
        for random in 0..50 {
            let found = order(&[cooling(9), cooling(5), full, last], random);
            assert_eq!(found, [3, 2, 1, 0]);
        }
    }

    #[test]
    fn equals_are_tried_first_by_weight_and_room() {
        let heavy = Standing { weight: 3, ..READY };
        let nearly_full = Standing { room: 250, ..READY };
        for (standings, expected) in [([READY, heavy], 0.25), ([READY, nearly_full], 0.8)] {
            let runs = 20_000;
            let first = (0..runs).filter(|n| order(&standings, *n)[0] == 0).count();
            let part = first as f64 / f64::from(runs as u32);
            assert!(
                (part - expected).abs() < 0.02,
                "{part} instead of {expected}"
            );
        }
    }

    proptest! {
        #[test]
        fn each_is_tried_once(
            all in prop::collection::vec(
                (0..3u64, 1..=100u64, any::<bool>(), 0..=1_000u64, prop::option::of(0..4u64)), 0..9),
            random in any::<u64>(),
        ) {
            let standings: Vec<Standing> = all
                .into_iter()
                .map(|(priority, weight, is_preferred, room, secs)| Standing {
                    priority,
                    weight,
                    is_preferred,
                    room,
                    cools_until: secs.map(Timestamp::from_secs),
                })
                .collect();
            let found = order(&standings, random);
            let mut sorted = found.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..standings.len()).collect::<Vec<_>>());
            let places: Vec<_> = found.iter().map(|at| standings[*at].place()).collect();
            prop_assert!(places.is_sorted_by(|a, b| a <= b));
        }
    }
}
