//! `/v1/namespaces/{name}/settings`: throttling, the fallback model, content, failure.

use super::document::{self, Document};
use super::store::update;
use crate::api::prelude::*;
use crate::http::body::values::Thousandths;
use paddock_core::policy::{
    Catalog, ContentMode, FailureMode, MAX_QUEUE_SECONDS, MAX_QUEUE_SIZE, ReferencePolicy,
    Settings, ThrottleFactor, ThrottleMode, UnknownPrice, is_region,
};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Namespace;
use paddock_ledger::model::audit::Change;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, catalog};

/// Requests in a queue.
type QueueSize = Whole<1, MAX_QUEUE_SIZE>;
/// Seconds in a queue.
type QueueSeconds = Whole<1, MAX_QUEUE_SECONDS>;

/// What changes of a namespace's settings: what is sent. What is `null` becomes the default.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "content_policy_mode": "strict", "failure_mode": "closed" }))]
pub struct PutSettings {
    /// The percentage of its budget at which throttling begins; never by default.
    auto_throttle_at_percent: Option<Option<Whole<1, 100>>>,
    /// What happens to the requests over the throttled rate.
    throttle_mode: Option<Option<ThrottleMode>>,
    /// The share of its rates that is left while it is throttled; 0.5 by default.
    throttle_factor: Option<Option<Thousandths<1>>>,
    /// Requests that wait at most.
    max_queue_size: Option<Option<QueueSize>>,
    /// Seconds that a request waits at most.
    queue_timeout_seconds: Option<Option<QueueSeconds>>,
    /// The model that serves redirected requests: it has a price, and the namespace may use it.
    fallback_model: Option<Option<Text>>,
    /// How strictly prompts are held to the operator's content policy.
    content_policy_mode: Option<Option<ContentMode>>,
    /// Categories of that policy that are allowed here.
    allowed_categories: Option<Option<Texts>>,
    /// Whether a request may refer to what is not in its body: what is stored, or media by URL.
    references: Option<Option<ReferencePolicy>>,
    /// The regions of deployments that may serve it; any by default. Then a model that is served in none of
    /// them, or in no region that is known, is refused.
    allowed_regions: Option<Option<Texts>>,
    /// The regions of deployments that are tried first.
    preferred_regions: Option<Option<Texts>>,
    /// What happens to a request for a model, tier, region or tool without a price.
    unknown_price: Option<Option<UnknownPrice>>,
    /// What happens to requests while the service does not answer.
    failure_mode: Option<Option<FailureMode>>,
}

impl PutSettings {
    fn apply(self, namespace: &mut Namespace) {
        let (settings, defaults) = (&mut namespace.settings, Settings::default());
        self.auto_throttle_at_percent
            .apply(&mut settings.auto_throttle_at_percent);
        self.throttle_mode
            .set_or(&mut settings.throttle_mode, defaults.throttle_mode);
        if let Some(factor) = self.throttle_factor {
            let factor = factor.map(u64::from);
            let factor = factor.and_then(ThrottleFactor::from_thousandths);
            settings.throttle_factor = factor.unwrap_or_default();
        }
        let (queue, usual) = (&mut settings.queue, defaults.queue);
        self.max_queue_size
            .set_or(&mut queue.max_queue_size, usual.max_queue_size);
        self.queue_timeout_seconds.set_or(
            &mut queue.queue_timeout_seconds,
            usual.queue_timeout_seconds,
        );
        self.fallback_model.apply(&mut settings.fallback_model);
        self.content_policy_mode.set_or(
            &mut settings.content_policy_mode,
            defaults.content_policy_mode,
        );
        self.allowed_categories
            .set_or(&mut settings.allowed_categories, Vec::new());
        self.references
            .set_or(&mut settings.references, ReferencePolicy::default());
        self.allowed_regions.apply(&mut settings.allowed_regions);
        self.preferred_regions
            .set_or(&mut settings.preferred_regions, Vec::new());
        self.unknown_price
            .set_or(&mut namespace.unknown_price, UnknownPrice::default());
        self.failure_mode
            .set_or(&mut namespace.failure_mode, FailureMode::default());
    }
}

