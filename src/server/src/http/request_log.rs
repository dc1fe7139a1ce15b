//! An id, a log line and a count for every request.

use crate::state::SharedApp;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use paddock_ledger::ids;
use tracing::Instrument;

/// The id of a request.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Longest request id taken over from the gateway.
const MAX_ID: usize = 128;

/// A method's name. Others are invented by clients, and would make endless labels of metrics.
fn known(method: &Method) -> &'static str {
    let names = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE",
    ];
    let name = names.into_iter().find(|name| *name == method.as_str());
    name.unwrap_or("other")
}

/// Runs a request in a span of its own and puts its id on the answer.
pub async fn observe(State(app): State<SharedApp>, mut request: Request, next: Next) -> Response {
    let start = app.now();
    let given = request
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok());
    let usable = |id: &&str| {
        !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let id = given
        .filter(usable)
        .map_or_else(|| ids::request_id(start), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("unknown", |route| route.as_str()).to_owned();
    let span = tracing::info_span!("request", id, method, route);
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = app.now().since(start);
    let status = response.status().as_u16();
    app.metrics.count_request(method, &route, status, took);
    span.in_scope(|| {
        let millis = took.as_secs_f64() * 1_000.0;
        if status >= 500 {
            tracing::warn!(status, millis, "failed");
        } else {
            tracing::debug!(status, millis, "answered");
        }
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}
