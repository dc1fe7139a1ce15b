//! `PATCH /v1/keys/{id}` and `/limits`: what is sent changes, what is `null` becomes the namespace's.

use super::authority::may_change;
use super::body::{KeyBody, UpdateKey};
use super::context::{KeyContext, check, stored};
use super::member;
use super::view::{KeyLimits, KeyView};
use crate::api::prelude::*;
use crate::http::limits::{BytesRate, LimitsPatch, Rate};
use paddock_core::policy::Catalog;
use paddock_ledger::model::Key;
use paddock_ledger::store::{catalog, keys};

/// Updates a key
///
/// Its namespace stays: what it spent is booked there. To change its role, scopes or expiry, to enable it
/// or to let it use or spend more needs what making such a key needs (`can_create_api_keys`; of a
/// member's key, a new role needs `can_manage_users` too), and it may then do no more than its maker's
/// role may in the organization.
#[utoipa::path(
    patch, path = "/v1/keys/{id}", tag = "keys", operation_id = "update_key",
    params(parameters::KeyId),
    request_body = Option<UpdateKey>,
    responses(
        (status = 200, description = "The key as it is now.", body = KeyView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(id): Path<String>,
    body: Body<KeyBody>,
) -> Result<Json<KeyView>, ApiError> {
    by.may_manage()?;
    let body = body.read().await?;
    body.check_name()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let found: KeyContext = edit.find(&id).await?;
    body.keeps_its_place(&found)?;
    let mut key = found.key.clone();
    body.apply(&mut key, edit.now);
    member::check(&mut edit.tx, &found.key, &key).await?;
    key.role_quota = found.context.role_quota(key.role);
    let (found, catalog) = store(&app, &by, edit, found, key, "key.update").await?;
    Ok(Json(KeyView::new(&found.key, &found.context, &catalog)))
}

/// What changes of a key's rates: what is sent. What is `null` becomes the namespace's.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "rpm": 120, "tpm": 200_000, "max_concurrency": 8 }))]
pub struct KeyLimitsBody {
    /// Requests a minute.
    rate_limit_per_minute: Option<Option<Rate>>,
    /// Tokens a minute, input and output.
    tokens_per_minute: Option<Option<Rate>>,
    /// Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that.
    bytes_per_minute: Option<Option<BytesRate>>,
    /// Requests that the bucket holds; one minute's worth by default.
    burst: Option<Option<Rate>>,
    /// Requests in flight at once.
    max_concurrency: Option<Option<Rate>>,
}

/// Updates the rates and the concurrency of a key
///
/// What is sent changes; what is `null` becomes the namespace's.
#[utoipa::path(
    patch, path = "/v1/keys/{id}/limits", tag = "keys", operation_id = "update_key_limits",
    params(parameters::KeyId),
    request_body = Option<KeyLimitsBody>,
    responses(
        (status = 200, description = "The limits in force.", body = KeyLimits),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn limits(
    State(app): State<SharedApp>,
    by: Author,
    Path(id): Path<String>,
    body: Body<KeyLimitsBody>,
) -> Result<Json<KeyLimits>, ApiError> {
    by.may_manage()?;
    let body = body.read().await?;
    let patch = LimitsPatch {
        rate_limit_per_minute: body.rate_limit_per_minute,
        bytes_per_minute: body.bytes_per_minute,
        burst: body.burst,
        tokens_per_minute: body.tokens_per_minute,
        max_concurrency: body.max_concurrency,
        ..LimitsPatch::default()
    };
    let mut edit = Edit::begin(&app, &by).await?;
    let found: KeyContext = edit.find(&id).await?;
    let mut key = found.key.clone();
    patch.apply(&mut key.limits);
    key.updated_at = edit.now;
    let (found, _) = store(&app, &by, edit, found, key, "key.limits.update").await?;
    Ok(Json(KeyLimits::new(&found)))
}

/// Stores a changed key if it fits into its namespace.
async fn store(
    app: &App,
    by: &Author,
    mut edit: Edit,
    before: KeyContext,
    mut key: Key,
    action: &'static str,
) -> Result<(KeyContext, Catalog), ApiError> {
    let KeyContext {
        key: before,
        context,
    } = before;
    key.revision = edit.revision;
    let catalog = catalog::load(&mut edit.tx).await?;
    may_change(by, &context, &before, &key, &catalog)?;
    check(app, &mut edit.tx, &key, &context, &catalog).await?;
    stored(keys::update(&mut edit.tx, &key).await, &key)?;
    if before.secrets != key.secrets {
        keys::replace_secrets(&mut edit.tx, &before, &key).await?;
    }
    let change = context.change(action, &key.id).before(&before).after(&key);
    edit.commit(change).await?;
    Ok((KeyContext { key, context }, catalog))
}
