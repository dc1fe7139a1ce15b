//! `PATCH /v1/keys/{id}/limits`: rates and concurrency alone.

use super::body::ChangeKeyLimits;
use super::create::check;
use crate::http::actor::Author;
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::limits::{LimitsPatch, LimitsView};
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::model::Key;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, keys, policy};
use serde::Serialize;
use utoipa::ToSchema;

/// The limits in force, also under the short names of this endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyLimits)]
pub struct InForceView {
    /// Its id.
    id: String,
    /// Requests a minute.
    rpm: u64,
    /// Tokens a minute.
    tpm: u64,
    #[serde(flatten)]
    limits: LimitsView,
}

impl InForceView {
    fn new(key: &Key, context: &NamespaceContext) -> InForceView {
        let limits = context.limits.below(&key.limits_in_force());
        InForceView {
            id: key.id.clone(),
            rpm: limits.requests_per_minute,
            tpm: limits.tokens_per_minute,
            limits: LimitsView::from(&limits),
        }
    }
}

/// Changes a key's rates and concurrency
///
/// Changes what is sent; what is `null` becomes the namespace's.
#[utoipa::path(
    patch, path = "/v1/keys/{id}/limits", tag = "keys", operation_id = "update_key_limits",
    params(parameters::KeyId),
    request_body = Option<ChangeKeyLimits>,
    responses(
        (status = 200, description = "The limits in force.", body = InForceView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author(actor): Author,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Json<InForceView>, ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let patch = LimitsPatch::rates(&mut fields, &app.config)?;
    fields.finish()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let (before, context) = super::find(&app, &mut tx, &caller, &id).await?;
    let mut key = before.clone();
    key.limits = patch.apply(&key.limits);
    key.revision = revision;
    key.updated_at = app.now();
    let catalog = catalog::load(&mut tx).await?;
    check(
        &app,
        &mut tx,
        &catalog,
        &context,
        &key.id,
        &key.limits,
        None,
    )
    .await?;
    keys::update(&mut tx, &key).await?;
    let change = context.change("key.limits.update", &key.id);
    audit::record(&mut tx, &actor, change.before(&before).after(&key)).await?;
    tx.commit().await?;
    tracing::info!(key = key.id, "changed a key's limits");
    Ok(Json(InForceView::new(&key, &context)))
}

/// Shows the limits of a key
///
/// Those in force: what the key does not set is its namespace's.
#[utoipa::path(
    get, path = "/v1/keys/{id}/limits", tag = "keys", operation_id = "get_key_limits",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The limits in force.", body = InForceView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<InForceView>, ApiError> {
    caller.may_read_key(&id)?;
    let mut tx = app.store.read().await?;
    let (key, context) = super::find(&app, &mut tx, &caller, &id).await?;
    Ok(Json(InForceView::new(&key, &context)))
}
