//! `POST|GET /v1/team/quotas`: caps for end users.

use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::query::{self, Parameters};
use crate::openapi::{parameters, refusals, words};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_core::policy::MAX_USER_QUOTAS;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::records::UserQuota;
use paddock_ledger::rules::audit;
use paddock_ledger::store::{namespaces, policy, user_quotas};
use serde::Serialize;
use utoipa::ToSchema;

/// A cap of an end user to set.
#[derive(ToSchema)]
#[schema(example = json!({ "namespace": "search", "user_id": "u-1042", "monthly_limit_usd": 20.0 }))]
#[expect(
    dead_code,
    reason = "the shape alone is looked at: `Fields` reads what is sent"
)]
pub struct PutUserQuota {
    /// The namespace; the caller's own where none is named. The operator has to name one.
    #[schema(value_type = Option<words::Text>)]
    namespace: Option<String>,
    /// The end user, as requests name them.
    #[schema(value_type = words::Text)]
    user_id: String,
    /// Hard cap of a UTC calendar month, in US dollars. `null` takes the user's own cap away.
    #[schema(required = true, minimum = 0, maximum = 1_000_000_000)]
    monthly_limit_usd: Option<f64>,
}

/// A quota in JSON.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserQuota)]
pub struct QuotaView {
    /// What this is.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    /// The end user, as requests name them.
    user_id: String,
    /// `null` where the user has none: neither their own nor the namespace's for everybody.
    monthly_limit_usd: Option<f64>,
    /// Whether it is the user's own, not the namespace's for everybody.
    own: bool,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

/// One page, by user, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserQuotaList)]
pub struct Page {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<QuotaView>,
    /// Whether there is another page.
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

/// Caps an end user
///
/// `null` takes their own cap away, and the namespace's for everybody holds again.
#[utoipa::path(
    post, path = "/v1/team/quotas", tag = "team", operation_id = "put_user_quota",
    request_body = PutUserQuota,
    responses(
        (status = 201, description = "The cap in force.", body = QuotaView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn put(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<QuotaView>), ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let named = fields.text("namespace")?.flatten();
    let user = fields.required_text("user_id")?;
    let Some(quota) = fields.dollars("monthly_quota_usd")? else {
        return Err(ApiError::missing("monthly_limit_usd"));
    };
    fields.finish()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let context = super::find(&app, &mut tx, &caller, named).await?;
    let (namespace, now) = (context.namespace.name.clone(), app.now());
    let before = user_quotas::find(&mut tx, &namespace, &user).await?;
    let mut change = context.change("quota.update", &user);
    change = before.iter().fold(change, Change::before);
    let view = match quota {
        Some(quota) if quota > context.limits.monthly_quota => {
            let limit = context.limits.monthly_quota;
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
                return Err(ApiError::full(message));
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
                monthly_limit_usd: context
                    .namespace
                    .user_monthly_quota
                    .map(|quota| quota.to_dollars()),
                own: false,
                updated_at: None,
            }
        }
    };
    let mut changed = context.namespace;
    changed.revision = revision;
    namespaces::update(&mut tx, &changed).await?;
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(namespace, user, "changed a user's quota");
    Ok((StatusCode::CREATED, Json(view)))
}

/// Lists the end users that have caps of their own
#[utoipa::path(
    get, path = "/v1/team/quotas", tag = "team", operation_id = "list_user_quotas",
    params(parameters::OfNamespace, parameters::Page),
    responses(
        (status = 200, description = "A page.", body = Page),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Page>, ApiError> {
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
    let has_more = query::cut(&mut found, limit);
    Ok(Json(Page {
        object: "list",
        data: found.into_iter().map(QuotaView::from).collect(),
        has_more,
    }))
}
