//! The format of genai-prices' `data.json`: a list of providers, each with models whose prices are
//! dollars per million tokens, plain or in tiers, always or from a day on.
//! <https://github.com/pydantic/genai-prices>

use super::listed::{HOURLY, Listed, fill, nanos, simplify};
use anyhow::Context;
use paddock_core::price::{Price, Rates, Step};
use paddock_core::usage::Tool;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

type Fields = Map<String, Value>;

/// The models of a list; `None` if it has another format. `today` is `YYYY-MM-DD`.
///
/// # Errors
/// If a price is none.
pub fn read(list: &Value, today: &str) -> anyhow::Result<Option<Vec<Listed>>> {
    let Some(providers) = list.as_array() else {
        return Ok(None);
    };
    let looks_right = |provider: &Value| {
        provider.get("id").is_some_and(Value::is_string)
            && provider.get("models").is_some_and(Value::is_array)
    };
    if !providers.iter().any(looks_right) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for provider in providers {
        let id = provider.get("id").and_then(Value::as_str);
        let models = provider.get("models").and_then(Value::as_array);
        for model in models.into_iter().flatten() {
            let name = model.get("id").and_then(Value::as_str).unwrap_or_default();
            let read = one(id.unwrap_or_default(), name, model, today);
            found.extend(read.with_context(|| format!("model '{name}'"))?);
        }
    }
    Ok(Some(found))
}

fn one(provider: &str, name: &str, model: &Value, today: &str) -> anyhow::Result<Option<Listed>> {
    let Some((prices, is_hourly)) = in_force(model.get("prices"), today) else {
        return Ok(None);
    };
    let mut price = Price {
        rates: rates(prices, None)?,
        ..Price::default()
    };
    if price.rates.input.is_none() {
        return Ok(None);
    }
    price.rates.output = price.rates.output.or(Some(0));
    let tiers = prices
        .values()
        .filter_map(|price| price.get("tiers")?.as_array());
    let starts: BTreeSet<u64> = tiers
        .flatten()
        .filter_map(|tier| tier.get("start")?.as_u64())
        .collect();
    for start in starts {
        let mut rates = rates(prices, Some(start))?;
        fill(&mut rates, &price.rates);
        price.steps.push(Step {
            above: start,
            rates,
        });
    }
    if let Some(thousand) = prices.get("requests_kcount").and_then(Value::as_f64) {
        let fee = nanos("requests_kcount", thousand / 1e3)?;
        price.fees.insert(Tool::WebSearch, fee);
    }
    Ok(Some(Listed {
        name: name.to_owned(),
        provider: provider.to_owned(),
        price,
        context_window: model.get("context_window").and_then(Value::as_u64),
        is_metered: true,
        note: is_hourly.then_some(HOURLY),
        ..Listed::default()
    }))
}

/// The rates of a prompt up to the first tier, or of one longer than a tier's start.
fn rates(prices: &Fields, above: Option<u64>) -> anyhow::Result<Rates> {
    let rate = |field: &str| -> anyhow::Result<Option<u64>> {
        let price = match prices.get(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(price) => price,
        };
        let tiers = price.get("tiers").and_then(Value::as_array);
        let reached = tiers.into_iter().flatten().rev().find(|tier| {
            let start = tier.get("start").and_then(Value::as_u64);
            start.is_some_and(|start| above.is_some_and(|above| start <= above))
        });
        let price = match reached {
            Some(tier) => tier.get("price").unwrap_or(&Value::Null),
            None => price.get("base").unwrap_or(price),
        };
        let price = price.as_f64();
        let price = price.with_context(|| format!("{field} is not a number"))?;
        nanos(field, price).map(Some)
    };
    let mut rates = Rates {
        input: rate("input_mtok")?,
        cached_input: rate("cache_read_mtok")?,
        cache_write_5m: rate("cache_write_mtok")?,
        output: rate("output_mtok")?,
        audio_input: rate("input_audio_mtok")?,
        audio_output: rate("output_audio_mtok")?,
        ..Rates::default()
    };
    simplify(&mut rates);
    Ok(rates)
}

/// The prices that hold today, and whether others hold at some hours of a day. Of those with a
/// condition the last that is met holds, as the list defines it.
fn in_force<'a>(prices: Option<&'a Value>, today: &str) -> Option<(&'a Fields, bool)> {
    let choices = match prices? {
        Value::Array(choices) => choices,
        prices => return Some((prices.as_object()?, false)),
    };
    let constraint = |choice: &'a Value, field: &str| {
        let constraint = choice.get("constraint")?.get(field)?;
        constraint.as_str()
    };
    let holds = |choice: &&'a Value| match choice.get("constraint") {
        None | Some(Value::Null) => true,
        Some(_) => constraint(choice, "start_date").is_some_and(|start| start <= today),
    };
    let is_hourly = choices
        .iter()
        .any(|choice| constraint(choice, "start_time").is_some());
    let chosen = choices.iter().rev().find(holds)?;
    Some((chosen.get("prices")?.as_object()?, is_hourly))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_price_of_today_is_taken() {
        let list = json!([{ "id": "openai", "models": [
            { "id": "plain", "context_window": 128_000, "prices": { "input_mtok": 2.5, "output_mtok": 8, "cache_read_mtok": 0.25 } },
            { "id": "tiered", "prices": { "input_mtok": { "base": 1.25, "tiers": [{ "start": 200000, "price": 2.5 }] },
                "output_mtok": 10, "input_audio_mtok": 5 } },
            { "id": "dated", "prices": [
                { "prices": { "input_mtok": 10, "output_mtok": 40 } },
                { "constraint": { "start_date": "2025-06-10" }, "prices": { "input_mtok": 2, "output_mtok": 8 } },
                { "constraint": { "start_date": "2999-01-01" }, "prices": { "input_mtok": 1, "output_mtok": 1 } },
                { "constraint": { "start_time": "16:30:00Z", "end_time": "00:30:00Z" }, "prices": { "input_mtok": 1, "output_mtok": 4 } } ] },
            { "id": "images", "prices": { "requests_kcount": 3 } },
            { "id": "search", "prices": { "input_mtok": 1, "output_mtok": 1, "requests_kcount": 5 } },
        ] }]);
        let models = read(&list, "2026-03-15").unwrap().unwrap();
        let fields: Vec<Value> = models
            .iter()
            .map(|model| Value::Object(model.fields()))
            .collect();
        assert_eq!(
            fields,
            [
                json!({ "input_usd_per_million": 2.5, "cached_input_usd_per_million": 0.25,
                    "output_usd_per_million": 8.0, "context_window": 128_000 }),
                json!({ "input_usd_per_million": 1.25, "output_usd_per_million": 10.0,
                    "audio_input_usd_per_million": 5.0, "steps": [{ "above_tokens": 200_000,
                        "input_usd_per_million": 2.5, "output_usd_per_million": 10.0,
                        "audio_input_usd_per_million": 5.0 }] }),
                json!({ "input_usd_per_million": 2.0, "output_usd_per_million": 8.0 }),
                json!({ "input_usd_per_million": 1.0, "output_usd_per_million": 1.0,
                    "fees_usd": { "web_search": 0.005 } }),
            ]
        );
        assert!(models[2].note.unwrap().contains("other hours"));
        assert!(read(&json!({}), "2026-03-15").unwrap().is_none());
        let wrong =
            json!([{ "id": "o", "models": [{ "id": "m", "prices": { "input_mtok": "x" } }] }]);
        assert!(read(&wrong, "2026-03-15").is_err());
    }
}
