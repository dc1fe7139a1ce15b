//! Words that fields choose among, as the code has them.

use crate::api::STATUSES;
use paddock_core::policy::EndpointScope;
use paddock_ledger::model::alert::{Action, Span};
use paddock_ledger::model::webhook::Event;
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
    /// What the holder of a key may do: `admin` manages its organization, `developer` and `analyst`
    /// use models and read analytics, `viewer` reads analytics only.
    Role = ["admin", "developer", "analyst", "viewer"];
    /// An endpoint that a key may use. Scopes narrow a role, never widen it.
    Scope = EndpointScope::ALL.map(EndpointScope::name);
    /// What a webhook is told of: 80, 95 or 100 percent of the monthly quota, or its own percentage; that
    /// a balance was refilled, or not because of the month's limit.
    WebhookEvent = Event::NAMES;
    /// What follows from an alert.
    AlertAction = Action::NAMES;
    /// How much time an alert looks at: the UTC day, the week from Monday, the calendar month.
    AlertWindow = Span::NAMES;
    /// What became of a delivery.
    DeliveryStatus = STATUSES;
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

/// A UTC day, or a moment in RFC 3339.
#[derive(Debug, ToSchema)]
#[schema(
    examples("2026-03-15", "2026-03-15T12:00:00Z"),
    pattern = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?)?$"
)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Moment(String);
