//! Whether the service lives, whether it can work, and what it counted.

use crate::app::SharedApp;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

/// How long the database may take: whoever asks gives up soon after.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers.
pub async fn alive() -> impl IntoResponse {
    Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers and its schema is up to date.
pub async fn ready(State(app): State<SharedApp>) -> Response {
    let answer = tokio::time::timeout(PATIENCE, app.store.is_ready()).await;
    let Ok(answer) = answer else {
        tracing::warn!("not ready: the database is silent");
        return not_ready("the database does not answer in time");
    };
    match answer {
        Ok(true) => Json(json!({ "status": "ready" })).into_response(),
        Ok(false) => not_ready("the database's schema is older than this program"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            not_ready("the database does not answer")
        }
    }
}

fn not_ready(reason: &str) -> Response {
    let body = json!({ "status": "not ready", "reason": reason });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

/// `GET /metrics`: for Prometheus.
pub async fn metrics(State(app): State<SharedApp>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.to_text())
}
