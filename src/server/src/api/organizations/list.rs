//! `GET /v1/organizations?after=&limit=`.

use super::view::OrganizationView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{self, Parameters};
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::store::organizations;
use serde::Serialize;
use utoipa::ToSchema;

/// One page, by name, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationList)]
pub struct Page {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<OrganizationView>,
    /// The first row of the page.
    first_id: Option<String>,
    /// The last row of the page: `after` for the next.
    last_id: Option<String>,
    /// Whether there is another page.
    has_more: bool,
}

/// Lists organizations
///
/// To the operator all, by name; to an admin, its own.
#[utoipa::path(
    get, path = "/v1/organizations", tag = "organizations", operation_id = "list_organizations",
    params(parameters::Page),
    responses(
        (status = 200, description = "A page.", body = Page),
        refusals::Forbidden
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Page>, ApiError> {
    caller.may_manage()?;
    let limit = query.take_limit()?;
    let after = query.take("after").unwrap_or_default();
    query.finish()?;
    let mut tx = app.store.read().await?;
    let one_more = limit.saturating_add(1);
    let mut found = organizations::list(&mut tx, caller.organization(), &after, one_more).await?;
    let has_more = query::cut(&mut found, limit);
    let defaults = &app.config.organization;
    Ok(Json(Page {
        object: "list",
        first_id: found.first().map(|organization| organization.name.clone()),
        last_id: found.last().map(|organization| organization.name.clone()),
        data: found
            .iter()
            .map(|organization| OrganizationView::new(organization, defaults))
            .collect(),
        has_more,
    }))
}
