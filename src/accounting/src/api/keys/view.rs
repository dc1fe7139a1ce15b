//! A key, as it is answered: never its secret.

use crate::domain::records::Key;
use crate::domain::standing::Place;
use crate::http::limits::{LimitsView, own_limits};
use paddock_core::policy::{Catalog, ContentMode, EndpointScope, Role};
use serde::Serialize;
use serde_json::Value;

/// A key in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct KeyView {
    id: String,
    object: &'static str,
    name: String,
    namespace: String,
    organization: String,
    key_preview: String,
    role: Role,
    scopes: Vec<EndpointScope>,
    allowed_models: Vec<String>,
    #[serde(flatten)]
    limits: LimitsView,
    /// Which limits are its own; the others are the namespace's.
    own_limits: Vec<&'static str>,
    enabled: bool,
    environment: Option<String>,
    tags: Option<Value>,
    content_policy_mode: Option<ContentMode>,
    created_at: String,
    updated_at: String,
    expires_at: Option<String>,
    secondary: Option<SecondaryView>,
}

/// The older secret of a rotated key.
#[derive(Clone, Debug, Serialize)]
struct SecondaryView {
    key_preview: String,
    expires_at: Option<String>,
}

impl KeyView {
    /// The key in its place.
    pub fn new(key: &Key, place: &Place, catalog: &Catalog) -> KeyView {
        let primary = key.secrets.iter().find(|secret| secret.is_primary);
        let secondary = key.secrets.iter().find(|secret| !secret.is_primary);
        let rights = EndpointScope::ALL
            .into_iter()
            .filter(|scope| key.role.allows(*scope));
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
            organization: place.organization.name.clone(),
            key_preview: primary
                .map(|secret| secret.preview.clone())
                .unwrap_or_default(),
            role: key.role,
            scopes: scopes.collect(),
            allowed_models: place.allowed_models(Some(key), catalog),
            limits: LimitsView::from(&place.limits.below(&key.limits)),
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
