//! `GET /v1/roles`: what each role may do.

use crate::app::SharedApp;
use crate::domain::standing::Place;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::openapi::words;
use crate::store::catalog;
use axum::Json;
use axum::extract::State;
use paddock_core::policy::{EndpointScope, Role};
use serde::Serialize;
use utoipa::ToSchema;

/// One role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleRights)]
pub struct RoleView {
    /// Its name.
    #[schema(value_type = words::Role)]
    name: &'static str,
    /// The models it may use.
    models: Vec<String>,
    /// Hard cap of a UTC calendar month, in US dollars.
    monthly_quota_usd: f64,
    /// Whether it manages members.
    can_manage_users: bool,
    /// Whether it reads usage.
    can_view_analytics: bool,
    /// Whether it makes keys.
    can_create_api_keys: bool,
    /// The endpoints it may use.
    #[schema(value_type = Vec<words::Scope>)]
    allowed_endpoints: Vec<&'static str>,
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

/// Lists the roles and what each may do
///
/// Answers any key: models and quota are those of its namespace.
#[utoipa::path(
    get, path = "/v1/roles", tag = "roles", operation_id = "list_roles",
    responses(
        (status = 200, description = "The roles.", body = Roles)
    )
)]
pub async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Json<Roles>, ApiError> {
    let mut tx = app.store.read().await?;
    let defaults = &app.config.organization;
    let catalog = catalog::load(&mut tx).await?;
    let (models, quota) = match caller {
        Caller::Operator => {
            let models = catalog
                .models
                .iter()
                .map(|model| model.name.clone())
                .collect();
            (models, defaults.monthly_quota.unwrap_or_default())
        }
        Caller::Holder(holder) => {
            let place = Place::of(&mut tx, holder.namespace, defaults).await?;
            (
                place.allowed_models(None, &catalog),
                place.limits.monthly_quota,
            )
        }
    };
    let view = |role: Role| {
        let endpoints = EndpointScope::ALL
            .into_iter()
            .filter(|scope| role.allows(*scope));
        let is_admin = role == Role::Admin;
        RoleView {
            name: role.name(),
            models: if role.allows(EndpointScope::Chat) {
                models.clone()
            } else {
                Vec::new()
            },
            monthly_quota_usd: quota.to_dollars(),
            can_manage_users: is_admin,
            can_view_analytics: true,
            can_create_api_keys: is_admin,
            allowed_endpoints: endpoints.map(EndpointScope::name).collect(),
        }
    };
    let roles = [Role::Admin, Role::Developer, Role::Analyst, Role::Viewer];
    Ok(Json(Roles {
        object: "list",
        data: roles.map(view).into(),
    }))
}
