//! `paddock prices import`.

use super::list::{self, Choice, List, pair};
use super::listed::Listed;
use crate::client::{Client, escape, field, text_of};
use crate::commands::delete::agreed;
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, Output, cell, number, text};
use anyhow::bail;
use paddock_server::config::file::ConfigFile;
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Most names that are shown of models that a list does not have.
const MOST_NAMES: usize = 10;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// The price list: LiteLLM's model_prices_and_context_window.json, genai-prices' data.json, or
    /// what `paddock prices catalog` has written.
    #[arg(required_unless_present = "catalog")]
    file: Option<PathBuf>,
    /// Import the catalog that this version of Paddock comes with, its models and aliases.
    #[arg(long, conflicts_with = "file")]
    catalog: bool,
    #[command(flatten)]
    choice: Choice,
    /// Add this model of the list to the catalog, served by this upstream of Envoy; repeat it for
    /// more.
    #[arg(long = "add", value_name = "NAME=UPSTREAM", value_parser = pair)]
    added: Vec<(String, String)>,
    /// Use the price of this provider if several sell a model; repeat it for more. Otherwise the one that
    /// is called as the model's upstream, or whom --add-provider names for it, is used.
    #[arg(long = "provider", value_name = "PROVIDER")]
    preferred: Vec<String>,
    /// Import without asking.
    #[arg(long)]
    yes: bool,
    /// Only show the differences. Exits with 2 if there are any.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

struct Difference {
    model: String,
    is_new: bool,
    fields: Map<String, Value>,
    before: Value,
    note: Option<&'static str>,
}

/// What an import would change.
#[derive(Default)]
struct Changes {
    models: Vec<Difference>,
    /// New aliases, and the models they lead to.
    aliases: Vec<(String, String)>,
    /// Models that the list does not have.
    unmatched: Vec<String>,
}

/// Shows the differences, asks, and imports them.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let list = list::open(options.file.as_ref())?;
    let changes = compare(options, &client, &list)?;
    let form = options.connection.output;
    let is_same = changes.models.is_empty() && changes.aliases.is_empty();
    if is_same || options.dry_run || form.is_table() {
        tell(form, &changes, false)?;
    }
    if is_same {
        return Ok(Exit::Done);
    }
    if options.dry_run || !(options.yes || agreed("Import these prices?")?) {
        return Ok(Exit::Differences);
    }
    for difference in &changes.models {
        let path = format!("/v1/prices/{}", escape(&difference.model));
        let fields = Value::Object(difference.fields.clone());
        client.send(Method::PUT, &path, &fields)?;
    }
    for (alias, model) in &changes.aliases {
        let path = format!("/v1/aliases/{}", escape(alias));
        client.send(Method::PUT, &path, &json!({ "model": model }))?;
    }
    if !form.is_table() {
        tell(form, &changes, true)?;
        return Ok(Exit::Done);
    }
    let (models, aliases) = (changes.models.len(), changes.aliases.len());
    let aliases = match aliases {
        0 => String::new(),
        _ => format!(", {aliases} aliases added"),
    };
    output::print(&format!("{models} models updated{aliases}."))?;
    Ok(Exit::Done)
}

fn compare(options: &Options, client: &Client, list: &List) -> anyhow::Result<Changes> {
    let known = client.list("/v1/prices")?;
    let choice = &options.choice;
    let mut changes = Changes::default();
    let look_up = |name: &str, upstream: &str| {
        let sellers = choice.providers.iter();
        let sellers = sellers.filter(|(_, serves)| serves == upstream);
        let mut preferred: Vec<&str> = options.preferred.iter().map(String::as_str).collect();
        preferred.push(upstream);
        preferred.extend(sellers.map(|(provider, _)| provider.as_str()));
        choose(&list.models, choice.listed_name(name), &preferred)
    };
    for model in &known {
        let name = text_of(model, "model").to_owned();
        if !choice.has(&name) {
            continue;
        }
        let Some(listed) = look_up(&name, text_of(model, "upstream"))? else {
            changes.unmatched.push(name);
            continue;
        };
        let differs = |(field, value): &(String, Value)| model.get(field) != Some(value);
        let fields: Map<String, Value> = listed.fields().into_iter().filter(differs).collect();
        if !fields.is_empty() {
            changes.models.push(Difference {
                model: name,
                is_new: false,
                fields,
                before: model.clone(),
                note: listed.note,
            });
        }
    }
    let is_known = |name: &str| known.iter().any(|model| text_of(model, "model") == name);
    let mut add = |name: &str, listed: &Listed, upstream: &str| {
        let is_added = changes.models.iter().any(|other| other.model == name);
        if is_known(name) || is_added {
            return;
        }
        let mut fields = listed.fields();
        fields.insert("upstream".to_owned(), json!(upstream));
        fields.insert("paths".to_owned(), paths(listed, upstream, &known));
        changes.models.push(Difference {
            model: name.to_owned(),
            is_new: true,
            fields,
            before: Value::Null,
            note: listed.note,
        });
    };
    for (name, upstream) in &options.added {
        let Some(listed) = look_up(name, upstream)? else {
            bail!("the list has no price for '{name}'. Name the model as the list does with --map");
        };
        add(name, listed, upstream);
    }
    for (listed, upstream) in choice.sold(list)? {
        add(listed.short_name(), listed, upstream);
    }
    let of_catalog = list.models.iter().filter(|listed| choice.has(&listed.name));
    for (listed, upstream) in of_catalog.filter_map(|own| Some((own, own.upstream.as_ref()?))) {
        add(&listed.name, listed, upstream);
    }
    if !list.aliases.is_empty() {
        let there = client.list("/v1/aliases")?;
        let is_there = |alias: &str| there.iter().any(|other| text_of(other, "alias") == alias);
        let is_model = |name: &str| {
            let mut added = changes.models.iter();
            is_known(name) || added.any(|added| added.model == name)
        };
        for (alias, model) in &list.aliases {
            if !is_there(alias) && !is_model(alias) && is_model(model) && choice.has(model) {
                changes.aliases.push((alias.clone(), model.clone()));
            }
        }
    }
    Ok(changes)
}

