//! How a namespace behaves where its budget runs low, and what its content may be.

use super::is_region;
use serde::{Deserialize, Serialize};

/// Most requests of one namespace that may wait in a gateway's queue.
pub const MAX_QUEUE_SIZE: u64 = 10_000;
/// The longest a request may wait in a queue, in seconds.
pub const MAX_QUEUE_SECONDS: u64 = 600;

/// The settings of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Percent of a budget, 1 to 100, from which on the namespace is throttled; absent means never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_throttle_at_percent: Option<u64>,
    /// What becomes of requests over the throttled rate.
    pub throttle_mode: ThrottleMode,
    /// What the rates of a throttled namespace are multiplied by.
    pub throttle_factor: ThrottleFactor,
    /// The queue of [`ThrottleMode::Queue`].
    #[serde(flatten)]
    pub queue: QueueLimits,
    /// The cheaper model requests are redirected to; absent means they are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_model: Option<String>,
    /// How strictly content is judged.
    pub content_policy_mode: ContentMode,
    /// Categories of content that are let pass whatever the mode, save those enforced in every mode.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_categories: Vec<String>,
    /// Whether a request may refer to what is not in its body.
    pub references: ReferencePolicy,
    /// The regions that may serve it; absent means that any may. Then a deployment without a region may
    /// not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_regions: Option<Vec<String>>,
    /// The regions that are tried first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preferred_regions: Vec<String>,
}

/// What becomes of requests a throttled namespace makes over its reduced rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ThrottleMode {
    /// They are refused with 429.
    #[default]
    Reject,
    /// They are served by the fallback model.
    Redirect,
    /// They wait their turn.
    Queue,
}

/// What becomes of a request that refers to what is not in its body: what the provider has stored, or
/// is to fetch from a URL. How much of it a model will read is not known before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ReferencePolicy {
    /// It is held at the model's context window.
    #[default]
    Allow,
    /// It is refused with 400.
    Refuse,
}

/// How strictly the content of prompts is judged.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ContentMode {
    /// Only what is enforced everywhere.
    Relaxed,
    /// The usual.
    #[default]
    Standard,
    /// Everything the operator named.
    Strict,
}

/// A factor from 0.001 to 1, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct ThrottleFactor(u64);

impl ThrottleFactor {
    /// The factor of that many thousandths, 1 to 1,000.
    pub fn from_thousandths(thousandths: u64) -> Option<ThrottleFactor> {
        (1..=1_000)
            .contains(&thousandths)
            .then_some(ThrottleFactor(thousandths))
    }

    /// In thousandths.
    pub const fn thousandths(self) -> u64 {
        self.0
    }

    /// That part of a rate, never less than 1: a throttled namespace is slow, not shut.
    pub fn of(self, rate: u64) -> u64 {
        let part = u128::from(rate).saturating_mul(u128::from(self.0));
        let whole = part.checked_div(1_000).unwrap_or_default();
        u64::try_from(whole).unwrap_or(u64::MAX).max(1)
    }

    /// That part of an amount that may be a debt, rounded towards zero.
    pub fn of_signed(self, amount: i64) -> i64 {
        let part = i128::from(amount).saturating_mul(i128::from(self.0));
        let whole = part.checked_div(1_000).unwrap_or_default();
        i64::try_from(whole).unwrap_or(amount)
    }
}

impl Default for ThrottleFactor {
    fn default() -> Self {
        ThrottleFactor(500)
    }
}

impl TryFrom<u64> for ThrottleFactor {
    type Error = &'static str;

    fn try_from(thousandths: u64) -> Result<Self, Self::Error> {
        ThrottleFactor::from_thousandths(thousandths).ok_or("a factor is 1 to 1,000 thousandths")
    }
}

impl From<ThrottleFactor> for u64 {
    fn from(factor: ThrottleFactor) -> u64 {
        factor.0
    }
}

/// How many requests may wait, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueLimits {
    /// Requests of the namespace that wait in one gateway at once: 1 to [`MAX_QUEUE_SIZE`].
    pub max_queue_size: u64,
    /// Seconds a request waits at most: 1 to [`MAX_QUEUE_SECONDS`].
    pub queue_timeout_seconds: u64,
}

impl Default for QueueLimits {
    fn default() -> Self {
        QueueLimits {
            max_queue_size: 100,
            queue_timeout_seconds: 30,
        }
    }
}

impl Settings {
    /// Whether a region may serve it. `None` is one that nobody has named.
    pub fn allows_region(&self, region: Option<&str>) -> bool {
        let Some(allowed) = &self.allowed_regions else {
            return true;
        };
        region.is_some_and(|region| allowed.iter().any(|one| one == region))
    }

    /// Whether a region is tried first.
    pub fn prefers_region(&self, region: Option<&str>) -> bool {
        region.is_some_and(|region| self.preferred_regions.iter().any(|one| one == region))
    }

    /// What is wrong with these settings, in words for whoever wrote them.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |name: &str, value: u64, most: u64| {
            if value == 0 || value > most {
                problems.push(format!("{name} must be from 1 to {most}"));
            }
        };
        let percent = self.auto_throttle_at_percent;
        check("auto_throttle_at_percent", percent.unwrap_or(1), 100);
        let queue = &self.queue;
        check("max_queue_size", queue.max_queue_size, MAX_QUEUE_SIZE);
        let seconds = queue.queue_timeout_seconds;
        check("queue_timeout_seconds", seconds, MAX_QUEUE_SECONDS);
        if self.throttle_mode == ThrottleMode::Redirect && self.fallback_model.is_none() {
            problems.push(
                "throttle_mode `redirect` needs fallback_model: the cheaper model to serve instead"
                    .to_owned(),
            );
        }
        let allowed = self.allowed_regions.iter().flatten();
        for region in allowed.chain(&self.preferred_regions) {
            if !is_region(region) {
                problems.push(format!("`{region}` cannot be a region's name"));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_never_shuts_a_rate() {
        let half = ThrottleFactor::default();
        assert_eq!(
            (half.of(60), half.of(1), half.of(u64::MAX)),
            (30, 1, u64::MAX / 2)
        );
        assert_eq!(ThrottleFactor::from_thousandths(0), None);
        assert_eq!(ThrottleFactor::from_thousandths(1_001), None);
    }

    #[test]
    fn settings_are_flat_in_json_and_say_what_is_wrong_with_them() {
        let text =
            r#"{"throttle_mode":"redirect","max_queue_size":0,"auto_throttle_at_percent":101}"#;
        let settings: Settings = serde_json::from_str(text).unwrap();
        let problems = settings.problems().join("; ");
        for part in [
            "max_queue_size must be",
            "auto_throttle_at_percent must be",
            "needs fallback_model",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
        let again = serde_json::to_string(&Settings::default()).unwrap();
        assert_eq!(
            serde_json::from_str::<Settings>(&again).unwrap(),
            Settings::default()
        );
        assert!(serde_json::from_str::<Settings>(r#"{"throttle_factor":0}"#).is_err());
    }
}
