//! What serde could not read, as a refusal that names the field as the caller wrote it.

use super::canonical::Canonical;
use crate::http::error::ApiError;
use serde_path_to_error::{Error, Path, Segment};
use std::fmt::Display;

/// The refusal of `what`: a body or a query.
pub fn refusal<V: PartialEq>(
    error: &Error<impl Display>,
    what: &str,
    sent: &Canonical<V>,
) -> ApiError {
    let message = error.inner().to_string();
    let field = written(error.path(), sent);
    let within = |name: &str| match field.as_str() {
        "" => sent.written(name).to_owned(),
        field => format!("{field}.{name}"),
    };
    if let Some(name) = quoted(&message, "unknown field `") {
        // The path already ends with an unknown name that the deserializer was asked for.
        let name = if field.ends_with(sent.written(name)) {
            field
        } else {
            within(name)
        };
        return ApiError::unknown_parameter(&name);
    }
    if let Some(name) = quoted(&message, "missing field `") {
        return ApiError::missing(&within(name));
    }
    let expected = message
        .rsplit_once("expected ")
        .map(|(_, expected)| expected);
    let problem = match expected {
        Some(expected) => format!("must be {}", expected.replace('`', "'")),
        None => format!("is not valid: {message}"),
    };
    match field.as_str() {
        "" => ApiError::invalid("", format!("{what} {problem}.")),
        field => ApiError::invalid(field, format!("'{field}' {problem}.")),
    }
}

fn quoted<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    message.strip_prefix(before)?.split('`').next()
}

/// The path of a field, with the name that the caller wrote.
fn written<V: PartialEq>(path: &Path, sent: &Canonical<V>) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Map { key } if text.is_empty() => text.push_str(sent.written(key)),
            Segment::Map { key } => {
                text.push('.');
                text.push_str(key);
            }
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}
