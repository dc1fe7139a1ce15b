//! `GET /v1/whoami`: who calls, what they may do, and what limits them.

use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::policy::{Limits, Role};
use paddock_ledger::model::roles::Powers;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::context::{BudgetStatus, NamespaceContext};
use paddock_ledger::store::Tx;

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct Whoami {
    /// Always `whoami`.
    object: &'static str,
    /// Whether it is the operator.
    operator: bool,
    /// The key's id; `operator` for the operator's.
    key_id: String,
    /// The key's name, if it has one.
    name: Option<String>,
    /// The e-mail address of the member it belongs to.
    email: Option<String>,
    /// What the key may do; `null` for the operator's.
    role: Option<Role>,
    /// The key's namespace; `null` for the operator's.
    namespace: Option<String>,
    /// The key's organization; `null` for the operator's.
    organization: Option<String>,
    /// Whether it may read usage, costs and the audit.
    can_view_analytics: bool,
    /// Whether it may change namespaces, limits, alerts and webhooks of its organization.
    can_manage: bool,
    /// Whether it may create and rotate keys.
    can_create_api_keys: bool,
    /// Whether it may change members and roles.
    can_manage_users: bool,
    /// The scopes that limit its calls, the nearest first; none for the operator's.
    scopes: Vec<ScopeView>,
}

/// One of the scopes that limit a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerScope)]
struct ScopeView {
    /// Its name, such as `namespace:research`.
    scope: String,
    /// Hard cap of a month in US dollars; `null` if it sets none.
    monthly_quota_usd: Option<f64>,
    /// Hard cap of a day in US dollars; `null` if it sets none.
    daily_quota_usd: Option<f64>,
    /// US dollars spent this UTC month; `null` if that is another's to see.
    month_spent_usd: Option<f64>,
    /// US dollars left of its monthly cap; `null` if it sets none.
    month_remaining_usd: Option<f64>,
    /// Requests a minute; `null` if it sets none.
    rate_limit_per_minute: Option<u64>,
    /// Tokens a minute; `null` if it sets none.
    tokens_per_minute: Option<u64>,
}

/// Shows who calls
///
/// The key, what its role may do, and the limits of each scope above it.
#[utoipa::path(
    get, path = "/v1/whoami", tag = "keys", operation_id = "whoami",
    responses(
        (status = 200, description = "Who calls.", body = Whoami)
    )
)]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Json<Whoami>, ApiError> {
    let holder = match caller {
        Caller::Operator(operator) => {
            return Ok(Json(Whoami {
                object: "whoami",
                operator: true,
                key_id: "operator".to_owned(),
                name: operator.name,
                email: None,
                role: None,
                namespace: None,
                organization: None,
                can_view_analytics: true,
                can_manage: true,
                can_create_api_keys: true,
                can_manage_users: true,
                scopes: Vec::new(),
            }));
        }
        Caller::Holder(holder) => holder,
    };
    let Powers {
        manage_users,
        view_analytics,
        create_api_keys,
    } = holder.powers();
    let is_admin = holder.key.role == Role::Admin;
    let (key, email) = (holder.key.clone(), holder.email.clone());
    let now = app.now();
    let mut tx = app.store.read().await?;
    let defaults = &app.config.organization;
    let context = NamespaceContext::of(&mut tx, holder.namespace.clone(), defaults).await?;
    let organization = &context.organization;
    let mut scopes = Vec::new();
    for (scope, limits, is_seen) in [
        (Scope::Key(key.id.clone()), key.limits_in_force(), true),
        (
            Scope::Namespace(key.namespace.clone()),
            context.namespace.limits.clone(),
            view_analytics,
        ),
        (
            Scope::Organization(organization.name.clone()),
            organization.limits.clone(),
            view_analytics && is_admin,
        ),
    ] {
        scopes.push(scope_view(&mut tx, scope, &limits, is_seen, now).await?);
    }
    Ok(Json(Whoami {
        object: "whoami",
        operator: false,
        key_id: key.id,
        name: Some(key.name),
        email,
        role: Some(key.role),
        namespace: Some(key.namespace),
        organization: Some(organization.name.clone()),
        can_view_analytics: view_analytics,
        can_manage: is_admin,
        can_create_api_keys: create_api_keys,
        can_manage_users: manage_users,
        scopes,
    }))
}

async fn scope_view(
    tx: &mut Tx,
    scope: Scope,
    limits: &Limits,
    is_seen: bool,
    now: paddock_core::timestamp::Timestamp,
) -> Result<ScopeView, ApiError> {
    let name = scope.to_string();
    let quota = limits.monthly_quota;
    let standing = match is_seen {
        true => Some(BudgetStatus::of(tx, scope, quota.unwrap_or(Money::MAX), now).await?),
        false => None,
    };
    let left = standing.filter(|_| quota.is_some());
    Ok(ScopeView {
        scope: name,
        monthly_quota_usd: quota.map(Money::to_dollars),
        daily_quota_usd: limits.daily_quota.map(Money::to_dollars),
        month_spent_usd: standing.map(|standing| standing.used.to_dollars()),
        month_remaining_usd: left.map(|standing| standing.remaining().to_dollars()),
        rate_limit_per_minute: limits.requests_per_minute,
        tokens_per_minute: limits.tokens_per_minute,
    })
}
