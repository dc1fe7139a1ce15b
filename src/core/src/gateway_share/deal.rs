//! Who should have how much: max-min fairness by demand.

use super::capacity::scale;
use crate::timestamp::Timestamp;
use core::cmp::Reverse;

/// One who wants something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    /// How much it wants.
    pub(super) wants: u64,
    /// How much it has.
    pub(super) has: u64,
    /// When it last got more.
    pub(super) grown_at: Timestamp,
}

/// Deals `total` by demand. Nobody gets less than another who wants less, and what nobody wants goes to
/// those who want something, in proportion. Of a remainder that cannot be divided, those who have least get
/// a unit first, and of them those who have waited longest.
pub(super) fn deal(total: u64, wishes: &[Wish]) -> Vec<u64> {
    let sum = wishes
        .iter()
        .fold(0_u64, |sum, wish| sum.saturating_add(wish.wants));
    if sum <= total {
        let rest = total.saturating_sub(sum);
        let with_rest = |wish: &Wish| match sum {
            0 => 0,
            _ => wish.wants.saturating_add(scale(rest, wish.wants, sum)),
        };
        return wishes.iter().map(with_rest).collect();
    }
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by_key(|at| {
        wishes
            .get(*at)
            .map(|wish| (wish.wants, Reverse((wish.has, wish.grown_at))))
    });
    let mut dealt = vec![0; wishes.len()];
    let (mut rest, mut left) = (total, u64::try_from(wishes.len()).unwrap_or(u64::MAX));
    for at in order {
        let fair = rest.checked_div(left).unwrap_or(0);
        if let (Some(part), Some(wish)) = (dealt.get_mut(at), wishes.get(at)) {
            *part = wish.wants.min(fair);
            rest = rest.saturating_sub(*part);
        }
        left = left.saturating_sub(1);
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dealt(total: u64, wants: &[u64]) -> Vec<u64> {
        let wishes = wants.iter().map(|wants| Wish {
            wants: *wants,
            has: 0,
            grown_at: Timestamp::EPOCH,
        });
        deal(total, &wishes.collect::<Vec<_>>())
    }

    #[test]
    fn who_wants_little_gets_it_and_the_rest_is_shared_equally() {
        assert_eq!(dealt(100, &[10, 1_000, 1_000]), [10, 45, 45]);
        assert_eq!(dealt(100, &[20, 30]), [40, 60]);
        assert_eq!(dealt(100, &[0, 0]), [0, 0]);
        assert_eq!(dealt(100, &[7]), [100]);
    }

    #[test]
    fn of_one_unit_those_who_have_none_get_it() {
        let wish = |has, secs| Wish {
            wants: 1,
            has,
            grown_at: Timestamp::from_secs(secs),
        };
        assert_eq!(deal(1, &[wish(1, 1), wish(0, 2)]), [0, 1]);
        assert_eq!(deal(1, &[wish(0, 1), wish(0, 2)]), [1, 0]);
    }

    proptest! {
        #[test]
        fn no_more_is_dealt_than_there_is(
            total in 0u64..1_000_000, wants in proptest::collection::vec(0u64..1_000_000, 0..20),
        ) {
            let dealt = dealt(total, &wants);
            let sum: u64 = dealt.iter().sum();
            prop_assert!(sum <= total);
            if wants.iter().sum::<u64>() > total {
                prop_assert_eq!(sum, total, "nothing is left where all want more");
            }
            for (one, wants_one) in dealt.iter().zip(&wants) {
                for (other, wants_other) in dealt.iter().zip(&wants) {
                    prop_assert!(wants_one > wants_other || one <= other || one - other <= 1);
                }
            }
        }
    }
}
