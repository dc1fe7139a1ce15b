//! Other names of models: whole ones, and beginnings of names that end with `*`.

use super::{Catalog, Model, is_auto};

/// Longest alias, in bytes.
const MAX_ALIAS: usize = 256;
/// What Claude Code writes behind a model's name to ask for its long context window, and takes off
/// only for some providers (<https://code.claude.com/docs/en/model-config>).
const LONG_CONTEXT: &str = "[1m]";

/// An alias as it is stored and looked up: in lower case, without outer blanks.
pub fn fold_alias(written: &str) -> String {
    written.trim().to_lowercase()
}

impl Catalog {
    /// The model a caller means by `name`: a model's own name, or an alias of one. Case, outer blanks
    /// and a `[1m]` at the end do not matter. Whole names come before beginnings, of which the
    /// longest holds.
    pub fn resolve(&self, name: &str) -> Option<&Model> {
        if let Some(exact) = self.models.iter().find(|model| model.name == name) {
            return Some(exact);
        }
        let folded = fold_alias(name);
        let asked = folded.strip_suffix(LONG_CONTEXT).unwrap_or(&folded);
        let own = |name: &str| {
            let mut models = self.models.iter();
            models.find(|model| model.name.eq_ignore_ascii_case(name))
        };
        match self.aliases.get(asked) {
            Some(target) => own(target),
            None => own(asked).or_else(|| own(self.longest_beginning(asked)?)),
        }
    }

    fn longest_beginning(&self, name: &str) -> Option<&str> {
        if name.len() > MAX_ALIAS || self.aliases.is_empty() {
            return None;
        }
        let mut beginning = name.to_owned();
        loop {
            beginning.push('*');
            if let Some(target) = self.aliases.get(&beginning) {
                return Some(target);
            }
            beginning.pop();
            beginning.pop()?;
        }
    }

    /// What is wrong with an alias, if anything: a phrase.
    pub fn alias_problem(&self, alias: &str, target: &str) -> Option<String> {
        let folded = fold_alias(alias);
        let beginning = folded.strip_suffix('*').unwrap_or(&folded);
        let is_plain = |c: char| !c.is_control() && c != '*';
        let own = |model: &Model| model.name.eq_ignore_ascii_case(&folded);
        if beginning.is_empty() || folded.len() > MAX_ALIAS || !beginning.chars().all(is_plain) {
            return Some(format!(
                "alias `{alias}` must have 1 to {MAX_ALIAS} bytes, and `*` only at its end, behind \
                 something"
            ));
        }
        if is_auto(&folded) {
            return Some("alias `auto`: this name asks for routing, give another".to_owned());
        }
        if self.models.iter().any(own) {
            return Some(format!("alias `{alias}` is the name of a model"));
        }
        if !self.models.iter().any(|model| model.name == target) {
            return Some(format!(
                "alias `{alias}` leads to `{target}`, which is not a model"
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(aliases: &[(&str, &str)]) -> Catalog {
        let mut catalog = Catalog::builtin();
        for (alias, model) in aliases {
            catalog
                .aliases
                .insert(fold_alias(alias), (*model).to_owned());
        }
        catalog
    }

    #[test]
    fn case_blanks_and_a_mark_for_long_context_do_not_matter() {
        let catalog = catalog(&[("claude-sonnet-4-5-*", "claude-sonnet-4.5")]);
        for (asked, meant) in [
            ("gpt-4.1", "gpt-4.1"),
            (" GPT4 ", "gpt-4.1"),
            ("Claude-3.5", "claude-sonnet-4.5"),
            ("GEMINI-2.5-FLASH", "gemini-2.5-flash"),
            ("deepseek", "deepseek-v3.2"),
            ("claude-sonnet-4.5[1m]", "claude-sonnet-4.5"),
            ("Claude[1M]", "claude-sonnet-4.5"),
            ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4.5"),
        ] {
            let found = catalog.resolve(asked).map(|model| model.name.as_str());
            assert_eq!(found, Some(meant), "{asked}");
        }
        for unknown in ["gpt-5", "claude-sonnet-4-5", "[1m]", "", "*", "ü"] {
            assert_eq!(catalog.resolve(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_whole_name_comes_before_a_beginning_and_a_longer_beginning_before_a_shorter() {
        let catalog = catalog(&[
            ("gem*", "gpt-4.1"),
            ("gemini-3-*", "deepseek-v3.2"),
            ("gemini-3-pro", "claude-sonnet-4.5"),
        ]);
        for (asked, meant) in [
            ("gemini-2.5-flash", "gemini-2.5-flash"),
            ("gemini", "gemini-2.5-flash"),
            ("gemini-3-pro", "claude-sonnet-4.5"),
            ("gemini-3-pro-preview", "deepseek-v3.2"),
            ("gemini-2.5-pro", "gpt-4.1"),
            ("GEM", "gpt-4.1"),
        ] {
            let found = catalog.resolve(asked).map(|model| model.name.as_str());
            assert_eq!(found, Some(meant), "{asked}");
        }
        assert_eq!(
            catalog.resolve(&("gemini-".to_owned() + &"x".repeat(300))),
            None
        );
    }

    #[test]
    fn an_alias_is_no_models_name_and_leads_to_one() {
        let catalog = Catalog::builtin();
        assert_eq!(catalog.alias_problem("Sonnet-*", "claude-sonnet-4.5"), None);
        for (alias, target, problem) in [
            ("", "gpt-4.1", "must have"),
            ("*", "gpt-4.1", "must have"),
            ("a*b", "gpt-4.1", "must have"),
            ("a**", "gpt-4.1", "must have"),
            (" Auto ", "gpt-4.1", "asks for routing"),
            ("GPT-4.1", "deepseek-v3.2", "the name of a model"),
            ("new", "gpt4", "not a model"),
        ] {
            let found = catalog.alias_problem(alias, target).unwrap_or_default();
            assert!(found.contains(problem), "{alias}: {found}");
        }
    }
}
