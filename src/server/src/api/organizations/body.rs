//! What is sent about organizations.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::http::fields::limits::WrittenLimits;
use crate::openapi::words::{Name, Scope, Tags, Text};
use utoipa::ToSchema;

/// An organization to make. What is left out is not limited.
#[derive(ToSchema)]
#[schema(example = json!({ "name": "acme", "monthly_quota_usd": 10_000.0 }))]
pub struct CreateOrganization {
    /// Its identity. Also accepted as `organization`.
    #[schema(value_type = Name)]
    name: String,
    #[serde(flatten)]
    others: ChangeOrganization,
}

/// What changes of an organization: what is sent. What is `null` is no limit any more.
#[derive(ToSchema)]
#[schema(example = json!({ "daily_quota_usd": 900.0 }))]
pub struct ChangeOrganization {
    /// Whether the balance of its own account is a cap; true opens an account.
    prepaid: Option<bool>,
    /// Labels.
    tags: Option<Tags>,
    #[serde(flatten)]
    limits: WrittenLimits,
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
