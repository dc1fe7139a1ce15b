//! The documents for Istio and Envoy Gateway: well-formed, and the filter takes what is in them. They
//! are not run: that takes a cluster.

use paddock_core::config::{Config, HoldAt};
use paddock_local::{envoy, root, wasm};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const LEAVE: &str = "allow_on_headers_stop_iteration";

/// The documents of a file, each with what every document must have.
pub fn documents(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    for document in &documents {
        for field in [
            "/apiVersion",
            "/kind",
            "/metadata/name",
            "/metadata/namespace",
            "/spec",
        ] {
            assert!(
                document.pointer(field).is_some(),
                "{path}: no {field} in {document:#}"
            );
        }
    }
    documents
}

fn of_kind<'a>(documents: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    documents
        .iter()
        .filter(move |document| document["kind"] == kind)
}

/// What the filter is told, from wherever a document keeps it.
fn plugin_configs(documents: &[Value]) -> Vec<String> {
    let istio =
        of_kind(documents, "WasmPlugin").map(|plugin| plugin["spec"]["pluginConfig"].to_string());
    let gateway = of_kind(documents, "EnvoyExtensionPolicy")
        .flat_map(|policy| policy["spec"]["wasm"].as_array().unwrap())
        .map(|wasm| wasm["config"].to_string());
    let patched = filters(documents).into_iter().map(|filter| {
        let text = filter.pointer("/config/configuration/value").unwrap();
        text.as_str().unwrap().to_owned()
    });
    istio.chain(gateway).chain(patched).collect()
}

/// Whole filters, as an EnvoyFilter has them.
fn filters(documents: &[Value]) -> Vec<Value> {
    of_kind(documents, "EnvoyFilter")
        .flat_map(|filter| filter["spec"]["configPatches"].as_array().unwrap())
        .map(|patch| &patch["patch"]["value"]["typed_config"])
        .filter(|value| value["@type"] == WASM)
        .cloned()
        .collect()
}

/// Whether Envoy is told that headers may be held.
fn gives_leave(documents: &[Value]) -> bool {
    let patched = filters(documents)
        .iter()
        .any(|filter| filter["config"][LEAVE] == true);
    let patches = of_kind(documents, "EnvoyPatchPolicy")
        .flat_map(|policy| policy["spec"]["jsonPatches"].as_array().unwrap())
        .map(|patch| &patch["operation"]);
    let mut patches = patches.filter(|patch| patch["path"] == format!("/{LEAVE}"));
    patched || patches.any(|patch| patch["value"] == true)
}

#[test]
fn the_filter_takes_what_is_in_them() {
    for folder in ["envoy/istio", "envoy/envoy-gateway"] {
        for (name, at_body) in [("body.yaml", true), ("headers.yaml", false)] {
            let path = format!("{folder}/{name}");
            let documents = documents(&path);
            let configs = plugin_configs(&documents);
            assert_eq!(configs.len(), 1, "{path}");
            for text in configs {
                let config = Config::parse(text.as_bytes());
                let config = config.unwrap_or_else(|problems| panic!("{path}: {problems:?}"));
                assert_eq!(config.hold != HoldAt::Headers, at_body, "{path}");
            }
            assert_eq!(gives_leave(&documents), !at_body, "{path}");
        }
    }
}

/// The header that names the upstream leads somewhere, and never reaches it.
#[test]
fn the_routes_follow_the_filter() {
    for path in [
        "envoy/istio/headers.yaml",
        "envoy/envoy-gateway/headers.yaml",
    ] {
        let text = Value::from(documents(path)).to_string();
        for upstream in ["openai", "anthropic"] {
            let matched = [
                format!(r#""x-paddock-upstream":{{"exact":"{upstream}"}}"#),
                format!(r#"{{"name":"x-paddock-upstream","value":"{upstream}"}}"#),
            ];
            assert!(
                matched.iter().any(|part| text.contains(part)),
                "{path}: {upstream}"
            );
        }
        assert_eq!(
            text.matches(r#"["x-paddock-upstream","x-paddock-namespace""#)
                .count(),
            2
        );
    }
}

/// Envoy itself reads a filter that stands in a document whole.
#[test]
fn a_filter_in_a_document_is_one_that_envoy_loads() {
    let found = filters(&documents("envoy/istio/headers.yaml"));
    assert_eq!(found.len(), 1);
    let text = std::fs::read_to_string(root().join("envoy/envoy.yaml")).unwrap();
    let mut config: Value = serde_saphyr::from_str(&text).unwrap();
    let path =
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0";
    let slot = config.pointer_mut(path).unwrap();
    assert_eq!(slot["name"], "paddock");
    slot["typed_config"] = found[0].clone();
    let code = slot
        .pointer_mut("/typed_config/config/vm_config/code/local")
        .unwrap();
    *code = json!({"filename": wasm().unwrap()});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("envoy.json");
    std::fs::write(&file, config.to_string()).unwrap();
    validates(&file);
}

fn validates(file: &Path) {
    let output = Command::new(envoy().unwrap())
        .args(["--mode", "validate", "--log-level", "warning", "-c"])
        .arg(file)
        .env("PADDOCK_GATEWAY_TOKEN", "a-token-of-sixteen-characters")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
