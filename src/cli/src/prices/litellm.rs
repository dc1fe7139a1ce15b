//! The format of LiteLLM's `model_prices_and_context_window.json`: an object of models, each with
//! dollars for one token.
//! <https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json>

use super::listed::{Listed, TIERED, rounded};
use serde_json::{Map, Value};

/// What only explains the format.
const SAMPLE: &str = "sample_spec";

/// The models of a list; `None` where it is of another format.
pub fn read(list: &Value) -> Option<Vec<Listed>> {
    let models = list.as_object()?;
    let looks_right = |model: &Value| {
        model.get("litellm_provider").is_some() || model.get("input_cost_per_token").is_some()
    };
    models.values().any(looks_right).then(|| {
        let models = models.iter().filter(|(name, _)| *name != SAMPLE);
        let models = models.filter_map(|(name, model)| one(name, model.as_object()?));
        models.collect()
    })
}

fn one(name: &str, model: &Map<String, Value>) -> Option<Listed> {
    let price = |field: &str| rounded(model.get(field)?.as_f64()? * 1e6);
    let input = price("input_cost_per_token")?;
    // Embeddings have no output, and the list says nothing or zero.
    let output = price("output_cost_per_token").unwrap_or(0.0);
    let tokens = |field: &str| model.get(field).and_then(Value::as_u64);
    let is_tiered = model
        .keys()
        .any(|field| field.contains("_above_") && field.contains("_tokens"));
    Some(Listed {
        name: name.to_owned(),
        provider: model
            .get("litellm_provider")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        input: Some(input),
        cached_input: price("cache_read_input_token_cost"),
        cache_write_5m: price("cache_creation_input_token_cost"),
        cache_write_1h: price("cache_creation_input_token_cost_above_1hr"),
        output: Some(output),
        reasoning: price("output_cost_per_reasoning_token"),
        max_output_tokens: tokens("max_output_tokens").filter(|tokens| *tokens > 0),
        note: is_tiered.then_some(TIERED),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dollars_a_token_become_exact_dollars_a_million() {
        let list = json!({
            "sample_spec": { "litellm_provider": "x", "input_cost_per_token": 1 },
            "gpt-4.1": { "litellm_provider": "openai", "input_cost_per_token": 2e-06,
                "output_cost_per_token": 8e-06, "cache_read_input_token_cost": 5e-07,
                "max_output_tokens": 32768, "input_cost_per_token_above_200k_tokens": 4e-06 },
            "dall-e": { "litellm_provider": "openai", "input_cost_per_pixel": 1e-9 },
            "embed": { "litellm_provider": "openai", "input_cost_per_token": 1.3e-07 },
        });
        let models = read(&list).unwrap();
        assert_eq!(models.len(), 2);
        let embed = models.iter().find(|model| model.name == "embed").unwrap();
        assert_eq!((embed.input, embed.output), (Some(0.13), Some(0.0)));
        let gpt = models.iter().find(|model| model.name == "gpt-4.1").unwrap();
        assert_eq!(
            (gpt.input, gpt.cached_input, gpt.output),
            (Some(2.0), Some(0.5), Some(8.0))
        );
        assert_eq!(
            (gpt.max_output_tokens, gpt.note),
            (Some(32_768), Some(TIERED))
        );
        assert!(read(&json!([])).is_none() && read(&json!({"a": {"b": 1}})).is_none());
    }
}
