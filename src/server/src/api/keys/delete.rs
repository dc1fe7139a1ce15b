//! `DELETE /v1/keys/{id}`: the key ends at once; what it used stays in the ledger.

use super::context::KeyContext;
use crate::api::prelude::*;
use paddock_ledger::store::keys;

/// Deletes a key
///
/// It ends at once. Its namespace stays, and what it used stays in the ledger.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "keys", operation_id = "delete_key",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(id): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    by.may_manage()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let KeyContext { key, context } = edit.find(&id).await?;
    keys::delete(&mut edit.tx, &key, edit.revision, edit.now).await?;
    let change = context.change("key.delete", &key.id).before(&key);
    edit.commit(change).await?;
    Ok(Json(Deleted::new("key", key.id)))
}
