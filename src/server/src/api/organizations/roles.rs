//! `/v1/organizations/{name}/roles`: what an organization narrows roles to.

use super::body::PutRole;
use crate::api::roles::{RoleView, Roles, top};
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
use paddock_core::policy::{EndpointScope, Role, RoleRights};
use paddock_ledger::model::audit::{Actor, Change};
use paddock_ledger::model::roles::{Powers, RoleOverride};
use paddock_ledger::rules::audit;
use paddock_ledger::store::{catalog, organizations, policy, role_overrides};

/// Lists the roles of an organization
///
/// Each with what the organization leaves it.
#[utoipa::path(
    get, path = "/v1/organizations/{name}/roles", tag = "roles",
    operation_id = "list_organization_roles",
    params(parameters::OrganizationName),
    responses(
        (status = 200, description = "The roles.", body = Roles),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Roles>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    super::find(&mut tx, &caller, &name).await?;
    let catalog = catalog::load(&mut tx).await?;
    let context = top(&app, &mut tx, &name).await?;
    Ok(Json(Roles::new(&context, &catalog)))
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
    super::find(&mut tx, &caller, &name).await?;
    let catalog = catalog::load(&mut tx).await?;
    let context = top(&app, &mut tx, &name).await?;
    Ok(Json(RoleView::new(role, &context, &catalog)))
}

/// Narrows a role in an organization
///
/// The whole override, in place of the one before: what it does not name is as the role is
/// everywhere. An admin narrows the other roles, and the operator alone `admin`.
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
    caller: Caller,
    Author { actor, .. }: Author,
    Path((name, role)): Path<(String, String)>,
    RawBody(body): RawBody,
) -> Result<Json<RoleView>, ApiError> {
    let role = named(&role)?;
    may_override(&caller, role)?;
    let mut fields = Fields::parse(&body)?;
    let (wish, asked) = read(&mut fields)?;
    fields.finish()?;
    set(&app, &caller, &actor, &name, role, Some((wish, asked))).await
}

/// Lets a role of an organization be what it is everywhere
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
    caller: Caller,
    Author { actor, .. }: Author,
    Path((name, role)): Path<(String, String)>,
) -> Result<Json<RoleView>, ApiError> {
    let role = named(&role)?;
    may_override(&caller, role)?;
    set(&app, &caller, &actor, &name, role, None).await
}

async fn set(
    app: &SharedApp,
    caller: &Caller,
    actor: &Actor,
    name: &str,
    role: Role,
    wish: Option<(RoleOverride, Vec<&'static str>)>,
) -> Result<Json<RoleView>, ApiError> {
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let mut organization = super::find(&mut tx, caller, name).await?;
    let before = organization.roles.get(&role).cloned();
    let mut change = Change::new(name, "role.update", role.name());
    change = before.iter().fold(change, Change::before);
    match &wish {
        Some((wish, asked)) => {
            let limit = organization.in_force(&app.config.organization);
            let violations = wish.violations(role, asked, limit.monthly_quota);
            if !violations.is_empty() {
                let note = " An override can narrow a role alone.";
                return Err(ApiError::violations(violations, note));
            }
            role_overrides::put(&mut tx, name, role, wish, actor.at).await?;
            change = change.after(wish);
        }
        None => {
            role_overrides::delete(&mut tx, name, role).await?;
            change.action = "role.delete";
        }
    }
    let quota_after = wish.and_then(|(wish, _)| wish.monthly_quota);
    if quota_after != before.and_then(|before| before.monthly_quota) {
        role_overrides::touch_keys(&mut tx, name, role, revision).await?;
    }
    organization.revision = revision;
    organization.updated_at = actor.at;
    organizations::update(&mut tx, &organization).await?;
    audit::record(&mut tx, actor, change).await?;
    let catalog = catalog::load(&mut tx).await?;
    let context = top(app, &mut tx, name).await?;
    tx.commit().await?;
    tracing::info!(organization = name, role = role.name(), "changed a role");
    Ok(Json(RoleView::new(role, &context, &catalog)))
}

/// Whoever an override binds may not lift it: that of `admin` is the operator's.
fn may_override(caller: &Caller, role: Role) -> Result<(), ApiError> {
    match role {
        Role::Admin => caller.must_be_operator(),
        _ => caller.may_manage_users(),
    }
}

fn named(name: &str) -> Result<Role, ApiError> {
    let role = Role::ALL.into_iter().find(|role| role.name() == name);
    role.ok_or_else(|| ApiError::not_found("role", name))
}

/// The override, and the names of the powers that were asked for.
fn read(fields: &mut Fields) -> Result<(RoleOverride, Vec<&'static str>), ApiError> {
    let scopes = EndpointScope::ALL.map(EndpointScope::name);
    let rights = RoleRights {
        allowed_models: fields.texts("allowed_models")?.flatten(),
        allowed_endpoints: fields.words("allowed_endpoints", &scopes)?.flatten(),
    };
    let monthly_quota = fields.dollars("monthly_quota_usd")?.flatten();
    let mut asked = Vec::new();
    let mut left = |name: &'static str| -> Result<bool, ApiError> {
        let is_left = fields.flag(name)?;
        asked.extend((is_left == Some(true)).then_some(name));
        Ok(is_left.unwrap_or(true))
    };
    let powers = Powers {
        manage_users: left("can_manage_users")?,
        view_analytics: left("can_view_analytics")?,
        create_api_keys: left("can_create_api_keys")?,
    };
    let wish = RoleOverride {
        rights,
        monthly_quota,
        powers,
    };
    Ok((wish, asked))
}
