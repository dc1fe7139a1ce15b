//! The format of genai-prices' `data.json`: a list of providers, each with models whose prices are
//! dollars per million tokens, plain or in tiers, for ever or from a day on.
//! <https://github.com/pydantic/genai-prices>

use super::listed::{Listed, TIERED, rounded};
use serde_json::Value;

/// The models of a list; `None` where it is of another format. `today` is `YYYY-MM-DD`.
pub fn read(list: &Value, today: &str) -> Option<Vec<Listed>> {
    let providers = list.as_array()?;
    let looks_right = |provider: &Value| {
        provider.get("id").is_some_and(Value::is_string)
            && provider.get("models").is_some_and(Value::is_array)
    };
    if !providers.iter().any(looks_right) {
        return None;
    }
    let mut found = Vec::new();
    for provider in providers {
        let id = provider
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let models = provider.get("models").and_then(Value::as_array);
        let models = models.into_iter().flatten();
        found.extend(models.filter_map(|model| one(id, model, today)));
    }
    Some(found)
}

fn one(provider: &str, model: &Value, today: &str) -> Option<Listed> {
    let (prices, is_conditional) = in_force(model.get("prices")?, today)?;
    let price = |field: &str| {
        let price = prices.get(field)?;
        let base = price.get("base").unwrap_or(price);
        rounded(base.as_f64()?)
    };
    let is_tiered = prices.as_object()?.values().any(Value::is_object);
    let note = match (is_tiered, is_conditional) {
        (true, _) => Some(TIERED),
        (false, true) => Some("costs something else at other hours: the usual price is taken"),
        (false, false) => None,
    };
    Some(Listed {
        name: model.get("id")?.as_str()?.to_owned(),
        provider: provider.to_owned(),
        input: Some(price("input_mtok")?),
        cached_input: price("cache_read_mtok"),
        cache_write_5m: price("cache_write_mtok"),
        cache_write_1h: None,
        output: Some(price("output_mtok").unwrap_or(0.0)),
        reasoning: None,
        max_output_tokens: None,
        note,
    })
}

/// The prices that hold today, and whether others hold at some hours of a day. Of those with a
/// condition the last that is met holds, as the list defines it.
fn in_force<'a>(prices: &'a Value, today: &str) -> Option<(&'a Value, bool)> {
    let Some(choices) = prices.as_array() else {
        return Some((prices, false));
    };
    let is_hourly = |choice: &&Value| {
        choice
            .get("constraint")
            .is_some_and(|constraint| constraint.get("start_time").is_some())
    };
    let holds = |choice: &&Value| match choice.get("constraint") {
        None | Some(Value::Null) => true,
        Some(constraint) => {
            let start = constraint.get("start_date").and_then(Value::as_str);
            start.is_some_and(|start| start <= today)
        }
    };
    let chosen = choices.iter().rev().find(holds)?;
    Some((
        chosen.get("prices")?,
        choices.iter().any(|choice| is_hourly(&choice)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_price_of_today_is_taken() {
        let list = json!([{ "id": "openai", "models": [
            { "id": "plain", "prices": { "input_mtok": 2.5, "output_mtok": 8, "cache_read_mtok": 0.25 } },
            { "id": "tiered", "prices": { "input_mtok": { "base": 1.25, "tiers": [{ "start": 200000, "price": 2.5 }] }, "output_mtok": 10 } },
            { "id": "dated", "prices": [
                { "prices": { "input_mtok": 10, "output_mtok": 40 } },
                { "constraint": { "start_date": "2025-06-10" }, "prices": { "input_mtok": 2, "output_mtok": 8 } },
                { "constraint": { "start_date": "2999-01-01" }, "prices": { "input_mtok": 1, "output_mtok": 1 } },
                { "constraint": { "start_time": "16:30:00Z", "end_time": "00:30:00Z" }, "prices": { "input_mtok": 1, "output_mtok": 4 } } ] },
            { "id": "images", "prices": { "requests_kcount": 3 } },
        ] }]);
        let models = read(&list, "2026-03-15").unwrap();
        let inputs: Vec<_> = models
            .iter()
            .map(|model| (model.name.as_str(), model.input))
            .collect();
        assert_eq!(
            inputs,
            [
                ("plain", Some(2.5)),
                ("tiered", Some(1.25)),
                ("dated", Some(2.0))
            ]
        );
        assert_eq!(models[0].cached_input, Some(0.25));
        assert_eq!((models[0].note, models[1].note), (None, Some(TIERED)));
        assert!(models[2].note.unwrap().contains("other hours"));
        assert!(read(&json!({}), "2026-03-15").is_none());
    }
}
