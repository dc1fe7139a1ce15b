//! Which version of the protocol is spoken with a gateway, and which filter it has.

use crate::http::error::ApiError;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use paddock_core::wire::{PROTOCOL_HEADER, Protocols};
use paddock_ledger::rules::shares::Build;
use std::convert::Infallible;

/// How a filter's `user-agent` begins; its version follows.
const FILTER: &str = "paddock-filter/";
/// The longest version that is kept, in bytes.
const LONGEST_VERSION: usize = 64;

/// The version that a request is answered in.
#[derive(Clone, Copy, Debug)]
struct Agreed(u16);

/// What a gateway says that it is.
#[derive(Clone, Debug)]
pub struct Speaker(pub Build);

impl<S: Sync> FromRequestParts<S> for Speaker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Speaker, Infallible> {
        let agent = parts.headers.get("user-agent");
        let agent = agent.and_then(|agent| agent.to_str().ok());
        Ok(Speaker(Build {
            version: agent.and_then(version),
            protocol: parts.extensions.get().map(|Agreed(version)| *version),
        }))
    }
}

/// The version in a filter's `user-agent`, if it looks like one.
fn version(agent: &str) -> Option<String> {
    let version = agent.strip_prefix(FILTER)?;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    let is_one = (1..=LONGEST_VERSION).contains(&version.len()) && version.bytes().all(is_part);
    is_one.then(|| version.to_owned())
}

/// Answers in the version that both speak, or says which side is to be upgraded. That is 426, not 400: what a
/// gateway has to say is not wrong, and it keeps its usage until it is understood.
pub async fn agree(mut request: Request, next: Next) -> Response {
    let (mut response, version) = match spoken(request.headers()) {
        Ok(version) => {
            request.extensions_mut().insert(Agreed(version));
            (next.run(request).await, version.to_string())
        }
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
