//! In place of the content policy in a build without one.

use crate::policy::ContentMode;
use crate::request::Texts;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What an operator writes who has loaded the wrong build.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawContentPolicy {
    categories: Vec<IgnoredAny>,
}

/// Nothing is forbidden.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContentPolicy;

impl RawContentPolicy {
    /// Adds to `problems` that this build has no content policy, if there is one.
    pub(crate) fn compile(self, problems: &mut Vec<String>) -> ContentPolicy {
        if !self.categories.is_empty() {
            problems.push(
                "content_policy: this build of the filter has none. Load `paddock-content.wasm`"
                    .to_owned(),
            );
        }
        ContentPolicy
    }
}

impl ContentPolicy {
    /// Never.
    pub fn enforces(&self, _: ContentMode, _: &[String]) -> bool {
        false
    }

    /// None.
    pub fn violation(&self, _: &Texts<'_>, _: ContentMode, _: &[String]) -> Option<&str> {
        None
    }
}
