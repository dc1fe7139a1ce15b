//! `GET /v1/namespaces/{name}/reservations/{id}`.

use super::view::ReservationView;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::reservations;

/// Shows a reservation
///
/// The newest one of that id. To admins, and to the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/reservations/{id}", tag = "reservations", operation_id = "get_reservation",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "The reservation.", body = ReservationView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<ReservationView>, ApiError> {
    caller.may_read_namespace(&name)?;
    caller.may_view_analytics()?;
    let mut tx = app.store.read().await?;
    let context: NamespaceContext = find(&app, &mut tx, &caller, &name).await?;
    let found = reservations::newest(&mut tx, &name, &id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("reservation", &id))?;
    let remaining = super::remaining(&app, &mut tx, &caller, &context).await?;
    Ok(Json(
        ReservationView::new(&found, app.now()).beside(remaining),
    ))
}
