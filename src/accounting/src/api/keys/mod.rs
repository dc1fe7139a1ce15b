//! `/v1/keys`.

mod change;
mod create;
mod delete;
mod limits;
mod list;
mod rotate;
mod show;
mod status;
mod switch;
mod usage;
mod view;

use crate::app::SharedApp;
use crate::domain::records::Key;
use crate::domain::standing::Place;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::{Tx, keys};
use axum::Router;
use axum::routing::{get, patch, post};

/// The routes of keys.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/v1/keys", post(create::handle).get(list::handle))
        .route(
            "/v1/keys/{id}",
            get(show::handle)
                .patch(change::handle)
                .delete(delete::handle),
        )
        .route("/v1/keys/{id}/disable", post(switch::disable))
        .route("/v1/keys/{id}/enable", post(switch::enable))
        .route(
            "/v1/keys/{id}/limits",
            patch(limits::handle).get(limits::show),
        )
        .route("/v1/keys/{id}/rotate", post(rotate::handle))
        .route("/v1/keys/{id}/status", get(status::handle))
        .route("/v1/keys/{id}/usage", get(usage::handle))
}

/// The key of that id and its place, where it is within the caller's reach.
async fn find(
    app: &SharedApp,
    tx: &mut Tx,
    caller: &Caller,
    id: &str,
) -> Result<(Key, Place), ApiError> {
    let unknown = || ApiError::not_found("key", id);
    let key = keys::find(tx, id).await?.ok_or_else(unknown)?;
    let place = Place::find(tx, &key.namespace, &app.config.organization).await?;
    let place = place.filter(|place| caller.owns(&place.namespace.organization));
    Ok((key, place.ok_or_else(unknown)?))
}
