//! `POST /v1/keys/{id}/rotate`: a new secret now, the old one for a while.

use super::body::RotateKey;
use super::change::update;
use super::create::MAX_DAYS;
use crate::http::actor::Author;
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_core::secret;
use paddock_ledger::ids;
use paddock_ledger::model::KeySecret;
use paddock_ledger::rules::audit;
use paddock_ledger::store::policy;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How many days the old secret goes on where the caller does not say.
const DEFAULT_DAYS: u64 = 90;

/// Both secrets: the new one is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RotatedKey)]
pub struct Rotated {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The namespace's name.
    namespace: String,
    /// The secret: shown this once.
    key: String,
    /// The new secret: shown this once.
    primary: String,
    /// The first 8 and the last 4 characters of the new secret.
    primary_preview: String,
    /// When the new secret expires; `null` is never.
    #[schema(format = DateTime)]
    primary_expires_at: Option<String>,
    /// The older secret of a rotated key.
    secondary: Option<String>,
    /// When the old secret ends.
    #[schema(format = DateTime)]
    secondary_expires_at: Option<String>,
}

/// Gives a key a new secret
///
/// The new secret is the primary. The old one works as the secondary until it expires: after
/// `expires_in` days at most. A secondary of an earlier rotation ends now. Where the key had an
/// expiry, the new secret expires after `expires_in` days, and never otherwise.
#[utoipa::path(
    post, path = "/v1/keys/{id}/rotate", tag = "keys", operation_id = "rotate_key",
    params(parameters::KeyId),
    request_body = Option<RotateKey>,
    responses(
        (status = 201, description = "The new secret.", body = Rotated),
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
) -> Result<(StatusCode, Json<Rotated>), ApiError> {
    caller.may_create_keys()?;
    let mut fields = Fields::parse(&body)?;
    let days = fields
        .whole("expires_in", 1, MAX_DAYS)?
        .flatten()
        .unwrap_or(DEFAULT_DAYS);
    fields.finish()?;
    let now = app.now();
    let until = now.plus(Duration::from_secs(days.saturating_mul(86_400)));
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let (before, context) = super::find(&app, &mut tx, &caller, &id).await?;
    let mut key = before.clone();
    key.secrets.retain(|secret| secret.is_primary);
    let expires = key.secrets.iter().any(|secret| secret.expires_at.is_some());
    for old in &mut key.secrets {
        old.is_primary = false;
        old.expires_at = Some(old.expires_at.map_or(until, |at| at.min(until)));
    }
    let plain = ids::key_secret();
    let primary = KeySecret {
        digest: secret::digest(plain.as_bytes()),
        preview: secret::preview(&plain),
        is_primary: true,
        expires_at: expires.then_some(until),
        created_at: now,
    };
    let secondary = key.secrets.first().cloned();
    key.secrets.insert(0, primary.clone());
    key.revision = revision;
    key.updated_at = now;
    update(&mut tx, &before, &key).await?;
    let change = context.change("key.rotate", &key.id);
    audit::record(&mut tx, &actor, change.before(&before).after(&key)).await?;
    tx.commit().await?;
    tracing::info!(key = key.id, "rotated a key");
    let rotated = Rotated {
        id: key.id,
        name: key.name,
        namespace: key.namespace,
        key: plain.clone(),
        primary: plain,
        primary_preview: primary.preview,
        primary_expires_at: primary.expires_at.map(|at| at.to_rfc3339()),
        secondary: secondary.as_ref().map(|secret| secret.preview.clone()),
        secondary_expires_at: secondary
            .and_then(|secret| secret.expires_at)
            .map(|at| at.to_rfc3339()),
    };
    Ok((StatusCode::CREATED, Json(rotated)))
}
