//! The lender's side: how large a slice of what is left goes to a gateway that asks.

use crate::money::Money;
use crate::wire::CapPeriod;

/// A gateway that asks is lent this part (1/8) of what is left, so that slices shrink with it.
pub const LENT_SHARE: i64 = 8;

/// One cap of one scope in its current period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Which period the cap is for.
    pub period: CapPeriod,
    /// The cap; of a prepaid balance the sum of all credits, which corrections can bring below zero.
    pub quota: Money,
    /// What the ledger has booked in the period; of a prepaid balance since its account was opened.
    pub booked: Money,
    /// What is set aside for reservations: no more than they may still spend of it.
    pub set_aside: Money,
    /// What gateways hold on loan in the period (of a prepaid balance, at all) and have neither returned nor reported as spent:
    /// the sum over open leases of `max(0, lent - returned - spent)`.
    pub outstanding: Money,
}

impl Cap {
    /// What the cap has left beside reservations, lent or not. Negative where an unforeseeable cost
    /// passed it.
    pub fn remaining(&self) -> Money {
        self.quota
            .saturating_sub(self.booked)
            .saturating_sub(self.set_aside)
    }

    /// What may still be lent. Never negative.
    pub fn lendable(&self) -> Money {
        self.remaining().saturating_sub(self.outstanding).or_zero()
    }
}

/// The cap that has the least to lend: the one that decides, and that a refusal names.
pub fn tightest(caps: &[Cap]) -> Option<&Cap> {
    caps.iter().min_by_key(|cap| cap.lendable())
}

/// How much to lend to a gateway that needs `need`, has `left` of it, where `lendable` is left.
///
/// Zero where the need cannot be covered in full: a part of it would serve no request and would
/// keep the money from a gateway whose request it could cover. `scarce` is whether some gateway
/// was refused lately: then nobody is lent more than the need of the moment.
pub fn slice(need: Money, left: Money, lendable: Money, scarce: bool) -> Money {
    let shortfall = need.saturating_sub(left).or_zero();
    if shortfall > lendable {
        return Money::ZERO;
    }
    if scarce {
        return shortfall;
    }
    let share = lendable.nanos().checked_div(LENT_SHARE).unwrap_or(0);
    shortfall.max(Money::from_nanos(share))
}

/// What a reservation of `amount` keeps from the caps above it, of which `spent` is booked and
/// `outstanding` out on loan. One that has ended keeps what is out: a gateway may have spent it.
pub fn set_aside(amount: Money, spent: Money, outstanding: Money, ended: bool) -> Money {
    if ended {
        return outstanding;
    }
    // More may be out than is left, where a cost came that nobody could foresee.
    amount.saturating_sub(spent).max(outstanding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn where_money_is_scarce_nobody_is_lent_more_than_it_needs() {
        let [need, left, lendable] = [10, 3, 800].map(Money::from_nanos);
        assert_eq!(slice(need, left, lendable, true), Money::from_nanos(7));
        assert_eq!(slice(need, left, lendable, false), Money::from_nanos(100));
    }

    #[test]
    fn a_reservation_keeps_what_may_still_be_spent_of_it() {
        for (amount, spent, outstanding, ended, kept) in [
            (100, 0, 0, false, 100),
            (100, 30, 50, false, 70),
            (100, 80, 50, false, 50),
            (100, 130, 0, false, 0),
            (100, 30, 50, true, 50),
            (100, 30, 0, true, 0),
        ] {
            let [amount, spent, outstanding] = [amount, spent, outstanding].map(Money::from_nanos);
            let aside = set_aside(amount, spent, outstanding, ended);
            assert_eq!(
                aside.nanos(),
                kept,
                "{spent} of {amount}, {outstanding} out, {ended}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_slice_never_exceeds_what_is_left_and_covers_the_need_or_is_nothing(
            need in 0i64..1 << 40, left in -(1i64 << 40)..1 << 40,
            lendable in 0i64..1 << 41, scarce: bool,
        ) {
            let [need, left, lendable] = [need, left, lendable].map(Money::from_nanos);
            let lent = slice(need, left, lendable, scarce);
            prop_assert!(lent >= Money::ZERO && lent <= lendable);
            let covered = left.saturating_add(lent) >= need;
            prop_assert!(covered || lent == Money::ZERO);
            prop_assert!(covered || need.saturating_sub(left) > lendable);
        }
    }
}
