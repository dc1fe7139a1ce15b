//! What all operations have in common, and what only the configuration knows.

use super::refusals::{self, Refusal, request_id};
use super::webhooks;
use crate::config::RateBounds;
use crate::http::body::synonyms;
use paddock_ledger::model::owners::{self, Owner};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::Modify;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, Components, ObjectBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, Ref, RefOr};

/// Texts without control characters: nothing has them in its name.
const NO_CONTROL: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

/// Completes the document that was collected from the handlers.
#[derive(Clone, Copy, Debug)]
pub struct Complete {
    /// The rates that may be set.
    pub rates: RateBounds,
}

impl Modify for Complete {
    fn modify(&self, document: &mut OpenApi) {
        // A wildcard is the router's: OpenAPI knows parameters alone.
        let paths = std::mem::take(&mut document.paths.paths).into_iter();
        let paths = paths.map(|(path, item)| (path.replace("{*", "{"), item));
        document.paths.paths = paths.collect();
        let mut bodies = BTreeSet::new();
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                operation.request_body.iter_mut().for_each(forbid_null);
                bodies.extend(operation.request_body.as_ref().and_then(schema_of));
                complete(operation);
            }
        }
        document.webhooks = Some(webhooks::all());
        let security = ["bearer", "x-api-key"];
        let security = security.map(|name| SecurityRequirement::new(name, [""; 0]));
        document.security = Some(security.into());
        let components = document.components.get_or_insert_default();
        for (name, scheme) in security_schemes() {
            components.add_security_scheme(name, scheme);
        }
        components.responses.extend(refusals::responses());
        for name in &bodies {
            self.describe_fields(components, name);
            close(components, name);
        }
    }
}

impl Complete {
    /// Says of a body's fields who sets them, which other names they have, and which rates this
    /// installation allows.
    fn describe_fields(&self, components: &mut Components, body: &str) {
        let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(body) else {
            return;
        };
        for (name, property) in &mut object.properties {
            if let Some(range) = self.rates.of(name) {
                limit_range(property, range);
            }
            if let Some(row) = owners::of_field(body, name) {
                if matches!(row.owner, Owner::OperatorBeyond(_)) {
                    add_sentence(property, row.within);
                }
                extend(property, "x-set-by", json!(row.owner.name()));
            }
            let synonyms = synonyms(name);
            if !synonyms.is_empty() {
                extend(property, "x-synonyms", json!(synonyms));
            }
        }
    }
}

fn limit_range(property: &mut RefOr<Schema>, (min, max): (u64, u64)) {
    let rate = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .minimum(Some(min))
        .maximum(Some(max))
        .description(description_of(property));
    *property = rate.into();
}

/// Says that a body and the objects in it have no other fields. The types of most say so themselves, but
/// not those of a routing: gateways take over what they do not know, and only the API refuses it.
fn close(components: &mut Components, name: &str) {
    let Some(RefOr::T(schema)) = components.schemas.get_mut(name) else {
        return;
    };
    if let Schema::Object(object) = schema
        && !object.properties.is_empty()
        && object.additional_properties.is_none()
    {
        let no_others = AdditionalProperties::FreeForm(false);
        object.additional_properties = Some(Box::new(no_others));
    }
    // Its own types cannot fail to serialize.
    for inner in references(&serde_json::to_value(schema).unwrap_or_default()) {
        close(components, &inner);
    }
}

/// The names of the schemas that a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|path| path.rsplit('/').next());
            let inner = fields.values().flat_map(references);
            own.map(str::to_owned).into_iter().chain(inner).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        patch,
        delete,
        ..
    } = item;
    [get, put, post, patch, delete].into_iter().flatten()
}

/// A body that may be left out is not one that may be `null`.
fn forbid_null(body: &mut RefOr<RequestBody>) {
    let RefOr::T(body) = body else {
        return;
    };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else {
            continue;
        };
        if let Some(RefOr::T(Schema::OneOf(one_of))) = &content.schema
            && let Some(schema) = one_of
                .items
                .iter()
                .find(|item| matches!(item, RefOr::Ref(_)))
        {
            content.schema = Some(schema.clone());
        }
    }
}

