//! What the schemas of bodies say beyond their fields: other names, the installation's range of rates,
//! and that there are no other fields.

use super::complete::put;
use crate::http::body::synonyms;
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
/// have, and which rates this installation allows. Answers the schemas whose fields have become its own.
pub(super) fn close(
    schemas: &mut Map<String, Value>,
    name: &str,
    rpm_range: (u64, u64),
) -> BTreeSet<String> {
    let mut body = Fields::default();
    let Some(schema) = schemas.get(name) else {
        return body.parts;
    };
    // What somebody else's fields are is not for this document to say.
    if !is_ours(schema) {
        return body.parts;
    }
    body.add(schemas, schema);
    let own = ["description", "example"].into_iter();
    let own = own.filter_map(|name| Some((name.to_owned(), schema.get(name)?.clone())));
    let mut flat: Map<String, Value> = body.others.into_iter().chain(own).collect();
    flat.insert("type".to_owned(), json!("object"));
    for (name, property) in &mut body.properties {
        describe(name, property, rpm_range);
        for inner in references(property) {
            close_inner(schemas, &inner);
        }
    }
    flat.insert("properties".to_owned(), Value::Object(body.properties));
    if !body.required.is_empty() {
        flat.insert("required".to_owned(), json!(body.required));
    }
    flat.insert("additionalProperties".to_owned(), json!(false));
    schemas.insert(name.to_owned(), Value::Object(flat));
    body.parts
}

/// Whether the fields of a schema are all known: not if it has any others.
fn is_ours(schema: &Value) -> bool {
    let others = schema.get("additionalProperties");
    others.is_none_or(|others| *others == json!(false))
}

/// The fields of a body, of all the schemas it is made up of: `allOf` cannot be said to have no other
/// fields, one object can.
#[derive(Default)]
struct Fields {
    properties: Map<String, Value>,
    required: BTreeSet<String>,
    /// What else its schemas say.
    others: Map<String, Value>,
    /// The schemas that were referred to.
    parts: BTreeSet<String>,
}

impl Fields {
    fn add(&mut self, schemas: &Map<String, Value>, schema: &Value) {
        for (word, value) in schema.as_object().into_iter().flatten() {
            match (word.as_str(), value) {
                ("allOf", Value::Array(parts)) => {
                    for part in parts {
                        self.add(schemas, part);
                    }
                }
                ("$ref", Value::String(path)) => {
                    let name = path.rsplit('/').next().unwrap_or(path);
                    self.parts.insert(name.to_owned());
                    if let Some(schema) = schemas.get(name) {
                        self.add(schemas, schema);
                    }
                }
                ("properties", Value::Object(fields)) => self.properties.extend(fields.clone()),
                ("required", Value::Array(names)) => {
                    let names = names.iter().filter_map(Value::as_str);
                    self.required.extend(names.map(str::to_owned));
                }
                ("type" | "description" | "example" | "additionalProperties", _) => {}
                _ => {
                    self.others.insert(word.clone(), value.clone());
                }
            }
        }
    }
}

/// Drops the schemas that nothing refers to any more, of those whose fields have become a body's own.
pub(super) fn drop_merged(document: &mut Value, parts: &BTreeSet<String>) {
    let mut taken = Map::new();
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        taken.extend(parts.iter().filter_map(|name| schemas.remove_entry(name)));
    }
    let used = references(document);
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.extend(taken.into_iter().filter(|(name, _)| used.contains(name)));
    }
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
    let is_ours = is_ours(schema);
    let Some(fields) = schema.get("properties").filter(|_| is_ours) else {
        return;
    };
    let inner = references(fields);
    put(schema, "additionalProperties", json!(false));
    for name in inner {
        close_inner(schemas, &name);
    }
}
