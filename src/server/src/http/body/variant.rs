//! What one body's struct is in the document of one operation.

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Schema, SchemaType, Type};

/// Names the schema of a body for one operation: which fields it requires, and which it has not.
///
/// `variant! { /// A new key. CreateKey = KeyBody, requires ["name"], without [] }`
macro_rules! variant {
    ($(#[doc = $doc:literal])+ $name:ident = $body:ty, requires [$($required:literal),*], without [$($without:literal),*]) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub enum $name {}

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let description = concat!($($doc),+).trim();
                let schema = <$body as utoipa::PartialSchema>::schema();
                crate::http::body::variant_of(schema, description, &[$($required),*], &[$($without),*])
            }
        }

        impl utoipa::ToSchema for $name {
            fn schemas(
                schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>,
            ) {
                <$body as utoipa::ToSchema>::schemas(schemas);
            }
        }
    };
}

pub(crate) use variant;

/// The schema of a struct of patches, where some fields are required and some are not there.
pub(crate) fn variant_of(
    mut schema: RefOr<Schema>,
    description: &str,
    required: &[&str],
    without: &[&str],
) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(object)) = &mut schema else {
        return schema;
    };
    object.description = Some(description.to_owned());
    for name in without {
        object.properties.remove(*name);
        if let Some(Value::Object(example)) = &mut object.example {
            example.remove(*name);
        }
    }
    for name in required {
        object.required.push((*name).to_owned());
        if let Some(property) = object.properties.get_mut(*name) {
            forbid_null(property);
        }
    }
    schema
}

/// Takes `null` from what a field may be.
fn forbid_null(property: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(one_of)) = property else {
        return;
    };
    let description = one_of.description.take();
    let is_null = |item: &RefOr<Schema>| match item {
        RefOr::T(Schema::Object(object)) => object.schema_type == SchemaType::Type(Type::Null),
        _ => false,
    };
    let Some(mut value) = one_of.items.iter().find(|item| !is_null(item)).cloned() else {
        return;
    };
    if let RefOr::T(Schema::Object(object)) = &mut value {
        object.description = description;
    }
    *property = value;
}
