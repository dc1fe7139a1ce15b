//! What all operations have in common, and what only the configuration knows.

use super::refusals::{self, Refusal};
use crate::http::fields::synonyms;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use utoipa::openapi::OpenApi;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// The document that was collected from the handlers, completed.
pub fn document(collected: OpenApi, rpm_range: (u64, u64)) -> Value {
    // Its own types cannot fail to serialize.
    let mut document = serde_json::to_value(&collected).unwrap_or_default();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let paths = paths.map(std::mem::take).unwrap_or_default();
    // A wildcard is the router's: OpenAPI knows parameters alone.
    let paths = paths
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item));
    let mut paths: Map<String, Value> = paths.collect();
    let mut bodies = BTreeSet::new();
    for item in paths.values_mut() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                bodies.extend(body_of(operation));
                complete(operation);
            }
        }
    }
    put(&mut document, "paths", Value::Object(paths));
    put(
        &mut document,
        "security",
        json!([{ "bearer": [] }, { "x-api-key": [] }]),
    );
    if let Some(components) = document.get_mut("components") {
        put(components, "securitySchemes", security_schemes());
        put(components, "responses", responses());
        if let Some(schemas) = components.get_mut("schemas").and_then(Value::as_object_mut) {
            for body in &bodies {
                close(schemas, body, rpm_range);
            }
        }
    }
    document
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer",
            "description": "The operator's admin key, or an API key.",
        },
        "x-api-key": {
            "type": "apiKey", "in": "header", "name": "x-api-key",
            "description": "The same key as Anthropic's clients send it.",
        },
    })
}

fn responses() -> Value {
    let response = |refusal: &Refusal| {
        let example = json!({ "error": {
            "code": refusal.code, "message": refusal.message, "type": refusal.kind, "param": null,
        }});
        let mut headers = Map::from_iter([request_id()]);
        if (401..=404).contains(&refusal.status) {
            let header = json!({
                "description": "Waiting does not cure it.",
                "schema": { "type": "string", "enum": ["false"] },
            });
            headers.insert("x-should-retry".to_owned(), header);
        }
        let response = json!({
            "description": refusal.description,
            "headers": headers,
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Error" },
                "example": example,
            }},
        });
        (refusal.name.to_owned(), response)
    };
    Value::Object(refusals::ALL.iter().map(response).collect())
}

fn request_id() -> (String, Value) {
    let header = json!({
        "description": "The id of the request, in the log and the audit: the caller's own where it sent one.",
        "schema": { "type": "string" },
    });
    ("x-request-id".to_owned(), header)
}

/// The name of the schema of an operation's JSON body. One that may be left out is not one that may
/// be `null`.
fn body_of(operation: &mut Value) -> Option<String> {
    let schema = operation.pointer_mut("/requestBody/content/application~1json/schema")?;
    if let Some(there) = schema.pointer("/oneOf/0").cloned() {
        *schema = there;
    }
    let name = schema.get("$ref")?.as_str()?.rsplit('/').next();
    name.map(str::to_owned)
}

/// Adds what every operation answers, or every one with a key, a parameter or a body.
fn complete(operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    let is_open = operation.get("security").is_some();
    let has_input = has_body || operation.get("parameters").is_some();
    let parameters = operation.get_mut("parameters");
    for parameter in parameters
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if parameter.get("in").and_then(Value::as_str) == Some("query") {
            // An empty one counts as absent.
            put(parameter, "allowEmptyValue", json!(true));
        }
    }
    let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for response in responses.values_mut().filter_map(Value::as_object_mut) {
        if !response.contains_key("$ref") {
            let headers = response.entry("headers").or_insert_with(|| json!({}));
            let (name, header) = request_id();
            put(headers, &name, header);
        }
    }
    let common = refusals::ALL.iter().filter(|refusal| match refusal.status {
        400 => has_input,
        413 => has_body,
        401 | 500 | 503 => !is_open,
        _ => false,
    });
    for refusal in common {
        let response = json!({ "$ref": format!("#/components/responses/{}", refusal.name) });
        responses
            .entry(refusal.status.to_string())
            .or_insert(response);
    }
}

/// Makes the schema of a body say that it has these fields and no others, which other names they
/// have, and which rates this installation allows.
fn close(schemas: &mut Map<String, Value>, name: &str, rpm_range: (u64, u64)) {
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