/// Where a new model's upstream serves each wire format: as the list says, or as it serves a model
/// that is known already.
fn paths(listed: &Listed, upstream: &str, known: &[Value]) -> Value {
    if !listed.paths.is_empty() {
        return json!(listed.paths);
    }
    let mut same = known.iter();
    let same = same.find(|model| text_of(model, "upstream") == upstream);
    same.map_or_else(|| json!({}), |model| field(model, "paths").clone())
}

/// The model of that name, of the first of the preferred providers that sells it. Its name may be that
/// behind its provider's.
fn choose<'a>(
    list: &'a [Listed],
    name: &str,
    preferred: &[&str],
) -> anyhow::Result<Option<&'a Listed>> {
    let is_named = |listed: &&Listed| listed.name == name || listed.short_name() == name;
    let mut found: Vec<&Listed> = list.iter().filter(is_named).collect();
    for provider in preferred {
        if let Some(sold) = found.iter().find(|listed| listed.provider == *provider) {
            return Ok(Some(sold));
        }
    }
    if found.iter().any(|listed| listed.name == name) {
        found.retain(|listed| listed.name == name);
    }
    let Some(first) = found.first() else {
        return Ok(None);
    };
    if !found.iter().all(|other| other.costs_as(first)) {
        let sellers: Vec<&str> = found
            .iter()
            .map(|listed| listed.provider.as_str())
            .collect();
        bail!(
            "'{name}' is sold by {} at different prices: choose one with --provider",
            sellers.join(", ")
        );
    }
    Ok(Some(first))
}

fn tell(form: Output, changes: &Changes, applied: bool) -> anyhow::Result<()> {
    let Changes {
        models: differences,
        aliases,
        unmatched,
    } = changes;
    if !form.is_table() {
        let one = |difference: &Difference| {
            json!({
                "model": difference.model,
                "new": difference.is_new,
                "fields": difference.fields,
                "note": difference.note,
            })
        };
        return form.print_value(&json!({
            "differences": differences.iter().map(one).collect::<Vec<Value>>(),
            "new_aliases": aliases.iter().cloned().collect::<BTreeMap<String, String>>(),
            "not_in_list": unmatched,
            "applied": applied,
        }));
    }
    let columns = [
        text("MODEL"),
        text("FIELD"),
        number("NOW"),
        number("IN LIST"),
        text("NOTE"),
    ];
    let mut rows = Vec::new();
    for difference in differences {
        for (name, value) in &difference.fields {
            let now = field(&difference.before, name);
            let note = difference.note.unwrap_or_default().to_owned();
            rows.push(vec![
                difference.model.clone(),
                name.clone(),
                cell(now),
                cell(value),
                note,
            ]);
        }
    }
    for (alias, model) in aliases {
        let to = format!("leads to {model}");
        rows.push(vec![
            alias.clone(),
            "alias".to_owned(),
            cell(&Value::Null),
            to,
            String::new(),
        ]);
    }
    match rows.is_empty() {
        true => output::print("The catalog already has the prices of the list.")?,
        false => output::print(&output::table(&columns, rows))?,
    }
    if !unmatched.is_empty() {
        let mut names = unmatched
            .iter()
            .take(MOST_NAMES)
            .cloned()
            .collect::<Vec<_>>();
        match unmatched.len().saturating_sub(MOST_NAMES) {
            0 => {}
            more => names.push(format!("and {more} more")),
        }
        output::print(&format!(
            "Not in the list: {}. Use --map NAME=LISTED if the list calls a model differently.",
            names.join(", ")
        ))?;
    }
    Ok(())
}
