//! `/v1/namespaces`.

mod change;
mod create;
mod delete;
mod list;
mod quota;
mod reservations;
mod resolve;
mod routing;
mod settings;
mod show;
mod usage;
mod view;

use crate::app::SharedApp;
use crate::domain::standing::Place;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::Tx;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// The routes of namespaces.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/v1/namespaces", post(create::handle).get(list::handle))
        .route(
            "/v1/namespaces/{name}",
            get(show::handle)
                .patch(change::handle)
                .delete(delete::handle),
        )
        .route("/v1/namespaces/{name}/usage", get(usage::handle))
        .route(
            "/v1/namespaces/{name}/settings",
            get(settings::show).put(settings::put),
        )
        .route(
            "/v1/namespaces/{name}/routing",
            get(routing::show).put(routing::put).delete(routing::delete),
        )
        .route(
            "/v1/namespaces/{name}/routing/resolve",
            post(resolve::handle).layer(DefaultBodyLimit::max(resolve::MAX_BODY)),
        )
        .route(
            "/v1/namespaces/{name}/quota",
            get(quota::show).patch(quota::patch),
        )
        .merge(reservations::routes())
}

/// The namespace of that name, where it is within the caller's reach.
pub(super) async fn find(
    app: &SharedApp,
    tx: &mut Tx,
    caller: &Caller,
    name: &str,
) -> Result<Place, ApiError> {
    let place = Place::find(tx, name, &app.config.organization).await?;
    let place = place.filter(|place| caller.owns(&place.namespace.organization));
    place.ok_or_else(|| ApiError::not_found("namespace", name))
}
