//! The format of LiteLLM's `model_prices_and_context_window.json`: an object of models, each with
//! dollars for one token.
//! <https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json>

use super::listed::{HOURLY, Listed, fill, nanos, simplify, uniform_percent};
use anyhow::Context;
use paddock_core::price::{Price, Rates, Step, Tier};
use paddock_core::units::Unit;
use paddock_core::usage::Tool;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What only explains the format.
const SAMPLE: &str = "sample_spec";
/// What models are for whose endpoints are metered.
const METERED: [&str; 10] = [
    "chat",
    "completion",
    "responses",
    "embedding",
    "image_generation",
    "image_edit",
    "audio_transcription",
    "audio_speech",
    "rerank",
    "moderation",
];
/// Regions and the tier that `provider_specific_entry` gives a factor of, for Anthropic's models.
const REGIONS: [&str; 2] = ["us", "eu"];
const FAST: &str = "fast";

type Fields = Map<String, Value>;

/// The models of a list; `None` if it has another format.
///
/// # Errors
/// If a price is none.
pub fn read(list: &Value) -> anyhow::Result<Option<Vec<Listed>>> {
    let Some(models) = list.as_object() else {
        return Ok(None);
    };
    let looks_right = |model: &Value| {
        model.get("litellm_provider").is_some() || model.get("input_cost_per_token").is_some()
    };
    if !models.values().any(looks_right) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for (name, model) in models.iter().filter(|(name, _)| *name != SAMPLE) {
        if let Some(model) = model.as_object() {
            let read = one(name, model).with_context(|| format!("model '{name}'"))?;
            found.extend(read);
        }
    }
    Ok(Some(found))
}

fn one(name: &str, model: &Fields) -> anyhow::Result<Option<Listed>> {
    let text = |field: &str| model.get(field).and_then(Value::as_str);
    let tokens = |field: &str| {
        let tokens = model.get(field).and_then(Value::as_u64);
        tokens.filter(|tokens| *tokens > 0)
    };
    let mut price = Price {
        rates: rates(model, "", "")?,
        fees: fees(model)?,
        units: units(model)?,
        ..Price::default()
    };
    if !price.units.is_empty() {
        price.rates.input = price.rates.input.or(Some(0));
    }
    if price.rates.input.is_none() {
        return Ok(None);
    }
    // Embeddings have no output, and the list says nothing or zero.
    price.rates.output = price.rates.output.or(Some(0));
    let takes_audio = is_set(model, "supports_audio_input") || is_set_modality(model, "audio");
    if takes_audio && price.rates.audio_input.is_none() {
        price.rates.audio_input = price.rates.input;
    }
    simplify(&mut price.rates);
    let (bounds, tiers) = variants(model);
    for (above, written) in &bounds {
        let mut rates = rates(model, written, "")?;
        fill(&mut rates, &price.rates);
        price.steps.push(Step {
            above: *above,
            rates,
        });
    }
    for tier in tiers {
        let own = self::tier(model, &tier, &bounds, &price)?;
        let name = if tier == "batches" { "batch" } else { &tier };
        price.tiers.insert(name.to_owned(), own);
    }
    add_factors(model, &mut price);
    let has_hours = model.contains_key("off_peak_pricing");
    Ok(Some(Listed {
        name: name.to_owned(),
        provider: text("litellm_provider").unwrap_or_default().to_owned(),
        price,
        max_output_tokens: tokens("max_output_tokens"),
        context_window: tokens("max_input_tokens"),
        capabilities: capabilities(model),
        is_metered: text("mode").is_none_or(|mode| METERED.contains(&mode)),
        retired_from: text("deprecation_date").map(str::to_owned),
        note: has_hours.then_some(HOURLY),
        ..Listed::default()
    }))
}

/// Dollars, times a factor, in nano-dollars.
fn dollars(model: &Fields, field: &str, factor: f64) -> anyhow::Result<Option<u64>> {
    match model.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let value = value
                .as_f64()
                .with_context(|| format!("{field} is not a number"))?;
            nanos(field, value * factor).map(Some)
        }
    }
}

