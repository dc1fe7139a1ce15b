//! `POST|GET /v1/team/quotas`: caps for end users.

use crate::app::SharedApp;
use crate::domain::audit::{self, Actor, Change};
use crate::domain::records::UserQuota;
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::query::Parameters;
use crate::store::{namespaces, policy, user_quotas};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use paddock_core::policy::MAX_USER_QUOTAS;
use serde::Serialize;
use std::collections::BTreeMap;

/// A quota in JSON.
#[derive(Debug, Serialize)]
pub struct QuotaView {
    object: &'static str,
    namespace: String,
    user_id: String,
    /// `null` where the user has none: neither their own nor the namespace's for everybody.
    monthly_limit_usd: Option<f64>,
    /// Whether it is the user's own, not the namespace's for everybody.
    own: bool,
    updated_at: Option<String>,
}

/// One page, by user, in OpenAI's list shape.
#[derive(Debug, Serialize)]
pub struct Page {
    object: &'static str,
    data: Vec<QuotaView>,
    has_more: bool,
}

impl From<UserQuota> for QuotaView {
    fn from(quota: UserQuota) -> QuotaView {
        QuotaView {
            object: "team.quota",
            namespace: quota.namespace,
            user_id: quota.user,
            monthly_limit_usd: Some(quota.monthly_quota.to_dollars()),
            own: true,
            updated_at: Some(quota.updated_at.to_rfc3339()),
        }
    }
}

/// Caps a user; `null` takes their own cap away, and the namespace's for everybody holds again.
pub async fn put(
    State(app): State<SharedApp>,
    caller: Caller,
    actor: Actor,
    Body(body): Body,
) -> Result<(StatusCode, Json<QuotaView>), ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let named = fields.text("namespace")?.flatten();
    let user = fields.required_text("user_id")?;
    let Some(quota) = fields.dollars("monthly_quota_usd")? else {
        let field = "monthly_limit_usd";
        let message = format!("Missing required parameter: '{field}'.");
        return Err(ApiError::invalid(field, message));
    };
    fields.finish()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let place = super::find(&app, &mut tx, &caller, named).await?;
    let (namespace, now) = (place.namespace.name.clone(), app.now());
    let before = user_quotas::find(&mut tx, &namespace, &user).await?;
    let mut change = place.change("quota.update", &user);
    change = before.iter().fold(change, Change::before);
    let view = match quota {
        Some(quota) if quota > place.limits.monthly_quota => {
            let limit = place.limits.monthly_quota;
            let violation = format!("Monthly quota {quota} exceeds team limit of {limit}");
            return Err(ApiError::violations(vec![violation], ""));
        }
        Some(monthly_quota) => {
            let others = user_quotas::count_others(&mut tx, &namespace, &user).await?;
            if usize::try_from(others).unwrap_or(usize::MAX) >= MAX_USER_QUOTAS {
                let message = format!(
                    "{MAX_USER_QUOTAS} users of '{namespace}' have quotas of their own, which is \
                     the most. Set 'user_monthly_quota_usd' of the namespace for all the others."
                );
                return Err(ApiError::invalid("user_id", message));
            }
            let quota = UserQuota {
                namespace: namespace.clone(),
                user: user.clone(),
                monthly_quota,
                created_at: now,
                updated_at: now,
            };
            let quota = user_quotas::put(&mut tx, &quota).await?;
            change = change.after(&quota);
            QuotaView::from(quota)
        }
        None => {
            user_quotas::remove(&mut tx, &namespace, &user).await?;
            QuotaView {
                object: "team.quota",
                namespace: namespace.clone(),
                user_id: user.clone(),
                monthly_limit_usd: place
                    .namespace
                    .user_monthly_quota
                    .map(|quota| quota.to_dollars()),
                own: false,
                updated_at: None,
            }
        }
    };
    let mut changed = place.namespace;
    changed.revision = revision;
    namespaces::update(&mut tx, &changed).await?;
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(namespace, user, "changed a user's quota");
    Ok((StatusCode::CREATED, Json(view)))
}

/// Lists the users that have quotas of their own.
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page>, ApiError> {
    let mut query = Parameters::new(query);
    let limit = query.take_limit()?;
    let after = query.take("after").unwrap_or_default();
    let named = query.take("namespace");
    query.finish()?;
    if let Some(name) = &named {
        caller.may_read_namespace(name)?;
    }
    let mut tx = app.store.read().await?;
    let namespace = super::find(&app, &mut tx, &caller, named).await?.namespace;
    let one_more = limit.saturating_add(1);
    let mut found = user_quotas::list(&mut tx, &namespace.name, &after, one_more).await?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    Ok(Json(Page {
        object: "list",
        data: found.into_iter().map(QuotaView::from).collect(),
        has_more,
    }))
}
