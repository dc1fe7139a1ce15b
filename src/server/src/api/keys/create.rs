//! `POST /v1/keys`: a new key. Its secret is shown this once.

use super::authority::{may_issue, may_soften};
use super::body::{CreateKey, KeyBody};
use super::context::{check, stored};
use super::member;
use super::view::KeyView;
use crate::api::ceilings::{Counted, has_room};
use crate::api::prelude::*;
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::ids;
use paddock_ledger::model::DEFAULT_ORGANIZATION;
use paddock_ledger::model::Key;
use paddock_ledger::model::KeyMember;
use paddock_ledger::model::KeySecret;
use paddock_ledger::model::Namespace;
use paddock_ledger::model::slug;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, keys, namespaces};

/// The new key, with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedKey)]
pub struct Created {
    /// The secret: shown this once.
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

/// Creates a key
///
/// If no namespace is named, one is created for it, so that no other key shares its limits. The secret
/// is shown this once. An admin makes no key that may do more than their own role may in their
/// organization.
#[utoipa::path(
    post, path = "/v1/keys", tag = "keys", operation_id = "create_key",
    request_body = CreateKey,
    responses(
        (status = 201, description = "The key, with its secret.", body = Created),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    body: Body<KeyBody>,
) -> Result<(StatusCode, Json<Created>), ApiError> {
    by.may_create_keys()?;
    let body = body.read().await?;
    body.check_name()?;
    let name = body.name.clone().required("name")?;
    let user = body.user_id.clone().value();
    let role = body.role.value();
    let namespace = body.namespace.clone().value();
    if user.is_some() && namespace.is_none() {
        let message = "A member's key is a key of their namespace: name that in 'namespace'.";
        return Err(ApiError::invalid("namespace", message));
    }
    let mut edit = Edit::begin(&app, &by).await?;
    let context = match namespace {
        Some(namespace) => edit.find(namespace.as_ref()).await?,
        None => own_namespace(&app, &mut edit, &by, name.as_ref()).await?,
    };
    let plain = ids::key_secret();
    let mut key = new_key(&context, &plain, edit.revision, edit.now);
    body.apply(&mut key, edit.now);
    if let Some(user) = user {
        let member = member::of_user(&mut edit.tx, &context, user.as_ref()).await?;
        key.role = member::role_of(&member, role)?;
        key.member = Some(KeyMember::from(&member));
    }
    key.role_quota = context.role_quota(key.role);
    let catalog = catalog::load(&mut edit.tx).await?;
    may_soften(&by, &[], &key)?;
    may_issue(&by, &context, &key, &catalog)?;
    check(&app, &mut edit.tx, &key, &context, &catalog).await?;
    has_room(&mut edit.tx, &context.organization, Counted::Keys, 1).await?;
    stored(keys::insert(&mut edit.tx, &key).await, &key)?;
    let change = context.change("key.create", &key.id).after(&key);
    edit.commit(change).await?;
    let view = KeyView::new(&key, &context, &catalog);
    Ok((StatusCode::CREATED, Json(Created { key: plain, view })))
}

/// A namespace for a key that named none: of the key's own name, or the next name that is free.
async fn own_namespace(
    app: &App,
    edit: &mut Edit,
    by: &Author,
    key_name: &str,
) -> Result<NamespaceContext, ApiError> {
    let organization = by.organization().unwrap_or(DEFAULT_ORGANIZATION).to_owned();
    let wanted = slug::from_text(key_name);
    let name = namespaces::next_free_name(&mut edit.tx, &wanted, &organization).await?;
    let mut namespace = Namespace::new(name, organization, edit.now);
    namespace.revision = edit.revision;
    let defaults = &app.config.organization;
    let context = NamespaceContext::of(&mut edit.tx, namespace, defaults).await?;
    has_room(&mut edit.tx, &context.organization, Counted::Namespaces, 1).await?;
    namespaces::insert(&mut edit.tx, &context.namespace).await?;
    let change = context.change("namespace.create", &context.namespace.name);
    edit.record(change.after(&context.namespace)).await?;
    Ok(context)
}

/// A key of a namespace with one secret, before anything is set.
fn new_key(context: &NamespaceContext, plain: &str, revision: u64, now: Timestamp) -> Key {
    let primary = KeySecret {
        digest: secret::digest(plain.as_bytes()),
        preview: secret::preview(plain),
        is_primary: true,
        expires_at: None,
        created_at: now,
    };
    Key::new(
        ids::key_id(now),
        context.namespace.name.clone(),
        primary,
        revision,
        now,
    )
}
