//! Whether a rule's conditions hold.

use crate::policy::{Conditions, Priority};
use crate::request::Features;

impl Conditions {
    /// Whether all of them hold for a request of these features in a namespace of this priority.
    pub fn hold(&self, features: &Features, priority: Priority) -> bool {
        let at_most = |limit: &Option<u64>| match (limit, features.max_output_tokens) {
            (None, _) => true,
            (Some(most), asked) => asked.is_some_and(|asked| asked <= *most),
        };
        let cool_enough = match (self.temperature, features.temperature) {
            (None, _) => true,
            (Some(most), asked) => asked.is_some_and(|asked| asked <= most),
        };
        let says_one = |texts: &[String]| {
            let mut texts = texts.iter().map(|text| text.to_lowercase());
            texts.any(|text| features.system_prompt.contains(&text))
        };
        let needs = |required: &String| features.needs.contains(required);
        at_most(&self.max_output_tokens)
            && cool_enough
            && self.batch_mode.is_none_or(|batch| batch == features.batch)
            && self
                .priority
                .is_none_or(|wanted| wanted == features.priority.unwrap_or(priority))
            && self.model_capability_required.as_ref().is_none_or(needs)
            && (self.system_prompt_contains.is_empty() || says_one(&self.system_prompt_contains))
    }
}
