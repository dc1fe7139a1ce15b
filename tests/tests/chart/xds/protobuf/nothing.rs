//! `FilterConfig {config: {}}`, which switches a filter on for a route: an `Any` that says nothing, not even its type.
//! The reader of JSON takes none, so it is read as an `Empty` and emptied afterwards.

use prost_reflect::prost::Message as _;
use prost_reflect::prost::bytes::Bytes;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value as Field};
use serde_json::{Value, json};

const FILTER: &str = "type.googleapis.com/envoy.config.route.v3.FilterConfig";
const EMPTY: &str = "type.googleapis.com/google.protobuf.Empty";

/// In JSON.
pub fn mark(value: &mut Value) {
    if value.get("@type").is_some_and(|kind| kind == FILTER)
        && value
            .get("config")
            .is_some_and(|config| *config == json!({}))
    {
        value["config"] = json!({"@type": EMPTY, "value": {}});
    }
    match value {
        Value::Array(values) => values.iter_mut().for_each(mark),
        Value::Object(fields) => fields.values_mut().for_each(mark),
        _ => {}
    }
}

/// In the message that was read.
pub fn unmark(message: &mut DynamicMessage) {
    if message.descriptor().full_name() != "google.protobuf.Any" {
        message.fields_mut().for_each(|(_, field)| within(field));
        return;
    }
    let text = |message: &DynamicMessage| {
        let kind = message.get_field_by_name("type_url").unwrap();
        kind.as_str().unwrap().to_owned()
    };
    let kind = text(message);
    if kind == EMPTY {
        message.clear_field_by_name("type_url");
        message.clear_field_by_name("value");
    } else if let Some((_, name)) = kind.rsplit_once('/') {
        let pool = message.descriptor().parent_pool().clone();
        let value = message.get_field_by_name("value").unwrap();
        let bytes = value.as_bytes().unwrap().clone();
        let inner = pool.get_message_by_name(name).unwrap();
        let mut inner = DynamicMessage::decode(inner, bytes).unwrap();
        unmark(&mut inner);
        let bytes = Bytes::from(inner.encode_to_vec());
        message.set_field_by_name("value", Field::Bytes(bytes));
    }
}

fn within(field: &mut Field) {
    match field {
        Field::Message(message) => unmark(message),
        Field::List(values) => values.iter_mut().for_each(within),
        Field::Map(values) => values.values_mut().for_each(within),
        _ => {}
    }
}
