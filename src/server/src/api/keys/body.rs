//! What is sent about keys.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::http::limits::{WrittenCapacities, WrittenLimits};
use crate::openapi::words::{ContentMode, Role, Scope, Tags, Text};
use utoipa::ToSchema;

/// A key to make. What is left out is the namespace's.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "search-backend", "namespace": "search", "role": "developer",
    "monthly_quota_usd": 50.0, "rate_limit_per_minute": 600, "allowed_models": ["gpt-4.1"],
}))]
pub struct CreateKey {
    /// Unique in its namespace.
    #[schema(value_type = Text)]
    name: String,
    /// Where its usage is booked; where none is named, one is made of the key's own name.
    #[schema(value_type = Option<Text>)]
    namespace: Option<String>,
    /// `developer` where none is named, or its member's where that is narrower.
    #[schema(value_type = Option<Role>)]
    role: Option<String>,
    /// The member of the namespace it belongs to; the namespace must be named then.
    #[schema(value_type = Option<Text>)]
    user_id: Option<String>,
    /// The endpoints it may use; all of its role's where none are named.
    #[schema(value_type = Option<Vec<Scope>>, min_items = 1)]
    scopes: Option<Vec<String>>,
    /// The models it may use, names or aliases.
    #[schema(value_type = Option<Vec<Text>>, max_items = 1_000)]
    allowed_models: Option<Vec<String>>,
    #[serde(flatten)]
    limits: WrittenLimits,
    /// What it is used in, such as `production`.
    #[schema(value_type = Option<Text>)]
    environment: Option<String>,
    /// Labels.
    tags: Option<Tags>,
    /// Days until it expires; never where none are named.
    #[schema(minimum = 1, maximum = 36_500)]
    expires_in: Option<u64>,
    /// The namespace's where none is named.
    #[schema(value_type = Option<ContentMode>)]
    content_policy_mode: Option<String>,
}

/// What changes of a key: what is sent. A limit that is `null` becomes the namespace's.
#[derive(ToSchema)]
#[schema(example = json!({ "daily_quota_usd": 5.0, "max_concurrency": null }))]
pub struct ChangeKey {
    /// Unique in its namespace.
    #[schema(value_type = Text, required = false)]
    name: Option<String>,
    /// What it may do.
    #[schema(value_type = Option<Role>)]
    role: Option<String>,
    /// Whether it is accepted.
    enabled: Option<bool>,
    /// The endpoints it may use.
    #[schema(value_type = Option<Vec<Scope>>, min_items = 1)]
    scopes: Option<Vec<String>>,
    /// The models it may use, names or aliases.
    #[schema(value_type = Option<Vec<Text>>, max_items = 1_000)]
    allowed_models: Option<Vec<String>>,
    #[serde(flatten)]
    limits: WrittenLimits,
    /// What it is used in.
    #[schema(value_type = Option<Text>)]
    environment: Option<String>,
    /// Labels.
    tags: Option<Tags>,
    /// Days from now until it expires; `null` is never.
    #[schema(minimum = 1, maximum = 36_500)]
    expires_in: Option<u64>,
    /// How strictly its prompts are judged.
    #[schema(value_type = Option<ContentMode>)]
    content_policy_mode: Option<String>,
}

/// What changes of a key's rates: what is sent. What is `null` becomes the namespace's.
#[derive(ToSchema)]
#[schema(example = json!({ "rpm": 120, "tpm": 200_000, "max_concurrency": 8 }))]
pub struct ChangeKeyLimits {
    /// Requests a minute.
    #[schema(minimum = 10, maximum = 10_000)]
    rpm: Option<u64>,
    /// Tokens a minute, input and output.
    #[schema(minimum = 1, maximum = 100_000_000)]
    tpm: Option<u64>,
    #[serde(flatten)]
    capacities: WrittenCapacities,
}

/// How a key is rotated.
#[derive(ToSchema)]
#[schema(example = json!({ "expires_in": 30 }))]
pub struct RotateKey {
    /// Days that the old secret goes on; 90 where none are named.
    #[schema(minimum = 1, maximum = 36_500)]
    expires_in: Option<u64>,
}
