//! `GET /v1/roles`: what each role may do.

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::openapi::{parameters, refusals, words};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::policy::{Catalog, EndpointScope, Role};
use paddock_ledger::model::roles::{self, Powers, RoleOverride};
use paddock_ledger::model::{DEFAULT_ORGANIZATION, Namespace};
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, catalog, organizations};
use serde::Serialize;
use utoipa::ToSchema;

/// One role, as it is in an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleRights)]
pub struct RoleView {
    /// Its name.
    #[schema(value_type = words::Role)]
    name: &'static str,
    /// The organization.
    organization: String,
    /// The models it may use.
    models: Vec<String>,
    /// The most that each key of it may spend in a UTC calendar month, in US dollars.
    monthly_quota_usd: f64,
    /// Whether it manages members, and overrides of other roles.
    can_manage_users: bool,
    /// Whether it reads usage, costs and the audit.
    can_view_analytics: bool,
    /// Whether it makes keys and secrets.
    can_create_api_keys: bool,
    /// The endpoints it may use.
    #[schema(value_type = Vec<words::Scope>)]
    allowed_endpoints: Vec<&'static str>,
    /// Which of these the organization set.
    overridden: Vec<&'static str>,
}

impl RoleView {
    /// A role in a place.
    pub fn new(role: Role, context: &NamespaceContext, catalog: &Catalog) -> RoleView {
        let narrowed = context.organization.roles.get(&role);
        let powers = Powers::within(role, narrowed);
        let models = match role.allows(EndpointScope::Chat) {
            true => context.of_role(role, context.allowed_models(None, catalog), catalog),
            false => Vec::new(),
        };
        let quota = context.limits.monthly_quota;
        let quota = context.role_quota(role).map_or(quota, |own| own.min(quota));
        let endpoints = roles::endpoints(role, narrowed).into_iter();
        RoleView {
            name: role.name(),
            organization: context.organization.name.clone(),
            models,
            monthly_quota_usd: quota.to_dollars(),
            can_manage_users: powers.manage_users,
            can_view_analytics: powers.view_analytics,
            can_create_api_keys: powers.create_api_keys,
            allowed_endpoints: endpoints.map(EndpointScope::name).collect(),
            overridden: narrowed.map(overridden).unwrap_or_default(),
        }
    }
}

/// The names of what an override sets.
fn overridden(narrowed: &RoleOverride) -> Vec<&'static str> {
    let fields = [
        ("models", narrowed.rights.allowed_models.is_some()),
        ("monthly_quota_usd", narrowed.monthly_quota.is_some()),
        (
            "allowed_endpoints",
            narrowed.rights.allowed_endpoints.is_some(),
        ),
    ];
    let powers = narrowed
        .powers
        .named()
        .map(|(name, is_left)| (name, !is_left));
    let set = fields
        .into_iter()
        .chain(powers)
        .filter(|(_, is_set)| *is_set);
    set.map(|(name, _)| name).collect()
}

/// A list in OpenAI's shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleList)]
pub struct Roles {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<RoleView>,
}

impl Roles {
    /// Every role in a place.
    pub fn new(context: &NamespaceContext, catalog: &Catalog) -> Roles {
        Roles {
            object: "list",
            data: Role::ALL
                .map(|role| RoleView::new(role, context, catalog))
                .into(),
        }
    }
}

/// Lists the roles and what each may do
///
/// Answers any key: models and quota are those of its namespace. The operator is told of the
/// organization it names.
#[utoipa::path(
    get, path = "/v1/roles", tag = "roles", operation_id = "list_roles",
    params(parameters::OfOrganization, parameters::Page),
    responses(
        (status = 200, description = "The roles.", body = Roles),
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Roles>, ApiError> {
    let named = query.take("organization");
    // One page holds them all, whatever its size is to be.
    let _ = (query.take_limit()?, query.take("after"));
    query.finish()?;
    let mut tx = app.store.read().await?;
    let catalog = catalog::load(&mut tx).await?;
    let context = match caller {
        Caller::Holder(holder) => {
            let own = &holder.namespace.organization;
            if let Some(named) = named.filter(|named| named != own) {
                return Err(ApiError::not_found("organization", &named));
            }
            NamespaceContext::of(&mut tx, holder.namespace, &app.config.organization).await?
        }
        Caller::Operator => {
            let name = named.as_deref().unwrap_or(DEFAULT_ORGANIZATION);
            top(&app, &mut tx, name).await?
        }
    };
    Ok(Json(Roles::new(&context, &catalog)))
}

/// An organization as a place: what a namespace in it would have that sets nothing.
///
/// # Errors
/// 404 where there is no such organization.
pub async fn top(app: &SharedApp, tx: &mut Tx, name: &str) -> Result<NamespaceContext, ApiError> {
    let found = organizations::find(tx, name).await?;
    let Some(organization) = found else {
        return Err(ApiError::not_found("organization", name));
    };
    let above = organization.in_force(&app.config.organization);
    Ok(NamespaceContext {
        namespace: Namespace::new(String::new(), organization.name.clone(), app.now()),
        limits: above.clone(),
        above,
        organization,
    })
}
