//! `PATCH /v1/keys/{id}`: what is sent changes, what is `null` becomes the parent's.

use super::body::ChangeKey;
use super::create::{MAX_DAYS, ROLES, check};
use super::member;
use super::view::KeyView;
use crate::api::CONTENT_MODES;
use crate::http::actor::Author;
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::limits::LimitsPatch;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::{App, SharedApp};
use axum::Json;
use axum::extract::State;
use paddock_core::policy::EndpointScope;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Key;
use paddock_ledger::rules::audit;
use paddock_ledger::store::{Tx, catalog, keys, policy};
use std::time::Duration;

/// Changes a key
///
/// Its namespace stays: what it spent is booked there.
#[utoipa::path(
    patch, path = "/v1/keys/{id}", tag = "keys", operation_id = "update_key",
    params(parameters::KeyId),
    request_body = Option<ChangeKey>,
    responses(
        (status = 200, description = "The key as it is now.", body = KeyView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author(actor): Author,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Json<KeyView>, ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let (before, context) = super::find(&app, &mut tx, &caller, &id).await?;
    let mut key = before.clone();
    if fields.has("namespace") && fields.required_text("namespace")? != key.namespace {
        let message = "A key stays in its namespace. Make a key in the other one instead.";
        return Err(ApiError::invalid("namespace", message));
    }
    let own = key.member.as_ref().map(|member| member.user_id.as_str());
    if fields.has("user_id") && fields.text("user_id")?.flatten().as_deref() != own {
        let message = "A key stays with whom it was made for. Make another key instead.";
        return Err(ApiError::invalid("user_id", message));
    }
    apply(&app, &mut fields, &mut key, app.now())?;
    fields.finish()?;
    member::check(&mut tx, &before, &key).await?;
    key.role_quota = context.role_quota(key.role);
    key.revision = revision;
    let catalog = catalog::load(&mut tx).await?;
    let models = key.allowed_models.as_deref();
    check(
        &app,
        &mut tx,
        &catalog,
        &context,
        &key.id,
        &key.limits,
        models,
    )
    .await?;
    update(&mut tx, &before, &key).await?;
    let change = context.change("key.update", &key.id);
    audit::record(&mut tx, &actor, change.before(&before).after(&key)).await?;
    tx.commit().await?;
    tracing::info!(key = key.id, "changed a key");
    Ok(Json(KeyView::new(&key, &context, &catalog)))
}

fn apply(app: &App, fields: &mut Fields, key: &mut Key, now: Timestamp) -> Result<(), ApiError> {
    if fields.has("name") {
        key.name = fields.required_text("name")?;
    }
    key.role = fields.word("role", &ROLES)?.unwrap_or(key.role);
    key.enabled = fields.flag("enabled")?.unwrap_or(key.enabled);
    let scopes = EndpointScope::ALL.map(EndpointScope::name);
    if let Some(scopes) = fields.words("scopes", &scopes)? {
        key.scopes = scopes;
    }
    if let Some(models) = fields.texts("allowed_models")? {
        key.allowed_models = models;
    }
    if let Some(environment) = fields.text("environment")? {
        key.environment = environment;
    }
    if let Some(tags) = fields.tags("tags")? {
        key.tags = tags;
    }
    if fields.has("content_policy_mode") {
        key.content_policy_mode = fields.word("content_policy_mode", &CONTENT_MODES)?;
    }
    if let Some(days) = fields.whole("expires_in", 1, MAX_DAYS)? {
        let life = days.map(|days| Duration::from_secs(days.saturating_mul(86_400)));
        for secret in key.secrets.iter_mut().filter(|secret| secret.is_primary) {
            secret.expires_at = life.map(|life| now.plus(life));
        }
    }
    key.limits = LimitsPatch::all(fields, &app.config)?.apply(&key.limits);
    key.updated_at = now;
    Ok(())
}

/// Stores a changed key.
pub(super) async fn update(tx: &mut Tx, before: &Key, key: &Key) -> Result<(), ApiError> {
    match keys::update(tx, key).await {
        Err(error) if error.is_duplicate() => {
            return Err(ApiError::conflict(format!(
                "The namespace '{}' has a key named '{}' already. Choose another name.",
                key.namespace, key.name
            )));
        }
        result => result?,
    }
    if before.secrets != key.secrets {
        keys::replace_secrets(tx, before, key).await?;
    }
    Ok(())
}
