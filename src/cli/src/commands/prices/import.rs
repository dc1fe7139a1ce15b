//! `paddock prices import`.

use super::listed::Listed;
use super::{genai, litellm};
use crate::client::{Client, escape, field, text_of};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, Output, cell, number, text};
use anyhow::{Context, bail};
use paddock_server::config::file::ConfigFile;
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// The price list: LiteLLM's model_prices_and_context_window.json or genai-prices' data.json.
    file: PathBuf,
    /// The name of a model in the list, if it differs from its name here; repeat it for more.
    #[arg(long = "map", value_name = "NAME=LISTED", value_parser = pair)]
    names: Vec<(String, String)>,
    /// Add this model of the list to the catalog, served by this upstream of Envoy; repeat it for
    /// more.
    #[arg(long = "add", value_name = "NAME=UPSTREAM", value_parser = pair)]
    added: Vec<(String, String)>,
    /// Use the price of this provider if several sell a model.
    #[arg(long)]
    provider: Option<String>,
    /// Import without asking.
    #[arg(long)]
    yes: bool,
    /// Only show the differences. Exits with 2 if there are any.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text
        .split_once('=')
        .filter(|(a, b)| !a.is_empty() && !b.is_empty());
    let (name, other) = pair.ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), other.to_owned()))
}

struct Difference {
    model: String,
    is_new: bool,
    fields: Map<String, Value>,
    before: Value,
    note: Option<&'static str>,
}

/// Shows the differences, asks, and imports them.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let list = read(&options.file)?;
    let (differences, unmatched) = compare(options, &client, &list)?;
    let form = options.connection.output;
    if differences.is_empty() || options.dry_run || form == Output::Table {
        tell(form, &differences, &unmatched, false)?;
    }
    if differences.is_empty() {
        return Ok(Exit::Done);
    }
    if options.dry_run || !(options.yes || agreed()?) {
        return Ok(Exit::Differences);
    }
    for difference in &differences {
        let path = format!("/v1/prices/{}", escape(&difference.model));
        client.send(
            Method::PUT,
            &path,
            &Value::Object(difference.fields.clone()),
        )?;
    }
    match form {
        Output::Json => tell(form, &differences, &unmatched, true)?,
        Output::Table => output::print(&format!("{} models updated.", differences.len()))?,
    }
    Ok(Exit::Done)
}

fn read(path: &Path) -> anyhow::Result<Vec<Listed>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let list: Value =
        serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let now = time::OffsetDateTime::now_utc().date();
    let today = format!(
        "{:04}-{:02}-{:02}",
        now.year(),
        u8::from(now.month()),
        now.day()
    );
    match litellm::read(&list).or_else(|| genai::read(&list, &today)) {
        Some(models) => Ok(models),
        None => bail!(
            "{} is neither a price list of LiteLLM (model_prices_and_context_window.json) nor \
             one of genai-prices (data.json)",
            path.display()
        ),
    }
}

/// The differences, and the models of the catalog that the list does not have.
fn compare(
    options: &Options,
    client: &Client,
    list: &[Listed],
) -> anyhow::Result<(Vec<Difference>, Vec<String>)> {
    let known = client.list("/v1/prices")?;
    let names: BTreeMap<&str, &str> = options
        .names
        .iter()
        .map(|(own, listed)| (own.as_str(), listed.as_str()))
        .collect();
    let (mut differences, mut unmatched) = (Vec::new(), Vec::new());
    let look_up = |name: &str| {
        let listed = names.get(name).copied().unwrap_or(name);
        choose(list, listed, options.provider.as_deref())
    };
    for model in &known {
        let name = text_of(model, "model").to_owned();
        let Some(listed) = look_up(&name)? else {
            unmatched.push(name);
            continue;
        };
        let differs = |(field, value): &(String, Value)| {
            // How much a model may answer is the operator's choice: it is only set for new models.
            field != "max_output_tokens" && model.get(field) != Some(value)
        };
        let fields: Map<String, Value> = listed.fields().into_iter().filter(differs).collect();
        if !fields.is_empty() {
            differences.push(Difference {
                model: name,
                is_new: false,
                fields,
                before: model.clone(),
                note: listed.note,
            });
        }
    }
    for (name, upstream) in &options.added {
        if known.iter().any(|model| text_of(model, "model") == name) {
            continue;
        }
        let Some(listed) = look_up(name)? else {
            bail!("the list has no price for '{name}'. Name the model as the list does with --map");
        };
        let mut fields = listed.fields();
        fields.insert("upstream".to_owned(), json!(upstream));
        differences.push(Difference {
            model: name.clone(),
            is_new: true,
            fields,
            before: Value::Null,
            note: listed.note,
        });
    }
    Ok((differences, unmatched))
}

fn choose<'a>(
    list: &'a [Listed],
    name: &str,
    provider: Option<&str>,
) -> anyhow::Result<Option<&'a Listed>> {
    let found: Vec<&Listed> = list.iter().filter(|listed| listed.name == name).collect();
    let named = found
        .iter()
        .find(|listed| provider == Some(&listed.provider));
    let Some(first) = named.or(found.first()) else {
        return Ok(None);
    };
    if named.is_none() && !found.iter().all(|other| other.costs_as(first)) {
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

fn tell(
    form: Output,
    differences: &[Difference],
    unmatched: &[String],
    applied: bool,
) -> anyhow::Result<()> {
    if form == Output::Json {
        let one = |difference: &Difference| {
            json!({
                "model": difference.model,
                "new": difference.is_new,
                "fields": difference.fields,
                "note": difference.note,
            })
        };
        return output::print_json(&json!({
            "differences": differences.iter().map(one).collect::<Vec<Value>>(),
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
    match rows.is_empty() {
        true => output::print("The catalog already has the prices of the list.")?,
        false => output::print(&output::table(&columns, rows))?,
    }
    if !unmatched.is_empty() {
        let names = unmatched.join(", ");
        output::print(&format!(
            "Not in the list: {names}. Use --map NAME=LISTED if the list calls a model differently."
        ))?;
    }
    Ok(())
}

fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!(
            "nothing was changed: standard input is not a terminal. Use --yes to import without \
             asking"
        );
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "Import these prices? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
