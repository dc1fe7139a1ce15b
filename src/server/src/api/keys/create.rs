//! `POST /v1/keys`: a new key. Its secret is shown this once.

use super::body::CreateKey;
use super::member;
use super::view::KeyView;
use crate::api::CONTENT_MODES;
use crate::http::actor::Author;
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::limits::LimitsPatch;
use crate::openapi::refusals;
use crate::state::{App, SharedApp};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_core::money::Money;
use paddock_core::policy::{Catalog, ContentMode, EndpointScope, Limits, Role};
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::ids;
use paddock_ledger::model::audit::Actor;
use paddock_ledger::model::hierarchy::{Parent, violations};
use paddock_ledger::model::slug;
use paddock_ledger::model::{DEFAULT_ORGANIZATION, Key, KeyMember, KeySecret, Member, Namespace};
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, catalog, keys, namespaces, policy};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use utoipa::ToSchema;

/// Longest life of a key that expires, in days.
pub(super) const MAX_DAYS: u64 = 36_500;
/// The roles of the contract.
pub(crate) const ROLES: [&str; 4] = ["admin", "developer", "analyst", "viewer"];

#[derive(Debug)]
struct Wish {
    name: String,
    namespace: Option<String>,
    /// Absent: a developer's, or the member's where that is narrower.
    role: Option<Role>,
    user_id: Option<String>,
    scopes: Option<Vec<EndpointScope>>,
    allowed_models: Option<Vec<String>>,
    limits: Limits,
    environment: Option<String>,
    tags: Option<Value>,
    expires_in_days: Option<u64>,
    content_policy_mode: Option<ContentMode>,
}

/// The new key, with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedKey)]
pub struct Created {
    /// The secret: shown this once.
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

/// Makes a key
///
/// Where it names no namespace, one is made for it: a key is always isolated. The secret is shown
/// this once.
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
    caller: Caller,
    Author(actor): Author,
    Body(body): Body,
) -> Result<(StatusCode, Json<Created>), ApiError> {
    caller.may_create_keys()?;
    let wish = read(&app, &body)?;
    let now = app.now();
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let context = find_or_make_place(&app, &mut tx, (&caller, &actor), &wish, revision).await?;
    let catalog = catalog::load(&mut tx).await?;
    check(
        &app,
        &mut tx,
        &catalog,
        &context,
        "",
        &wish.limits,
        wish.allowed_models.as_deref(),
    )
    .await?;
    let member = match &wish.user_id {
        Some(user) => Some(member::of_user(&mut tx, &context, user).await?),
        None => None,
    };
    let plain = ids::key_secret();
    let key = key_of(wish, member.as_ref(), &context, (&plain, revision, now))?;
    insert(&mut tx, &key).await?;
    let change = context.change("key.create", &key.id).after(&key);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(key = key.id, namespace = key.namespace, "made a key");
    let view = KeyView::new(&key, &context, &catalog);
    Ok((StatusCode::CREATED, Json(Created { key: plain, view })))
}

fn read(app: &App, body: &[u8]) -> Result<Wish, ApiError> {
    let mut fields = Fields::parse(body)?;
    let scopes = EndpointScope::ALL.map(EndpointScope::name);
    let wish = Wish {
        name: fields.required_text("name")?,
        namespace: fields.text("namespace")?.flatten(),
        role: fields.word("role", &ROLES)?,
        user_id: fields.text("user_id")?.flatten(),
        scopes: fields.words("scopes", &scopes)?.flatten(),
        allowed_models: fields.texts("allowed_models")?.flatten(),
        limits: LimitsPatch::all(&mut fields, &app.config)?.apply(&Limits::default()),
        environment: fields.text("environment")?.flatten(),
        tags: fields.tags("tags")?.flatten(),
        expires_in_days: fields.whole("expires_in", 1, MAX_DAYS)?.flatten(),
        content_policy_mode: fields.word("content_policy_mode", &CONTENT_MODES)?,
    };
    fields.finish()?;
    if wish.user_id.is_some() && wish.namespace.is_none() {
        let message = "A member's key is a key of their namespace: name that in 'namespace'.";
        return Err(ApiError::invalid("namespace", message));
    }
    Ok(wish)
}

