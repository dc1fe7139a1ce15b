//! `/v1/namespaces/{name}/settings`: throttling, the fallback model, content, failure.

use super::body::PutSettings;
use super::create::{FAILURE_MODES, UNKNOWN_PRICES};
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals, words};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::policy::{
    Catalog, ContentMode, FailureMode, MAX_QUEUE_SECONDS, MAX_QUEUE_SIZE, QueueLimits, Settings,
    ThrottleFactor, ThrottleMode, UnknownPrice,
};
use paddock_ledger::model::records::Namespace;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, policy};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) const THROTTLE_MODES: [&str; 3] = ["queue", "reject", "redirect"];
pub(crate) const CONTENT_MODES: [&str; 3] = ["strict", "standard", "relaxed"];

/// The settings in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsView {
    /// The namespace's name.
    namespace: String,
    /// The percentage of its budget from which on it is throttled.
    auto_throttle_at_percent: Option<u64>,
    /// What becomes of the excess.
    #[schema(value_type = words::ThrottleMode)]
    throttle_mode: ThrottleMode,
    /// The share of its rates that is left while it is throttled.
    throttle_factor: f64,
    /// Requests that wait at most.
    max_queue_size: u64,
    /// Seconds that a request waits at most.
    queue_timeout_seconds: u64,
    /// The model that serves what is redirected.
    fallback_model: Option<String>,
    /// How strictly prompts are judged.
    #[schema(value_type = words::ContentMode)]
    content_policy_mode: ContentMode,
    /// Categories of the content policy that are allowed here.
    allowed_categories: Vec<String>,
    /// What becomes of models without a price.
    #[schema(value_type = words::UnknownPrice)]
    unknown_price: UnknownPrice,
    /// What happens while the service is away.
    #[schema(value_type = words::FailureMode)]
    failure_mode: FailureMode,
}

impl From<&Namespace> for SettingsView {
    fn from(namespace: &Namespace) -> SettingsView {
        let settings = &namespace.settings;
        SettingsView {
            namespace: namespace.name.clone(),
            auto_throttle_at_percent: settings.auto_throttle_at_percent,
            throttle_mode: settings.throttle_mode,
            throttle_factor: thousandths_to_number(settings.throttle_factor),
            max_queue_size: settings.queue.max_queue_size,
            queue_timeout_seconds: settings.queue.queue_timeout_seconds,
            fallback_model: settings.fallback_model.clone(),
            content_policy_mode: settings.content_policy_mode,
            allowed_categories: settings.allowed_categories.clone(),
            unknown_price: namespace.unknown_price,
            failure_mode: namespace.failure_mode,
        }
    }
}

/// Shows a namespace's settings
///
/// Answers admins, and the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/settings", tag = "namespaces", operation_id = "get_namespace_settings",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The settings.", body = SettingsView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<SettingsView>, ApiError> {
    caller.may_read_namespace(&name)?;
    let mut tx = app.store.read().await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    Ok(Json(SettingsView::from(&context.namespace)))
}

/// Changes a namespace's settings
///
/// What is sent changes, what is `null` becomes the default again, the rest stays.
#[utoipa::path(
    put, path = "/v1/namespaces/{name}/settings", tag = "namespaces", operation_id = "put_namespace_settings",
    params(parameters::NamespaceName),
    request_body = Option<PutSettings>,
    responses(
        (status = 200, description = "The settings as they are now.", body = SettingsView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn put(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<Json<SettingsView>, ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let catalog = catalog::load(&mut tx).await?;
    let mut namespace = context.namespace.clone();
    apply(&mut fields, &mut namespace)?;
    fields.finish()?;
    check(&namespace.settings, &context, &catalog)?;
    namespace.revision = revision;
    namespace.updated_at = app.now();
    super::store(
        tx,
        &actor,
        &context,
        &namespace,
        "namespace.settings.update",
    )
    .await?;
    tracing::info!(namespace = name, "changed a namespace's settings");
    Ok(Json(SettingsView::from(&namespace)))
}

fn apply(fields: &mut Fields, namespace: &mut Namespace) -> Result<(), ApiError> {
    let settings = &mut namespace.settings;
    let defaults = QueueLimits::default();
    if let Some(percent) = fields.whole("auto_throttle_at_percent", 1, 100)? {
        settings.auto_throttle_at_percent = percent;
    }
    if let Some(mode) = fields.word("throttle_mode", &THROTTLE_MODES)? {
        settings.throttle_mode = mode;
    }
    if let Some(factor) = fields.fraction("throttle_factor")? {
        let factor = factor.and_then(ThrottleFactor::from_thousandths);
        settings.throttle_factor = factor.unwrap_or_default();
    }
    if let Some(size) = fields.whole("max_queue_size", 1, MAX_QUEUE_SIZE)? {
        settings.queue.max_queue_size = size.unwrap_or(defaults.max_queue_size);
    }
    if let Some(seconds) = fields.whole("queue_timeout_seconds", 1, MAX_QUEUE_SECONDS)? {
        settings.queue.queue_timeout_seconds = seconds.unwrap_or(defaults.queue_timeout_seconds);
    }
    if let Some(model) = fields.text("fallback_model")? {
        settings.fallback_model = model;
    }
    if let Some(mode) = fields.word("content_policy_mode", &CONTENT_MODES)? {
        settings.content_policy_mode = mode;
    }
    if let Some(categories) = fields.texts("allowed_categories")? {
        settings.allowed_categories = categories.unwrap_or_default();
    }
    if let Some(unknown_price) = fields.word("unknown_price", &UNKNOWN_PRICES)? {
        namespace.unknown_price = unknown_price;
    }
    if let Some(failure_mode) = fields.word("failure_mode", &FAILURE_MODES)? {
        namespace.failure_mode = failure_mode;
    }
    Ok(())
}

fn check(
    settings: &Settings,
    context: &NamespaceContext,
    catalog: &Catalog,
) -> Result<(), ApiError> {
    if let Some(problem) = settings.problems().first() {
        return Err(ApiError::invalid("throttle_mode", format!("{problem}.")));
    }
    let Some(fallback) = &settings.fallback_model else {
        return Ok(());
    };
    let Some(model) = catalog.resolve(fallback) else {
        let message = format!(
            "There is no model '{fallback}'. Give it a price first: PUT /v1/prices/{fallback}."
        );
        return Err(ApiError::invalid("fallback_model", message));
    };
    let allowed = context.allowed_models(None, catalog);
    let is_allowed = |name: &String| {
        catalog
            .resolve(name)
            .is_some_and(|meant| meant.name == model.name)
    };
    if allowed.iter().any(is_allowed) {
        return Ok(());
    }
    let message = format!(
        "The namespace may not use '{fallback}': allow it first, or choose one of {}.",
        allowed.join(", ")
    );
    Err(ApiError::invalid("fallback_model", message))
}

#[expect(clippy::cast_precision_loss, reason = "at most 1,000")]
fn thousandths_to_number(factor: ThrottleFactor) -> f64 {
    factor.thousandths() as f64 / 1_000.0
}
