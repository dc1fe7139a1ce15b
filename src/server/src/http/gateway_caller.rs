//! The proof that a gateway asks.

use super::error::ApiError;
use crate::http::caller::bearer;
use crate::state::SharedApp;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use paddock_core::secret;

/// A caller that showed the gateways' token.
#[derive(Clone, Copy, Debug)]
pub struct GatewayCaller(());

impl FromRequestParts<SharedApp> for GatewayCaller {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &SharedApp,
    ) -> Result<GatewayCaller, ApiError> {
        let shown = bearer(&parts.headers).map(|token| secret::digest(token.as_bytes()));
        match shown {
            Some(shown) if secret::digests_equal(&shown, &app.config.gateway_token) => {
                Ok(GatewayCaller(()))
            }
            _ => Err(ApiError::unauthenticated(
                "The gateway's token is missing or wrong. Give the filter the value of \
                 PADDOCK_GATEWAY_TOKEN.",
            )),
        }
    }
}