/// The rates of a step (`_above_200k_tokens`) and a tier (`_flex`); empty for the standard ones.
fn rates(model: &Fields, step: &str, tier: &str) -> anyhow::Result<Rates> {
    let highest = |fields: &[&str]| -> anyhow::Result<Option<u64>> {
        let mut highest = None;
        for field in fields {
            highest = highest.max(dollars(model, &format!("{field}{step}{tier}"), 1e6)?);
        }
        Ok(highest)
    };
    let cached = highest(&["cache_read_input_token_cost"])?;
    let mut rates = Rates {
        input: highest(&["input_cost_per_token"])?,
        cached_input: match cached {
            Some(cached) => Some(cached),
            None => highest(&["input_cost_per_token_cache_hit"])?,
        },
        cache_write_5m: highest(&["cache_creation_input_token_cost"])?,
        // OpenAI's longest retention.
        cache_write_1h: highest(&[
            "cache_creation_input_token_cost_above_1hr",
            "cache_creation_input_token_cost_above_12hr",
        ])?,
        output: highest(&["output_cost_per_token"])?,
        reasoning: highest(&["output_cost_per_reasoning_token"])?,
        audio_input: highest(&["input_cost_per_audio_token"])?,
        image_input: highest(&["input_cost_per_image_token", "input_cost_per_video_token"])?,
        audio_output: highest(&["output_cost_per_audio_token"])?,
        image_output: highest(&["output_cost_per_image_token", "output_cost_per_video_token"])?,
    };
    simplify(&mut rates);
    Ok(rates)
}

/// The lengths from which prompts cost more, as numbers and as they are written, and the tiers.
fn variants(model: &Fields) -> (BTreeMap<u64, String>, BTreeSet<String>) {
    let (mut bounds, mut tiers) = (BTreeMap::new(), BTreeSet::new());
    for field in model.keys() {
        let Some(mut rest) = field.strip_prefix("input_cost_per_token_") else {
            continue;
        };
        if let Some((bound, behind)) = rest
            .strip_prefix("above_")
            .and_then(|above| above.split_once("k_tokens"))
            && let Ok(thousands) = bound.parse::<u64>()
        {
            let written = format!("_above_{bound}k_tokens");
            bounds.insert(thousands.saturating_mul(1_000), written);
            rest = behind.trim_start_matches('_');
        }
        // What has no price of output is no tier.
        if model.contains_key(&format!("output_cost_per_token_{rest}")) {
            tiers.insert(rest.to_owned());
        }
    }
    (bounds, tiers)
}

fn tier(
    model: &Fields,
    tier: &str,
    bounds: &BTreeMap<u64, String>,
    standard: &Price,
) -> anyhow::Result<Tier> {
    let suffix = format!("_{tier}");
    let mut own = rates(model, "", &suffix)?;
    let mut steps = Vec::new();
    for (above, written) in bounds {
        let rates = rates(model, written, &suffix)?;
        if rates.input.is_some() || rates.output.is_some() {
            steps.push(Step {
                above: *above,
                rates,
            });
        }
    }
    if let Some(percent) = uniform_percent(&own, &steps, standard) {
        return Ok(Tier::Percent(percent));
    }
    fill(&mut own, &standard.rates);
    for step in &mut steps {
        fill(&mut step.rates, &own);
    }
    Ok(Tier::Rates { rates: own, steps })
}

/// Factors of regions and of fast answers: Anthropic's.
fn add_factors(model: &Fields, price: &mut Price) {
    let factors = model.get("provider_specific_entry");
    let percent = |name: &str| {
        let factor = factors?.get(name)?.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "100 to 10,000"
        )]
        (1.0..=100.0)
            .contains(&factor)
            .then(|| ((factor * 1e6).round() / 1e4).ceil() as u64)
    };
    for region in REGIONS {
        let added = percent(region).map(|percent| percent.saturating_sub(100));
        let surcharge = added.map(|added| (region.to_owned(), added));
        price.surcharges.extend(surcharge);
    }
    let fast = percent(FAST).map(|percent| (FAST.to_owned(), Tier::Percent(percent)));
    price.tiers.extend(fast);
}

/// What images, seconds, characters and searches cost. Images that are charged by their tokens have a
/// price by the image too, which is only what that usually comes to.
fn units(model: &Fields) -> anyhow::Result<BTreeMap<String, u64>> {
    let by_token = model.contains_key("output_cost_per_image_token");
    let (unit, fields): (Unit, &[&str]) = match model.get("mode").and_then(Value::as_str) {
        Some("image_generation" | "image_edit") if !by_token => (
            Unit::Image,
            &["output_cost_per_image", "input_cost_per_image"],
        ),
        Some("audio_transcription") => (Unit::Second, &["input_cost_per_second"]),
        Some("audio_speech") => (Unit::Character, &["input_cost_per_character"]),
        Some("rerank") => (Unit::SearchUnit, &["input_cost_per_query"]),
        _ => return Ok(BTreeMap::new()),
    };
    let mut highest = None;
    for field in fields {
        highest = highest.max(dollars(model, field, 1.0)?);
    }
    // Zero stands there where tokens are charged.
    let price = highest.filter(|nanos| *nanos > 0);
    Ok(price
        .map(|nanos| (unit.name().to_owned(), nanos))
        .into_iter()
        .collect())
}

