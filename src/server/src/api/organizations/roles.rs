//! `/v1/organizations/{name}/roles`: what an organization narrows roles to.

use super::role_body::PutRole;
use crate::api::prelude::*;
use crate::api::roles::{RoleView, all, context_of};
use paddock_core::policy::{Catalog, Role, role_scope};
use paddock_ledger::model::Organization;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::rights::Rights;
use paddock_ledger::model::roles::RoleOverride;
use paddock_ledger::store::{catalog, organizations, role_overrides};

/// Lists the roles of an organization
///
/// Each with what the organization narrows it to.
#[utoipa::path(
    get, path = "/v1/organizations/{name}/roles", tag = "roles",
    operation_id = "list_organization_roles",
    params(parameters::OrganizationName),
    responses(
        (status = 200, description = "The roles.", body = Page<RoleView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Page<RoleView>>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let organization: Organization = find(&app, &mut tx, &caller, &name).await?;
    let catalog = catalog::load(&mut tx).await?;
    let context = context_of(organization, &app);
    Ok(Json(all(&context, &catalog)))
}

/// Shows a role of an organization
#[utoipa::path(
    get, path = "/v1/organizations/{name}/roles/{role}", tag = "roles",
    operation_id = "get_organization_role",
    params(parameters::RoleOfOrganization),
    responses(
        (status = 200, description = "The role.", body = RoleView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path((name, role)): Path<(String, String)>,
) -> Result<Json<RoleView>, ApiError> {
    caller.may_manage()?;
    let role = named(&role)?;
    let mut tx = app.store.read().await?;
    let organization: Organization = find(&app, &mut tx, &caller, &name).await?;
    let catalog = catalog::load(&mut tx).await?;
    let context = context_of(organization, &app);
    Ok(Json(RoleView::new(role, &context, &catalog)))
}

/// Narrows a role in an organization
///
/// The body replaces what was set before: what it leaves out is as in every organization. An admin
/// narrows the other roles; only the operator narrows `admin`. An admin gives no role back what the
/// operator took from `admin`.
#[utoipa::path(
    put, path = "/v1/organizations/{name}/roles/{role}", tag = "roles",
    operation_id = "put_organization_role",
    params(parameters::RoleOfOrganization),
    request_body = Option<PutRole>,
    responses(
        (status = 200, description = "The role.", body = RoleView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn put(
    State(app): State<SharedApp>,
    by: Author,
    Path((name, role)): Path<(String, String)>,
    body: Body<PutRole>,
) -> Result<Json<RoleView>, ApiError> {
    let role = named(&role)?;
    may_override(&by, role)?;
    let body = body.read().await?;
    let given = body.given();
    let narrowed = RoleOverride::from(body);
    let mut edit = Edit::begin(&app, &by).await?;
    let organization: Organization = edit.find(&name).await?;
    let limit = organization
        .in_force(&app.config.organization)
        .monthly_quota;
    let violations = narrowed.violations(role, &given, limit);
    if !violations.is_empty() {
        let note = " An organization can only narrow a role.";
        return Err(ApiError::violations(violations, note));
    }
    role_overrides::put(&mut edit.tx, &name, role, &narrowed, edit.now).await?;
    store(&app, &by, edit, organization, role, Some(narrowed)).await
}

/// Ends what an organization narrows a role to
///
/// The role is again as in every organization.
#[utoipa::path(
    delete, path = "/v1/organizations/{name}/roles/{role}", tag = "roles",
    operation_id = "delete_organization_role",
    params(parameters::RoleOfOrganization),
    responses(
        (status = 200, description = "The role.", body = RoleView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn delete(
    State(app): State<SharedApp>,
    by: Author,
    Path((name, role)): Path<(String, String)>,
) -> Result<Json<RoleView>, ApiError> {
    let role = named(&role)?;
    may_override(&by, role)?;
    let mut edit = Edit::begin(&app, &by).await?;
    let organization: Organization = edit.find(&name).await?;
    role_overrides::delete(&mut edit.tx, &name, role).await?;
    store(&app, &by, edit, organization, role, None).await
}

/// Stores that an organization has changed in what it narrows a role to.
async fn store(
    app: &App,
    by: &Caller,
    mut edit: Edit,
    mut organization: Organization,
    role: Role,
    narrowed: Option<RoleOverride>,
) -> Result<Json<RoleView>, ApiError> {
    let name = organization.name.clone();
    let catalog = catalog::load(&mut edit.tx).await?;
    lifts_no_more(by, &organization, role, narrowed.as_ref(), &catalog)?;
    let before = organization.roles.remove(&role);
    let quota = |narrowed: &Option<RoleOverride>| narrowed.as_ref()?.monthly_quota;
    if quota(&narrowed) != quota(&before) {
        role_overrides::touch_keys(&mut edit.tx, &name, role, edit.revision).await?;
    }
    let action = match narrowed {
        Some(_) => "role.update",
        None => "role.delete",
    };
    let change = Change::new(&name, action, role.name());
    let change = before.iter().fold(change, Change::before);
    let change = narrowed.iter().fold(change, Change::after);
    organization
        .roles
        .extend(narrowed.map(|narrowed| (role, narrowed)));
    organization.revision = edit.revision;
    organization.updated_at = edit.now;
    organizations::update(&mut edit.tx, &organization).await?;
    edit.commit(change).await?;
    let context = context_of(organization, app);
    Ok(Json(RoleView::new(role, &context, &catalog)))
}

/// Checks that the caller may narrow a role. Nobody may lift what binds them: `admin` is the operator's.
fn may_override(caller: &Caller, role: Role) -> Result<(), ApiError> {
    match role {
        Role::Admin => caller.must_be_operator(),
        _ => caller.may_manage_users(),
    }
}

/// Checks that an admin gives a role nothing that it did not have and that they may not do themselves:
/// what the operator takes from admins stays out of their reach in every role.
fn lifts_no_more(
    by: &Caller,
    organization: &Organization,
    role: Role,
    narrowed: Option<&RoleOverride>,
    catalog: &Catalog,
) -> Result<(), ApiError> {
    let Caller::Holder(holder) = by else {
        return Ok(());
    };
    let rights = |role, narrowed| Rights::of_role(role, narrowed, catalog);
    let of_now = |role| rights(role, organization.roles.get(&role));
    let own = holder.key.role;
    let past = rights(role, narrowed).gained_past(Some(&of_now(role)), &of_now(own));
    if past.is_empty() {
        return Ok(());
    }
    let message = format!(
        "The role '{}' could then do more than your role '{}' may in your organization: {}. Leave that \
         as it is, or ask the operator.",
        role.name(),
        own.name(),
        past.join(", ")
    );
    Err(ApiError::forbidden(message).by(role_scope(&organization.name, own)))
}

fn named(name: &str) -> Result<Role, ApiError> {
    let role = Role::ALL.into_iter().find(|role| role.name() == name);
    role.ok_or_else(|| ApiError::not_found("role", name))
}