/// The settings in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsView {
    /// The namespace's name.
    namespace: String,
    /// The percentage of its budget at which throttling begins; `null` is never.
    auto_throttle_at_percent: Option<u64>,
    /// What happens to the requests over the throttled rate.
    throttle_mode: ThrottleMode,
    /// The share of its rates that is left while it is throttled.
    throttle_factor: f64,
    /// Requests that wait at most.
    max_queue_size: u64,
    /// Seconds that a request waits at most.
    queue_timeout_seconds: u64,
    /// The model that serves redirected requests.
    fallback_model: Option<String>,
    /// How strictly prompts are judged.
    content_policy_mode: ContentMode,
    /// Categories of the content policy that are allowed here.
    allowed_categories: Vec<String>,
    /// Whether a request may refer to what is not in its body.
    references: ReferencePolicy,
    /// The regions of deployments that may serve it; `null` is any.
    allowed_regions: Option<Vec<String>>,
    /// The regions of deployments that are tried first.
    preferred_regions: Vec<String>,
    /// What happens to a request for a model, tier, region or tool without a price.
    unknown_price: UnknownPrice,
    /// What happens to requests while the service does not answer.
    failure_mode: FailureMode,
}

impl From<&Namespace> for SettingsView {
    fn from(namespace: &Namespace) -> SettingsView {
        let settings = &namespace.settings;
        SettingsView {
            namespace: namespace.name.clone(),
            auto_throttle_at_percent: settings.auto_throttle_at_percent,
            throttle_mode: settings.throttle_mode,
            throttle_factor: number(settings.throttle_factor),
            max_queue_size: settings.queue.max_queue_size,
            queue_timeout_seconds: settings.queue.queue_timeout_seconds,
            fallback_model: settings.fallback_model.clone(),
            content_policy_mode: settings.content_policy_mode,
            allowed_categories: settings.allowed_categories.clone(),
            references: settings.references,
            allowed_regions: settings.allowed_regions.clone(),
            preferred_regions: settings.preferred_regions.clone(),
            unknown_price: namespace.unknown_price,
            failure_mode: namespace.failure_mode,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most 1,000")]
fn number(factor: ThrottleFactor) -> f64 {
    factor.thousandths() as f64 / 1_000.0
}

impl Document for SettingsView {
    const KIND: &'static str = "settings of namespace";

    type Body = PutSettings;

    async fn find(
        _: &mut Tx,
        context: &NamespaceContext,
        _: Timestamp,
    ) -> Result<Option<Self>, ApiError> {
        Ok(Some(SettingsView::from(&context.namespace)))
    }

    async fn set(
        edit: &mut Edit,
        context: &NamespaceContext,
        body: PutSettings,
    ) -> Result<(Self, Change), ApiError> {
        let mut namespace = context.namespace.clone();
        body.apply(&mut namespace);
        let catalog = catalog::load(&mut edit.tx).await?;
        check(&namespace.settings, context, &catalog)?;
        let action = "namespace.settings.update";
        let (change, namespace) = update(edit, context, namespace, action).await?;
        Ok((SettingsView::from(&namespace), change))
    }
}

/// Shows the settings of a namespace
///
/// To admins, and to the holders of the namespace's keys.
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
    document::show(&app, &caller, &name).await
}

/// Updates the settings of a namespace
///
/// What is sent changes, what is `null` becomes the default, the rest stays.
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
    by: Author,
    Path(name): Path<String>,
    body: Body<PutSettings>,
) -> Result<Json<SettingsView>, ApiError> {
    document::set(&app, &by, &name, body).await
}

fn check(
    settings: &Settings,
    context: &NamespaceContext,
    catalog: &Catalog,
) -> Result<(), ApiError> {
    for (field, regions) in [
        ("allowed_regions", settings.allowed_regions.as_deref()),
        ("preferred_regions", Some(&settings.preferred_regions[..])),
    ] {
        let regions = regions.unwrap_or_default();
        if let Some(wrong) = regions.iter().find(|region| !is_region(region)) {
            let message = format!(
                "'{wrong}' cannot be a region's name: it has 1 to 64 letters, digits, '-', '_' or '.'."
            );
            return Err(ApiError::invalid(field, message));
        }
    }
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
