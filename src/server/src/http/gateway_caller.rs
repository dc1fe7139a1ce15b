//! The proof that a gateway asks.

use super::error::ApiError;
use super::shown::Shown;
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
        let refused = || {
            ApiError::unauthenticated(
                "The gateway's token is missing or wrong. Give the filter the value of \
                 PADDOCK_GATEWAY_TOKEN.",
            )
        };
        let token = bearer(&parts.headers).ok_or_else(refused)?;
        let digest = secret::digest(token.as_bytes());
        let shown = Shown::new(app, parts, &digest.to_hex());
        shown.check()?;
        if secret::digests_equal(&digest, &app.config.gateway_token) {
            shown.was_right();
            return Ok(GatewayCaller(()));
        }
        shown.was_wrong();
        Err(refused())
    }
}
