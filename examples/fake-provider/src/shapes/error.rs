//! Errors, as each provider words them.

use crate::endpoint::Format;
use serde_json::{Value, json};

/// An error for a status asked for.
pub fn error(format: Format, status: u16) -> Value {
    match format {
        Format::OpenAi => open_ai(status),
        Format::Anthropic => anthropic(status),
        Format::Gemini => gemini(status, "The provider was asked for this error."),
    }
}

/// An error of the client's making, answered with a status.
pub fn invalid(format: Format, status: u16, message: &str) -> Value {
    match format {
        Format::OpenAi => json!({"error": {
            "message": message, "type": "invalid_request_error", "param": null, "code": null,
        }}),
        Format::Anthropic => {
            let error = json!({"type": "invalid_request_error", "message": message});
            json!({"type": "error", "error": error})
        }
        Format::Gemini => gemini(status, message),
    }
}

fn open_ai(status: u16) -> Value {
    let (message, kind, code) = match status {
        400 => ("Invalid request.", "invalid_request_error", None),
        401 => (
            "Incorrect API key provided.",
            "invalid_request_error",
            Some("invalid_api_key"),
        ),
        404 => (
            "The model does not exist.",
            "invalid_request_error",
            Some("model_not_found"),
        ),
        429 => (
            "Rate limit reached for requests.",
            "requests",
            Some("rate_limit_exceeded"),
        ),
        503 => ("The engine is currently overloaded.", "server_error", None),
        _ => (
            "The server had an error while processing your request.",
            "server_error",
            None,
        ),
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

fn anthropic(status: u16) -> Value {
    let (kind, message) = match status {
        400 => ("invalid_request_error", "Invalid request."),
        401 => ("authentication_error", "invalid x-api-key"),
        402 => ("billing_error", "Your credit balance is too low."),
        403 => ("permission_error", "Not permitted."),
        404 => ("not_found_error", "Not found."),
        413 => ("request_too_large", "Request too large."),
        429 => ("rate_limit_error", "Number of requests over the limit."),
        529 => ("overloaded_error", "Overloaded"),
        _ => ("api_error", "Internal server error"),
    };
    json!({"type": "error", "error": {"type": kind, "message": message}})
}

fn gemini(status: u16, message: &str) -> Value {
    let word = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "INTERNAL",
    };
    json!({"error": {"code": status, "message": message, "status": word}})
}
