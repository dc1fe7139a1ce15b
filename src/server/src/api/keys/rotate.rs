//! `POST /v1/keys/{id}/rotate`: a new secret; the old one still works until it expires.

use super::authority::may_issue;
use super::context::{KeyContext, stored};
use crate::api::prelude::*;
use paddock_core::secret;
use paddock_ledger::ids;
use paddock_ledger::model::KeySecret;
use paddock_ledger::model::period::DAY;
use paddock_ledger::store::{catalog, keys};
use std::time::Duration;

/// How long the old secret keeps working by default.
const DEFAULT_OVERLAP: Duration = Duration::from_secs(90 * DAY);

/// How the secret of a key is rotated.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "expires_in": 30 }))]
pub struct RotateKey {
    /// Days that the old secret keeps working; 90 by default, and 0 ends it now.
    expires_in: Option<Option<Overlap>>,
}

/// A number of days from 0 to a hundred years.
type Overlap = Whole<0, 36_500>;

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
    /// The first 8 and the last 4 characters of the old secret.
    secondary: Option<String>,
    /// When the old secret expires.
    #[schema(format = DateTime)]
    secondary_expires_at: Option<String>,
}

/// Rotates the secret of a key
///
/// The new secret is the primary. The old one works as the secondary until it expires, after
/// `expires_in` days at most; with 0 there is no secondary, and gateways refuse the old one within two
/// seconds. A secondary of an earlier rotation ends now. If the old secret had an expiry, the new one
/// expires after `expires_in` days, or after 90 if that is 0; otherwise it never does. An admin rotates no
/// key that may do more than their own role may in their organization.
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
    by: Author,
    Path(id): Path<String>,
    body: Body<RotateKey>,
) -> Result<(StatusCode, Json<Rotated>), ApiError> {
    by.may_create_keys()?;
    let body = body.read().await?;
    let overlap = body.expires_in.value().map_or(DEFAULT_OVERLAP, |days| {
        Duration::from_secs(u64::from(days).saturating_mul(DAY))
    });
    let mut edit = Edit::begin(&app, &by).await?;
    let (now, revision) = (edit.now, edit.revision);
    let until = now.plus(overlap);
    let KeyContext {
        key: before,
        context,
    } = edit.find(&id).await?;
    let catalog = catalog::load(&mut edit.tx).await?;
    may_issue(&by, &context, &before, &catalog)?;
    let mut key = before.clone();
    key.secrets.retain(|secret| secret.is_primary);
    let expires = key.secrets.iter().any(|secret| secret.expires_at.is_some());
    if overlap.is_zero() {
        key.secrets.clear();
    }
    for old in &mut key.secrets {
        old.is_primary = false;
        old.expires_at = Some(old.expires_at.map_or(until, |at| at.min(until)));
    }
    let plain = ids::key_secret();
    let primary = KeySecret {
        digest: secret::digest(plain.as_bytes()),
        preview: secret::preview(&plain),
        is_primary: true,
        expires_at: expires.then(|| match overlap.is_zero() {
            true => now.plus(DEFAULT_OVERLAP),
            false => until,
        }),
        created_at: now,
    };
    let secondary = key.secrets.first().cloned();
    key.secrets.insert(0, primary.clone());
    key.revision = revision;
    key.updated_at = now;
    stored(keys::update(&mut edit.tx, &key).await, &key)?;
    keys::replace_secrets(&mut edit.tx, &before, &key).await?;
    let change = context
        .change("key.rotate", &key.id)
        .before(&before)
        .after(&key);
    edit.commit(change).await?;
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
