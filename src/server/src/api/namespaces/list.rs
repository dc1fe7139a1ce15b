//! `GET /v1/namespaces?after=&limit=`.

use super::view::NamespaceView;
use crate::api::prelude::*;
use crate::http::page::PageQuery;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, namespaces};

/// Lists namespaces
///
/// To an admin those within its reach, by name; to any other caller, its own.
#[utoipa::path(
    get, path = "/v1/namespaces", tag = "namespaces", operation_id = "list_namespaces",
    params(PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<NamespaceView>)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<NamespaceView>>, ApiError> {
    let size = query.limit.unwrap_or_default();
    let after = query.after.unwrap_or_default();
    let mut tx = app.store.read().await?;
    let found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => vec![holder.namespace.clone()],
        _ => {
            let one_more = size.and_one_more();
            namespaces::list(&mut tx, caller.organization(), &after, one_more).await?
        }
    };
    let catalog = catalog::load(&mut tx).await?;
    let defaults = &app.config.organization;
    let found = NamespaceContext::of_many(&mut tx, found, defaults).await?;
    let page = Page::of(
        found,
        size.rows(),
        |context| context.namespace.name.as_str(),
        |context| NamespaceView::new(context, &catalog),
    );
    Ok(Json(page))
}
