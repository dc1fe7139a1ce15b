//! Names in the code that a page must mention: no table can be made of them.

use super::source;
use anyhow::Context;
use paddock_local::root;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub const OPENAPI: &str = "src/server/openapi.json";

/// Headers that only tests and examples name.
const NOT_OURS: [&str; 1] = ["x-fault"];

/// Every name that the reference lacks, with the page it belongs on.
pub fn unmentioned() -> anyhow::Result<Vec<String>> {
    let core = ["src/core/src", "src/filter/src"];
    let mut missing = Vec::new();
    let mut look = |page: &str, names: BTreeSet<String>| -> anyhow::Result<()> {
        let text = std::fs::read_to_string(root().join(page)).context(page.to_owned())?;
        anyhow::ensure!(!names.is_empty(), "the code has no name for {page}");
        let lacks = names
            .iter()
            .filter(|name| !text.contains(*name) && !text.contains(&capitalized(name)));
        missing.extend(lacks.map(|name| format!("{page} does not mention `{name}`")));
        Ok(())
    };
    look(
        "docs/src/reference/metrics.md",
        literals(&core, |text| {
            let name = text.split([';', '{']).next().unwrap_or_default();
            let is_metric = name.starts_with("paddock_") && name.ends_with("_total");
            is_metric.then(|| name.to_owned())
        })?,
    )?;
    look(
        "docs/src/reference/headers.md",
        literals(
            &["src/core/src", "src/filter/src", "src/server/src/http"],
            |text| {
                let is_header = text.starts_with("x-") && text.bytes().all(is_header_byte);
                let is_whole = is_header && !text.ends_with('-') && !NOT_OURS.contains(&text);
                is_whole.then(|| text.to_owned())
            },
        )?,
    )?;
    look(
        "docs/src/reference/errors.md",
        literals(&["src/server/src/http/error.rs"], |text| {
            let is_code = text.contains('_')
                && text
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_lowercase());
            is_code.then(|| text.to_owned())
        })?,
    )?;
    let mut fields = BTreeSet::new();
    for (path, name) in [
        ("parse.rs", "RawConfig"),
        ("inline_policy.rs", "RawPolicy"),
        ("inline_policy.rs", "RawLimits"),
        ("inline_policy.rs", "RawOrganization"),
        ("inline_policy.rs", "RawNamespace"),
        ("inline_policy.rs", "RawKey"),
        ("inline_catalog.rs", "RawModel"),
        ("inline_price.rs", "RawRates"),
    ] {
        let names = source::field_names(&format!("src/core/src/config/{path}"), name)?;
        fields.extend(names.into_iter().map(|name| format!("`{name}")));
    }
    look("docs/src/reference/plugin.md", fields)?;
    Ok(missing)
}

/// A header's name as people write it.
fn capitalized(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    });
    words.collect::<Vec<String>>().join("-")
}

fn is_header_byte(byte: u8) -> bool {
    byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// What `pick` finds among the text literals of files and folders, tests left out.
fn literals(
    paths: &[&str],
    pick: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<BTreeSet<String>> {
    let mut files = Vec::new();
    for path in paths {
        sources(&root().join(path), &mut files)?;
    }
    let mut found = BTreeSet::new();
    for file in files {
        found.extend(
            source::literals(&file)?
                .iter()
                .filter_map(|text| pick(text)),
        );
    }
    Ok(found)
}

fn sources(path: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let is_source = path.is_dir() || path.extension().is_some_and(|kind| kind == "rs");
        if is_source && name != Some("tests") {
            sources(&path, found)?;
        }
    }
    Ok(())
}