/// The name of the schema of a JSON body.
fn schema_of(body: &RefOr<RequestBody>) -> Option<String> {
    let RefOr::T(body) = body else {
        return None;
    };
    let RefOr::T(content) = body.content.get("application/json")? else {
        return None;
    };
    match content.schema.as_ref()? {
        RefOr::Ref(there) => there.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    }
}

/// The description of a property: that of its value, if it may be `null` too.
fn description_of(property: &RefOr<Schema>) -> Option<String> {
    match property {
        RefOr::Ref(there) => Some(there.description.clone()).filter(|text| !text.is_empty()),
        RefOr::T(Schema::Object(object)) => object.description.clone(),
        RefOr::T(Schema::OneOf(one_of)) => {
            let mut inner = one_of.items.iter().map(description_of);
            one_of
                .description
                .clone()
                .or_else(|| inner.find_map(|text| text))
        }
        RefOr::T(_) => None,
    }
}

/// Adds a sentence to the description of a property.
fn add_sentence(property: &mut RefOr<Schema>, sentence: &str) {
    let text = description_of(property).unwrap_or_default();
    let text = format!("{text} {sentence}");
    match property {
        RefOr::Ref(there) => there.description = text,
        RefOr::T(Schema::Object(object)) => object.description = Some(text),
        RefOr::T(Schema::OneOf(one_of)) => one_of.description = Some(text),
        RefOr::T(_) => {}
    }
}

/// Adds an extension to a property. A reference has none: it is put into an `allOf`.
fn extend(property: &mut RefOr<Schema>, name: &str, value: Value) {
    if let RefOr::Ref(there) = property {
        let whole = AllOfBuilder::new().item(there.clone());
        *property = whole.description(description_of(property)).into();
    }
    let RefOr::T(schema) = property else {
        return;
    };
    let extensions = match schema {
        Schema::Array(array) => &mut array.extensions,
        Schema::Object(object) => &mut object.extensions,
        Schema::OneOf(one_of) => &mut one_of.extensions,
        Schema::AllOf(all_of) => &mut all_of.extensions,
        Schema::AnyOf(any_of) => &mut any_of.extensions,
        _ => return,
    };
    let extensions = extensions.get_or_insert_default();
    extensions.insert(name.to_owned(), value);
}

/// Adds what every operation answers, or every one with a key, a parameter or a body.
fn complete(operation: &mut Operation) {
    let has_body = operation.request_body.is_some();
    let is_open = operation.security.is_some();
    let has_input = has_body || operation.parameters.is_some();
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            complete_parameter(parameter);
        }
    }
    let responses = &mut operation.responses.responses;
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            let (name, header) = request_id();
            response.headers.insert(name, RefOr::T(header));
        }
    }
    let is_common = |refusal: &&Refusal| match refusal.status {
        400 => has_input,
        408 | 413 => has_body,
        401 | 429 | 500 | 503 => !is_open,
        _ => false,
    };
    for refusal in refusals::ALL.iter().filter(is_common) {
        responses
            .entry(refusal.status.to_string())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name(refusal.name)));
    }
}

/// An empty query parameter counts as absent; a text has no control characters.
fn complete_parameter(parameter: &mut Parameter) {
    if parameter.parameter_in != ParameterIn::Query {
        return;
    }
    if let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema {
        let is_text = schema.schema_type == SchemaType::Type(Type::String);
        if is_text && schema.enum_values.is_none() {
            schema.pattern.get_or_insert_with(|| NO_CONTROL.to_owned());
        }
    }
    let empty = ("allowEmptyValue", json!(true));
    parameter.extensions = Some(Extensions::from_iter([empty]));
}

fn security_schemes() -> [(&'static str, SecurityScheme); 2] {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The operator's admin key, or an API key."));
    let api_key =
        ApiKeyValue::with_description("x-api-key", "The same key as Anthropic's clients send it.");
    [
        ("bearer", SecurityScheme::Http(bearer.build())),
        ("x-api-key", SecurityScheme::ApiKey(ApiKey::Header(api_key))),
    ]
}
