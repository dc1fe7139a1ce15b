//! `POST /v1/namespaces/{name}/routing/resolve`: which model would serve a request, and what it
//! would cost at most, without sending it.

use crate::api::prelude::*;
use crate::http::body::RawBody;
use axum::http::HeaderMap;
use paddock_core::authorization::ModelRights;
use paddock_core::policy::AUTO;
use paddock_core::refusal::Refusal;
use paddock_core::request::{Endpoint, GeminiVerb, Hints};
use paddock_core::routing::{Unsent, forecast};
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::catalog;
use serde_json::{Map, Value};
use utoipa::IntoParams;

/// Largest body, as of model traffic by default: 10 MiB.
pub const MAX_BODY: usize = 10 << 20;

/// The endpoint of the request.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestPath {
    /// The path of its endpoint, such as `/v1/messages`; by default, the body's fields decide.
    #[param(example = "/v1/messages", pattern = "^(/v1[!-~]*)?$")]
    endpoint: Option<String>,
}

/// The model that would serve a request, and its estimated cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoutingResolution)]
pub struct Resolution {
    /// What this is.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    /// The model.
    model: String,
    /// `null` if no rule matches, or the request names a model.
    rule: Option<String>,
    /// What `x-paddock-reason` would say.
    reason: Option<String>,
    /// US dollars that a gateway reserves before it sends the request. The charge is for what the
    /// provider counts afterwards.
    estimated_cost: f64,
    /// What the choice saves, in percent of the estimate for the most expensive model that the routing
    /// could choose for the caller.
    cost_savings_pct: f64,
    /// The estimate for that most expensive model, in US dollars.
    dearest_cost: f64,
    /// Most prompt tokens assumed.
    estimated_input_tokens: u64,
    /// Most output tokens assumed.
    estimated_output_tokens: u64,
}

