//! What Envoy Gateway makes of an EnvoyProxy's bootstrap and of an EnvoyPatchPolicy: jsonpatch.go of
//! internal/xds/translator.

use super::translation::{LISTENER, of_kind};
use serde_json::Value;

/// Patches a gateway's whole configuration.
pub fn patch(config: &mut Value, all: &[Value]) {
    for proxy in of_kind(all, "EnvoyProxy") {
        let patches = proxy["spec"]["bootstrap"]["jsonPatches"].as_array();
        for patch in patches.into_iter().flatten() {
            let path = patch["path"].as_str().unwrap();
            add(config, path, &patch["value"]);
        }
    }
    for policy in of_kind(all, "EnvoyPatchPolicy") {
        for patch in policy["spec"]["jsonPatches"].as_array().unwrap() {
            assert_eq!(
                patch["type"],
                "type.googleapis.com/envoy.config.listener.v3.Listener"
            );
            let listener = config.pointer_mut(LISTENER).unwrap();
            assert_eq!(patch["name"], listener["name"]);
            let operation = &patch["operation"];
            let target = match operation["jsonPath"].as_str() {
                None => listener,
                Some(path) => at(listener, path),
            };
            let path = operation["path"].as_str().unwrap();
            add(target, path, &operation["value"]);
        }
    }
}

/// `..LIST[?(@.name=='NAME')].REST`, which is all that the chart says.
fn at<'a>(value: &'a mut Value, path: &str) -> &'a mut Value {
    let (_, rest) = path.split_once("@.name=='").unwrap();
    let (name, rest) = rest.split_once("')].").unwrap();
    let pointer = format!("/{}", rest.replace('.', "/"));
    let named = named(value, name).unwrap_or_else(|| panic!("nothing is called {name}"));
    named.pointer_mut(&pointer).unwrap()
}

pub fn named<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    if value.get("name").is_some_and(|own| own == name) {
        return Some(value);
    }
    match value {
        Value::Object(fields) => fields.values_mut().find_map(|value| named(value, name)),
        Value::Array(values) => values.iter_mut().find_map(|value| named(value, name)),
        _ => None,
    }
}

/// `add` of RFC 6902, of a member or to the end of a list.
fn add(value: &mut Value, path: &str, new: &Value) {
    let (parent, last) = path.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Array(list) => {
            assert_eq!(last, "-");
            list.push(new.clone());
        }
        parent => parent[last] = new.clone(),
    }
}
