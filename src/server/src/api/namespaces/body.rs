//! What is sent about namespaces.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::http::fields::limits::WrittenLimits;
use crate::openapi::words::{
    ContentMode, FailureMode, Name, Phrases, Priority, Tags, Text, ThrottleMode, UnknownPrice,
};
use utoipa::ToSchema;

/// A namespace to make. Limits that are left out are the organization's.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "search", "monthly_quota_usd": 500.0, "rate_limit_per_minute": 1200,
    "allowed_models": ["gpt-4.1", "claude-sonnet-4.5"], "priority": "standard",
}))]
pub struct CreateNamespace {
    /// Its identity. Also accepted as `namespace`, and as that one's synonyms.
    #[schema(value_type = Name)]
    name: String,
    /// What it belongs to; where none is named, to the caller's own. The operator's is made where it
    /// is not there.
    #[schema(value_type = Option<Name>)]
    organization: Option<String>,
    #[serde(flatten)]
    others: ChangeNamespace,
}

/// What changes of a namespace: what is sent. A limit that is `null` becomes the organization's.
#[derive(ToSchema)]
#[schema(example = json!({ "monthly_quota_usd": 750.0, "daily_quota_usd": null }))]
pub struct ChangeNamespace {
    /// The models it may use, names or aliases; all where none are named.
    #[schema(value_type = Option<Vec<Text>>, max_items = 1_000)]
    allowed_models: Option<Vec<String>>,
    /// Who goes first where requests wait; `standard` where none is named.
    #[schema(value_type = Option<Priority>)]
    priority: Option<String>,
    /// Its share of an upstream's limit, beside others of its priority; 1 where none is named.
    #[schema(minimum = 1, maximum = 100)]
    weight: Option<u64>,
    /// What becomes of models without a price; they are refused where nothing is said.
    #[schema(value_type = Option<UnknownPrice>)]
    unknown_price: Option<String>,
    /// What happens while the service is away.
    #[schema(value_type = Option<FailureMode>)]
    failure_mode: Option<String>,
    /// Whether its keys are accepted.
    enabled: Option<bool>,
    /// Whether the balance of its account is a cap; true opens an account.
    prepaid: Option<bool>,
    /// Labels.
    tags: Option<Tags>,
    /// Hard cap of a month for each end user that has none of their own, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    user_monthly_quota_usd: Option<f64>,
    #[serde(flatten)]
    limits: WrittenLimits,
}

/// What changes of a namespace's settings: what is sent. What is `null` becomes the default.
#[derive(ToSchema)]
#[schema(example = json!({ "content_policy_mode": "strict", "failure_mode": "closed" }))]
pub struct PutSettings {
    /// The percentage of its budget from which on it is throttled; never where none is set.
    #[schema(minimum = 1, maximum = 100)]
    auto_throttle_at_percent: Option<u64>,
    /// What becomes of the excess.
    #[schema(value_type = Option<ThrottleMode>)]
    throttle_mode: Option<String>,
    /// The share of its rates that is left while it is throttled; 0.5 where none is set.
    #[schema(minimum = 0.001, maximum = 1)]
    throttle_factor: Option<f64>,
    /// Requests that wait at most.
    #[schema(minimum = 1, maximum = 10_000)]
    max_queue_size: Option<u64>,
    /// Seconds that a request waits at most.
    #[schema(minimum = 1, maximum = 600)]
    queue_timeout_seconds: Option<u64>,
    /// The model that serves what is redirected: one with a price that the namespace may use.
    #[schema(value_type = Option<Text>)]
    fallback_model: Option<String>,
    /// How strictly prompts are held to the operator's content policy.
    #[schema(value_type = Option<ContentMode>)]
    content_policy_mode: Option<String>,
    /// Categories of that policy that are allowed here.
    #[schema(value_type = Option<Vec<Text>>, max_items = 1_000)]
    allowed_categories: Option<Vec<String>>,
    /// What becomes of models without a price.
    #[schema(value_type = Option<UnknownPrice>)]
    unknown_price: Option<String>,
    /// What happens while the service is away.
    #[schema(value_type = Option<FailureMode>)]
    failure_mode: Option<String>,
}

/// Quotas for a while: at least one of the two. `null` is the organization's.
#[derive(ToSchema)]
#[schema(min_properties = 3, example = json!({
    "monthly_quota_usd": 900.0, "quota_override_reason": "launch week",
    "override_expires_at": "2026-03-22T00:00:00Z",
}))]
pub struct OverrideQuota {
    /// Hard cap of a UTC calendar month, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    monthly_quota_usd: Option<f64>,
    /// Hard cap of a UTC day, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    daily_quota_usd: Option<f64>,
    /// Why: for the audit.
    #[schema(value_type = Text)]
    quota_override_reason: String,
    /// When what was before comes back: in the next 366 days.
    #[schema(format = DateTime)]
    override_expires_at: String,
}

/// Where requests for the model `auto` go: at least one rule or a fallback. The first rule that
/// matches wins. Models are names or aliases that have a price.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "by cost", "fallback_model": "gpt-4.1",
    "rules": [{
        "name": "short", "match_conditions": { "max_output_tokens": 256 },
        "target_model": "gemini-2.5-flash", "fallback": "deepseek-v3.2",
    }],
}))]
pub struct PutRouting {
    /// What its author calls it: visible ASCII and blanks.
    #[schema(max_length = 64, pattern = r"^[ -~]*[!-~][ -~]*$")]
    name: Option<String>,
    /// Serves what no rule matches, and what a rule matches whose own models cannot serve it.
    #[schema(value_type = Option<Text>)]
    fallback_model: Option<String>,
    /// In order.
    #[schema(max_items = 100)]
    rules: Option<Vec<RoutingRule>>,
}

/// Where requests for the model `auto` go.
#[derive(ToSchema)]
#[schema(as = Routing)]
pub struct WrittenRouting {
    /// What this is.
    object: String,
    /// The namespace's name.
    namespace: String,
    /// What its author calls it.
    name: String,
    /// Serves what no rule matches.
    #[schema(nullable = false)]
    fallback_model: Option<String>,
    /// In order.
    rules: Vec<RoutingRule>,
}

/// One rule of a routing.
#[derive(ToSchema)]
pub struct RoutingRule {
    /// Unique in its routing: visible ASCII and blanks.
    #[schema(max_length = 64, pattern = r"^[ -~]*[!-~][ -~]*$")]
    name: String,
    /// All of them must hold; where there are none, the rule matches every request.
    match_conditions: Option<RoutingConditions>,
    /// The model that serves what the rule matches.
    #[schema(value_type = Text)]
    target_model: String,
    /// The model that serves it where the target may not be used.
    #[schema(value_type = Option<Text>)]
    fallback: Option<String>,
}

/// What a request must be like. What is left out does not matter.
#[derive(ToSchema)]
pub struct RoutingConditions {
    /// The request asks for at most so many output tokens.
    #[schema(minimum = 1)]
    max_output_tokens: Option<u64>,
    /// The request sets a temperature of at most this.
    #[schema(minimum = 0, maximum = 100)]
    temperature: Option<f64>,
    /// The system prompt contains one of these, whatever their case.
    system_prompt_contains: Option<Phrases>,
    /// Whether the request says that it can wait.
    batch_mode: Option<bool>,
    /// The request's priority, or its namespace's where it has none of its own.
    #[schema(value_type = Option<Priority>)]
    priority: Option<String>,
    /// The request needs this of a model: one word, such as `vision`, `tools` or `json`.
    #[schema(pattern = "^[A-Za-z0-9_.-]+$", max_length = 64)]
    model_capability_required: Option<String>,
}
