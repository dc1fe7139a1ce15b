//! `GET /v1/roles`: what each role may do.

use crate::api::prelude::*;
use paddock_core::policy::{Catalog, EndpointScope, Role};
use paddock_ledger::model::DEFAULT_ORGANIZATION;
use paddock_ledger::model::Namespace;
use paddock_ledger::model::Organization;
use paddock_ledger::model::roles::{self, Powers, RoleOverride};
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::catalog;
use utoipa::IntoParams;

/// The organization whose roles are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRoles {
    /// The caller's own organization, or any if the caller is the operator.
    organization: Option<String>,
    /// Accepted, as for every list; all roles are on one page.
    #[param(inline)]
    limit: Option<PageSize>,
    /// Accepted, as for every list; all roles are on one page.
    after: Option<String>,
}

/// One role, as it is in an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleRights)]
pub struct RoleView {
    /// Its name.
    name: Role,
    /// The organization.
    organization: String,
    /// The models it may use.
    models: Vec<String>,
    /// The most that each key of it may spend in a UTC calendar month, in US dollars.
    monthly_quota_usd: f64,
    /// Whether it manages members, and narrows other roles.
    can_manage_users: bool,
    /// Whether it reads usage, costs and the audit.
    can_view_analytics: bool,
    /// Whether it creates keys, and rotates them.
    can_create_api_keys: bool,
    /// The endpoints it may use.
    allowed_endpoints: Vec<EndpointScope>,
    /// Which of these the organization set.
    overridden: Vec<&'static str>,
}

impl RoleView {
    /// A role in a namespace.
    pub fn new(role: Role, context: &NamespaceContext, catalog: &Catalog) -> RoleView {
        let narrowed = context.organization.roles.get(&role);
        let powers = Powers::within(role, narrowed);
        let models = match role.allows(EndpointScope::Chat) {
            true => context.of_role(role, context.allowed_models(None, catalog), catalog),
            false => Vec::new(),
        };
        let quota = context.limits.monthly_quota;
        let quota = context.role_quota(role).map_or(quota, |own| own.min(quota));
        RoleView {
            name: role,
            organization: context.organization.name.clone(),
            models,
            monthly_quota_usd: quota.to_dollars(),
            can_manage_users: powers.manage_users,
            can_view_analytics: powers.view_analytics,
            can_create_api_keys: powers.create_api_keys,
            allowed_endpoints: roles::endpoints(role, narrowed),
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

/// Every role in a namespace.
pub fn all(context: &NamespaceContext, catalog: &Catalog) -> Page<RoleView> {
    let view = |role: &Role| RoleView::new(*role, context, catalog);
    Page::all(&Role::ALL, |role| role.name(), view)
}

/// Lists the roles and what each may do
///
/// To a key, with the models and quotas of its namespace; to the operator, with those of the
/// organization that is named.
#[utoipa::path(
    get, path = "/v1/roles", tag = "roles", operation_id = "list_roles",
    params(ListRoles),
    responses(
        (status = 200, description = "The roles.", body = Page<RoleView>),
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<ListRoles>,
) -> Result<Json<Page<RoleView>>, ApiError> {
    let _ = (query.limit, query.after);
    let mut tx = app.store.read().await?;
    let catalog = catalog::load(&mut tx).await?;
    let own = caller.organization().unwrap_or(DEFAULT_ORGANIZATION);
    let name = query.organization.as_deref().unwrap_or(own);
    let organization: Organization = find(&app, &mut tx, &caller, name).await?;
    let context = match caller {
        Caller::Holder(holder) => {
            NamespaceContext::of(&mut tx, holder.namespace, &app.config.organization).await?
        }
        Caller::Operator(_) => context_of(organization, &app),
    };
    Ok(Json(all(&context, &catalog)))
}

/// The context of a namespace in an organization that sets nothing itself.
pub fn context_of(organization: Organization, app: &App) -> NamespaceContext {
    let above = organization.in_force(&app.config.organization);
    NamespaceContext {
        namespace: Namespace::new(String::new(), organization.name.clone(), app.now()),
        limits: above.clone(),
        above,
        organization,
    }
}
