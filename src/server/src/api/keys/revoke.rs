//! `POST /v1/keys/{id}/revoke-secondary`: the old secret of a rotated key ends now.

use super::context::{KeyContext, stored};
use super::view::KeyView;
use crate::api::prelude::*;
use paddock_ledger::store::{catalog, keys};

/// Revokes the old secret of a rotated key
///
/// The new secret stays. Gateways refuse the old one within two seconds. A key without an old secret is left
/// as it is.
#[utoipa::path(
    post, path = "/v1/keys/{id}/revoke-secondary", tag = "keys", operation_id = "revoke_secondary",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The key as it is now.", body = KeyView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    by.may_manage()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let KeyContext {
        key: before,
        context,
    } = edit.find(&id).await?;
    let catalog = catalog::load(&mut edit.tx).await?;
    let mut key = before.clone();
    key.secrets.retain(|secret| secret.is_primary);
    if key.secrets.len() < before.secrets.len() {
        key.revision = edit.revision;
        key.updated_at = edit.now;
        stored(keys::update(&mut edit.tx, &key).await, &key)?;
        keys::replace_secrets(&mut edit.tx, &before, &key).await?;
        let change = context
            .change("key.revoke_secondary", &key.id)
            .before(&before)
            .after(&key);
        edit.commit(change).await?;
    }
    Ok(Json(KeyView::new(&key, &context, &catalog)))
}
