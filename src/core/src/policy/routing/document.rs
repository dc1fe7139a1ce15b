//! What the OpenAPI document says of a routing that its types do not.

use super::read::{MAX_TEXT, MAX_TEXTS};
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

/// One text to look for, or a list of them, or `null`.
pub(super) fn phrases() -> Schema {
    let phrase = || {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let text = text.min_length(Some(1)).max_length(Some(MAX_TEXT));
        text.pattern(Some(r"\S"))
    };
    let list = ArrayBuilder::new()
        .items(phrase())
        .max_items(Some(MAX_TEXTS));
    let null = ObjectBuilder::new().schema_type(Type::Null);
    let schema = OneOfBuilder::new().item(list).item(phrase()).item(null);
    let description = "The system prompt contains this text, or one of these, whatever their case.";
    schema.description(Some(description)).into()
}
