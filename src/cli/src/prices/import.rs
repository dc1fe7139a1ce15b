//! `paddock prices import`.

use super::listed::Listed;
use super::{genai, litellm};
use crate::client::{Client, escape};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, Output, cell, number, text};
use anyhow::{Context, bail};
use paddock_server::config::file::ConfigFile;
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
    /// Another name of a model in the list: NAME=NAME-IN-LIST.
    #[arg(long = "map", value_name = "NAME=LISTED", value_parser = pair)]
    names: Vec<(String, String)>,
    /// Also create this model of the list, served by an upstream of Envoy: NAME=UPSTREAM.
    #[arg(long = "add", value_name = "NAME=UPSTREAM", value_parser = pair)]
    added: Vec<(String, String)>,
    /// The provider whose price to take, if several sell a model.
    #[arg(long)]
    provider: Option<String>,
    /// Apply without asking.
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
    let (name, other) = pair.ok_or("this must be two names with = between them")?;
    Ok((name.to_owned(), other.to_owned()))
}

struct Difference {
    model: String,
    is_new: bool,
    fields: Map<String, Value>,
    before: Value,
    note: Option<&'static str>,
}

/// Shows, asks, and takes over.
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
        client.send("PUT", &path, &Value::Object(difference.fields.clone()))?;
    }
    match form {
        Output::Json => tell(form, &differences, &unmatched, true)?,
        Output::Table => output::print(&format!("{} prices set.", differences.len()))?,
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
            "{} is no price list of LiteLLM (model_prices_and_context_window.json) nor of \
             genai-prices (data.json)",
            path.display()
        ),
    }
}

/// What differs, and the models of the catalog that the list does not have.
fn compare(
    options: &Options,
    client: &Client,
    list: &[Listed],
) -> anyhow::Result<(Vec<Difference>, Vec<String>)> {
    let answer = client.get("/v1/prices")?;
    let known = answer
        .get("data")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let names: BTreeMap<&str, &str> = options
        .names
        .iter()
        .map(|(own, listed)| (own.as_str(), listed.as_str()))
        .collect();
    let (mut differences, mut unmatched) = (Vec::new(), Vec::new());
    let own_name = |model: &Value| {
        model
            .get("model")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    for model in &known {
        let Some(name) = own_name(model) else {
            continue;
        };
        let wanted = names.get(name.as_str()).copied().unwrap_or(&name);
        let Some(listed) = choose(list, wanted, options.provider.as_deref())? else {
            unmatched.push(name);
            continue;
        };
        let differs = |(field, value): &(String, Value)| {
            // How much a model may answer is the operator's choice: it is only set for new ones.
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
        if known
            .iter()
            .any(|model| own_name(model).as_ref() == Some(name))
        {
            continue;
        }
        let wanted = names.get(name.as_str()).copied().unwrap_or(name);
        let Some(listed) = choose(list, wanted, options.provider.as_deref())? else {
            bail!("the list has no price for '{wanted}'");
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
        number("LISTED"),
        text("NOTE"),
    ];
    let mut rows = Vec::new();
    for difference in differences {
        for (field, value) in &difference.fields {
            let now = difference.before.get(field).unwrap_or(&Value::Null);
            let note = difference.note.unwrap_or_default().to_owned();
            rows.push(vec![
                difference.model.clone(),
                field.clone(),
                cell(now),
                cell(value),
                note,
            ]);
        }
    }
    match rows.is_empty() {
        true => output::print("The catalog has the prices of the list.")?,
        false => output::print(&output::table(&columns, rows))?,
    }
    if !unmatched.is_empty() {
        let names = unmatched.join(", ");
        output::print(&format!(
            "Not in the list: {names}. --map NAME=LISTED says what it calls them."
        ))?;
    }
    Ok(())
}

fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nothing was changed: there is nobody to ask. Say --yes to take it over");
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "Take these prices over? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
