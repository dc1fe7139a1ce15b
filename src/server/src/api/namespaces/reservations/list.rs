//! `GET /v1/namespaces/{name}/reservations?after=&limit=`.

use super::view::ReservationView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::query::{self, Parameters};
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::store::reservations;
use serde::Serialize;
use utoipa::ToSchema;

/// One page, by id, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReservationList)]
pub struct Page {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<ReservationView>,
    /// Whether there is another page.
    has_more: bool,
}

/// Lists a namespace's open reservations
///
/// Answers admins, and the holders of the namespace's keys. By id.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/reservations", tag = "reservations", operation_id = "list_reservations",
    params(parameters::NamespaceName, parameters::Page),
    responses(
        (status = 200, description = "A page.", body = Page),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
    mut query: Parameters,
) -> Result<Json<Page>, ApiError> {
    caller.may_read_namespace(&name)?;
    let limit = query.take_limit()?;
    let after = query.take("after").unwrap_or_default();
    query.finish()?;
    let mut tx = app.store.read().await?;
    super::super::find(&app, &mut tx, &caller, &name).await?;
    let (now, one_more) = (app.now(), limit.saturating_add(1));
    let mut found = reservations::open(&mut tx, &name, &after, one_more, now).await?;
    let has_more = query::cut(&mut found, limit);
    let view = |found| ReservationView::new(found, now);
    Ok(Json(Page {
        object: "list",
        data: found.iter().map(view).collect(),
        has_more,
    }))
}
