//! `DELETE /v1/aliases/{alias}`.

use crate::api::prelude::*;
use paddock_core::policy::fold_alias;
use paddock_ledger::model::audit::Change;
use paddock_ledger::store::catalog;
use serde_json::json;

/// Deletes an alias
///
/// Only the operator may. The model stays.
#[utoipa::path(
    delete, path = "/v1/aliases/{*alias}", tag = "prices", operation_id = "delete_alias",
    params(parameters::Alias),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(alias): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    by.must_be_operator()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let catalog = catalog::load(&mut edit.tx).await?;
    let alias = fold_alias(&alias);
    let Some(model) = catalog.aliases.get(&alias) else {
        return Err(ApiError::not_found("alias", &alias));
    };
    catalog::delete_alias(&mut edit.tx, &alias, edit.revision).await?;
    let change = Change::of_installation("alias.delete", &alias);
    edit.commit(change.before(&json!({ "model": model })))
        .await?;
    Ok(Json(Deleted::new("alias", alias)))
}
