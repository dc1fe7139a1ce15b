//! What the OpenAPI document says of the fields of a routing.

use super::read::{MAX_NAME, MAX_TEXT, MAX_TEXTS};
use serde_json::{Value, json};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};

/// A whole routing.
pub(super) fn example() -> Value {
    json!({
        "name": "by cost", "fallback_model": "gpt-4.1",
        "rules": [{
            "name": "short", "match_conditions": { "max_output_tokens": 256 },
            "target_model": "gemini-2.5-flash", "fallback": "deepseek-v3.2",
        }],
    })
}

fn text(max: usize, pattern: &str) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let text = text.min_length(Some(1)).max_length(Some(max));
    text.pattern(Some(pattern))
}

fn null() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Null)
}

/// The name of a rule.
pub(super) fn name() -> Schema {
    text(MAX_NAME, "^[ -~]*[!-~][ -~]*$").into()
}

/// The name of a routing, or `null`.
pub(super) fn optional_name() -> Schema {
    OneOfBuilder::new().item(name()).item(null()).into()
}

/// A model's name or alias.
pub(super) fn model() -> Schema {
    text(MAX_TEXT, r"\S").into()
}

/// A model's name or alias, or `null`.
pub(super) fn optional_model() -> Schema {
    OneOfBuilder::new().item(model()).item(null()).into()
}

/// One text to look for, or a list of them, or `null`.
pub(super) fn phrases() -> Schema {
    let phrase = || text(MAX_TEXT, r"\S");
    let list = ArrayBuilder::new()
        .items(phrase())
        .max_items(Some(MAX_TEXTS));
    let either = OneOfBuilder::new().item(list).item(phrase());
    either.item(null()).into()
}
