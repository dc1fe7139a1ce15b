//! A request's body, whole.

use crate::http::error::ApiError;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::convert::Infallible;
use std::time::Duration;

/// How long a body may take to come: the largest, 16 MiB, at 300 KiB a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// A body that is not yet read. Handlers read it after they have checked what the caller may do: for one
/// who may not, nothing is waited for.
#[derive(Debug)]
pub struct RawBody(Request);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<RawBody, Infallible> {
        Ok(RawBody(request))
    }
}

impl RawBody {
    /// The body of a request.
    pub fn of(request: Request) -> RawBody {
        RawBody(request)
    }

    /// The bytes of the body.
    ///
    /// # Errors
    /// 413 if it is over the route's limit, 408 if it takes longer than a minute, 400 if it breaks off.
    pub async fn read(self) -> Result<Bytes, ApiError> {
        let bytes = Bytes::from_request(self.0, &());
        match tokio::time::timeout(PATIENCE, bytes).await {
            Err(_) => Err(ApiError::too_slow()),
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(ApiError::too_large())
            }
            Ok(Err(error)) => {
                tracing::debug!(status = %error.into_response().status(), "body broke off");
                Err(ApiError::invalid(
                    "",
                    "The request's body broke off before its end.",
                ))
            }
        }
    }
}
