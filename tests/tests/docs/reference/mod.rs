//! The parts of the book's reference that the code knows: made from types, from definitions of the
//! command line, and from comments of fields. A test compares them; `make reference` writes them.

mod commands;
mod errors;
mod local_replies;
mod metrics;
mod names;
mod owners;
mod source;

use paddock_local::root;

/// Writes what is generated instead of comparing it.
const RENEW: &str = "PADDOCK_RENEW_REFERENCE";

/// The pages with generated parts.
const PAGES: [&str; 6] = [
    "docs/src/govern/owners.md",
    "docs/src/reference/errors.md",
    "docs/src/reference/settings.md",
    "docs/src/reference/commands.md",
    "docs/src/reference/metrics.md",
    "docs/src/reference/events.md",
];

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end -->";

#[test]
fn the_reference_is_what_the_code_says() {
    for page in PAGES {
        let path = root().join(page);
        let text = std::fs::read_to_string(&path).unwrap();
        let renewed = renew(&text).unwrap_or_else(|error| panic!("{page}: {error:#}"));
        if std::env::var_os(RENEW).is_some() {
            std::fs::write(&path, &renewed).unwrap();
            continue;
        }
        assert!(
            text == renewed,
            "{page} is not what the code says: run 'make reference' and commit the result"
        );
    }
}

/// Names that the code has and no table can be made of.
#[test]
fn the_reference_names_what_the_code_names() {
    let problems = names::unmentioned().unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The page with its generated parts made anew.
fn renew(page: &str) -> anyhow::Result<String> {
    let mut renewed = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->").unwrap_or((after, ""));
        let (_, after) = after
            .split_once(END)
            .ok_or_else(|| anyhow::anyhow!("the part '{name}' has no '{END}'"))?;
        let made = part(name)?;
        renewed.push_str(&format!("{before}{BEGIN}{name} -->\n{made}{END}"));
        rest = after;
    }
    renewed.push_str(rest);
    Ok(renewed)
}

fn part(name: &str) -> anyhow::Result<String> {
    match name {
        "gateway-errors" => Ok(errors::of_the_gateway()),
        "service-errors" => errors::of_the_service(),
        "settings" => commands::settings(),
        "commands" => Ok(commands::all()),
        "metrics" => Ok(metrics::of_the_service()),
        "owners" => Ok(owners::all()),
        "events" => source::fields("src/core/src/wire/event.rs", "UsageEvent"),
        "tokens" => source::fields("src/core/src/usage.rs", "TokenUsage"),
        "outcomes" => source::words("src/core/src/wire/event.rs", "Outcome"),
        _ => anyhow::bail!("nobody makes the part '{name}'"),
    }
}

/// A table in Markdown.
fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head.map(str::to_owned).to_vec());
    text.push_str(&format!("|{}\n", "---|".repeat(N)));
    for row in rows {
        let cells = row.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        text.push_str(&line(cells.to_vec()));
    }
    text
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
