//! `GET /v1/aliases`.

use super::AliasView;
use crate::api::prelude::*;
use paddock_ledger::store::catalog;

/// Lists the aliases of models
///
/// To any key, all on one page.
#[utoipa::path(
    get, path = "/v1/aliases", tag = "prices", operation_id = "list_aliases",
    responses(
        (status = 200, description = "The aliases.", body = Page<AliasView>)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    _: Caller,
) -> Result<Json<Page<AliasView>>, ApiError> {
    let mut tx = app.store.read().await?;
    let catalog = catalog::load(&mut tx).await?;
    let mut aliases: Vec<(String, String)> = catalog.aliases.into_iter().collect();
    aliases.sort_unstable();
    let view = |(alias, model): &(String, String)| AliasView::new(alias.clone(), model.clone());
    Ok(Json(Page::all(&aliases, |(alias, _)| alias, view)))
}
