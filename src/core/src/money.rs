//! Money as an integer number of nano-dollars.

use core::fmt;
use serde::{Deserialize, Serialize};

/// Nano-dollars in one dollar.
const NANOS_PER_DOLLAR: i64 = 1_000_000_000;

/// An amount of US dollars as an integer of nano-dollars (10⁻⁹ $).
///
/// Range ±9.22 billion dollars. Arithmetic is checked: an overflow is an error for the caller to
/// refuse with, it never wraps and never becomes zero. Serialized as the bare integer; the HTTP
/// contract's dollars are made with [`Money::to_dollars`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// No money.
    pub const ZERO: Money = Money(0);
    /// The largest amount that can be written.
    pub const MAX: Money = Money(i64::MAX);

    /// An amount of `nanos` nano-dollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Money(nanos)
    }

    /// The amount in nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// An amount given in dollars, rounded to the nearest nano-dollar.
    ///
    /// `None` where `dollars` is not finite or outside ±9.22 billion.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "a power of ten below 2^53")]
        let nanos = (dollars * NANOS_PER_DOLLAR as f64).round();
        // 2^63 as a float: the first value that i64 cannot hold.
        if !nanos.is_finite() || nanos.abs() >= 9_223_372_036_854_775_808.0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range was checked above"
        )]
        Some(Money(nanos as i64))
    }

    /// The amount in dollars, exact to the nano-dollar below nine million dollars.
    #[expect(clippy::cast_precision_loss, reason = "documented")]
    pub fn to_dollars(self) -> f64 {
        self.0 as f64 / NANOS_PER_DOLLAR as f64
    }

    /// The sum, or `None` where it overflows.
    pub fn checked_add(self, other: Money) -> Option<Money> {
        self.0.checked_add(other.0).map(Money)
    }

    /// The difference, or `None` where it overflows.
    pub fn checked_sub(self, other: Money) -> Option<Money> {
        self.0.checked_sub(other.0).map(Money)
    }

    /// The sum, held at the ends of the range.
    pub fn saturating_add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// The product, held at the end of the range.
    #[must_use]
    pub fn saturating_mul(self, times: u64) -> Money {
        let times = i64::try_from(times).unwrap_or(i64::MAX);
        Money(self.0.saturating_mul(times))
    }

    /// The difference, held at the ends of the range.
    pub fn saturating_sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }

    /// The amount, or zero where it is negative.
    pub fn or_zero(self) -> Money {
        Money(self.0.max(0))
    }

    /// Whether the amount is above zero.
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }
}

/// Dollars with at least two decimals and no needless zeros: `$5000.00`, `-$0.0125`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let per_dollar = NANOS_PER_DOLLAR.unsigned_abs();
        let dollars = nanos.checked_div(per_dollar).unwrap_or(0);
        let fraction = format!("{:09}", nanos.checked_rem(per_dollar).unwrap_or(0));
        let (cents, rest) = fraction.split_at(2);
        write!(f, "{sign}${dollars}.{cents}{}", rest.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_written_with_two_decimals_or_more() {
        assert_eq!(Money::from_nanos(5_000_000_000_000).to_string(), "$5000.00");
        assert_eq!(Money::from_nanos(-12_500_000).to_string(), "-$0.0125");
        assert_eq!(Money::from_nanos(1).to_string(), "$0.000000001");
        assert_eq!(
            Money::from_nanos(i64::MIN).to_string(),
            "-$9223372036.854775808"
        );
    }

    #[test]
    fn dollars_come_in_exactly() {
        assert_eq!(Money::from_dollars(0.1), Some(Money(100_000_000)));
        assert_eq!(
            Money::from_dollars(8_999_999.123_456_789),
            Some(Money(8_999_999_123_456_789))
        );
        assert_eq!(Money::from_dollars(f64::NAN), None);
        assert_eq!(Money::from_dollars(9.3e9), None);
        assert_eq!(Money::from_dollars(-9.3e9), None);
    }
}