/// Resolves a model request without sending it
///
/// Which model would serve it, and what that would cost at most. To admins, and to the holders of the
/// namespace's keys; for these it chooses only among the models that they may use.
#[utoipa::path(
    post, path = "/v1/namespaces/{name}/routing/resolve", tag = "namespaces", operation_id = "resolve_routing",
    params(
        parameters::NamespaceName,
        RequestPath,
        ("x-priority" = Option<String>, Header, description = "As of a model request.", pattern = "^[!-~]*$"),
        ("x-batch-mode" = Option<String>, Header, description = "As of a model request.", pattern = "^[!-~]*$"),
        ("x-capability" = Option<String>, Header, description = "As of a model request.", pattern = "^[!-~]*$"),
    ),
    request_body(content = Object, description = "A request as it would be sent; without `model` it asks for `auto`.", example = json!({ "model": "auto", "messages": [{ "role": "user", "content": "Hello" }], "max_tokens": 64 })),
    responses(
        (status = 200, description = "The model, and the estimated cost.", body = Resolution),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<RequestPath>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Json<Resolution>, ApiError> {
    caller.may_read_namespace(&name)?;
    let path = query.endpoint;
    let body = body.read().await?;
    let (endpoint, body) = read(path.as_deref(), &body)?;
    let header = |name: &str| headers.get(name).map(|value| value.as_bytes());
    let hints = Hints::read(
        header("x-batch-mode"),
        header("x-priority"),
        header("x-capability"),
    );

    let mut tx = app.store.read().await?;
    let context: NamespaceContext = find(&app, &mut tx, &caller, &name).await?;
    let namespace = &context.namespace;
    let catalog = catalog::load(&mut tx).await?;
    let holder = match &caller {
        Caller::Holder(holder) if holder.namespace.name == name => Some(holder),
        _ => None,
    };
    let key = holder.map(|holder| &holder.key);
    let rights = holder.and_then(|holder| holder.rights());
    let scopes = [
        format!("key:{}", key.map_or("", |key| &key.id)),
        holder.map(|holder| holder.role_scope()).unwrap_or_default(),
        format!("namespace:{name}"),
        format!("organization:{}", context.organization.name),
    ];
    let rights = ModelRights {
        lists: [
            (
                &scopes[0],
                key.and_then(|key| key.allowed_models.as_deref()),
            ),
            (
                &scopes[1],
                rights.and_then(|rights| rights.allowed_models.as_deref()),
            ),
            (&scopes[2], namespace.allowed_models.as_deref()),
            (&scopes[3], context.organization.allowed_models.as_deref()),
        ],
        unknown_price: namespace.unknown_price,
        allowed_regions: namespace.settings.allowed_regions.as_deref(),
    };
    let unsent = Unsent {
        endpoint: &endpoint,
        // Fields alone do not tell for sure in which format it will be sent.
        format: path.is_some().then(|| endpoint.format()),
        body: &body,
        hints: &hints,
    };
    let routing = namespace.routing.as_ref();
    let (priority, now) = (namespace.priority, app.now());
    let forecast = forecast(routing, priority, unsent, &catalog, &rights, now);
    let forecast = forecast.map_err(|why| {
        ApiError::refused(Refusal::not_forecast(&name, why, rights.allowed(&catalog)))
    })?;
    #[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
    let cost_savings_pct = forecast.savings() as f64 / 100.0;
    Ok(Json(Resolution {
        object: "routing.resolution",
        namespace: name,
        cost_savings_pct,
        estimated_cost: forecast.estimate.money.to_dollars(),
        dearest_cost: forecast.dearest.to_dollars(),
        estimated_input_tokens: forecast.estimate.highest.input,
        estimated_output_tokens: forecast.estimate.highest.output,
        model: forecast.model,
        rule: forecast.rule,
        reason: forecast.reason,
    }))
}

/// The endpoint the body is for, and the body as it would be sent: without `model` it asks for `auto`.
fn read(path: Option<&str>, body: &[u8]) -> Result<(Endpoint, Vec<u8>), ApiError> {
    let mut value: Value = serde_json::from_slice(body).map_err(|error| {
        let message = format!("The body of your request is not valid JSON: {error}");
        ApiError::invalid("", message)
    })?;
    let Value::Object(fields) = &mut value else {
        let message = "The body of your request must be a JSON object.";
        return Err(ApiError::invalid("", message));
    };
    let endpoint = match path {
        Some(path) => Endpoint::of(b"POST", path.as_bytes()).ok_or_else(|| {
            let message = format!(
                "'{path}' is no model endpoint. Write its path, such as /v1/messages, or leave \
                 'endpoint' out: then the body's fields tell."
            );
            ApiError::invalid("endpoint", message)
        })?,
        None => endpoint_of(fields),
    };
    let is_gemini = matches!(endpoint, Endpoint::Gemini { .. });
    if is_gemini || fields.contains_key("model") {
        return Ok((endpoint, body.to_vec()));
    }
    fields.insert("model".to_owned(), AUTO.into());
    Ok((endpoint, value.to_string().into_bytes()))
}

/// The endpoint whose requests have such fields.
fn endpoint_of(fields: &Map<String, Value>) -> Endpoint {
    let has = |name: &str| fields.contains_key(name);
    let has_any = |names: &[&str]| names.iter().any(|name| has(name));
    if has("contents") {
        let named = fields.get("model").and_then(Value::as_str).unwrap_or(AUTO);
        return Endpoint::Gemini {
            model: named.strip_prefix("models/").unwrap_or(named).to_owned(),
            verb: GeminiVerb::GenerateContent,
        };
    }
    if has("messages") {
        return match has_any(&["system", "thinking", "stop_sequences", "top_k"]) {
            true => Endpoint::Messages,
            false => Endpoint::ChatCompletions,
        };
    }
    if has("prompt") {
        return Endpoint::Completions;
    }
    match has("input") {
        true if has_any(&["encoding_format", "dimensions"]) => Endpoint::Embeddings,
        true => Endpoint::Responses,
        false => Endpoint::ChatCompletions,
    }
}
