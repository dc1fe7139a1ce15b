//! What is sent about organizations.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::openapi::words::{Scope, Tags, Text};
use utoipa::ToSchema;

/// An organization to make. What is left out is not limited.
#[derive(ToSchema)]
#[schema(example = json!({ "name": "acme", "monthly_quota_usd": 10_000.0 }))]
pub struct CreateOrganization {
    /// Its identity. Also accepted as `organization`.
    #[schema(max_length = 128, pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    name: String,
    /// Whether the balance of its own account is a cap; true opens an account.
    prepaid: Option<bool>,
    /// Labels.
    tags: Option<Tags>,
    /// Hard cap of a UTC calendar month, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    monthly_quota_usd: Option<f64>,
    /// Hard cap of a UTC day, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    daily_quota_usd: Option<f64>,
    /// Requests a minute.
    #[schema(minimum = 10, maximum = 10_000)]
    rate_limit_per_minute: Option<u64>,
    /// Tokens a minute, input and output; the bucket holds one minute's worth.
    #[schema(minimum = 1, maximum = 100_000_000)]
    tokens_per_minute: Option<u64>,
    /// Requests that the bucket holds; where it is not set, one minute's worth.
    #[schema(minimum = 1, maximum = 100_000_000)]
    burst: Option<u64>,
    /// Requests in flight at once.
    #[schema(minimum = 1, maximum = 100_000_000)]
    max_concurrency: Option<u64>,
}

/// What changes of an organization: what is sent. What is `null` is no limit any more.
#[derive(ToSchema)]
#[schema(example = json!({ "daily_quota_usd": 900.0 }))]
pub struct ChangeOrganization {
    /// Whether the balance of its own account is a cap; true opens an account.
    prepaid: Option<bool>,
    /// Labels.
    tags: Option<Tags>,
    /// Hard cap of a UTC calendar month, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    monthly_quota_usd: Option<f64>,
    /// Hard cap of a UTC day, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    daily_quota_usd: Option<f64>,
    /// Requests a minute.
    #[schema(minimum = 10, maximum = 10_000)]
    rate_limit_per_minute: Option<u64>,
    /// Tokens a minute, input and output; the bucket holds one minute's worth.
    #[schema(minimum = 1, maximum = 100_000_000)]
    tokens_per_minute: Option<u64>,
    /// Requests that the bucket holds; where it is not set, one minute's worth.
    #[schema(minimum = 1, maximum = 100_000_000)]
    burst: Option<u64>,
    /// Requests in flight at once.
    #[schema(minimum = 1, maximum = 100_000_000)]
    max_concurrency: Option<u64>,
}

/// What an organization narrows a role to. What is left out is as the role is everywhere.
#[derive(ToSchema)]
#[schema(example = json!({ "allowed_models": ["gpt-4.1"], "can_view_analytics": false }))]
pub struct PutRole {
    /// The models it may use, names or aliases.
    #[schema(value_type = Option<Vec<Text>>, max_items = 1_000)]
    allowed_models: Option<Vec<String>>,
    /// The endpoints it may use.
    #[schema(value_type = Option<Vec<Scope>>, min_items = 1)]
    allowed_endpoints: Option<Vec<String>>,
    /// The most that each key of it may spend in a UTC calendar month, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    monthly_quota_usd: Option<f64>,
    /// False takes members and overrides away.
    can_manage_users: Option<bool>,
    /// False takes usage, costs and the audit away.
    can_view_analytics: Option<bool>,
    /// False takes new keys and secrets away.
    can_create_api_keys: Option<bool>,
}
