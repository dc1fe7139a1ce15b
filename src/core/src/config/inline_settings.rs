//! The settings of an inline policy's namespace, in the contract's words.

use crate::policy::{
    Catalog, ContentMode, QueueLimits, ReferencePolicy, Settings, ThrottleFactor, ThrottleMode,
};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSettings {
    auto_throttle_at_percent: Option<u64>,
    throttle_mode: ThrottleMode,
    throttle_factor: Option<f64>,
    max_queue_size: Option<u64>,
    queue_timeout_seconds: Option<u64>,
    fallback_model: Option<String>,
    content_policy_mode: ContentMode,
    allowed_categories: Vec<String>,
    references: ReferencePolicy,
    allowed_regions: Option<Vec<String>>,
    preferred_regions: Vec<String>,
}

impl RawSettings {
    pub(super) fn validate(
        self,
        what: &str,
        catalog: &Catalog,
        problems: &mut Vec<String>,
    ) -> Settings {
        let defaults = QueueLimits::default();
        let throttle_factor = self
            .throttle_factor
            .map_or(Some(ThrottleFactor::default()), factor);
        if throttle_factor.is_none() {
            problems.push(format!("{what}: throttle_factor must be from 0.001 to 1"));
        }
        let settings = Settings {
            auto_throttle_at_percent: self.auto_throttle_at_percent,
            throttle_mode: self.throttle_mode,
            throttle_factor: throttle_factor.unwrap_or_default(),
            queue: QueueLimits {
                max_queue_size: self.max_queue_size.unwrap_or(defaults.max_queue_size),
                queue_timeout_seconds: self
                    .queue_timeout_seconds
                    .unwrap_or(defaults.queue_timeout_seconds),
            },
            fallback_model: self.fallback_model,
            content_policy_mode: self.content_policy_mode,
            allowed_categories: self.allowed_categories,
            references: self.references,
            allowed_regions: self.allowed_regions,
            preferred_regions: self.preferred_regions,
        };
        let wrong = settings.problems().into_iter();
        problems.extend(wrong.map(|problem| format!("{what}: {problem}")));
        if let Some(model) = &settings.fallback_model
            && catalog.resolve(model).is_none()
        {
            problems.push(format!("{what}: fallback_model `{model}` is not a model"));
        }
        settings
    }
}

fn factor(number: f64) -> Option<ThrottleFactor> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "in range"
    )]
    let thousandths = (0.001..=1.0)
        .contains(&number)
        .then(|| (number * 1_000.0).round() as u64)?;
    ThrottleFactor::from_thousandths(thousandths)
}
