//! `DELETE /v1/namespaces/{name}/reservations/{id}`.

use super::view::ReservationView;
use crate::api::prelude::*;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::reserving;

/// Releases a reservation before it expires
///
/// What is not spent goes back to the namespace; what gateways hold of it, as soon as they return it.
/// A reservation that has ended stays as it is.
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/reservations/{id}", tag = "reservations", operation_id = "release_reservation",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "The reservation.", body = ReservationView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<ReservationView>, ApiError> {
    by.may_spend(&name)?;
    let mut tx = app.store.write().await?;
    let context: NamespaceContext = find(&app, &mut tx, &by, &name).await?;
    let (terms, now) = (&app.config.terms, app.now());
    let released = reserving::release(&mut tx, terms, &context.namespace, &id, now).await?;
    let released = released.ok_or_else(|| ApiError::not_found("reservation", &id))?;
    if released.ended_at == Some(now) {
        let change = context.change("reservation.release", &id);
        audit::record(&mut tx, &by.actor, change.after(&released)).await?;
    }
    let remaining = super::remaining(&app, &mut tx, &by, &context).await?;
    tx.commit().await?;
    tracing::info!(scope = released.scope, unspent = %released.unspent(), "released");
    Ok(Json(ReservationView::new(&released, now).beside(remaining)))
}
