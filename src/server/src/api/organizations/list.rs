//! `GET /v1/organizations?after=&limit=`.

use super::view::OrganizationView;
use crate::api::prelude::*;
use crate::http::page::PageQuery;
use paddock_ledger::store::organizations;

/// Lists organizations
///
/// The operator sees all, by name; an admin sees its own.
#[utoipa::path(
    get, path = "/v1/organizations", tag = "organizations", operation_id = "list_organizations",
    params(PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<OrganizationView>),
        refusals::Forbidden
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<OrganizationView>>, ApiError> {
    caller.may_manage()?;
    let size = query.limit.unwrap_or_default();
    let after = query.after.unwrap_or_default();
    let mut tx = app.store.read().await?;
    let one_more = size.and_one_more();
    let found = organizations::list(&mut tx, caller.organization(), &after, one_more).await?;
    let defaults = &app.config.organization;
    let page = Page::of(
        found,
        size.rows(),
        |organization| organization.name.as_str(),
        |organization| OrganizationView::new(organization, defaults),
    );
    Ok(Json(page))
}
