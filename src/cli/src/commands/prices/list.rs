//! A price list, and which of its models are meant.

use super::listed::Listed;
use super::{genai, litellm, own};
use anyhow::{Context, bail};
use paddock_ledger::store::catalog::SHIPPED;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a file says.
#[derive(Debug, Default)]
pub struct List {
    pub models: Vec<Listed>,
    /// Aliases of models: only Paddock's own format has any.
    pub aliases: BTreeMap<String, String>,
}

/// Which models of a list are meant.
#[derive(Debug, clap::Args)]
pub struct Choice {
    /// The name of a model in the list, if it differs from its name here; repeat it for more.
    #[arg(long = "map", value_name = "NAME=LISTED", value_parser = pair)]
    pub names: Vec<(String, String)>,
    /// Add all models of the list that this provider sells, served by this upstream of Envoy; repeat
    /// it for more.
    #[arg(long = "add-provider", value_name = "PROVIDER=UPSTREAM", value_parser = pair)]
    pub providers: Vec<(String, String)>,
    /// Only models of these names; `*` stands for anything. Repeat it for more.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// No models of these names; `*` stands for anything. Repeat it for more.
    #[arg(long, value_name = "NAME")]
    except: Vec<String>,
}

/// Reads `NAME=VALUE`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text
        .split_once('=')
        .filter(|(a, b)| !a.is_empty() && !b.is_empty());
    let (name, other) = pair.ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), other.to_owned()))
}

impl List {
    /// Reads a file. `today` is `YYYY-MM-DD`.
    pub fn read(path: &Path, today: &str) -> anyhow::Result<List> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        List::parse(&text, today).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The catalog that Paddock comes with.
    pub fn shipped() -> anyhow::Result<List> {
        List::parse(SHIPPED, "")
    }

    fn parse(text: &str, today: &str) -> anyhow::Result<List> {
        let list: Value = serde_json::from_str(text).context("it is not JSON")?;
        let found = match own::read(&list) {
            Some((models, aliases)) => Some(List { models, aliases }),
            None => {
                let models = match litellm::read(&list)? {
                    Some(models) => Some(models),
                    None => genai::read(&list, today)?,
                };
                let aliases = BTreeMap::new();
                models.map(|models| List { models, aliases })
            }
        };
        match found {
            Some(list) if !list.models.is_empty() => Ok(list),
            Some(_) => bail!("it has no model with a price for tokens"),
            None => bail!(
                "it is neither a price list of LiteLLM (model_prices_and_context_window.json), nor \
                 one of genai-prices (data.json), nor a catalog of Paddock"
            ),
        }
    }
}

impl Choice {
    /// Whether a model is meant.
    pub fn has(&self, name: &str) -> bool {
        let is_one = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
        (self.only.is_empty() || is_one(&self.only)) && !is_one(&self.except)
    }

    /// What the list calls a model.
    pub fn listed_name<'a>(&'a self, name: &'a str) -> &'a str {
        let mut names = self.names.iter();
        let named = names.find(|(own, _)| own == name);
        named.map_or(name, |(_, listed)| listed)
    }

    /// The models of the list that its providers sell, each with its upstream.
    ///
    /// # Errors
    /// If the list has none of a provider's.
    pub fn sold<'a>(&'a self, list: &'a List) -> anyhow::Result<Vec<(&'a Listed, &'a str)>> {
        let found = self.sold_by_any(list);
        for (provider, _) in &self.providers {
            if !found.iter().any(|(listed, _)| listed.provider == *provider) {
                bail!("the list has no model of the provider '{provider}' that is asked for");
            }
        }
        Ok(found)
    }

    /// The same, of the providers that the list knows.
    pub fn sold_by_any<'a>(&'a self, list: &'a List) -> Vec<(&'a Listed, &'a str)> {
        let mut found = Vec::new();
        for (provider, upstream) in &self.providers {
            let sold = |listed: &&Listed| {
                listed.provider == *provider && listed.is_metered && self.has(listed.short_name())
            };
            let sold = list.models.iter().filter(sold);
            found.extend(sold.map(|listed| (listed, upstream.as_str())));
        }
        found
    }
}

/// Whether a name fits a pattern, in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest
            .find(part)
            .and_then(|at| rest.get(at.saturating_add(part.len())..))
        {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Today in UTC, as `YYYY-MM-DD`.
pub fn today() -> String {
    let now = time::OffsetDateTime::now_utc().date();
    let (year, month, day) = (now.year(), u8::from(now.month()), now.day());
    format!("{year:04}-{month:02}-{day:02}")
}

/// The list in a file, or the catalog that Paddock comes with.
pub fn open(file: Option<&PathBuf>) -> anyhow::Result<List> {
    match file {
        Some(file) => List::read(file, &today()),
        None => List::shipped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, fits) in [
            ("gpt-5", "gpt-5", true),
            ("gpt-5", "gpt-5.1", false),
            ("gpt-5*", "gpt-5.1", true),
            ("*-latest", "mistral-large-latest", true),
            ("*-latest", "mistral-latest-large", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*b", "ab", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
