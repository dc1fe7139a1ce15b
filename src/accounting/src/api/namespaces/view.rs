//! A namespace, as it is answered.

use crate::domain::standing::Place;
use crate::http::limits::{LimitsView, own_limits};
use paddock_core::money::Money;
use paddock_core::policy::{Catalog, FailureMode, Priority, UnknownPrice};
use serde::Serialize;
use serde_json::Value;

/// A namespace in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct NamespaceView {
    id: String,
    object: &'static str,
    name: String,
    organization: String,
    allowed_models: Vec<String>,
    #[serde(flatten)]
    limits: LimitsView,
    /// Which limits are its own; the others are the organization's.
    own_limits: Vec<&'static str>,
    user_monthly_quota_usd: Option<f64>,
    priority: Priority,
    weight: u64,
    unknown_price: UnknownPrice,
    failure_mode: FailureMode,
    enabled: bool,
    tags: Option<Value>,
    created_at: String,
    updated_at: String,
}

impl NamespaceView {
    /// The namespace in its place.
    pub fn new(place: &Place, catalog: &Catalog) -> NamespaceView {
        let namespace = &place.namespace;
        NamespaceView {
            id: namespace.name.clone(),
            object: "namespace",
            name: namespace.name.clone(),
            organization: namespace.organization.clone(),
            allowed_models: place.allowed_models(None, catalog),
            limits: LimitsView::from(&place.limits),
            own_limits: own_limits(&namespace.limits, namespace.allowed_models.is_some()),
            user_monthly_quota_usd: namespace.user_monthly_quota.map(Money::to_dollars),
            priority: namespace.priority,
            weight: namespace.weight,
            unknown_price: namespace.unknown_price,
            failure_mode: namespace.failure_mode,
            enabled: namespace.enabled,
            tags: namespace.tags.clone(),
            created_at: namespace.created_at.to_rfc3339(),
            updated_at: namespace.updated_at.to_rfc3339(),
        }
    }
}