/// What the provider's tools cost per call.
fn fees(model: &Fields) -> anyhow::Result<BTreeMap<Tool, u64>> {
    let mut fees = BTreeMap::new();
    let is_google = |provider: &str| provider == "gemini" || provider.starts_with("vertex_ai");
    let provider = model.get("litellm_provider").and_then(Value::as_str);
    let search = match provider.is_some_and(is_google) {
        true => Tool::Grounding,
        false => Tool::WebSearch,
    };
    let mut add = |tool: Tool, fee: Option<u64>| {
        if let Some(fee) = fee {
            let known = fees.entry(tool).or_insert(0);
            *known = fee.max(*known);
        }
    };
    if let Some(sizes) = model.get("search_context_cost_per_query") {
        let sizes = sizes.as_object();
        let sizes = sizes.context("search_context_cost_per_query is not an object")?;
        for size in sizes.keys() {
            add(search, dollars(sizes, size, 1.0)?);
        }
    }
    let grounding = "google_maps_grounding_cost_per_query";
    add(Tool::Grounding, dollars(model, grounding, 1.0)?);
    let files = "file_search_cost_per_1k_calls";
    add(Tool::FileSearch, dollars(model, files, 1e-3)?);
    let code = "code_interpreter_cost_per_session";
    add(Tool::CodeInterpreter, dollars(model, code, 1.0)?);
    Ok(fees)
}

fn is_set(model: &Fields, field: &str) -> bool {
    model.get(field) == Some(&Value::Bool(true))
}

fn is_set_modality(model: &Fields, modality: &str) -> bool {
    let modalities = model.get("supported_modalities").and_then(Value::as_array);
    modalities.is_some_and(|all| all.iter().any(|one| one == modality))
}

