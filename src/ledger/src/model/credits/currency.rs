//! Money in another currency, at the rates an operator configured. All arithmetic is of integers.

use paddock_core::money::Money;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Billionths of a unit: what amounts and rates are counted in.
const BILLION: i128 = 1_000_000_000;
/// Digits after a rate's point: more cannot be counted in billionths.
const MAX_DIGITS: usize = 9;
/// The highest rate, dollars a unit.
const MAX_RATE: u64 = 1_000_000;

/// The currency that everything is counted in.
pub const DOLLARS: &str = "USD";

/// What one unit of a currency is worth, in nano-dollars: always positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(i64);

impl Rate {
    /// That of dollars themselves.
    pub const ONE: Rate = Rate(1_000_000_000);

    /// A rate as it was stored; one that is not positive counts as the smallest there is.
    pub fn from_nanos(nanos: i64) -> Rate {
        Rate(nanos.max(1))
    }

    /// In nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// In dollars, to be shown.
    pub fn to_dollars(self) -> f64 {
        Money::from_nanos(self.0).to_dollars()
    }

    /// What an amount of billionths is in dollars, rounded to the nearest nano-dollar, halves away
    /// from zero. `None` if it is too much to be counted.
    pub fn to_money(self, amount: i64) -> Option<Money> {
        let product = i128::from(amount).checked_mul(i128::from(self.0))?;
        let half = BILLION.checked_div(2)?;
        let rounded = product.checked_add(if product < 0 {
            half.checked_neg()?
        } else {
            half
        })?;
        let nanos = rounded.checked_div(BILLION)?;
        i64::try_from(nanos).ok().map(Money::from_nanos)
    }

    /// What dollars are in this currency, in billionths, rounded down: never more than there is.
    /// `None` if it is too much to be counted.
    pub fn of_money(self, money: Money) -> Option<i64> {
        let billionths = i128::from(money.nanos()).checked_mul(BILLION)?;
        i64::try_from(billionths.checked_div_euclid(i128::from(self.0))?).ok()
    }
}

/// The rate of one currency, as an operator writes it: `EUR=1.08`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeRate {
    /// Three capital letters.
    pub currency: String,
    /// Dollars a unit.
    pub rate: Rate,
}

/// What is wrong with a rate, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write a currency's three letters, '=' and the dollars of one unit, above 0 and up to \
     {MAX_RATE} with up to {MAX_DIGITS} decimals, as in EUR=1.08"
)]
pub struct NoRate;

impl FromStr for ExchangeRate {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<ExchangeRate, NoRate> {
        let (currency, rate) = text.split_once('=').ok_or(NoRate)?;
        Ok(ExchangeRate {
            currency: code(currency).ok_or(NoRate)?,
            rate: decimal(rate.trim()).ok_or(NoRate)?,
        })
    }
}

impl fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.currency, self.rate.to_dollars())
    }
}

/// The code of a currency, three letters in any case, in capitals; `None` otherwise.
pub fn code(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    fits.then(|| text.to_ascii_uppercase())
}

/// A decimal number read digit by digit: no floating point comes near it.
fn decimal(text: &str) -> Option<Rate> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > MAX_DIGITS {
        return None;
    }
    let whole: u64 = whole.parse().ok().filter(|whole| *whole <= MAX_RATE)?;
    let fraction: i64 = format!("{fraction:0<MAX_DIGITS$}").parse().ok()?;
    let nanos = i64::try_from(whole).ok()?.checked_mul(1_000_000_000)?;
    let nanos = nanos.checked_add(fraction)?;
    let most = i64::try_from(MAX_RATE).ok()?.checked_mul(1_000_000_000)?;
    (0 < nanos && nanos <= most).then_some(Rate(nanos))
}

/// Every currency that is known, dollars included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeRates(BTreeMap<String, Rate>);

impl Default for ExchangeRates {
    fn default() -> Self {
        ExchangeRates(BTreeMap::from([(DOLLARS.to_owned(), Rate::ONE)]))
    }
}

