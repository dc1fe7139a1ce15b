//! What istiod makes of a WasmPlugin, a VirtualService, a ServiceEntry and a DestinationRule.
//! pilot/pkg/model/extensions.go, networking/core/extension and networking/core/route of github.com/istio/istio.

use super::gateway::gateway;
use super::patches::patched;
use crate::envoy::HTTP;
use crate::render::document;
use crate::xds::{Made, ads};
use serde_json::{Value, json};

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";

/// The gateway that documents written by hand make: one provider, and the accounting service as a Service of the
/// cluster.
pub fn by_hand(all: &[Value]) -> Made {
    let mut config = gateway();
    let plugin = document(all, "WasmPlugin", "paddock");
    assert_eq!(plugin["spec"]["phase"], "AUTHZ");
    let name = "extensions.istio.io/trafficextension/istio-ingress.paddock";
    let discovered = json!({"name": name, "config_discovery": {"config_source": ads(), "type_urls": [WASM, RBAC]}});
    let http = config.pointer_mut(HTTP).unwrap();
    // Before all of Istio's own that is left here.
    let filters = http["http_filters"].as_array_mut().unwrap();
    filters.insert(0, discovered);
    let hosts = http["route_config"]["virtual_hosts"].as_array_mut();
    hosts
        .unwrap()
        .push(virtual_host(document(all, "VirtualService", "paddock")));
    let service = plugin["spec"]["pluginConfig"]["accounting"]["cluster"].as_str();
    config["static_resources"]["clusters"] = json!([provider(all), endpoints(service.unwrap())]);
    patched(config, vec![extension(name, &plugin["spec"])], all)
}

/// `buildWasmConfig`.
fn extension(name: &str, spec: &Value) -> Value {
    let from_host = |one: &&Value| one["valueFrom"] == "HOST";
    let keys = spec["vmConfig"]["env"].as_array().unwrap().iter();
    let keys: Vec<&Value> = keys.filter(from_host).map(|one| &one["name"]).collect();
    json!({"name": name, "typed_config": {"@type": WASM, "config": {
        "name": "istio-ingress.paddock",
        "root_id": spec.get("pluginName").unwrap_or(&json!("")),
        "failure_policy": spec["failStrategy"],
        "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": spec["pluginConfig"].to_string()},
        "vm_config": {
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"remote": {"http_uri": {"uri": spec["url"], "cluster": "_", "timeout": "30s"}}},
            "environment_variables": {"host_env_keys": keys},
        },
    }}})
}

fn virtual_host(service: &Value) -> Value {
    let host = service["spec"]["hosts"][0].as_str().unwrap();
    let rules = service["spec"]["http"].as_array().unwrap();
    let routes: Vec<Value> = rules.iter().map(route).collect();
    json!({"name": format!("{host}:10000"), "domains": [host, format!("{host}:*")], "routes": routes})
}

fn route(rule: &Value) -> Value {
    let to = &rule["route"][0];
    let (host, port) = (
        &to["destination"]["host"],
        &to["destination"]["port"]["number"],
    );
    json!({
        "name": rule["name"],
        "match": {"prefix": rule["match"][0]["uri"]["prefix"], "case_sensitive": true},
        "request_headers_to_remove": to["headers"]["request"]["remove"],
        "route": {
            "cluster": format!("outbound|{port}||{}", host.as_str().unwrap()),
            "timeout": rule["timeout"],
            "host_rewrite_literal": rule["rewrite"]["authority"],
            "retry_policy": {
                "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
                "num_retries": 2,
                "host_selection_retry_max_attempts": "5",
                "retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"}}],
            },
        },
    })
}

/// The cluster of a host outside the mesh, which is spoken to in TLS.
fn provider(all: &[Value]) -> Value {
    let entry = &document(all, "ServiceEntry", "openai")["spec"];
    let tls = &document(all, "DestinationRule", "openai")["spec"]["trafficPolicy"]["tls"];
    assert_eq!(tls["mode"], "SIMPLE");
    let (host, port) = (&entry["hosts"][0], &entry["ports"][0]["number"]);
    let name = format!("outbound|{port}||{}", host.as_str().unwrap());
    json!({
        "name": name,
        "type": "STRICT_DNS",
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": tls["sni"],
        }},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}},
        ]}]},
    })
}

/// The cluster of a Service.
fn endpoints(name: &str) -> Value {
    let parts: Vec<&str> = name.split('|').collect();
    let port: u16 = parts[1].parse().unwrap();
    json!({"name": name, "type": "EDS", "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [
        {"endpoint": {"address": {"socket_address": {"address": parts[3], "port_value": port}}}},
    ]}]}})
}
