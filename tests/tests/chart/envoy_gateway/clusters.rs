//! What Envoy Gateway makes of backends and of their credentials: cluster.go and credentialInjector.go of
//! internal/xds/translator.

use super::routes::rules;
use crate::code::Code;
use crate::envoy::CREDENTIAL;
use crate::render::document;
use crate::xds::ads;
use serde_json::{Value, json};

const CREDENTIALS: &str =
    "type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector";
const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// A rule with filters at its backend has a cluster for each backend (`NeedsClusterPerSetting` of
/// internal/ir/xds.go).
pub fn cluster(name: &str, index: usize, rule: &Value) -> String {
    let own = if rule.pointer("/backendRefs/0/filters").is_some() {
        "/backend/0"
    } else {
        ""
    };
    format!("httproute/llm/{name}/rule/{index}{own}")
}

pub fn clusters(all: &[Value], code: &Code) -> Vec<Value> {
    // Envoy Gateway serves by HTTP/2 and TLS.
    let mut clusters = vec![
        json!({"name": "wasm_cluster", "type": "STRICT_DNS", "load_assignment": {"cluster_name": "wasm_cluster", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": code.port}}}},
        ]}]}}),
    ];
    for (name, index, rule) in rules(all) {
        let Some(backend) = rule.pointer("/backendRefs/0") else {
            continue;
        };
        let cluster = cluster(name, index, rule);
        let mut made = json!({"name": cluster, "type": "STRICT_DNS", "per_connection_buffer_limit_bytes": 32768});
        let (host, port) = if backend["kind"] == "Backend" {
            let backend = document(all, "Backend", backend["name"].as_str().unwrap());
            let fqdn = &backend["spec"]["endpoints"][0]["fqdn"];
            made["transport_socket"] = json!({"name": "envoy.transport_sockets.tls", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "sni": backend["spec"]["tls"]["sni"],
                "common_tls_context": {"validation_context": {"trusted_ca": {"filename": "/etc/ssl/certs/ca-certificates.crt"}}},
            }});
            (&fqdn["hostname"], &fqdn["port"])
        } else {
            // The endpoints of a Service come by EDS.
            made["type"] = json!("EDS");
            (&backend["name"], &backend["port"])
        };
        made["load_assignment"] = json!({"cluster_name": cluster, "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}},
        ]}]});
        if let Some(reference) = backend.pointer("/filters/0/extensionRef/name") {
            let filter = document(all, "HTTPRouteFilter", reference.as_str().unwrap());
            made["typed_extension_protocol_options"] = json!({PROTOCOL: injector(filter)});
        }
        clusters.push(made);
    }
    clusters
}

/// The Secret of an HTTPRouteFilter, as Envoy Gateway names it for SDS.
pub fn secret(filter: &Value) -> String {
    let name = filter["metadata"]["name"].as_str().unwrap();
    format!("credential_injector/credential/httproutefilter/llm/{name}")
}

fn injector(filter: &Value) -> Value {
    let injection = &filter["spec"]["credentialInjection"];
    let name = filter["metadata"]["name"].as_str().unwrap();
    json!({
        "@type": format!("type.googleapis.com/{PROTOCOL}"),
        "explicit_http_config": {"http_protocol_options": {}},
        "http_filters": [
            {"name": format!("envoy.filters.http.credential_injector/httproutefilter/llm/{name}"), "typed_config": {
                "@type": CREDENTIALS,
                "overwrite": injection["overwrite"],
                "credential": {"name": "envoy.http.injected_credentials.generic", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic",
                    "header": injection["header"],
                    "credential": {"name": secret(filter), "sds_config": ads()},
                }},
            }},
            {"name": "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"}},
        ],
    })
}

/// What the Secrets of the HTTPRouteFilters hold.
pub fn secrets(all: &[Value]) -> Vec<Value> {
    let filters = all
        .iter()
        .filter(|document| document.pointer("/spec/credentialInjection").is_some());
    let secrets: Vec<Value> = filters
        .map(|filter| json!({"name": secret(filter), "generic_secret": {"secret": {"inline_string": CREDENTIAL}}}))
        .collect();
    secrets
}
