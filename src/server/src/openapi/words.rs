//! Words that fields choose among, as the code has them.

use crate::api::{CONTENT_MODES, FAILURE_MODES, PRIORITIES, THROTTLE_MODES, UNKNOWN_PRICES};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident = $words:expr;)*) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                one_of(&$words, concat!($($doc),+).trim())
            }
        }

        impl ToSchema for $name {}
    )*};
}

words! {
    /// How strictly prompts are held to the operator's content policy.
    ContentMode = CONTENT_MODES;
    /// Who goes first where requests wait or share an upstream's limit.
    Priority = PRIORITIES;
    /// Whether a model without a price is refused, or free.
    UnknownPrice = UNKNOWN_PRICES;
    /// What happens to requests while the service is away: refused (`closed`), or let through.
    FailureMode = FAILURE_MODES;
    /// What becomes of the excess of a throttled namespace.
    ThrottleMode = THROTTLE_MODES;
}

fn one_of(words: &[&'static str], description: &str) -> RefOr<Schema> {
    let words = words.iter().copied();
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .description(Some(description));
    RefOr::T(schema.into())
}

/// Labels.
#[derive(Debug)]
pub enum Tags {}

impl PartialSchema for Tags {
    fn schema() -> RefOr<Schema> {
        let text = || {
            let text = ObjectBuilder::new().schema_type(Type::String);
            text.max_length(Some(256))
        };
        let list = ArrayBuilder::new()
            .items(text())
            .max_items(Some(64))
            .description(Some("Plain labels."));
        let map = ObjectBuilder::new()
            .property_names(Some(text()))
            .additional_properties(Some(text()))
            .max_properties(Some(64))
            .description(Some("Labels with values: reports call them `name:value`."));
        let both = OneOfBuilder::new()
            .item(list)
            .item(map)
            .description(Some("Labels: a list, or names with values."))
            .examples([json!(["production"]), json!({ "team": "search" })]);
        RefOr::T(both.into())
    }
}

impl ToSchema for Tags {}

/// A text of 1 to 256 characters that is not blank and has no control characters.
#[derive(Debug, ToSchema)]
#[schema(
    min_length = 1,
    max_length = 256,
    pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Text(String);

/// The name of a namespace or an organization.
#[derive(Debug, ToSchema)]
#[schema(max_length = 128, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$")]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Name(String);

/// Texts to look for, of 1 to 256 bytes and not blank: one, or at most 64.
#[derive(Debug)]
pub enum Phrases {}

impl PartialSchema for Phrases {
    fn schema() -> RefOr<Schema> {
        let text = || {
            let text = ObjectBuilder::new().schema_type(Type::String);
            let text = text.min_length(Some(1)).max_length(Some(256));
            text.pattern(Some(r"\S"))
        };
        let list = ArrayBuilder::new().items(text()).max_items(Some(64));
        let both = OneOfBuilder::new().item(list).item(text());
        let both = both.description(Some("One text, or a list of texts."));
        RefOr::T(both.into())
    }
}

impl ToSchema for Phrases {}

/// A UTC day, or a moment in RFC 3339.
#[derive(Debug, ToSchema)]
#[schema(
    examples("2026-03-15", "2026-03-15T12:00:00Z"),
    pattern = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?)?$"
)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Moment(String);
