//! The documentation as texts: its links lead somewhere, its map names what is there, and what is
//! generated is what the code says. Its commands are run by the end-to-end tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod links;
mod markdown;
mod reference;

use markdown::{Page, pages};
use paddock_local::root;
use std::collections::BTreeSet;

const README_LINES: usize = 150;

#[test]
fn the_readme_is_read_in_one_sitting() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines");
}

#[test]
fn the_book_lists_every_page() {
    let listed: BTreeSet<String> = links::of(&Page::read("docs/src/SUMMARY.md"))
        .into_iter()
        .map(|link| format!("docs/src/{}", link.target))
        .collect();
    let there: BTreeSet<String> = pages()
        .into_iter()
        .map(|page| page.path)
        .filter(|path| path.starts_with("docs/src/") && !path.ends_with("SUMMARY.md"))
        .collect();
    assert_eq!(listed, there);
}

/// Whatever is between backticks and begins like a path of the repository.
#[test]
fn the_map_names_what_is_there() {
    const FOLDERS: [&str; 7] = [
        "src/",
        "tests/",
        "examples/",
        "deploy/",
        "envoy/",
        "docs/",
        "scripts/",
    ];
    let mut count = 0;
    for path in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let page = Page::read(path);
        for code in page.inline_code() {
            if FOLDERS.iter().any(|folder| code.starts_with(folder)) && !code.contains('*') {
                assert!(root().join(&code).exists(), "{path}: there is no {code}");
                count += 1;
            }
        }
    }
    assert!(count > 40, "only {count} paths");
}
