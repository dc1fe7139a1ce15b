//! Quotas by period, and the calendar they are of.

use super::numbers::number_schema;
use super::texts::{text_schema, trimmed};
use super::value;
use paddock_core::money::Money;
use paddock_core::wire::CapPeriod;
use paddock_ledger::model::calendar::zone_name;
use std::collections::BTreeMap;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// Most quotas of one thing, beside those of a month and a day.
const MAX_QUOTAS: usize = 8;
/// Longest name of a time zone; the longest that there is has 32 letters.
const MAX_ZONE: usize = 64;
/// The names of their periods.
const PERIOD_PATTERN: &str = "^(hourly|weekly|quarterly|total|\
    last_([2-9]|[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|36[0-6])_days)$";

/// Quotas of other periods than a month and a day, which have fields of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas(BTreeMap<CapPeriod, Money>);

value!(
    Quotas,
    "an object of at most 8 amounts of dollars by period: 'hourly', 'weekly', 'quarterly', 'total', or \
     'last_30_days' with 2 to 366 days",
    |value| {
        let amounts = value.as_object()?;
        let quotas = amounts.iter().map(|(name, amount)| {
            let period: CapPeriod = name.parse().ok()?;
            let has_field = matches!(
                period,
                CapPeriod::Monthly | CapPeriod::Daily | CapPeriod::Balance
            );
            let amount = super::Dollars::deserialize(amount).ok()?;
            (!has_field).then(|| (period, Money::from(amount)))
        });
        let quotas: BTreeMap<CapPeriod, Money> = quotas.collect::<Option<_>>()?;
        (quotas.len() <= MAX_QUOTAS).then_some(Quotas(quotas))
    },
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(PERIOD_PATTERN))
        ))
        .additional_properties(Some(number_schema(0.0, super::numbers::MAX_DOLLARS)))
        .max_properties(Some(MAX_QUOTAS))
);

impl From<Quotas> for BTreeMap<CapPeriod, Money> {
    fn from(quotas: Quotas) -> BTreeMap<CapPeriod, Money> {
        quotas.0
    }
}

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZone(String);

value!(
    TimeZone,
    "a time zone of the IANA database, as in Europe/Berlin",
    |value| zone_name(&trimmed(value, MAX_ZONE)?).map(TimeZone),
    text_schema(MAX_ZONE).examples(["Europe/Berlin"])
);

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> String {
        zone.0
    }
}
