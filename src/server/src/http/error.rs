//! Errors as clients see them, in OpenAI's shape. What the log gets is another message.

use crate::booking::NotBooked;
use crate::encryption::EncryptionError;
use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use paddock_core::money::Money;
use paddock_core::refusal::Refusal;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::store::{Fault, StoreError};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// When one whose events were not booked should send them again.
const WAIT: Duration = Duration::from_secs(1);

/// An answer that refuses.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    kind: &'static str,
    message: String,
    param: Option<String>,
    violations: Vec<String>,
    /// More fields of a refusal: those that the gateway's of the same code have.
    more: Map<String, Value>,
    /// Seconds until the caller should try again.
    retry_after: Option<u64>,
    /// What a gateway is told beside the error.
    beside: Vec<(&'static str, Value)>,
}

impl ApiError {
    fn new(
        status: StatusCode,
        code: &'static str,
        kind: &'static str,
        message: impl Into<String>,
    ) -> ApiError {
        let message = message.into();
        ApiError {
            status,
            code,
            kind,
            message,
            param: None,
            violations: Vec::new(),
            more: Map::new(),
            retry_after: None,
            beside: Vec::new(),
        }
    }

    /// 400: what the caller sent is wrong. `param` is the field as the caller wrote it.
    pub fn invalid(param: &str, message: impl Into<String>) -> ApiError {
        let kind = "invalid_request_error";
        let mut error = ApiError::new(StatusCode::BAD_REQUEST, kind, kind, message);
        error.param = Some(param.to_owned()).filter(|param| !param.is_empty());
        error
    }

    /// 400: a field that must be there is not.
    pub fn missing(param: &str) -> ApiError {
        ApiError::invalid(param, format!("Missing required parameter: '{param}'."))
    }

    /// 400: an unknown field or parameter.
    pub fn unknown_parameter(param: &str) -> ApiError {
        let message = format!("Unknown parameter: '{param}'. Remove it or correct its name.");
        ApiError {
            code: "unknown_parameter",
            ..ApiError::invalid(param, message)
        }
    }

    /// 400: everything that is wrong with what the caller sent, each as a phrase.
    pub fn problems(param: &str, problems: Vec<String>) -> ApiError {
        let error = ApiError::invalid(param, format!("{}.", problems.join("; ")));
        ApiError {
            violations: problems,
            ..error
        }
    }

    /// The refusal of a gateway.
    pub fn refused(refusal: Refusal) -> ApiError {
        let kind = match refusal.status {
            403 => "permission_error",
            _ => "invalid_request_error",
        };
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut error = ApiError::new(status, refusal.code.name(), kind, refusal.message);
        error.param = refusal.param.map(str::to_owned);
        error
    }

    /// 400: limits wider than the parent's. `note` says more than the violations do.
    pub fn violations(violations: Vec<String>, note: &str) -> ApiError {
        let kind = "permission_error";
        let message = format!("{}.{note}", violations.join("; "));
        let error = ApiError::new(StatusCode::BAD_REQUEST, kind, kind, message);
        ApiError {
            violations,
            ..error
        }
    }

    /// 401: no key, or one that is not accepted.
    pub fn unauthenticated(message: impl Into<String>) -> ApiError {
        let kind = "authentication_error";
        ApiError::new(StatusCode::UNAUTHORIZED, "invalid_api_key", kind, message)
    }

    /// Whether a credential was missing or not accepted.
    pub fn is_unauthenticated(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// 402: a cap of `scope` cannot cover it; `remaining` is what it could. A prepaid balance never
    /// resets.
    pub fn budget_exceeded(
        message: impl Into<String>,
        scope: &str,
        remaining: Money,
        resets_at: Option<Timestamp>,
    ) -> ApiError {
        let mut error = ApiError::new(
            StatusCode::PAYMENT_REQUIRED,
            "budget_exceeded",
            "insufficient_quota",
            message,
        );
        let more = [
            ("scope", json!(scope)),
            ("remaining", json!(remaining.to_dollars())),
            ("resets_at", json!(resets_at.map(Timestamp::to_rfc3339))),
        ];
        error.more = more
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect();
        error
    }

    /// 403: a key that may not do this.
    pub fn forbidden(message: impl Into<String>) -> ApiError {
        ApiError::new(
            StatusCode::FORBIDDEN,
            "permission_denied",
            "permission_error",
            message,
        )
    }

    /// The same, decided by `scope`.
    pub fn by(mut self, scope: String) -> ApiError {
        self.more.insert("scope".to_owned(), json!(scope));
        self
    }

    /// 404: `what` (a key, a namespace, …) of that name is not there.
    pub fn not_found(what: &str, name: &str) -> ApiError {
        let message = format!("The {what} '{name}' does not exist or is not yours.");
        ApiError::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "not_found_error",
            message,
        )
    }

    /// 404: what the operator has not configured.
    pub fn not_configured(message: impl Into<String>) -> ApiError {
        let kind = "not_found_error";
        ApiError::new(StatusCode::NOT_FOUND, "not_configured", kind, message)
    }

    /// 409: the name is taken.
    pub fn conflict(message: impl Into<String>) -> ApiError {
        ApiError::new(
            StatusCode::CONFLICT,
            "already_exists",
            "conflict_error",
            message,
        )
    }

