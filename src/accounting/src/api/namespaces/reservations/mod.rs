//! `/v1/namespaces/{name}/reserve` and `/v1/namespaces/{name}/reservations`.

mod list;
mod release;
mod reserve;
mod show;
mod view;

use crate::app::{App, SharedApp};
use crate::domain::reserving;
use crate::domain::standing::{Place, Standing};
use crate::http::error::ApiError;
use crate::store::Tx;
use axum::Router;
use axum::routing::{get, post};
use paddock_core::money::Money;

/// The routes of reservations.
pub(super) fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/v1/namespaces/{name}/reserve", post(reserve::handle))
        .route("/v1/namespaces/{name}/reservations", get(list::handle))
        .route(
            "/v1/namespaces/{name}/reservations/{id}",
            get(show::handle).delete(release::handle),
        )
}

/// What a namespace has left beside its reservations. Where nobody set a cap, the installation's
/// number stands for one.
async fn remaining(app: &App, tx: &mut Tx, place: &Place) -> Result<Money, ApiError> {
    let (terms, now) = (&app.config.terms, app.now());
    match reserving::remaining(tx, terms, &place.namespace, now).await? {
        Some(remaining) => Ok(remaining),
        None => Ok(Standing::of_namespace(tx, place, now).await?.remaining()),
    }
}
