//! `GET /v1/roles`: what each role may do.

use crate::app::SharedApp;
use crate::domain::standing::Place;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::catalog;
use axum::Json;
use axum::extract::State;
use paddock_core::policy::{EndpointScope, Role};
use serde::Serialize;

/// One role.
#[derive(Debug, Serialize)]
pub struct RoleView {
    name: &'static str,
    models: Vec<String>,
    monthly_quota_usd: f64,
    can_manage_users: bool,
    can_view_analytics: bool,
    can_create_api_keys: bool,
    allowed_endpoints: Vec<&'static str>,
}

/// A list in OpenAI's shape.
#[derive(Debug, Serialize)]
pub struct Roles {
    object: &'static str,
    data: Vec<RoleView>,
}

/// Answers any key: models and quota are those of its namespace.
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
