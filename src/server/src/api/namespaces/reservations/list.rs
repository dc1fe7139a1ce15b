//! `GET /v1/namespaces/{name}/reservations?after=&limit=`.

use super::view::ReservationView;
use crate::api::prelude::*;
use crate::http::page::PageQuery;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::reservations;

/// Lists the open reservations of a namespace
///
/// By id. To admins, and to the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/reservations", tag = "reservations", operation_id = "list_reservations",
    params(parameters::NamespaceName, PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<ReservationView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ReservationView>>, ApiError> {
    caller.may_read_namespace(&name)?;
    caller.may_view_analytics()?;
    let size = query.limit.unwrap_or_default();
    let after = query.after.unwrap_or_default();
    let mut tx = app.store.read().await?;
    let _: NamespaceContext = find(&app, &mut tx, &caller, &name).await?;
    let (now, one_more) = (app.now(), size.and_one_more());
    let found = reservations::open(&mut tx, &name, &after, one_more, now).await?;
    let page = Page::of(
        found,
        size.rows(),
        |reservation| reservation.name.id.as_str(),
        |reservation| ReservationView::new(reservation, now),
    );
    Ok(Json(page))
}
