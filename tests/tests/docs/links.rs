//! Links inside the documentation.

use crate::markdown::{Page, pages};
use paddock_local::root;
use std::path::{Component, Path, PathBuf};

pub struct Link {
    pub target: String,
    /// After the `#`; empty for the page itself.
    anchor: String,
}

/// The links of a page to other pages and files; not those to the Internet.
pub fn of(page: &Page) -> Vec<Link> {
    let prose = page.prose();
    let targets = prose.split("](").skip(1).map(|rest| {
        let end = rest.find(')');
        let end = end.unwrap_or_else(|| panic!("{}: a link is never closed", page.path));
        &rest[..end]
    });
    targets
        .filter(|target| !target.contains("://"))
        .map(|target| {
            let (target, anchor) = target.split_once('#').unwrap_or((target, ""));
            Link {
                target: target.to_owned(),
                anchor: anchor.to_owned(),
            }
        })
        .collect()
}

/// What is wrong with the links of a page.
fn dead(page: &Page) -> Vec<String> {
    let folder = Path::new(&page.path).parent().unwrap();
    let mut dead = Vec::new();
    for Link { target, anchor } in of(page) {
        let path = if target.is_empty() {
            PathBuf::from(&page.path)
        } else {
            plain(&folder.join(&target))
        };
        let shown = format!("{}: {target}#{anchor}", page.path);
        // A built book has nothing but itself.
        let is_inside = !page.path.starts_with("docs/src") || path.starts_with("docs/src");
        let is_there = is_inside && root().join(&path).exists();
        let has_anchor = || {
            Page::read(path.to_str().unwrap())
                .anchors()
                .contains(&anchor)
        };
        if !is_there || !(anchor.is_empty() || has_anchor()) {
            dead.push(shown);
        }
    }
    dead
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{}", path.display()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn every_link_leads_somewhere() {
    let dead: Vec<String> = pages().iter().flat_map(dead).collect();
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}

#[test]
fn dead_links_are_found() {
    let page = |text: &str| Page {
        path: "docs/src/index.md".to_owned(),
        text: format!("# A Title: it's `code`\n{text}"),
    };
    let good = page("[a](start/tour.md#call-a-model) [b](#a-title-its-code) `[c](none.md)`");
    assert_eq!(of(&good).len(), 2);
    // Its own anchors are those of the file.
    assert_eq!(dead(&page("[a](start/tour.md#call-a-model)")).len(), 0);
    for text in [
        "[a](none.md)",
        "[a](start/tour.md#none)",
        "[a](../../README.md)",
        "[a](#none)",
    ] {
        assert_eq!(dead(&page(text)).len(), 1, "{text}");
    }
    assert_eq!(good.anchors(), ["a-title-its-code"]);
}
