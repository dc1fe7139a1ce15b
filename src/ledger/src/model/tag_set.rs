//! Tags as a call had them: those of its key and of its namespace.

use paddock_core::secret;
use serde_json::Value;
use std::collections::BTreeSet;

/// How the id of a set begins whose calls were booked before there were any.
pub const BEFORE: &str = "before:";
/// Hex digits of an id: of a hash of 128 bits.
const ID: usize = 32;

/// The tags of a key and of its namespace at one time; at least one of them has some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagSet {
    /// A hash of both.
    pub id: String,
    /// The key's: JSON.
    pub key_tags: Option<String>,
    /// The namespace's: JSON.
    pub namespace_tags: Option<String>,
}

impl TagSet {
    /// Of these tags; `None` if there are none.
    pub fn new(key_tags: Option<String>, namespace_tags: Option<String>) -> Option<TagSet> {
        if key_tags.is_none() && namespace_tags.is_none() {
            return None;
        }
        // JSON has no U+0000.
        let both = [&key_tags, &namespace_tags].map(|tags| tags.as_deref().unwrap_or_default());
        let digest = secret::digest(both.join("\0").as_bytes());
        Some(TagSet {
            id: digest.to_hex().chars().take(ID).collect(),
            key_tags,
            namespace_tags,
        })
    }

    /// Whether its id is that of its tags.
    pub fn is_whole(&self) -> bool {
        let same = TagSet::new(self.key_tags.clone(), self.namespace_tags.clone());
        self.id.starts_with(BEFORE) || same.is_some_and(|same| same.id == self.id)
    }

    /// The labels: texts, and `name:value`. Each once.
    pub fn labels(&self) -> BTreeSet<String> {
        let all = [&self.key_tags, &self.namespace_tags];
        let texts = all.into_iter().flatten();
        texts.flat_map(|text| labels(text)).collect()
    }
}

/// The labels that tags are: texts, and `name:value`.
pub fn labels_of(tags: Option<&Value>) -> Vec<String> {
    match tags {
        Some(Value::Array(items)) => {
            let texts = items.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        Some(Value::Object(map)) => map
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}:{}", value.as_str()?)))
            .collect(),
        _ => Vec::new(),
    }
}

fn labels(text: &str) -> Vec<String> {
    labels_of(serde_json::from_str(text).ok().as_ref())
}
