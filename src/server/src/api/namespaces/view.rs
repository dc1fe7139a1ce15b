//! A namespace, as it is answered.

use crate::api::prelude::*;
use crate::http::limits::{LimitsView, own_limits};
use paddock_core::money::Money;
use paddock_core::policy::{Catalog, FailureMode, Priority, UnknownPrice};
use paddock_ledger::rules::context::NamespaceContext;
use serde_json::Value;
use std::borrow::Cow;

/// A namespace in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Namespace)]
pub struct NamespaceView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// Its name.
    name: String,
    /// The organization it belongs to.
    organization: String,
    /// The models that may be used.
    allowed_models: Vec<String>,
    #[serde(flatten)]
    limits: LimitsView,
    /// Which limits are its own; the others are the organization's.
    own_limits: Vec<Cow<'static, str>>,
    /// Hard cap of a month for each end user that has none of their own, in US dollars.
    user_monthly_quota_usd: Option<f64>,
    /// Which requests go first if several wait.
    priority: Priority,
    /// Its share of an upstream's limit, beside others of its priority.
    weight: u64,
    /// Whether models without a price are refused or free.
    unknown_price: UnknownPrice,
    /// What happens to requests while the service does not answer.
    failure_mode: FailureMode,
    /// Whether it is accepted.
    enabled: bool,
    /// Whether the balance of its account is a cap.
    prepaid: bool,
    /// The time zone of its calendar; `null` is the organization's.
    time_zone: Option<String>,
    /// Labels.
    #[schema(value_type = Option<Tags>)]
    tags: Option<Value>,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl NamespaceView {
    /// The namespace in its place.
    pub fn new(context: &NamespaceContext, catalog: &Catalog) -> NamespaceView {
        let namespace = &context.namespace;
        NamespaceView {
            id: namespace.name.clone(),
            object: "namespace",
            name: namespace.name.clone(),
            organization: namespace.organization.clone(),
            allowed_models: context.allowed_models(None, catalog),
            limits: LimitsView::from(&context.limits),
            own_limits: own_limits(&namespace.limits, namespace.allowed_models.is_some()),
            user_monthly_quota_usd: namespace.user_monthly_quota.map(Money::to_dollars),
            priority: namespace.priority,
            weight: namespace.weight,
            unknown_price: namespace.unknown_price,
            failure_mode: namespace.failure_mode,
            enabled: namespace.enabled,
            prepaid: namespace.prepaid,
            time_zone: namespace.time_zone.clone(),
            tags: namespace.tags.clone(),
            created_at: namespace.created_at.to_rfc3339(),
            updated_at: namespace.updated_at.to_rfc3339(),
        }
    }
}
