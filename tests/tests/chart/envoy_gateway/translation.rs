//! A gateway as Envoy Gateway makes it: listener.go and wasm.go of internal/xds/translator.

use super::clusters::{clusters, secrets};
use super::patches::patch;
use super::routes::routes;
use crate::code::Code;
use crate::render::document;
use crate::traffic;
use crate::xds::Made;
use serde_json::{Value, json};

pub const FILTER: &str = "envoy.filters.http.wasm/envoyextensionpolicy/llm/paddock/wasm/0";
pub const LISTENER: &str = "/static_resources/listeners/0";

/// The documents of a kind.
pub fn of_kind<'a>(all: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    all.iter().filter(move |document| document["kind"] == kind)
}

/// What a policy of that kind says of a route, in that field.
pub fn policy<'a>(all: &'a [Value], kind: &'a str, route: &str, field: &str) -> Option<&'a Value> {
    let mut policies = of_kind(all, kind).filter_map(|policy| {
        let mut targets = policy["spec"]["targetRefs"].as_array()?.iter();
        targets.find(|target| target["kind"] == "HTTPRoute" && target["name"] == route)?;
        policy["spec"].get(field)
    });
    let found = policies.next();
    assert!(
        policies.next().is_none(),
        "{kind} is there twice for {route}"
    );
    found
}

/// Without `XDSNameSchemeV2`. The documents that are written by hand leave the Gateway to its operator.
fn listener_name(all: &[Value]) -> String {
    let route = of_kind(all, "HTTPRoute").next().unwrap();
    let gateway = route["spec"]["parentRefs"][0]["name"].as_str().unwrap();
    let listener = of_kind(all, "Gateway").next();
    let listener = listener.map_or("http", |one| {
        one["spec"]["listeners"][0]["name"].as_str().unwrap()
    });
    format!("llm/{gateway}/{listener}")
}

/// The gateway with its patches. `code` is where Envoy Gateway serves the file of the filter's image.
pub fn made(all: &[Value], code: &Code) -> Made {
    let wasm = &document(all, "EnvoyExtensionPolicy", "paddock")["spec"]["wasm"][0];
    let filter = json!({"name": FILTER, "disabled": true, "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": {
            "name": wasm["name"],
            "root_id": wasm["rootID"],
            "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": wasm["config"].to_string()},
            "vm_config": {
                "vm_id": "envoyextensionpolicy/llm/paddock/wasm/0",
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"remote": {
                    "http_uri": {"cluster": "wasm_cluster", "timeout": "10s", "uri": format!("https://envoy-gateway:18002/{}.wasm", code.sha256)},
                    "sha256": code.sha256,
                    "retry_policy": {"num_retries": 10, "retry_back_off": {"base_interval": "1s", "max_interval": "30s"}},
                }},
                "environment_variables": {"host_env_keys": wasm["env"]["hostKeys"]},
            },
        },
    }});
    let listener = listener_name(all);
    let mut config = json!({
        "stats_config": {"use_all_default_tags": true, "stats_tags": []},
        "static_resources": {
            "clusters": clusters(all, code),
            "secrets": secrets(all),
            "listeners": [{
                "name": listener,
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10080}},
                "per_connection_buffer_limit_bytes": 32768,
                "filter_chains": [{"filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                        "stat_prefix": "http-10080",
                        "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"},
                        "http2_protocol_options": {"initial_connection_window_size": 1048576, "initial_stream_window_size": 65536, "max_concurrent_streams": 100},
                        "merge_slashes": true,
                        "normalize_path": true,
                        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
                        "server_header_transformation": "PASS_THROUGH",
                        "use_remote_address": true,
                        "route_config": {"name": listener, "virtual_hosts": [{"name": "llm", "domains": ["*"], "routes": routes(all)}]},
                        "http_filters": [filter, {"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router", "suppress_envoy_headers": true}}],
                    },
                }]}],
            }],
        },
    });
    let limits = of_kind(all, "ClientTrafficPolicy")
        .map(|policy| &policy["spec"]["connection"]["bufferLimit"]);
    for limit in limits {
        assert_eq!(limit, "16Mi");
        config.pointer_mut(LISTENER).unwrap()["per_connection_buffer_limit_bytes"] =
            json!(16 << 20);
    }
    if of_kind(all, "Gateway").any(|gateway| gateway.pointer("/spec/listeners/0/tls").is_some()) {
        traffic::encrypt(&mut config, "llm/tls");
    }
    patch(&mut config, all);
    Made {
        config,
        extensions: Vec::new(),
        secrets: Vec::new(),
        cluster: "xds_cluster",
    }
}
