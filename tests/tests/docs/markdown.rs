//! Pages of the documentation.

use paddock_local::root;
use std::collections::HashMap;
use std::path::Path;

/// A page, and its text without the content of fenced blocks.
pub struct Page {
    /// From the root of the repository.
    pub path: String,
    pub text: String,
}

/// Every page: at the root, of the book, and the examples' own.
pub fn pages() -> Vec<Page> {
    let mut paths = Vec::new();
    for folder in ["", "docs/src", "examples"] {
        find(&root(), folder, folder.is_empty(), &mut paths);
    }
    assert!(paths.len() > 40, "{paths:?}");
    paths.iter().map(|path| Page::read(path)).collect()
}

fn find(root: &Path, folder: &str, is_flat: bool, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        if path.ends_with(".md") {
            found.push(path);
        } else if !is_flat && entry.path().is_dir() {
            find(root, &path, false, found);
        }
    }
}

impl Page {
    pub fn read(path: &str) -> Page {
        let text = std::fs::read_to_string(root().join(path));
        let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut is_code = false;
        let lines = text.lines().map(|line| {
            let is_fence = line.starts_with("```");
            is_code ^= is_fence;
            if is_code || is_fence { "" } else { line }
        });
        let lines: Vec<&str> = lines.collect();
        Page {
            path: path.to_owned(),
            text: lines.join("\n"),
        }
    }

    /// What stands between backticks.
    pub fn inline_code(&self) -> Vec<String> {
        let parts = self.text.split('`').skip(1).step_by(2);
        parts.map(str::to_owned).collect()
    }

    /// The text without what stands between backticks.
    pub fn prose(&self) -> String {
        self.text.split('`').step_by(2).collect()
    }

    /// The anchors of its headings, as mdBook and GitHub make them.
    pub fn anchors(&self) -> Vec<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let headings = self.text.lines().filter_map(|line| {
            let text = line.trim_start_matches('#');
            (text.len() < line.len()).then(|| text.strip_prefix(' '))?
        });
        headings
            .map(|heading| {
                let slug: String = heading
                    .trim()
                    .chars()
                    .filter_map(|letter| match letter {
                        ' ' => Some('-'),
                        '-' | '_' => Some(letter),
                        _ if letter.is_alphanumeric() => letter.to_lowercase().next(),
                        _ => None,
                    })
                    .collect();
                let count = seen.entry(slug.clone()).or_default();
                *count += 1;
                match *count {
                    1 => slug,
                    count => format!("{slug}-{}", count - 1),
                }
            })
            .collect()
    }
}
