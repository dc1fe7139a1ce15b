//! `/v1/namespaces/{name}/quota`: quotas for a while.

use super::body::OverrideQuota;
use super::create::check;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::Snapshot;
use paddock_ledger::model::quota_override::QuotaOverride;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, namespaces, policy, quota_overrides};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use utoipa::ToSchema;

/// The longest an override may last: 366 days.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// A namespace's quotas in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Quota)]
pub struct QuotaView {
    /// The namespace's name.
    namespace: String,
    /// In force, its own or its parent's.
    monthly_quota_usd: f64,
    /// Hard cap of a UTC day, in US dollars.
    daily_quota_usd: Option<f64>,
    /// Why, while quotas are changed for a while.
    quota_override_reason: Option<String>,
    /// Until when.
    #[schema(format = DateTime)]
    override_expires_at: Option<String>,
    /// What comes back then, by its name; `null` is the parent's.
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

/// Shows a namespace's quotas
///
/// Answers admins, and the holders of the namespace's keys.
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
    caller.may_read_namespace(&name)?;
    let mut tx = app.store.read().await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let change = quota_overrides::find(&mut tx, &name).await?;
    Ok(Json(QuotaView::new(&context, change.as_ref())))
}

/// Changes quotas for a while
///
/// Until a moment, and no longer. Another override takes the place of the one there is; what comes back
/// is what was before the first.
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
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<Json<QuotaView>, ApiError> {
    caller.may_manage()?;
    let now = app.now();
    let mut fields = Fields::parse(&body)?;
    let monthly = fields.dollars("monthly_quota_usd")?;
    let daily = fields.dollars("daily_quota_usd")?;
    if monthly.is_none() && daily.is_none() {
        let message = "Say what to change: 'monthly_quota_usd', 'daily_quota_usd' or both.";
        return Err(ApiError::invalid("monthly_quota_usd", message));
    }
    let wanted = QuotaOverride {
        namespace: name.clone(),
        reason: fields.required_text("quota_override_reason")?,
        monthly_before: None,
        daily_before: None,
        created_at: now,
        expires_at: until(&mut fields, now)?,
    };
    fields.finish()?;

    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let before = super::find(&app, &mut tx, &caller, &name).await?.namespace;
    let earlier = quota_overrides::find(&mut tx, &name).await?;
    let mut namespace = before.clone();
    let change = wanted.apply(earlier.as_ref(), &mut namespace.limits, monthly, daily);
    namespace.revision = revision;
    namespace.updated_at = now;
    let context = NamespaceContext::of(&mut tx, namespace, &app.config.organization).await?;
    let catalog = catalog::load(&mut tx).await?;
    check(&context, &catalog)?;
    namespaces::update(&mut tx, &context.namespace).await?;
    quota_overrides::put(&mut tx, &change).await?;
    let mut after = context.namespace.snapshot();
    if let (Some(fields), Value::Object(more)) = (after.as_object_mut(), change.snapshot()) {
        fields.extend(more);
    }
    let entry = context.change("namespace.quota.override", &name);
    audit::record(&mut tx, &actor, entry.before(&before).after(&after)).await?;
    tx.commit().await?;
    tracing::info!(
        namespace = name,
        reason = change.reason,
        "changed quotas for a while"
    );
    Ok(Json(QuotaView::new(&context, Some(&change))))
}

fn until(fields: &mut Fields, now: Timestamp) -> Result<Timestamp, ApiError> {
    let field = "override_expires_at";
    let until = fields.moment(field)?.flatten();
    let in_time = |at: &Timestamp| now < *at && *at <= now.plus(LONGEST);
    until.filter(in_time).ok_or_else(|| {
        let message = format!("'{field}' must be a moment in the next 366 days, in RFC 3339.");
        ApiError::invalid(field, message)
    })
}