    /// 409: there are as many as allowed.
    pub fn full(message: impl Into<String>) -> ApiError {
        ApiError {
            code: "limit_reached",
            ..ApiError::conflict(message)
        }
    }

    /// 409: something else depends on it.
    pub fn in_use(message: impl Into<String>) -> ApiError {
        ApiError {
            code: "in_use",
            ..ApiError::conflict(message)
        }
    }

    /// 413: the body is over the service's limit.
    pub fn too_large() -> ApiError {
        let message = "The request's body is too large.";
        let kind = "invalid_request_error";
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_too_large",
            kind,
            message,
        )
    }

    /// 408: the body took too long to come.
    pub fn too_slow() -> ApiError {
        let message = "The request's body did not come in time. Send it again.";
        let kind = "invalid_request_error";
        ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            kind,
            message,
        )
    }

    /// 426: a gateway speaks no version of the protocol that the service does.
    pub fn protocol(message: String) -> ApiError {
        let kind = "invalid_request_error";
        let code = "protocol_unsupported";
        ApiError::new(StatusCode::UPGRADE_REQUIRED, code, kind, message)
    }

    /// 429: too many at once, or too often. `wait` is when to try again.
    pub fn too_many(message: impl Into<String>, wait: Duration) -> ApiError {
        let kind = "rate_limit_error";
        let code = "rate_limit_exceeded";
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, code, kind, message).retried_after(wait)
    }

    /// 503: too much waits. `wait` is when to try again.
    pub fn busy(message: &str, wait: Duration) -> ApiError {
        let code = "accounting_unavailable";
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, "api_error", message);
        error.retried_after(wait)
    }

    /// The same with something beside the error.
    pub fn with(mut self, name: &'static str, value: Value) -> ApiError {
        self.beside.push((name, value));
        self
    }

    fn retried_after(mut self, wait: Duration) -> ApiError {
        let nanos = u64::from(wait.subsec_nanos() > 0);
        self.retry_after = Some(wait.as_secs().saturating_add(nanos).max(1));
        self
    }

    /// 503: the service is about to stop.
    pub fn stopping() -> ApiError {
        let message = "The service is stopping. Connect again in a moment.";
        let code = "accounting_unavailable";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, "api_error", message)
    }

    fn unavailable(fault: Fault) -> ApiError {
        let message = match fault {
            Fault::Silent => {
                "The database does not answer. Nothing was changed; try again in a moment."
            }
            Fault::Full => {
                "The database's disk is full. Nothing was changed. The operator must make room; \
                 then the service goes on by itself, and you can try again."
            }
            Fault::Broken => {
                "The database cannot read or write its files. Nothing was changed. The operator \
                 must look at its disk and memory; try again later."
            }
            Fault::Uncertain => {
                "The connection to the database was lost at the end of this change. Look whether \
                 it was made, then try again."
            }
        };
        let code = "accounting_unavailable";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, "api_error", message)
    }

    fn internal() -> ApiError {
        let message = "Something went wrong inside Paddock. Give the operator the x-request-id.";
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "api_error",
            message,
        )
    }

    fn body(&self) -> Value {
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "type": self.kind,
            "param": self.param,
        });
        if let (false, Some(error)) = (self.violations.is_empty(), error.as_object_mut()) {
            error.insert("violations".to_owned(), json!(self.violations));
        }
        if let Some(error) = error.as_object_mut() {
            error.extend(self.more.clone());
        }
        // A gateway too answers what a budget has left beside the error.
        let mut body = Map::from_iter([("error".to_owned(), error)]);
        for name in ["remaining", "resets_at"] {
            let value = self
                .more
                .get(name)
                .map(|value| (name.to_owned(), value.clone()));
            body.extend(value);
        }
        let beside = self.beside.iter();
        body.extend(beside.map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(body)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        if matches!(self.status.as_u16(), 401..=404) {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert("www-authenticate", HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert("retry-after", HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        tracing::error!(%error, "the database failed");
        error
            .fault()
            .map_or_else(ApiError::internal, ApiError::unavailable)
    }
}

impl From<NotBooked> for ApiError {
    fn from(error: NotBooked) -> ApiError {
        let message = match error {
            NotBooked::Failed(error) => return error.into(),
            NotBooked::Full => {
                "Too many messages wait to be booked. Nothing of this one was; send it again."
            }
            NotBooked::Waits => {
                "The events wait to be booked, and will be. Send them again to hear when they are."
            }
        };
        ApiError::busy(message, WAIT)
    }
}

/// Nothing is stored in clear that is to be encrypted.
impl From<EncryptionError> for ApiError {
    fn from(error: EncryptionError) -> ApiError {
        tracing::error!(%error, "a secret is not stored");
        let message = "The service cannot encrypt secrets at the moment. Nothing was changed; try again, and \
                       tell the operator if it stays so.";
        let code = "accounting_unavailable";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, "api_error", message)
    }
}

/// Any path that is not a route.
pub async fn no_such_path(method: Method, uri: Uri) -> ApiError {
    let message = format!("Invalid URL ({method} {})", uri.path());
    ApiError::new(
        StatusCode::NOT_FOUND,
        "unknown_url",
        "invalid_request_error",
        message,
    )
}

/// A route without that method.
pub async fn no_such_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("Not allowed to {method} {}", uri.path());
    let kind = "invalid_request_error";
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        kind,
        message,
    )
}
