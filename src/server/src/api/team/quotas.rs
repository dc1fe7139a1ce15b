//! `POST|GET /v1/team/quotas`: caps for end users.

use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::policy::MAX_USER_QUOTAS;
use paddock_ledger::model::UserQuota;
use paddock_ledger::model::audit::Change;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{namespaces, user_quotas};
use utoipa::IntoParams;

/// The cap of an end user.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "namespace": "search", "user_id": "u-1042", "monthly_limit_usd": 20.0 }))]
pub struct PutUserQuota {
    /// The namespace; the caller's own by default. The operator has to name one.
    namespace: Option<Text>,
    /// The end user, as requests name them.
    user_id: Text,
    /// Hard cap of a UTC calendar month, in US dollars. `null` removes the user's own cap.
    #[schema(rename = "monthly_limit_usd", required = true)]
    monthly_quota_usd: Option<Option<Dollars>>,
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
    /// The cap in force; `null` if there is neither one of the user's own nor one for everybody.
    monthly_limit_usd: Option<f64>,
    /// Whether it is the user's own, not the namespace's for everybody.
    own: bool,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: Option<String>,
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

impl QuotaView {
    /// The quota of a user that has none of their own.
    fn shared(context: &NamespaceContext, user: String) -> QuotaView {
        let namespace = &context.namespace;
        QuotaView {
            object: "team.quota",
            namespace: namespace.name.clone(),
            user_id: user,
            monthly_limit_usd: namespace.user_monthly_quota.map(Money::to_dollars),
            own: false,
            updated_at: None,
        }
    }
}

/// Caps an end user
///
/// `null` removes their own cap: the namespace's for everybody is in force again.
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
    by: Author,
    body: Body<PutUserQuota>,
) -> Result<(StatusCode, Json<QuotaView>), ApiError> {
    by.may_manage()?;
    let body = body.read().await?;
    let sent = body.monthly_quota_usd;
    let quota = sent.ok_or_else(|| ApiError::missing("monthly_limit_usd"))?;
    let user = String::from(body.user_id);
    let named = body.namespace.map(String::from);
    let name = named.map_or_else(|| by.namespace(), Ok)?;
    let mut edit = Edit::begin(&app, &by).await?;
    let context: NamespaceContext = edit.find(&name).await?;
    let before = user_quotas::find(&mut edit.tx, &name, &user).await?;
    let mut change = context.change("quota.update", &user);
    change = before.iter().fold(change, Change::before);
    let view = match quota {
        Some(quota) => {
            let quota = put_own(&mut edit, &context, &user, quota.into()).await?;
            change = change.after(&quota);
            QuotaView::from(quota)
        }
        None => {
            user_quotas::remove(&mut edit.tx, &name, &user).await?;
            QuotaView::shared(&context, user)
        }
    };
    let mut namespace = context.namespace;
    namespace.revision = edit.revision;
    namespaces::update(&mut edit.tx, &namespace).await?;
    edit.commit(change).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Stores a user's own quota.
///
/// # Errors
/// 400 if it is wider than the namespace's; 409 if too many users have one.
async fn put_own(
    edit: &mut Edit,
    context: &NamespaceContext,
    user: &str,
    monthly_quota: Money,
) -> Result<UserQuota, ApiError> {
    let namespace = &context.namespace.name;
    let limit = context.limits.monthly_quota;
    if monthly_quota > limit {
        let violation = format!("Monthly quota {monthly_quota} exceeds team limit of {limit}");
        return Err(ApiError::violations(vec![violation], ""));
    }
    let others = user_quotas::count_others(&mut edit.tx, namespace, user).await?;
    if usize::try_from(others).unwrap_or(usize::MAX) >= MAX_USER_QUOTAS {
        let message = format!(
            "{MAX_USER_QUOTAS} users of '{namespace}' have quotas of their own, which is the most. \
             Set 'user_monthly_quota_usd' of the namespace for all the others."
        );
        return Err(ApiError::full(message));
    }
    let quota = UserQuota {
        namespace: namespace.clone(),
        user: user.to_owned(),
        monthly_quota,
        created_at: edit.now,
        updated_at: edit.now,
    };
    Ok(user_quotas::put(&mut edit.tx, &quota).await?)
}

/// Whose caps, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListUserQuotas {
    /// The namespace; the caller's own by default. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Rows of the page; 100 by default.
    #[param(inline)]
    limit: Option<PageSize>,
    /// The `last_id` of the page before.
    after: Option<String>,
}

/// Lists the end users that have caps of their own
#[utoipa::path(
    get, path = "/v1/team/quotas", tag = "team", operation_id = "list_user_quotas",
    params(ListUserQuotas),
    responses(
        (status = 200, description = "A page.", body = Page<QuotaView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<ListUserQuotas>,
) -> Result<Json<Page<QuotaView>>, ApiError> {
    let name = query.namespace.map_or_else(|| caller.namespace(), Ok)?;
    caller.may_read_namespace(&name)?;
    let size = query.limit.unwrap_or_default();
    let after = query.after.unwrap_or_default();
    let mut tx = app.store.read().await?;
    let _: NamespaceContext = find(&app, &mut tx, &caller, &name).await?;
    let found = user_quotas::list(&mut tx, &name, &after, size.and_one_more()).await?;
    let page = Page::of(
        found,
        size.rows(),
        |quota| quota.user.as_str(),
        |quota| QuotaView::from(quota.clone()),
    );
    Ok(Json(page))
}
