//! `paddock prices catalog`: makes the catalog that Paddock comes with from public price lists.

use super::list::{Choice, List, today};
use super::listed::Listed;
use crate::exit::Exit;
use crate::output;
use anyhow::{Context, bail};
use paddock_core::policy::{Catalog, FormatPaths, Model};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Fewest digits of a date or version at the end of a name.
const DATE_DIGITS: usize = 4;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The price lists: LiteLLM's model_prices_and_context_window.json or genai-prices' data.json. The
    /// first list that has a model gives its price; others give what it lacks.
    #[arg(required = true)]
    files: Vec<PathBuf>,
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
    let lists = options.files.iter().map(|file| List::read(file, &date));
    let lists: Vec<List> = lists.collect::<Result<_, _>>()?;
    let mut sold = Vec::new();
    for list in &lists {
        // A provider that one list does not know may be known to another by another name.
        sold.push(options.choice.sold_by_any(list));
    }
    if sold.iter().all(Vec::is_empty) {
        bail!("the lists have none of the models that are asked for");
    }
    let catalog = make(&options.choice, &sold, &date)?;
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

type Sold<'a> = Vec<(&'a Listed, &'a str)>;

fn make(choice: &Choice, lists: &[Sold<'_>], date: &str) -> anyhow::Result<Catalog> {
    let mut catalog = Catalog::builtin();
    let mut known: BTreeMap<(&str, &str), Model> = BTreeMap::new();
    for (listed, upstream) in lists.iter().flatten() {
        let name = listed.short_name();
        match known.get_mut(&(*upstream, name)) {
            Some(model) => {
                model.max_output_tokens = model.max_output_tokens.or(listed.max_output_tokens);
                model.context_window = model.context_window.or(listed.context_window);
            }
            None => {
                known.insert((upstream, name), model(listed, upstream, &catalog));
            }
        }
    }
    for own in &mut catalog.models {
        let listed = choice.listed_name(&own.name);
        let listed = known.get(&(own.upstream.as_str(), listed));
        let listed = listed
            .with_context(|| format!("the lists do not have '{}': name it with --map", own.name))?;
        let mut price = listed.price.clone().unwrap_or_default();
        if let Some(contract) = &own.price {
            price.rates.input = contract.rates.input;
            price.rates.output = contract.rates.output;
        }
        own.price = Some(price);
        own.max_output_tokens = listed.max_output_tokens;
        own.context_window = listed.context_window;
        own.capabilities.clone_from(&listed.capabilities);
    }
    let retired: Vec<&str> = lists
        .iter()
        .flatten()
        .filter(|(listed, _)| {
            let from = listed.retired_from.as_deref();
            from.is_some_and(|from| from < date)
        })
        .map(|(listed, _)| listed.short_name())
        .collect();
    known.retain(|(_, name), model| {
        let is_free = model
            .price
            .as_ref()
            .is_some_and(|price| price.rates.input == Some(0));
        let is_plain = !name.contains(['/', ':']);
        let is_there = catalog.resolve(name).is_some();
        is_plain && !is_free && !is_there && !retired.contains(name)
    });
    for (_, family) in families(known) {
        add_family(&mut catalog, family);
    }
    Ok(catalog)
}

fn model(listed: &Listed, upstream: &str, catalog: &Catalog) -> Model {
    let mut same = catalog.models.iter();
    let same = same.find(|model| model.upstream == upstream);
    Model {
        price: Some(listed.price.clone()),
        max_output_tokens: listed.max_output_tokens,
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

/// Models by their upstream and their name without a date or `-latest` at its end.
fn families(models: BTreeMap<(&str, &str), Model>) -> BTreeMap<(String, String), Vec<Model>> {
    let mut families: BTreeMap<(String, String), Vec<Model>> = BTreeMap::new();
    for ((upstream, name), model) in models {
        let family = (upstream.to_owned(), stem(name).to_owned());
        families.entry(family).or_default().push(model);
    }
    families
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

/// Adds the models of one family. The one without a date, or else the newest, is a model; those that
/// cost the same are its aliases.
fn add_family(catalog: &mut Catalog, mut family: Vec<Model>) {
    family.sort_by(|a, b| {
        let rank = |model: &Model| {
            let is_latest = model.name.ends_with("-latest");
            (stem(&model.name) != model.name, is_latest)
        };
        rank(a).cmp(&rank(b)).then(b.name.cmp(&a.name))
    });
    let mut family = family.into_iter();
    let Some(first) = family.next() else {
        return;
    };
    let mut others = Vec::new();
    for other in family {
        match other.price == first.price {
            true => {
                let alias = other.name.to_lowercase();
                catalog
                    .aliases
                    .entry(alias)
                    .or_insert_with(|| first.name.clone());
            }
            false => others.push(other),
        }
    }
    catalog.models.push(first);
    catalog.models.extend(others);
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
