//! Whether the service lives, whether it can work, and what it counted.

use super::caller::Caller;
use super::error::ApiError;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use paddock_ledger::store::Fault;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long the database may take: whoever asks gives up soon after.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, `ready` or `not ready`.
    status: &'static str,
    /// The version that runs.
    version: &'static str,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<&'static str>,
}

/// What every answer says of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Tells that the process answers
#[utoipa::path(
    get, path = "/healthz", tag = "operations", operation_id = "get_health", security(()),
    responses((status = 200, description = "It does.", body = Health))
)]
pub async fn alive() -> Json<Health> {
    let status = "ok";
    Json(Health {
        status,
        version: VERSION,
        reason: None,
    })
}

/// Tells whether the database takes writes and its schema is up to date
#[utoipa::path(
    get, path = "/readyz", tag = "operations", operation_id = "get_readiness", security(()),
    responses(
        (status = 200, description = "It is.", body = Health),
        (status = 503, description = "It is not: `reason` says why.", body = Health),
    )
)]
pub async fn ready(State(app): State<SharedApp>) -> Response {
    let answer = tokio::time::timeout(PATIENCE, app.store.is_ready()).await;
    let Ok(answer) = answer else {
        tracing::warn!("not ready: the database is silent");
        return not_ready("the database does not answer in time");
    };
    match answer {
        Ok(true) => {
            let status = "ready";
            Json(Health {
                status,
                version: VERSION,
                reason: None,
            })
            .into_response()
        }
        Ok(false) => not_ready("the database's schema is older than this program"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            not_ready(match error.fault() {
                Some(Fault::Full) => "the database's disk is full",
                Some(Fault::Broken) => "the database cannot read or write its files",
                Some(Fault::Silent | Fault::Uncertain) => "the database does not answer",
                None => "the database refuses: see the service's log",
            })
        }
    }
}

fn not_ready(reason: &'static str) -> Response {
    let body = Health {
        status: "not ready",
        version: VERSION,
        reason: Some(reason),
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

/// Whoever may read the metrics: who asks the service itself, and through a proxy, where tenants can ask
/// too, the operator.
pub struct Scraper;

impl FromRequestParts<SharedApp> for Scraper {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Scraper, ApiError> {
        if parts.headers.contains_key("x-forwarded-for") {
            Caller::from_request_parts(parts, app)
                .await?
                .must_be_operator()?;
        }
        Ok(Scraper)
    }
}

/// Tells what the service counted, for Prometheus
///
/// Whoever asks through a proxy, such as a gateway, needs the operator's key.
#[utoipa::path(
    get, path = "/metrics", tag = "operations", operation_id = "get_metrics", security(()),
    responses((status = 200, description = "In the OpenMetrics text format if `Accept` names it, else in Prometheus' own.",
        content((String = "application/openmetrics-text"), (String = "text/plain"))))
)]
pub async fn metrics(State(app): State<SharedApp>, _: Scraper, headers: HeaderMap) -> Response {
    let waiting = app.bookings.len();
    app.metrics
        .gauges
        .look(&app.store, waiting, app.now())
        .await;
    let accepts = headers.get_all(header::ACCEPT).into_iter();
    let accepts = accepts.filter_map(|value| value.to_str().ok());
    let is_open = accepts
        .flat_map(|value| value.split(','))
        .any(|kind| kind.trim().starts_with("application/openmetrics-text"));
    let (kind, text) = match is_open {
        true => (
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            app.metrics.to_text(),
        ),
        false => (
            "text/plain; version=0.0.4; charset=utf-8",
            app.metrics.to_classic_text(),
        ),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
