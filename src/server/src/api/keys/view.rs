//! A key, as it is answered: never its secret.

use super::context::KeyContext;
use crate::api::prelude::*;
use crate::http::limits::{LimitsView, own_limits};
use paddock_core::policy::{Catalog, ContentMode, EndpointScope, Role};
use paddock_ledger::model::Key;
use paddock_ledger::model::roles;
use paddock_ledger::rules::context::NamespaceContext;
use serde_json::Value;
use std::borrow::Cow;

/// A key in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// Its name.
    name: String,
    /// The namespace's name.
    namespace: String,
    /// The organization it belongs to.
    organization: String,
    /// The first 8 and the last 4 characters of the secret.
    key_preview: String,
    /// What its holder may do.
    role: Role,
    /// The user who is the member that it belongs to.
    user_id: Option<String>,
    /// The id of that member.
    member_id: Option<String>,
    /// The endpoints it may use.
    scopes: Vec<EndpointScope>,
    /// The models that may be used.
    allowed_models: Vec<String>,
    #[serde(flatten)]
    limits: LimitsView,
    /// Which limits are its own; the others are the namespace's.
    own_limits: Vec<Cow<'static, str>>,
    /// Whether it is accepted.
    enabled: bool,
    /// What it is used in, such as `production`.
    environment: Option<String>,
    /// Labels.
    #[schema(value_type = Option<Tags>)]
    tags: Option<Value>,
    /// How strictly prompts are judged.
    content_policy_mode: Option<ContentMode>,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it expires; `null` is never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The older secret of a rotated key.
    secondary: Option<SecondaryView>,
}

/// The limits in force, also under the short names of this endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyLimits {
    /// Its id.
    id: String,
    /// Requests a minute.
    rpm: u64,
    /// Tokens a minute.
    tpm: u64,
    #[serde(flatten)]
    limits: LimitsView,
}

impl KeyLimits {
    /// The limits of a key, and of what is above it.
    pub fn new(found: &KeyContext) -> KeyLimits {
        let limits = found.limits();
        KeyLimits {
            id: found.key.id.clone(),
            rpm: limits.requests_per_minute,
            tpm: limits.tokens_per_minute,
            limits: LimitsView::from(&limits),
        }
    }
}

/// The older secret of a rotated key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondarySecret)]
struct SecondaryView {
    /// The first 8 and the last 4 characters of the secret.
    key_preview: String,
    /// When it expires; `null` is never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl KeyView {
    /// A key, in the context of its namespace.
    pub fn new(key: &Key, context: &NamespaceContext, catalog: &Catalog) -> KeyView {
        let primary = key.secrets.iter().find(|secret| secret.is_primary);
        let secondary = key.secrets.iter().find(|secret| !secret.is_primary);
        let narrowed = context.organization.roles.get(&key.role);
        let rights = roles::endpoints(key.role, narrowed).into_iter();
        let scopes = rights.filter(|scope| {
            key.scopes
                .as_ref()
                .is_none_or(|narrowed| narrowed.contains(scope))
        });
        KeyView {
            id: key.id.clone(),
            object: "key",
            name: key.name.clone(),
            namespace: key.namespace.clone(),
            organization: context.organization.name.clone(),
            key_preview: primary
                .map(|secret| secret.preview.clone())
                .unwrap_or_default(),
            role: key.role,
            user_id: key.member.as_ref().map(|member| member.user_id.clone()),
            member_id: key.member.as_ref().map(|member| member.id.clone()),
            scopes: scopes.collect(),
            allowed_models: context.allowed_models(Some(key), catalog),
            limits: LimitsView::from(&context.limits.below(&key.limits_in_force())),
            own_limits: own_limits(&key.limits, key.allowed_models.is_some()),
            enabled: key.enabled,
            environment: key.environment.clone(),
            tags: key.tags.clone(),
            content_policy_mode: key.content_policy_mode,
            created_at: key.created_at.to_rfc3339(),
            updated_at: key.updated_at.to_rfc3339(),
            expires_at: primary
                .and_then(|secret| secret.expires_at)
                .map(|at| at.to_rfc3339()),
            secondary: secondary.map(|secret| SecondaryView {
                key_preview: secret.preview.clone(),
                expires_at: secret.expires_at.map(|at| at.to_rfc3339()),
            }),
        }
    }
}