impl ExchangeRates {
    /// The rates an operator wrote, beside that of dollars.
    ///
    /// # Errors
    /// What is wrong with them together, in words for the operator.
    pub fn new(written: &[ExchangeRate]) -> Result<ExchangeRates, String> {
        let mut rates = ExchangeRates::default();
        for ExchangeRate { currency, rate } in written {
            if currency == DOLLARS {
                return Err(format!(
                    "{DOLLARS} is what rates are counted in: leave it out"
                ));
            }
            if rates.0.insert(currency.clone(), *rate).is_some() {
                return Err(format!("{currency} is there twice"));
            }
        }
        Ok(rates)
    }

    /// The rate of a currency.
    pub fn of(&self, currency: &str) -> Option<Rate> {
        self.0.get(currency).copied()
    }

    /// The codes of all.
    pub fn known(&self) -> String {
        self.0.keys().cloned().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_to_the_last_digit() {
        for (text, nanos) in [
            ("EUR=1.08", 1_080_000_000),
            ("eur = 1.08", 1_080_000_000),
            ("JPY=0.006731", 6_731_000),
            ("KWD=3", 3_000_000_000),
            ("VND=0.000000001", 1),
            ("XAU=1000000", 1_000_000_000_000_000),
            // Not what floating point makes of it.
            ("GBP=1.100000023", 1_100_000_023),
        ] {
            let rate = ExchangeRate::from_str(text).unwrap().rate;
            assert_eq!(rate.nanos(), nanos, "{text}");
        }
        for text in [
            "EUR",
            "EUR=",
            "EUR=0",
            "EUR=0.0",
            "EUR=-1",
            "EUR=1,08",
            "EUR=1e3",
            "EURO=1",
            "E1R=1",
            "EUR=1.0000000001",
            "EUR=1000000.1",
            "EUR=.5",
            "EUR=1.",
            "EUR=inf",
            "=1",
        ] {
            assert_eq!(ExchangeRate::from_str(text), Err(NoRate), "{text}");
        }
    }

    #[test]
    fn amounts_are_changed_exactly_and_rounded_once() {
        let rate = |nanos| Rate::from_nanos(nanos);
        for (rate, amount, dollars) in [
            (rate(1_080_000_000), 10_000_000_000, Some(10_800_000_000)),
            (Rate::ONE, i64::MAX, Some(i64::MAX)),
            (rate(1_500_000_000), 1, Some(2)),
            (rate(1_500_000_000), -1, Some(-2)),
            (rate(1_400_000_000), 1, Some(1)),
            (rate(1), 1_000_000_000, Some(1)),
            (rate(1), 499_999_999, Some(0)),
            (rate(2_000_000_000), i64::MAX, None),
        ] {
            assert_eq!(rate.to_money(amount).map(Money::nanos), dollars, "{amount}");
        }
        let eur = rate(1_080_000_000);
        assert_eq!(
            eur.of_money(Money::from_nanos(10_800_000_000)),
            Some(10_000_000_000)
        );
        assert_eq!(
            eur.of_money(Money::from_nanos(1)),
            Some(0),
            "never more than there is"
        );
        assert_eq!(eur.of_money(Money::from_nanos(-1)), Some(-1));
        assert_eq!(rate(1).of_money(Money::MAX), None);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let read = |texts: &[&str]| {
            let rates: Vec<_> = texts.iter().map(|text| text.parse().unwrap()).collect();
            ExchangeRates::new(&rates)
        };
        assert!(
            read(&["EUR=1.08", "eur=1.09"])
                .unwrap_err()
                .contains("EUR is there twice")
        );
        assert!(read(&["USD=1"]).unwrap_err().contains("leave it out"));
        let rates = read(&["EUR=1.08", "CHF=1.13"]).unwrap();
        assert_eq!(rates.known(), "CHF, EUR, USD");
        assert_eq!((rates.of("USD"), rates.of("GBP")), (Some(Rate::ONE), None));
    }
}
