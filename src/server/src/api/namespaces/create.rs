//! `POST /v1/namespaces`: a new namespace.

use super::body::CreateNamespace;
use super::view::NamespaceView;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::fields::limits::LimitsPatch;
use crate::openapi::refusals;
use crate::state::{App, SharedApp};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_core::money::Money;
use paddock_core::policy::{Catalog, MAX_WEIGHT};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::hierarchy::{Parent, violations};
use paddock_ledger::model::records::{DEFAULT_ORGANIZATION, Namespace};
use paddock_ledger::model::scope::Scope;
use paddock_ledger::model::slug;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::credits;
use paddock_ledger::store::{StoreError, Tx, catalog, namespaces, organizations, policy};

pub(crate) const PRIORITIES: [&str; 4] = ["high", "standard", "low", "background"];
pub(crate) const UNKNOWN_PRICES: [&str; 2] = ["refuse", "free"];
pub(crate) const FAILURE_MODES: [&str; 2] = ["closed", "open"];

/// Makes a namespace
///
/// For the operator also the organization it names.
#[utoipa::path(
    post, path = "/v1/namespaces", tag = "namespaces", operation_id = "create_namespace",
    request_body = CreateNamespace,
    responses(
        (status = 201, description = "The namespace.", body = NamespaceView),
        refusals::Forbidden,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<NamespaceView>), ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    // Some clients name it with the word they have for a namespace.
    let field = if fields.has("name") {
        "name"
    } else {
        "namespace"
    };
    let name = named(field, fields.required_text(field)?)?;
    let organization = match fields.text("organization")?.flatten() {
        Some(organization) => named("organization", organization)?,
        None => caller
            .organization()
            .unwrap_or(DEFAULT_ORGANIZATION)
            .to_owned(),
    };
    if !caller.owns(&organization) {
        let message = format!("Your key may not make namespaces in '{organization}'.");
        return Err(ApiError::forbidden(message));
    }
    let now = app.now();
    let mut namespace = Namespace::new(name, organization, now);
    apply(&app, &mut fields, &mut namespace)?;
    fields.finish()?;

    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    namespace.revision = revision;
    let organization = &namespace.organization;
    let is_new = organizations::ensure(&mut tx, organization, revision, now).await?;
    let context = NamespaceContext::of(&mut tx, namespace, &app.config.organization).await?;
    let catalog = catalog::load(&mut tx).await?;
    check(&context, &catalog)?;
    if !namespaces::insert(&mut tx, &context.namespace).await? {
        return Err(ApiError::conflict(format!(
            "A namespace named '{}' exists already. Choose another name.",
            context.namespace.name
        )));
    }
    open_account(&mut tx, &context.namespace, now).await?;
    if is_new {
        let made = &context.organization;
        let change = Change::new(&made.name, "organization.create", &made.name).after(made);
        audit::record(&mut tx, &actor, change).await?;
    }
    let change = context.change("namespace.create", &context.namespace.name);
    audit::record(&mut tx, &actor, change.after(&context.namespace)).await?;
    tx.commit().await?;
    tracing::info!(namespace = context.namespace.name, "made a namespace");
    Ok((
        StatusCode::CREATED,
        Json(NamespaceView::new(&context, &catalog)),
    ))
}

fn named(field: &str, name: String) -> Result<String, ApiError> {
    if slug::is_name(&name) {
        return Ok(name);
    }
    Err(ApiError::not_a_name(field))
}

/// Takes what creating and changing have in common.
pub(super) fn apply(
    app: &App,
    fields: &mut Fields,
    namespace: &mut Namespace,
) -> Result<(), ApiError> {
    if let Some(models) = fields.texts("allowed_models")? {
        namespace.allowed_models = models;
    }
    let priority = fields.word("priority", &PRIORITIES)?;
    namespace.priority = priority.unwrap_or(namespace.priority);
    if let Some(weight) = fields.whole("weight", 1, MAX_WEIGHT)? {
        namespace.weight = weight.unwrap_or(1);
    }
    let unknown_price = fields.word("unknown_price", &UNKNOWN_PRICES)?;
    namespace.unknown_price = unknown_price.unwrap_or(namespace.unknown_price);
    let failure_mode = fields.word("failure_mode", &FAILURE_MODES)?;
    namespace.failure_mode = failure_mode.unwrap_or(namespace.failure_mode);
    namespace.enabled = fields.flag("enabled")?.unwrap_or(namespace.enabled);
    namespace.prepaid = fields.flag("prepaid")?.unwrap_or(namespace.prepaid);
    if let Some(tags) = fields.tags("tags")? {
        namespace.tags = tags;
    }
    if let Some(quota) = fields.dollars("user_monthly_quota_usd")? {
        namespace.user_monthly_quota = quota;
    }
    namespace.limits = LimitsPatch::all(fields, &app.config)?.apply(&namespace.limits);
    Ok(())
}

/// Makes sure that a prepaid namespace has an account.
pub(super) async fn open_account(
    tx: &mut Tx,
    namespace: &Namespace,
    now: Timestamp,
) -> Result<(), StoreError> {
    if namespace.prepaid {
        let scope = Scope::Namespace(namespace.name.clone());
        credits::open(tx, &scope, &namespace.organization, now).await?;
    }
    Ok(())
}

/// Checks that a namespace's limits fit into its organization's.
pub(super) fn check(context: &NamespaceContext, catalog: &Catalog) -> Result<(), ApiError> {
    let parent = Parent {
        word: "organization",
        limits: &context.above,
        allowed_models: None,
        // Namespaces may together be promised more than the organization has: its cap holds.
        assigned: (Money::ZERO, Money::ZERO),
    };
    let namespace = &context.namespace;
    let models = namespace.allowed_models.as_deref();
    let mut violations = violations(&parent, &namespace.limits, models, catalog);
    let limit = context.limits.monthly_quota;
    if let Some(quota) = namespace.user_monthly_quota.filter(|quota| *quota > limit) {
        violations.push(format!(
            "User monthly quota {quota} exceeds team limit of {limit}"
        ));
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(ApiError::violations(violations, ""))
    }
}
