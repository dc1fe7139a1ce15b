//! `POST /v1/keys/{id}/disable` and `/enable`.

use super::authority::may_change;
use super::context::KeyContext;
use super::member;
use super::view::KeyView;
use crate::api::prelude::*;
use paddock_ledger::model::Key;
use paddock_ledger::rules::key_switch;
use paddock_ledger::store::catalog;

/// Disables a key
///
/// Requests with it are refused from now on. It can be enabled again.
#[utoipa::path(
    post, path = "/v1/keys/{id}/disable", tag = "keys", operation_id = "disable_key",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The key as it is now.", body = KeyView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn disable(
    State(app): State<SharedApp>,
    by: Author,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    switch(&app, &by, &id, false).await
}

/// Enables a key
///
/// Requests with it are accepted again. It needs what making such a key needs.
#[utoipa::path(
    post, path = "/v1/keys/{id}/enable", tag = "keys", operation_id = "enable_key",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The key as it is now.", body = KeyView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn enable(
    State(app): State<SharedApp>,
    by: Author,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    switch(&app, &by, &id, true).await
}

async fn switch(
    app: &SharedApp,
    by: &Author,
    id: &str,
    enabled: bool,
) -> Result<Json<KeyView>, ApiError> {
    by.may_manage()?;
    let mut edit = Edit::begin(app, by).await?;
    let KeyContext { key, context } = edit.find(id).await?;
    let switched = Key {
        enabled,
        ..key.clone()
    };
    member::check(&mut edit.tx, &key, &switched).await?;
    let catalog = catalog::load(&mut edit.tx).await?;
    may_change(by, &context, &key, &switched, &catalog)?;
    let (tx, revision) = (&mut edit.tx, edit.revision);
    let switched = key_switch::switch(tx, &context, &key, enabled, revision, &by.actor).await?;
    if switched.is_some() {
        edit.commit_recorded().await?;
    }
    let key = switched.unwrap_or(key);
    Ok(Json(KeyView::new(&key, &context, &catalog)))
}
