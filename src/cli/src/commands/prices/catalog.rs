//! `paddock prices catalog`: makes the catalog that Paddock comes with from public price lists.

use super::list::{Choice, List, today};
use super::listed::Listed;
use crate::exit::Exit;
use crate::output;
use anyhow::{Context, bail};
use paddock_core::policy::{Catalog, FormatPaths, Model, fold_alias};
use paddock_core::price::Price;
use paddock_core::usage::Tool;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// Capabilities of models that no tool works for.
const OTHERS: [&str; 5] = ["images", "transcription", "speech", "rerank", "moderation"];
/// Fewest digits of a date or version at the end of a name.
const DATE_DIGITS: usize = 4;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The price list: LiteLLM's model_prices_and_context_window.json or genai-prices' data.json.
    file: PathBuf,
    /// Another price list: gives context windows that the first one lacks. Prices that differ are told
    /// on standard error.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    /// What the lists are and of which version.
    #[arg(long)]
    source: String,
    /// The day the lists are of, YYYY-MM-DD [default: today]. Models that are not served any more on
    /// that day are left out.
    #[arg(long)]
    date: Option<String>,
}

/// Prints the catalog: the models of the contract first, at the contract's prices for input and
/// output, then those of the lists.
pub fn run(options: &Options) -> anyhow::Result<Exit> {
    let date = options.date.clone().unwrap_or_else(today);
    let list = List::read(&options.file, &date)?;
    let other = options.compare.as_ref();
    let other = other.map(|file| List::read(file, &date)).transpose()?;
    let mut sold = options.choice.sold_by_any(&list);
    if sold.is_empty() {
        bail!("the list has none of the models that are asked for");
    }
    sold.retain(|(listed, _)| {
        let retired_from = listed.retired_from.as_deref();
        retired_from.is_none_or(|from| from >= date.as_str())
    });
    let mut listed = BTreeMap::new();
    for (listed_one, upstream) in sold {
        let key = (upstream, listed_one.short_name());
        listed.entry(key).or_insert_with(|| listed_one.clone());
    }
    if let Some(other) = &other {
        let differing = compare(&mut listed, options.choice.sold_by_any(other));
        let mut stderr = std::io::stderr();
        for problem in differing {
            writeln!(stderr, "{problem}")?;
        }
    }
    let catalog = make(&options.choice, listed)?;
    let models = catalog.models.iter().map(serde_json::to_string);
    let models: Vec<String> = models.collect::<Result<_, _>>()?;
    let aliases: BTreeMap<String, String> = catalog.aliases.into_iter().collect();
    output::print(&format!(
        "{{\"source\":{},\"date\":{},\"models\":[\n{}\n],\"aliases\":{}}}",
        json!(options.source),
        json!(date),
        models.join(",\n"),
        serde_json::to_string_pretty(&aliases)?,
    ))?;
    Ok(Exit::Done)
}

/// Models by their upstream and name.
type ByName<'a> = BTreeMap<(&'a str, &'a str), Listed>;

/// Takes what is absent from another list. Where that has other prices, in lines for people.
fn compare<'a>(listed: &mut ByName<'a>, others: Vec<(&'a Listed, &'a str)>) -> Vec<String> {
    let mut differing = Vec::new();
    for (other, upstream) in others {
        let Some(own) = listed.get_mut(&(upstream, other.short_name())) else {
            continue;
        };
        own.context_window = own.context_window.or(other.context_window);
        let rates = |listed: &Listed| (listed.price.rates.input, listed.price.rates.output);
        if rates(own) != rates(other) {
            let (name, own, other) = (own.short_name(), own.fields(), other.fields());
            let price = |fields: &Map<String, Value>| {
                let price = |name: &str| fields.get(name).map(Value::to_string);
                let input = price("input_usd_per_million").unwrap_or_default();
                format!(
                    "{input} / {}",
                    price("output_usd_per_million").unwrap_or_default()
                )
            };
            differing.push(format!(
                "{name}: {}, elsewhere {}",
                price(&own),
                price(&other)
            ));
        }
    }
    differing
}

fn make(choice: &Choice, listed: ByName<'_>) -> anyhow::Result<Catalog> {
    let mut catalog = Catalog::builtin();
    for own in &mut catalog.models {
        let name = (own.upstream.as_str(), choice.listed_name(&own.name));
        let listed = listed.get(&name);
        let listed = listed.with_context(|| {
            format!("the list does not have '{}': name it with --map", own.name)
        })?;
        let mut price = listed.price.clone();
        if let Some(contract) = &own.price {
            price.rates.input = contract.rates.input;
            price.rates.output = contract.rates.output;
        }
        own.price = Some(price);
        own.max_output_tokens = listed.max_output_tokens;
        own.output_limit_field = listed.output_limit_field();
        own.context_window = listed.context_window;
    }
    let mut families: BTreeMap<(&str, &str), Vec<Listed>> = BTreeMap::new();
    for ((upstream, name), listed) in listed {
        let moderates = listed.capabilities.iter().any(|own| own == "moderation");
        let is_free =
            listed.price.rates.input == Some(0) && listed.price.units.is_empty() && !moderates;
        let is_sized = listed.max_output_tokens.is_some()
            || listed.price.rates.output == Some(0)
            || listed.capabilities.iter().any(|own| own == "speech");
        if is_sized && !is_free && !name.contains(['/', ':']) {
            let family = families.entry((upstream, stem(name))).or_default();
            family.push(listed);
        }
    }
    for ((upstream, _), family) in families {
        add_family(&mut catalog, upstream, family);
    }
    share_fees(&mut catalog);
    Ok(catalog)
}

