//! What the schemas of bodies say beyond their fields: other names, the installation's range of rates,
//! and that there are no other fields.

use super::complete::put;
use crate::http::fields::synonyms;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The name of the schema of an operation's JSON body. One that may be left out is not one that may
/// be `null`.
pub(super) fn name_of(operation: &mut Value) -> Option<String> {
    let schema = operation.pointer_mut("/requestBody/content/application~1json/schema")?;
    if let Some(there) = schema.pointer("/oneOf/0").cloned() {
        *schema = there;
    }
    let name = schema.get("$ref")?.as_str()?.rsplit('/').next();
    name.map(str::to_owned)
}

/// Makes the schema of a body say that it has these fields and no others, which other names they
/// have, and which rates this installation allows.
pub(super) fn close(schemas: &mut Map<String, Value>, name: &str, rpm_range: (u64, u64)) {
    let Some(schema) = schemas.get(name).cloned() else {
        return;
    };
    // What somebody else's fields are is not for this document to say.
    if schema.get("additionalProperties").is_some() {
        return;
    }
    let mut flat = Map::from_iter([("type".to_owned(), json!("object"))]);
    let (mut properties, mut required) = (Map::new(), BTreeSet::new());
    let parts = schema.get("allOf").and_then(Value::as_array).cloned();
    for part in parts.unwrap_or_else(|| vec![schema.clone()]) {
        let named = part.get("$ref").and_then(Value::as_str);
        let named = named.and_then(|name| schemas.get(name.rsplit('/').next()?));
        let Some(part) = named.unwrap_or(&part).as_object() else {
            continue;
        };
        for (name, value) in part {
            match (name.as_str(), value) {
                ("properties", Value::Object(fields)) => properties.extend(fields.clone()),
                ("required", Value::Array(names)) => {
                    required.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                ("type" | "description", _) => {}
                _ => {
                    flat.insert(name.clone(), value.clone());
                }
            }
        }
    }
    for (name, property) in &mut properties {
        describe(name, property, rpm_range);
        for inner in references(property) {
            close_inner(schemas, &inner);
        }
    }
    flat.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        flat.insert("required".to_owned(), json!(required));
    }
    flat.extend(
        schema
            .get("description")
            .map(|text| ("description".to_owned(), text.clone())),
    );
    flat.extend(
        schema
            .get("example")
            .map(|example| ("example".to_owned(), example.clone())),
    );
    flat.insert("additionalProperties".to_owned(), json!(false));
    schemas.insert(name.to_owned(), Value::Object(flat));
}

fn describe(name: &str, property: &mut Value, rpm_range: (u64, u64)) {
    if matches!(name, "rpm" | "rate_limit_per_minute") {
        let (min, max) = rpm_range;
        put(property, "minimum", json!(min));
        put(property, "maximum", json!(max));
    }
    let synonyms = synonyms(name);
    if !synonyms.is_empty() {
        put(property, "x-synonyms", json!(synonyms));
    }
}

/// The names of the schemas that a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|name| name.rsplit('/').next());
            let inner = fields.values().flat_map(references);
            own.map(str::to_owned).into_iter().chain(inner).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Makes the schema of an object within a body say that it has no other fields.
fn close_inner(schemas: &mut Map<String, Value>, name: &str) {
    let Some(schema) = schemas.get_mut(name) else {
        return;
    };
    let is_open = schema.get("additionalProperties").is_none();
    let Some(fields) = schema.get("properties").filter(|_| is_open) else {
        return;
    };
    let inner = references(fields);
    put(schema, "additionalProperties", json!(false));
    for name in inner {
        close_inner(schemas, &name);
    }
}