async fn find_or_make_place(
    app: &App,
    tx: &mut Tx,
    (caller, actor): (&Caller, &Actor),
    wish: &Wish,
    revision: u64,
) -> Result<NamespaceContext, ApiError> {
    let defaults = &app.config.organization;
    if let Some(name) = &wish.namespace {
        let context = NamespaceContext::find(tx, name, defaults).await?;
        return context
            .filter(|context| caller.owns(&context.namespace.organization))
            .ok_or_else(|| ApiError::not_found("namespace", name));
    }
    let organization = caller
        .organization()
        .unwrap_or(DEFAULT_ORGANIZATION)
        .to_owned();
    // The policy is locked, so nobody else takes the name.
    let free = namespaces::next_free_name(tx, &slug::from_text(&wish.name)).await?;
    let mut namespace = Namespace::new(free, organization, app.now());
    namespace.revision = revision;
    namespaces::insert(tx, &namespace).await?;
    let context = NamespaceContext::of(tx, namespace, defaults).await?;
    let change = context.change("namespace.create", &context.namespace.name);
    audit::record(tx, actor, change.after(&context.namespace)).await?;
    Ok(context)
}

/// Checks that a key's limits fit into its namespace's. `id` is the key's, empty for a new one.
pub(super) async fn check(
    app: &App,
    tx: &mut Tx,
    catalog: &Catalog,
    context: &NamespaceContext,
    id: &str,
    limits: &Limits,
    allowed_models: Option<&[String]>,
) -> Result<(), ApiError> {
    let assigned = if app.config.allow_over_assignment {
        (Money::ZERO, Money::ZERO)
    } else {
        keys::quotas_of_others(tx, &context.namespace.name, id).await?
    };
    let parent = Parent {
        word: "team",
        limits: &context.limits,
        allowed_models: context.namespace.allowed_models.as_deref(),
        assigned,
    };
    let violations = violations(&parent, limits, allowed_models, catalog);
    if violations.is_empty() {
        return Ok(());
    }
    let (month, day) = assigned;
    let note = match month.is_positive() || day.is_positive() {
        true => format!(" Assigned to the team's other keys: {month} a month, {day} a day."),
        false => String::new(),
    };
    Err(ApiError::violations(violations, &note))
}

/// A key as wished for, with this secret, at this revision and moment.
fn key_of(
    wish: Wish,
    member: Option<&Member>,
    context: &NamespaceContext,
    (plain, revision, now): (&str, u64, Timestamp),
) -> Result<Key, ApiError> {
    let role = match member {
        Some(member) => member::role_of(member, wish.role)?,
        None => wish.role.unwrap_or_default(),
    };
    let life = wish
        .expires_in_days
        .map(|days| Duration::from_secs(days.saturating_mul(86_400)));
    Ok(Key {
        id: ids::key_id(now),
        name: wish.name,
        namespace: context.namespace.name.clone(),
        role,
        member: member.map(KeyMember::from),
        role_quota: context.role_quota(role),
        scopes: wish.scopes,
        allowed_models: wish.allowed_models,
        limits: wish.limits,
        enabled: true,
        environment: wish.environment,
        tags: wish.tags,
        content_policy_mode: wish.content_policy_mode,
        created_at: now,
        updated_at: now,
        revision,
        secrets: vec![KeySecret {
            digest: secret::digest(plain.as_bytes()),
            preview: secret::preview(plain),
            is_primary: true,
            expires_at: life.map(|life| now.plus(life)),
            created_at: now,
        }],
    })
}

async fn insert(tx: &mut Tx, key: &Key) -> Result<(), ApiError> {
    match keys::insert(tx, key).await {
        Err(error) if error.is_duplicate() => Err(ApiError::conflict(format!(
            "The namespace '{}' has a key named '{}' already. Choose another name.",
            key.namespace, key.name
        ))),
        result => Ok(result?),
    }
}
