//! What a path names.

use super::error::ApiError;
use axum::extract::{FromRequestParts, Path as Extracted, RawPathParams};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The parameters of a path: UTF-8 without control characters, which nothing has in its name and
/// PostgreSQL does not take.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, ApiError> {
        let unreadable = || {
            let message = "The path is not UTF-8. Escape each byte of a name in UTF-8 as '%XX'.";
            ApiError::invalid("", message)
        };
        let named = RawPathParams::from_request_parts(parts, state).await;
        let named = named.map_err(|_| unreadable())?;
        for (name, value) in &named {
            if value.chars().any(char::is_control) {
                let message = format!("'{name}' in the path has control characters.");
                return Err(ApiError::invalid(name, message));
            }
        }
        let Extracted(path) = Extracted::<T>::from_request_parts(parts, state)
            .await
            .map_err(|_| unreadable())?;
        Ok(Path(path))
    }
}