/// A fee of a tool is a provider's, not a model's: where the list leaves it out, the highest of the
/// provider's other models holds.
fn share_fees(catalog: &mut Catalog) {
    let mut fees: BTreeMap<(String, Tool), u64> = BTreeMap::new();
    for model in &catalog.models {
        for (tool, fee) in model.price.iter().flat_map(|price| &price.fees) {
            let most = fees.entry((model.upstream.clone(), *tool)).or_default();
            *most = (*most).max(*fee);
        }
    }
    for model in &mut catalog.models {
        let is_other = |own: &String| OTHERS.contains(&own.as_str());
        if model.capabilities.iter().any(is_other) {
            continue;
        }
        let writes = |price: &&mut Price| price.rates.output != Some(0);
        let Some(price) = model.price.as_mut().filter(writes) else {
            continue;
        };
        for ((upstream, tool), fee) in &fees {
            if *upstream == model.upstream {
                price.fees.entry(*tool).or_insert(*fee);
            }
        }
    }
}

/// Adds the models of one family, which have one name but for a date or `-latest` at its end. The one
/// without, or else the newest, is a model; those that cost the same are its aliases.
fn add_family(catalog: &mut Catalog, upstream: &str, mut family: Vec<Listed>) {
    family.sort_by(|a, b| {
        let rank = |listed: &Listed| {
            let name = listed.short_name();
            (stem(name) != name, name.ends_with("-latest"))
        };
        let newest = b.short_name().cmp(a.short_name());
        rank(a).cmp(&rank(b)).then(newest)
    });
    let first = family.first().cloned();
    for listed in family {
        let name = listed.short_name();
        let first = first.as_ref().filter(|first| **first != listed);
        let first = first.filter(|first| first.price == listed.price);
        match first {
            Some(first) => {
                let alias = fold_alias(name);
                let target = first.short_name().to_owned();
                catalog.aliases.entry(alias).or_insert(target);
            }
            None if catalog.resolve(name).is_none() => {
                let model = model(&listed, upstream, catalog);
                catalog.models.push(model);
            }
            None => {}
        }
    }
}

fn model(listed: &Listed, upstream: &str, catalog: &Catalog) -> Model {
    let mut same = catalog.models.iter();
    let same = same.find(|model| model.upstream == upstream);
    Model {
        price: Some(listed.price.clone()),
        max_output_tokens: listed.max_output_tokens,
        output_limit_field: listed.output_limit_field(),
        context_window: listed.context_window,
        capabilities: listed.capabilities.clone(),
        paths: same.map_or_else(|| other_paths(upstream), |same| same.paths.clone()),
        ..Model::new(listed.short_name(), upstream.to_owned())
    }
}

/// Where providers serve each format that have no model in the contract.
/// <https://docs.mistral.ai/api>, <https://docs.x.ai/docs/api-reference>
fn other_paths(upstream: &str) -> FormatPaths {
    let paths: Value = match upstream {
        "mistral" => json!({ "openai": "/v1" }),
        "xai" => json!({ "openai": "/v1", "responses": "/v1" }),
        _ => json!({}),
    };
    serde_json::from_value(paths).unwrap_or_default()
}

/// A name without a date or `latest` at its end: `2025-04-14`, `20250929`, `2512`, `09-2025`.
fn stem(name: &str) -> &str {
    if let Some(stem) = name.strip_suffix("-latest") {
        return stem;
    }
    let is_date = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        let digits = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let is_known = matches!(lengths[..], [8] | [DATE_DIGITS] | [2, 4] | [4, 2, 2]);
        is_known && parts.iter().all(digits)
    };
    let ends = name.match_indices('-').map(|(at, _)| name.split_at(at));
    for (stem, rest) in ends {
        if rest.strip_prefix('-').is_some_and(is_date) {
            return stem;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_date() {
        for (name, expected) in [
            ("gpt-4.1-2025-04-14", "gpt-4.1"),
            ("claude-opus-4-5-20251101", "claude-opus-4-5"),
            ("claude-opus-4-5", "claude-opus-4-5"),
            ("mistral-large-2512", "mistral-large"),
            ("mistral-large-latest", "mistral-large"),
            (
                "gemini-2.5-computer-use-preview-10-2025",
                "gemini-2.5-computer-use-preview",
            ),
            ("o1", "o1"),
        ] {
            assert_eq!(stem(name), expected);
        }
    }
}
