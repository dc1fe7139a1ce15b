//! The documents of `envoy/istio` and `envoy/envoy-gateway`, which hold requests at their body: the filter
//! takes what is in them, and the management API has the routes of `envoy/envoy.yaml`.

use crate::envoy::{HTTP, original};
use crate::render::document;
use crate::routes::{of_gateway, wanted};
use paddock_core::config::{Config, HoldAt};
use paddock_local::root;
use serde_json::Value;

fn documents(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_taken(config: &Value) {
    let config = Config::parse(config.to_string().as_bytes());
    let config = config.unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(config.hold != HoldAt::Headers);
}

/// That what Envoy and the filter add is removed: no provider may see it.
fn hides_all(removed: &Value) {
    let original = original();
    let routes = &original.pointer(HTTP).unwrap()["route_config"]["virtual_hosts"][0]["routes"];
    let last = routes.as_array().unwrap().last().unwrap();
    for header in last["request_headers_to_remove"].as_array().unwrap() {
        assert!(removed.as_array().unwrap().contains(header), "{header}");
    }
}

#[test]
fn the_document_for_istio_can_work() {
    let all = documents("envoy/istio/body.yaml");
    is_taken(&document(&all, "WasmPlugin", "paddock")["spec"]["pluginConfig"]);
    let route = &document(&all, "VirtualService", "paddock")["spec"]["http"][0];
    hides_all(&route["route"][0]["headers"]["request"]["remove"]);
    let patches = &document(&all, "EnvoyFilter", "openai-credential")["spec"]["configPatches"];
    let named = patches.pointer("/1/patch/value/static_resources/secrets/0/name");
    let used = patches.to_string();
    assert!(used.contains(&format!(r#""credential":{{"name":{}}}"#, named.unwrap())));
}

#[test]
fn the_document_for_envoy_gateway_can_work() {
    let all = documents("envoy/envoy-gateway/body.yaml");
    let wasm = &document(&all, "EnvoyExtensionPolicy", "paddock")["spec"]["wasm"][0];
    is_taken(&wasm["config"]);
    assert_eq!(of_gateway(document(&all, "HTTPRoute", "paddock")), wanted());
    let rule = &document(&all, "HTTPRoute", "openai")["spec"]["rules"][0];
    hides_all(&rule["filters"][1]["requestHeaderModifier"]["remove"]);
    let reference = rule
        .pointer("/backendRefs/0/filters/0/extensionRef/name")
        .unwrap();
    document(&all, "HTTPRouteFilter", reference.as_str().unwrap());
}
