//! How a namespace's requests for the model `auto` are routed.

#[cfg(feature = "openapi")]
mod document;
mod read;

use crate::policy::priority::Priority;
use serde::{Deserialize, Serialize};

/// The name that asks for routing. No model and no alias can have it.
pub const AUTO: &str = "auto";

/// Whether a request that names `model` asks for routing. Case and outer blanks do not matter.
pub fn is_auto(model: &str) -> bool {
    model.trim().eq_ignore_ascii_case(AUTO)
}

/// The routing of a namespace: the contract's own shape. Of the rules, the first that matches wins. The
/// document tells how it is written: see [`Routing::read`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = document::example)
)]
pub struct Routing {
    /// What its author calls it: visible ASCII and blanks; `default` by default.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, required = false, min_length = 1, max_length = 64, pattern = "^[ -~]*[!-~][ -~]*$"))]
    pub name: String,
    /// The model that serves requests that no rule matches, or whose rule has no model that can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 256, pattern = r"\S")
    )]
    pub fallback_model: Option<String>,
    /// In order.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Rule>>, max_items = 100))]
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RoutingRule))]
pub struct Rule {
    /// Unique in its routing: visible ASCII and blanks, because it is sent in a header.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 64, pattern = "^[ -~]*[!-~][ -~]*$")
    )]
    pub name: String,
    /// All of them must hold; a rule without conditions matches every request.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Conditions>))]
    pub match_conditions: Conditions,
    /// The model that serves the requests that the rule matches.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 256, pattern = r"\S")
    )]
    pub target_model: String,
    /// The model that serves them if the target may not be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 256, pattern = r"\S")
    )]
    pub fallback: Option<String>,
}

/// What a request must be like. What is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RoutingConditions))]
pub struct Conditions {
    /// The request asks for at most so many output tokens. One that sets no limit asks for more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub max_output_tokens: Option<u64>,
    /// The request sets a temperature of at most this. One that sets none has the provider's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, minimum = 0, maximum = 100))]
    pub temperature: Option<Temperature>,
    /// The system prompt contains one of these, whatever their case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = document::phrases, required = false))]
    pub system_prompt_contains: Vec<String>,
    /// Whether the request says that it can wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_mode: Option<bool>,
    /// The request's priority; its namespace's if it has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The request needs this of a model. It is then served only by models that have it, or that do
    /// not say what they can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(max_length = 64, pattern = "^[A-Za-z0-9_.-]+$")
    )]
    pub model_capability_required: Option<String>,
}

/// A sampling temperature, to the thousandth: 0 to 100. A plain number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Temperature(u32);

impl Temperature {
    /// The temperature of that number, rounded to the thousandth; `None` where it is none.
    pub fn from_number(number: f64) -> Option<Temperature> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked before"
        )]
        let thousandths = |number: f64| (number * 1_000.0).round() as u32;
        (0.0..=100.0)
            .contains(&number)
            .then(|| Temperature(thousandths(number)))
    }
}

impl TryFrom<f64> for Temperature {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        Temperature::from_number(number).ok_or("a temperature is a number from 0 to 100")
    }
}

impl From<Temperature> for f64 {
    fn from(temperature: Temperature) -> f64 {
        f64::from(temperature.0) / 1_000.0
    }
}

impl Rule {
    /// The models that may serve what the rule matches, in the order they are tried.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        core::iter::once(&self.target_model)
            .chain(&self.fallback)
            .map(String::as_str)
    }
}

impl Routing {
    /// Every model it names, once or more, in order.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        let of_rules = self.rules.iter().flat_map(Rule::models);
        of_rules.chain(self.fallback_model.as_deref())
    }
}
