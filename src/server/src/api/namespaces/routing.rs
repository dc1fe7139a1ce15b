//! `/v1/namespaces/{name}/routing`: where requests for the model `auto` go.

use super::body::{PutRouting, WrittenRouting};
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::policy::Routing;
use paddock_ledger::store::{catalog, policy};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A routing in JSON.
#[derive(Debug, Serialize)]
pub struct RoutingView {
    object: &'static str,
    namespace: String,
    #[serde(flatten)]
    routing: Routing,
}

/// That a namespace has no routing any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedRouting {
    /// What this was.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    /// Always true.
    deleted: bool,
}

impl RoutingView {
    fn new(namespace: String, routing: Routing) -> RoutingView {
        RoutingView {
            object: "namespace.routing",
            namespace,
            routing,
        }
    }
}

/// Shows where requests for the model `auto` go
///
/// Answers admins, and the holders of the namespace's keys; 404 where there is none.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/routing", tag = "namespaces", operation_id = "get_routing",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The routing.", body = WrittenRouting),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<RoutingView>, ApiError> {
    caller.may_read_namespace(&name)?;
    let mut tx = app.store.read().await?;
    let namespace = super::find(&app, &mut tx, &caller, &name).await?.namespace;
    let routing = namespace.routing;
    let routing = routing.ok_or_else(|| ApiError::not_found("routing of namespace", &name))?;
    Ok(Json(RoutingView::new(name, routing)))
}

/// Says where requests for the model `auto` go
///
/// Replaces the whole routing. In force at every gateway within two seconds.
#[utoipa::path(
    put, path = "/v1/namespaces/{name}/routing", tag = "namespaces", operation_id = "put_routing",
    params(parameters::NamespaceName),
    request_body = PutRouting,
    responses(
        (status = 200, description = "The routing.", body = WrittenRouting),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn put(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<Json<RoutingView>, ApiError> {
    caller.may_manage()?;
    let written: Value = serde_json::from_slice(&body).map_err(|error| {
        let message = format!("The body of your request is not valid JSON: {error}");
        ApiError::invalid("", message)
    })?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let mut namespace = context.namespace.clone();
    let catalog = catalog::load(&mut tx).await?;
    let routing = Routing::read(&written, &catalog)
        .map_err(|problems| ApiError::problems("rules", problems))?;
    namespace.routing = Some(routing.clone());
    namespace.revision = revision;
    namespace.updated_at = app.now();
    super::store(tx, &actor, &context, &namespace, "namespace.routing.update").await?;
    tracing::info!(namespace = name, "set a namespace's routing");
    Ok(Json(RoutingView::new(name, routing)))
}

/// Removes the routing
///
/// Requests for `auto` are refused again.
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/routing", tag = "namespaces", operation_id = "delete_routing",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "Removed.", body = DeletedRouting),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
) -> Result<Json<DeletedRouting>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let mut namespace = context.namespace.clone();
    if namespace.routing.take().is_none() {
        return Err(ApiError::not_found("routing of namespace", &name));
    }
    namespace.revision = revision;
    namespace.updated_at = app.now();
    super::store(tx, &actor, &context, &namespace, "namespace.routing.delete").await?;
    tracing::info!(namespace = name, "removed a namespace's routing");
    Ok(Json(DeletedRouting {
        object: "namespace.routing",
        namespace: name,
        deleted: true,
    }))
}
