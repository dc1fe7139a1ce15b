//! A price as people read it: in dollars, under the management API's names.

use paddock_core::money::Money;
use paddock_core::price::Price;
use serde_json::{Map, Value, json};

/// What is set of a price: `input_usd_per_million` and the other rates, `fees_usd`, `units_usd`, `tiers`,
/// `steps`, `surcharges_percent` and `batch_percent`.
pub fn in_dollars(price: &Price) -> Map<String, Value> {
    // Numbers and texts cannot fail to serialize.
    match serde_json::to_value(price).unwrap_or_default() {
        Value::Object(price) => named(price),
        _ => Map::new(),
    }
}

/// A list of rates, with what else is beside it.
fn named(list: Map<String, Value>) -> Map<String, Value> {
    let own = |(name, value): (String, Value)| match (name.as_str(), value) {
        ("fees", Value::Object(fees)) => {
            let fees = fees.into_iter().map(|(tool, fee)| (tool, dollars(&fee)));
            ("fees_usd".to_owned(), Value::Object(fees.collect()))
        }
        ("units", Value::Object(units)) => {
            let units = units
                .into_iter()
                .map(|(unit, price)| (unit, dollars(&price)));
            ("units_usd".to_owned(), Value::Object(units.collect()))
        }
        ("tiers", Value::Object(tiers)) => {
            let tiers = tiers.into_iter().map(|(name, tier)| (name, in_tier(tier)));
            (name, Value::Object(tiers.collect()))
        }
        ("steps", Value::Array(steps)) => {
            let steps = steps.into_iter().filter_map(|step| match step {
                Value::Object(step) => Some(Value::Object(named(step))),
                _ => None,
            });
            (name, steps.collect())
        }
        ("above", tokens) => ("above_tokens".to_owned(), tokens),
        ("surcharges", percents) => ("surcharges_percent".to_owned(), percents),
        ("batch_percent", percent) => (name, percent),
        (rate, nanos) => (format!("{rate}_usd_per_million"), dollars(&nanos)),
    };
    list.into_iter().map(own).collect()
}

/// `{"percent": …}`, or rates of its own.
fn in_tier(tier: Value) -> Value {
    match tier {
        Value::Object(mut tier) => match tier.remove("rates") {
            Some(Value::Object(rates)) => Value::Object(named(rates)),
            _ => Value::Object(tier),
        },
        other => other,
    }
}

fn dollars(nanos: &Value) -> Value {
    let nanos = nanos.as_u64().and_then(|nanos| i64::try_from(nanos).ok());
    json!(Money::from_nanos(nanos.unwrap_or(i64::MAX)).to_dollars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_price_is_shown() {
        let price: Price = serde_json::from_value(json!({
            "input": 1_000_000_000u64, "audio_output": 500_000_000,
            "fees": {"web_search": 10_000_000},
            "units": {"image:hd": 80_000_000},
            "tiers": {
                "flex": {"percent": 50},
                "priority": {"rates": {"output": 7, "steps": [{"above": 9, "input": 3_000_000_000u64}]}},
            },
            "steps": [{"above": 200_000, "input": 2_000_000_000u64}],
            "surcharges": {"us": 10},
        }))
        .unwrap();
        let expected = json!({
            "input_usd_per_million": 1.0, "audio_output_usd_per_million": 0.5,
            "fees_usd": {"web_search": 0.01},
            "units_usd": {"image:hd": 0.08},
            "tiers": {
                "flex": {"percent": 50},
                "priority": {
                    "output_usd_per_million": 7e-9,
                    "steps": [{"above_tokens": 9, "input_usd_per_million": 3.0}],
                },
            },
            "steps": [{"above_tokens": 200_000, "input_usd_per_million": 2.0}],
            "surcharges_percent": {"us": 10},
        });
        assert_eq!(Value::Object(in_dollars(&price)), expected);
    }
}