/// What a model can do, in the words of routing rules.
fn capabilities(model: &Fields) -> Vec<String> {
    let is_mode = |mode: &str| model.get("mode").is_some_and(|is| is == mode);
    let all = [
        ("vision", is_set(model, "supports_vision")),
        ("audio", is_set(model, "supports_audio_input")),
        ("documents", is_set(model, "supports_pdf_input")),
        ("tools", is_set(model, "supports_function_calling")),
        ("json", is_set(model, "supports_response_schema")),
        ("reasoning", is_set(model, "supports_reasoning")),
        ("embeddings", is_mode("embedding")),
        (
            "images",
            is_mode("image_generation") || is_mode("image_edit"),
        ),
        ("transcription", is_mode("audio_transcription")),
        ("speech", is_mode("audio_speech")),
        ("rerank", is_mode("rerank")),
        ("moderation", is_mode("moderation")),
    ];
    let known = all.into_iter().filter(|(_, is_known)| *is_known);
    known.map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn model(model: Value) -> Listed {
        let list = json!({ "m": model });
        read(&list).unwrap().unwrap().remove(0)
    }

    #[test]
    fn dollars_a_token_become_exact_dollars_a_million() {
        let list = json!({
            "sample_spec": { "litellm_provider": "x", "input_cost_per_token": 1 },
            "gpt-4.1": { "litellm_provider": "openai", "input_cost_per_token": 2e-06,
                "output_cost_per_token": 8e-06, "cache_read_input_token_cost": 5e-07,
                "max_output_tokens": 32768, "max_input_tokens": 1_047_576,
                "supports_vision": true, "supports_function_calling": true },
            "dall-e": { "litellm_provider": "openai", "input_cost_per_pixel": 1e-9 },
            "embed": { "litellm_provider": "openai", "input_cost_per_token": 1.3e-07,
                "mode": "embedding" },
        });
        let models = read(&list).unwrap().unwrap();
        assert_eq!(models.len(), 2);
        let [embed, gpt] = &models[..] else { panic!() };
        assert_eq!(embed.price, Price::of(130_000_000, 0));
        assert_eq!(embed.capabilities, ["embeddings"]);
        let fields = json!({
            "input_usd_per_million": 2.0, "cached_input_usd_per_million": 0.5,
            "output_usd_per_million": 8.0, "max_output_tokens": 32768,
            "context_window": 1_047_576, "capabilities": ["vision", "tools"],
        });
        assert_eq!(Value::Object(gpt.fields()), fields);
        for other in [json!([]), json!({"a": {"b": 1}})] {
            assert!(read(&other).unwrap().is_none());
        }
        for price in [json!("2"), json!(-1), json!(2)] {
            let list = json!({ "m": { "input_cost_per_token": price } });
            assert!(format!("{:#}", read(&list).unwrap_err()).contains("model 'm'"));
        }
    }

    #[test]
    fn images_seconds_characters_and_searches_have_prices_of_their_own() {
        for (listed, expected) in [
            (
                json!({ "mode": "audio_transcription", "input_cost_per_second": 0.0001,
                    "output_cost_per_second": 0.0001 }),
                json!({ "second": 0.0001 }),
            ),
            (
                json!({ "mode": "audio_speech", "input_cost_per_character": 1.5e-05 }),
                json!({ "character": 0.000015 }),
            ),
            (
                json!({ "mode": "rerank", "input_cost_per_query": 0.002, "input_cost_per_token": 0.0 }),
                json!({ "search_unit": 0.002 }),
            ),
            (
                json!({ "mode": "image_generation", "input_cost_per_image": 0.02 }),
                json!({ "image": 0.02 }),
            ),
        ] {
            let mut listed = listed;
            listed["litellm_provider"] = json!("x");
            let read = model(listed);
            assert!(read.is_metered && !read.capabilities.is_empty());
            let fields = read.fields();
            assert_eq!(fields["units_usd"], expected);
            assert_eq!(fields["input_usd_per_million"], json!(0.0));
        }
        let by_token = model(json!({ "litellm_provider": "x", "mode": "image_generation",
            "input_cost_per_token": 5e-06, "output_cost_per_image": 0.04,
            "output_cost_per_image_token": 4e-05 }));
        assert!(by_token.price.units.is_empty());
        assert_eq!(by_token.price.rates.image_output, Some(40_000_000_000));
    }

    #[test]
    fn tiers_steps_fees_and_surcharges_are_taken() {
        let read = model(json!({
            "litellm_provider": "gemini", "mode": "chat",
            "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-05,
            "output_cost_per_reasoning_token": 1e-05, "input_cost_per_audio_token": 3e-06,
            "input_cost_per_token_priority": 2e-06, "output_cost_per_token_priority": 2e-05,
            "input_cost_per_token_batches": 5e-07, "output_cost_per_token_batches": 6e-06,
            "input_cost_per_token_above_200k_tokens": 2e-06,
            "output_cost_per_token_above_200k_tokens": 1.5e-05,
            "input_cost_per_token_above_200k_tokens_priority": 4e-06,
            "output_cost_per_token_above_200k_tokens_priority": 3e-05,
            "input_cost_per_token_cache_hit": 1e-07,
            "search_context_cost_per_query": { "search_context_size_low": 0.03, "search_context_size_high": 0.035 },
            "google_maps_grounding_cost_per_query": 0.025, "file_search_cost_per_1k_calls": 2.5,
            "provider_specific_entry": { "us": 1.1, "fast": 6.0, "other": "x" },
        }));
        let expected = json!({
            "input_usd_per_million": 1.0, "cached_input_usd_per_million": 0.1,
            "output_usd_per_million": 10.0, "audio_input_usd_per_million": 3.0,
            "fees_usd": { "file_search": 0.0025, "grounding": 0.035 },
            "tiers": {
                "priority": { "percent": 200 },
                "fast": { "percent": 600 },
                // What the list does not say of it is not cheaper than elsewhere.
                "batch": { "input_usd_per_million": 0.5, "output_usd_per_million": 6.0,
                    "cached_input_usd_per_million": 0.1, "audio_input_usd_per_million": 3.0 },
            },
            "steps": [{ "above_tokens": 200_000, "input_usd_per_million": 2.0,
                "cached_input_usd_per_million": 0.2, "output_usd_per_million": 15.0,
                "audio_input_usd_per_million": 6.0 }],
            "surcharges_percent": { "us": 10 },
        });
        assert_eq!(Value::Object(read.fields()), expected);
    }

    #[test]
    fn sound_costs_what_text_does_if_the_list_has_one_price_for_both() {
        let read = model(json!({ "input_cost_per_token": 1e-06, "supports_audio_input": true }));
        assert_eq!(read.price.rates.audio_input, Some(1_000_000_000));
    }
}
