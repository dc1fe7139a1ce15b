//! What all operations have in common, and what only the configuration knows.

use super::bodies;
use super::refusals::{self, Refusal};
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
    let mut sent = BTreeSet::new();
    for item in paths.values_mut() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                sent.extend(bodies::name_of(operation));
                complete(operation);
            }
        }
    }
    put(&mut document, "paths", Value::Object(paths));
    put(&mut document, "webhooks", webhooks());
    put(
        &mut document,
        "security",
        json!([{ "bearer": [] }, { "x-api-key": [] }]),
    );
    if let Some(components) = document.get_mut("components") {
        put(components, "securitySchemes", security_schemes());
        put(components, "responses", responses());
        if let Some(schemas) = components.get_mut("schemas").and_then(Value::as_object_mut) {
            let merged = |body: &String| bodies::close(schemas, body, rpm_range);
            let merged = sent.iter().flat_map(merged).collect();
            bodies::drop_merged(&mut document, &merged);
        }
    }
    document
}

pub(super) fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// What is delivered to whoever asked to be told.
fn webhooks() -> Value {
    let header = |name: &str, description: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description,
            "schema": { "type": "string" },
        })
    };
    let told = |id: &str, summary: &str, schema: &str| {
        json!({ "post": {
            "operationId": id,
            "summary": summary,
            "description": "Signed as Standard Webhooks say. Delivered at least once: `webhook-id` \
                tells repeated deliveries from new ones.",
            "security": [],
            "parameters": [
                header("webhook-id", "The event's id."),
                header("webhook-timestamp", "When it was sent, in seconds since 1970."),
                header("webhook-signature", "`v1,` and the Base64 of an HMAC-SHA256 of \
                    `ID.TIMESTAMP.BODY`."),
            ],
            "requestBody": { "required": true, "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{schema}") },
            }}},
            "responses": { "2XX": {
                "description": "It was taken. After anything else it is tried again, ever less often.",
            }},
        }})
    };
    json!({
        "quota": told("receive_quota_notice", "A namespace's monthly quota runs low", "QuotaNotice"),
        "refill": told("receive_refill_notice", "A prepaid balance was refilled", "RefillNotice"),
        "refill_limit": told(
            "receive_refill_limit_notice",
            "A prepaid balance is low, and the month's refills are used up",
            "RefillLimitNotice",
        ),
        "alert": told("receive_alert_notice", "An alert fired", "AlertNotice"),
    })
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
