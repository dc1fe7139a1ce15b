//! Which version of the protocol is spoken with a gateway.

use crate::http::error::ApiError;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use paddock_core::wire::{PROTOCOL_HEADER, Protocols};

/// Answers in the version that both speak, or says which side is to be upgraded. That is 426, not 400: what a
/// gateway has to say is not wrong, and it keeps its usage until it is understood.
pub async fn agree(request: Request, next: Next) -> Response {
    let (mut response, version) = match spoken(request.headers()) {
        Ok(version) => (next.run(request).await, version.to_string()),
        Err(error) => (error.into_response(), Protocols::SPOKEN.to_string()),
    };
    if let Ok(version) = HeaderValue::from_str(&version) {
        response.headers_mut().insert(PROTOCOL_HEADER, version);
    }
    response
}

fn spoken(headers: &HeaderMap) -> Result<u16, ApiError> {
    let theirs = match headers.get(PROTOCOL_HEADER) {
        Some(value) => {
            let read = value.to_str().ok().and_then(|text| text.parse().ok());
            let message = "It is a version of the protocol, or a range of them as '1-2'.";
            read.ok_or_else(|| ApiError::invalid(PROTOCOL_HEADER, message))?
        }
        None => Protocols::FIRST,
    };
    let ours = Protocols::SPOKEN;
    ours.agreed(theirs).ok_or_else(|| {
        let older = match theirs.is_newer(ours) {
            true => "the service",
            false => "the filter, or the `paddock` that reconciles",
        };
        tracing::warn!(%theirs, %ours, "a gateway speaks another protocol: upgrade {older}");
        ApiError::protocol(format!(
            "The caller speaks version {theirs} of the gateways' protocol, the service {ours}. Upgrade {older}. \
             Until then usage is kept, and nothing is lost."
        ))
    })
}
