//! `/v1/namespaces/{name}/quota`: quotas that change until a moment and then revert.

use super::document::{self, Document};
use super::store::{check, update};
use crate::api::prelude::*;
use crate::http::body::values::Moment;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::{Change, Snapshot};
use paddock_ledger::model::quota_override::QuotaOverride;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, catalog, quota_overrides};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The longest an override may last: 366 days.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Quotas until a moment: at least one of the two. `null` is the organization's.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 3, example = json!({
    "monthly_quota_usd": 900.0, "quota_override_reason": "launch week",
    "override_expires_at": "2026-03-22T00:00:00Z",
}))]
pub struct OverrideQuota {
    /// Hard cap of a UTC calendar month, in US dollars.
    monthly_quota_usd: Option<Option<Dollars>>,
    /// Hard cap of a UTC day, in US dollars.
    daily_quota_usd: Option<Option<Dollars>>,
    /// The reason, for the audit.
    quota_override_reason: Text,
    /// When the quotas revert: in the next 366 days.
    override_expires_at: Moment,
}

impl OverrideQuota {
    /// When it ends.
    ///
    /// # Errors
    /// 400 if that is in the past or too late, or nothing changes until then.
    fn end(&self, now: Timestamp) -> Result<Timestamp, ApiError> {
        if self.monthly_quota_usd.is_none() && self.daily_quota_usd.is_none() {
            let message = "Say what to change: 'monthly_quota_usd', 'daily_quota_usd' or both.";
            return Err(ApiError::invalid("monthly_quota_usd", message));
        }
        let end = Timestamp::from(self.override_expires_at);
        if now < end && end <= now.plus(LONGEST) {
            return Ok(end);
        }
        let field = "override_expires_at";
        let message = format!("'{field}' must be a moment in the next 366 days, in RFC 3339.");
        Err(ApiError::invalid(field, message))
    }
}

/// A namespace's quotas in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Quota)]
pub struct QuotaView {
    /// The namespace's name.
    namespace: String,
    /// In force: its own, or the organization's.
    monthly_quota_usd: f64,
    /// Hard cap of a UTC day, in US dollars.
    daily_quota_usd: Option<f64>,
    /// The reason of the override, if there is one.
    quota_override_reason: Option<String>,
    /// When the override ends.
    #[schema(format = DateTime)]
    override_expires_at: Option<String>,
    /// The quotas to which it reverts then, by their names; `null` is the organization's.
    #[schema(value_type = Option<Object>)]
    reverts_to: Option<Map<String, Value>>,
}

impl QuotaView {
    fn new(context: &NamespaceContext, change: Option<&QuotaOverride>) -> QuotaView {
        QuotaView {
            namespace: context.namespace.name.clone(),
            monthly_quota_usd: context.limits.monthly_quota.to_dollars(),
            daily_quota_usd: context.limits.daily_quota.map(Money::to_dollars),
            quota_override_reason: change.map(|change| change.reason.clone()),
            override_expires_at: change.map(|change| change.expires_at.to_rfc3339()),
            reverts_to: change.map(reverts_to),
        }
    }
}

fn reverts_to(change: &QuotaOverride) -> Map<String, Value> {
    let quotas = [
        ("monthly_quota_usd", change.monthly_before),
        ("daily_quota_usd", change.daily_before),
    ];
    let changed = quotas.into_iter().filter_map(|(name, before)| {
        let before = before?.map(Money::to_dollars);
        Some((name.to_owned(), json!(before)))
    });
    changed.collect()
}

impl Document for QuotaView {
    const KIND: &'static str = "quota of namespace";

    type Body = OverrideQuota;

    async fn find(
        tx: &mut Tx,
        context: &NamespaceContext,
        _: Timestamp,
    ) -> Result<Option<Self>, ApiError> {
        let change = quota_overrides::find(tx, &context.namespace.name).await?;
        Ok(Some(QuotaView::new(context, change.as_ref())))
    }

    async fn set(
        edit: &mut Edit,
        context: &NamespaceContext,
        body: OverrideQuota,
    ) -> Result<(Self, Change), ApiError> {
        let wanted = QuotaOverride {
            namespace: context.namespace.name.clone(),
            expires_at: body.end(edit.now)?,
            reason: body.quota_override_reason.into(),
            monthly_before: None,
            daily_before: None,
            created_at: edit.now,
        };
        let earlier = quota_overrides::find(&mut edit.tx, &wanted.namespace).await?;
        let mut namespace = context.namespace.clone();
        let limits = &mut namespace.limits;
        let money = |quota: Option<Option<Dollars>>| quota.map(|quota| quota.map(Money::from));
        let (monthly, daily) = (money(body.monthly_quota_usd), money(body.daily_quota_usd));
        let change = wanted.apply(earlier.as_ref(), limits, monthly, daily);
        let catalog = catalog::load(&mut edit.tx).await?;
        check(&context.with(namespace.clone()), &catalog)?;
        let action = "namespace.quota.override";
        let (entry, namespace) = update(edit, context, namespace, action).await?;
        quota_overrides::put(&mut edit.tx, &change).await?;
        let mut after = namespace.snapshot();
        if let (Some(fields), Value::Object(more)) = (after.as_object_mut(), change.snapshot()) {
            fields.extend(more);
        }
        let view = QuotaView::new(&context.with(namespace), Some(&change));
        Ok((view, entry.after(&after)))
    }
}

/// Shows the quotas of a namespace
///
/// To admins, and to the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/quota", tag = "namespaces", operation_id = "get_quota",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The quotas in force.", body = QuotaView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<QuotaView>, ApiError> {
    document::show(&app, &caller, &name).await
}

/// Overrides the quotas of a namespace until a moment
///
/// Then they revert. A second override replaces the first; the quotas revert to those before the
/// first.
#[utoipa::path(
    patch, path = "/v1/namespaces/{name}/quota", tag = "namespaces", operation_id = "override_quota",
    params(parameters::NamespaceName),
    request_body = OverrideQuota,
    responses(
        (status = 200, description = "The quotas in force.", body = QuotaView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn patch(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    body: Body<OverrideQuota>,
) -> Result<Json<QuotaView>, ApiError> {
    document::set(&app, &by, &name, body).await
}
