//! A budget that an organization sets for some of its calls: those of some models, namespaces or labels.

use super::Limits;
use serde::{Deserialize, Serialize};

/// Most budgets of one organization: a call may be held against each of them.
pub const MAX_BUDGETS: usize = 32;
/// Most models, namespaces or labels that a budget lists.
pub const MAX_BUDGET_LIST: usize = 64;
/// Longest name of a budget, in bytes.
pub const MAX_BUDGET_NAME: usize = 64;

/// Caps for those calls of an organization that a budget covers: each list that is not empty must have the
/// call in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetPolicy {
    /// Its name in the organization.
    pub name: String,
    /// Models, by name or alias; empty covers every model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Namespaces that share it; empty is every namespace of the organization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Labels of keys or their namespaces, of which a call has one; empty covers calls with any or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Its caps. It has no rates.
    #[serde(default)]
    pub limits: Limits,
}

impl BudgetPolicy {
    /// Whether it covers calls of a namespace whose key and namespace have these labels.
    pub fn covers_caller<'a>(
        &self,
        namespace: &str,
        labels: impl IntoIterator<Item = &'a String>,
    ) -> bool {
        let is_in = |list: &[String], one: &str| list.iter().any(|listed| listed == one);
        (self.namespaces.is_empty() || is_in(&self.namespaces, namespace))
            && (self.tags.is_empty() || labels.into_iter().any(|label| is_in(&self.tags, label)))
    }
}

/// The name of a budget's scope: `budget:ORGANIZATION/NAME`.
pub fn budget_scope(organization: &str, name: &str) -> String {
    format!("budget:{organization}/{name}")
}

/// Whether a budget can have this name: 1 to [`MAX_BUDGET_NAME`] letters, digits, `-`, `_` and `.`.
pub fn is_budget_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=MAX_BUDGET_NAME).contains(&name.len()) && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_that_is_not_empty_must_have_the_call() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let budget = |namespaces: &[&str], tags: &[&str]| BudgetPolicy {
            namespaces: texts(namespaces),
            tags: texts(tags),
            ..BudgetPolicy::default()
        };
        let labels: Vec<String> = texts(&["team:search", "beta"]);
        for (namespaces, tags, covers) in [
            (&[][..], &[][..], true),
            (&["n"], &[], true),
            (&["m", "n"], &["beta"], true),
            (&["m"], &["beta"], false),
            (&[], &["team:search", "other"], true),
            (&["n"], &["team:ads"], false),
        ] {
            let found = budget(namespaces, tags).covers_caller("n", &labels);
            assert_eq!(found, covers, "{namespaces:?} {tags:?}");
        }
        assert!(!budget(&[], &["beta"]).covers_caller("n", &[]));
    }
}
