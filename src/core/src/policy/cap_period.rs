//! Which time a cap of money is for.

use core::ops::RangeInclusive;
use core::str::FromStr;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// How many days a cap of the last days may count.
pub const LAST_DAYS: RangeInclusive<u16> = 2..=366;

/// Which time a cap is for. Days, and what is made of days, are those of a calendar that the lender
/// alone knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapPeriod {
    /// The hour of UTC.
    Hourly,
    /// The calendar day.
    Daily,
    /// The calendar week: from Monday on.
    Weekly,
    /// The calendar month.
    #[default]
    Monthly,
    /// Three calendar months: from January, April, July or October on.
    Quarterly,
    /// So many whole days, within [`LAST_DAYS`], of which the present one is the last.
    LastDays(u16),
    /// All of time.
    Total,
    /// The prepaid balance, which has no period: it never starts anew.
    Balance,
}

impl CapPeriod {
    /// Its name: `hourly`, `last_30_days`.
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            CapPeriod::Hourly => "hourly",
            CapPeriod::Daily => "daily",
            CapPeriod::Weekly => "weekly",
            CapPeriod::Monthly => "monthly",
            CapPeriod::Quarterly => "quarterly",
            CapPeriod::LastDays(days) => return Cow::Owned(format!("last_{days}_days")),
            CapPeriod::Total => "total",
            CapPeriod::Balance => "balance",
        })
    }

    /// Whether what is spent of it comes back some day.
    pub const fn is_renewed(self) -> bool {
        !matches!(self, CapPeriod::Total | CapPeriod::Balance)
    }
}

/// A name that is no period's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPeriod;

impl FromStr for CapPeriod {
    type Err = UnknownPeriod;

    fn from_str(name: &str) -> Result<CapPeriod, UnknownPeriod> {
        Ok(match name {
            "hourly" => CapPeriod::Hourly,
            "daily" => CapPeriod::Daily,
            "weekly" => CapPeriod::Weekly,
            "monthly" => CapPeriod::Monthly,
            "quarterly" => CapPeriod::Quarterly,
            "total" => CapPeriod::Total,
            "balance" => CapPeriod::Balance,
            _ => {
                let days = name.strip_prefix("last_");
                let days = days.and_then(|rest| rest.strip_suffix("_days"));
                let days = days.filter(|days| days.bytes().all(|byte| byte.is_ascii_digit()));
                let days = days.filter(|days| !days.starts_with('0'));
                let days: Option<u16> = days.and_then(|days| days.parse().ok());
                let days = days.filter(|days| LAST_DAYS.contains(days));
                CapPeriod::LastDays(days.ok_or(UnknownPeriod)?)
            }
        })
    }
}

impl Serialize for CapPeriod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for CapPeriod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CapPeriod, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse()
            .map_err(|UnknownPeriod| D::Error::custom("not the period of a cap"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_one_name() {
        for period in [
            CapPeriod::Hourly,
            CapPeriod::Daily,
            CapPeriod::Weekly,
            CapPeriod::Monthly,
            CapPeriod::Quarterly,
            CapPeriod::LastDays(2),
            CapPeriod::LastDays(366),
            CapPeriod::Total,
            CapPeriod::Balance,
        ] {
            assert_eq!(period.name().parse(), Ok(period));
            let json = serde_json::to_string(&period).unwrap();
            assert_eq!(serde_json::from_str::<CapPeriod>(&json).unwrap(), period);
        }
        for name in [
            "",
            "Daily",
            "last_1_days",
            "last_367_days",
            "last_030_days",
            "last_+30_days",
            "last__days",
        ] {
            assert_eq!(name.parse::<CapPeriod>(), Err(UnknownPeriod), "{name}");
        }
    }
}
