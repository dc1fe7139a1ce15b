//! The documents of `envoy/istio` and `envoy/envoy-gateway`, which hold requests at their body: the filter
//! takes what is in them, the management API has the routes of `envoy/envoy.yaml`, and what their control planes make
//! of them serves calls.

use crate::code::Code;
use crate::envoy::{HTTP, original};
use crate::render::{document, judge};
use crate::routes::{of_gateway, wanted};
use crate::traffic::{self, Form, Rotation};
use crate::{envoy_gateway, istio};
use paddock_core::config::{Config, HoldAt};
use paddock_local::root;
use serde_json::{Value, json};

fn documents(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn with_answers(folder: &str) -> Vec<Value> {
    let mut all = documents(&format!("envoy/{folder}/body.yaml"));
    all.extend(documents(&format!("envoy/{folder}/answers.yaml")));
    all
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
    let named = patches.pointer("/2/patch/value/static_resources/secrets/0/name");
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

/// The management API needs a gateway of its own: it is asked past this one.
#[test]
fn the_document_for_istio_serves_calls() {
    let made = istio::by_hand(&with_answers("istio"));
    traffic::through(Form::Told(made), &json!({}), async |site| {
        site.management = site.service.service_url().unwrap();
        traffic::serves(site).await;
        let name = "extensions.istio.io/trafficextension/istio-ingress.paddock";
        traffic::takes_a_new_filter(site, name).await;
        traffic::answers_in_form(site).await;
    });
}

#[test]
fn the_document_for_envoy_gateway_serves_calls() {
    let all = with_answers("envoy-gateway");
    let made = envoy_gateway::made(&all, &Code::serve());
    let secret = envoy_gateway::secret(document(&all, "HTTPRouteFilter", "openai"));
    traffic::through(Form::Told(made), &json!({}), async |site| {
        traffic::serves(site).await;
        traffic::takes_a_new_credential(site, Rotation::Secret(&secret)).await;
        traffic::answers_in_form(site).await;
    });
}

#[test]
fn the_documents_are_what_kubernetes_takes() {
    judge(&with_answers("istio"));
    judge(&with_answers("envoy-gateway"));
}

/// That of docs/src/operate/istio.md, which newer versions of Istio have.
#[test]
fn the_traffic_extension_is_the_plugin() {
    let page = std::fs::read_to_string(root().join("docs/src/operate/istio.md")).unwrap();
    let mut blocks = page.split("```yaml\n").skip(1);
    let block = blocks.find(|block| block.contains("kind: TrafficExtension"));
    let (text, _) = block.unwrap().split_once("```").unwrap();
    let extension: Value = serde_saphyr::from_str(text).unwrap();
    judge(std::slice::from_ref(&extension));
    let all = documents("envoy/istio/body.yaml");
    let plugin = &document(&all, "WasmPlugin", "paddock")["spec"];
    let spec = &extension["spec"];
    for field in ["url", "failStrategy", "vmConfig", "pluginConfig"] {
        assert_eq!(spec["wasm"][field], plugin[field], "{field}");
    }
    for field in ["selector", "phase"] {
        assert_eq!(spec[field], plugin[field], "{field}");
    }
}
