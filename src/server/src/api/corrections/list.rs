//! `GET /v1/corrections?namespace=&organization=&after=&limit=`.

use super::view::CorrectionView;
use crate::api::prelude::*;
use paddock_ledger::store::corrections;
use utoipa::IntoParams;

/// Whose corrections, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCorrections {
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only this organization: the caller's own; any, for the operator.
    organization: Option<String>,
    /// Rows of the page; 100 by default.
    #[param(inline)]
    limit: Option<PageSize>,
    /// The `last_id` of the page before.
    after: Option<String>,
}

/// Lists corrections
///
/// The newest first: to the operator all, to an admin those of its organization, to every other key those of
/// its own namespace.
#[utoipa::path(
    get, path = "/v1/corrections", tag = "usage", operation_id = "list_corrections",
    params(ListCorrections),
    responses(
        (status = 200, description = "A page, newest first.", body = Page<CorrectionView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<ListCorrections>,
) -> Result<Json<Page<CorrectionView>>, ApiError> {
    let reach = caller.reach(query.namespace, query.organization)?;
    let size = query.limit.unwrap_or_default();
    let after = query.after.unwrap_or_default();
    let mut tx = app.store.read().await?;
    let found = corrections::list(&mut tx, &reach, &after, size.and_one_more()).await?;
    Ok(Json(Page::of(
        found,
        size.rows(),
        |made| &made.id,
        |made| made.into(),
    )))
}
