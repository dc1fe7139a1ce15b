//! The categories, compiled, and which of them a prompt belongs to.

use super::patterns::Patterns;
use super::phrases::{MAX_WORDS, Phrases};
use crate::policy::ContentMode;
use crate::request::Texts;
use serde::Deserialize;

/// Most phrases and patterns of all categories together.
const MAX_ENTRIES: usize = 10_000;
/// Longest phrase or pattern, in bytes.
const MAX_LENGTH: usize = 1_024;
/// A kind of content that may be forbidden.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// What refusals and the ledger call it.
    pub name: String,
    /// Found at whole words, in any case and with anything between the words.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Regular expressions (<https://docs.rs/regex/1/regex/#syntax>), found anywhere.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// The mildest mode that enforces it.
    #[serde(default)]
    pub enforced_from: ContentMode,
}

/// The categories as an operator writes them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawContentPolicy {
    categories: Vec<Category>,
}

/// The categories, compiled.
#[derive(Clone, Debug, Default)]
pub struct ContentPolicy {
    categories: Vec<Category>,
    phrases: Phrases,
    patterns: Patterns,
    /// The category of each pattern.
    category_of: Vec<usize>,
}

impl PartialEq for ContentPolicy {
    fn eq(&self, other: &Self) -> bool {
        self.categories == other.categories
    }
}

impl RawContentPolicy {
    /// Compiles the categories; what is wrong with them is added to `problems`.
    pub(crate) fn compile(self, problems: &mut Vec<String>) -> ContentPolicy {
        let mut policy = ContentPolicy::default();
        let mut all: Vec<String> = Vec::new();
        let mut entries: usize = 0;
        for (at, category) in self.categories.iter().enumerate() {
            let what = format!("content_policy: category `{}`", category.name);
            if category.name.is_empty() || category.name.len() > 64 {
                problems.push(format!("{what}: name must have 1 to 64 characters"));
            }
            let mut before = self.categories.iter().take(at);
            if before.any(|other| other.name == category.name) {
                problems.push(format!("{what} is there twice"));
            }
            let both = category.phrases.iter().chain(&category.patterns);
            for long in both.filter(|text| text.len() > MAX_LENGTH) {
                let start: String = long.chars().take(40).collect();
                problems.push(format!(
                    "{what}: `{start}…` is longer than {MAX_LENGTH} bytes"
                ));
            }
            for phrase in &category.phrases {
                if policy.phrases.add(phrase, at).is_err() {
                    problems.push(format!(
                        "{what}: phrase `{phrase}` must have 1 to {MAX_WORDS} words"
                    ));
                }
            }
            for pattern in &category.patterns {
                match Patterns::check(pattern) {
                    Ok(()) => {
                        all.push(pattern.clone());
                        policy.category_of.push(at);
                    }
                    Err(error) => problems.push(format!("{what}: pattern `{pattern}`: {error}")),
                }
            }
            entries = entries
                .saturating_add(category.phrases.len())
                .saturating_add(category.patterns.len());
        }
        if entries > MAX_ENTRIES {
            problems.push(format!(
                "content_policy: more than {MAX_ENTRIES} phrases and patterns"
            ));
        }
        match Patterns::compile(&all) {
            Ok(patterns) => policy.patterns = patterns,
            Err(error) => problems.push(format!("content_policy: all patterns together: {error}")),
        }
        policy.categories = self.categories;
        policy
    }
}

impl ContentPolicy {
    /// Whether a namespace of this mode, which is let off `allowed`, is held to any category.
    pub fn enforces(&self, mode: ContentMode, allowed: &[String]) -> bool {
        (0..self.categories.len()).any(|at| self.enforced(at, mode, allowed).is_some())
    }

    fn enforced(&self, at: usize, mode: ContentMode, allowed: &[String]) -> Option<&Category> {
        let category = self.categories.get(at)?;
        // What is enforced in every mode is the operator's: no namespace is let off it.
        let is_exempt =
            category.enforced_from != ContentMode::Relaxed && allowed.contains(&category.name);
        let is_enforced = mode >= category.enforced_from && !is_exempt;
        is_enforced.then_some(category)
    }

    /// The name of the first of the enforced categories that the texts of a prompt belong to.
    pub fn violation(
        &self,
        texts: &Texts<'_>,
        mode: ContentMode,
        allowed: &[String],
    ) -> Option<&str> {
        let mut first: Option<usize> = None;
        let mut found = |at: usize| {
            let is_before = first.is_none_or(|first| at < first);
            if is_before && self.enforced(at, mode, allowed).is_some() {
                first = Some(at);
            }
        };
        if !self.phrases.is_empty() {
            for text in &texts.others {
                self.phrases.find(core::iter::once(&**text), &mut found);
            }
            let parts = || texts.running.iter().map(|part| &**part);
            self.phrases.find(parts(), &mut found);
            if texts.running.len() > 1 {
                self.phrases
                    .find(parts().flat_map(|part| ["\n", part]), &mut found);
            }
        }
        if !self.patterns.is_empty() {
            let mut look = |text: &str| {
                for pattern in self.patterns.found_in(text) {
                    self.category_of.get(pattern).copied().map(&mut found);
                }
            };
            for text in &texts.others {
                look(text);
            }
            match texts.running.as_slice() {
                [] => {}
                [alone] => look(alone),
                parts => {
                    look(&parts.concat());
                    look(&parts.join("\n"));
                }
            }
        }
        self.enforced(first?, mode, allowed)
            .map(|category| category.name.as_str())
    }
}
