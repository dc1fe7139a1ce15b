//! Mode `envoy-gateway`: what Envoy Gateway makes of the resources, rebuilt here as far as it matters, is told to
//! the real Envoy over xDS and serves calls. What it makes of such resources: internal/xds/translator and its
//! testdata/out/xds-ir of github.com/envoyproxy/gateway v1.9.0 (wasm, credential-injection-backend-filter,
//! http-route-rewrite-url-host).

use crate::code::Code;
use crate::envoy::{CREDENTIAL, has_all_of_it};
use crate::render::{document, documents};
use crate::traffic::{self, Form, Rotation};
use crate::xds::{Made, ads};
use crate::{everything, simple};
use serde_json::{Value, json};

const FILTER: &str = "envoy.filters.http.wasm/envoyextensionpolicy/llm/paddock/wasm/0";
const CREDENTIALS: &str =
    "type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector";
const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// The gateway with its patches. `code` is where Envoy Gateway serves the file of the filter's image.
fn made(all: &[Value], code: &Code) -> Made {
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
    let name = document(all, "Gateway", "paddock")["spec"]["listeners"][0]["name"].as_str();
    let listener = format!("llm/paddock/{}", name.unwrap());
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
    if document(all, "Gateway", "paddock")
        .pointer("/spec/listeners/0/tls")
        .is_some()
    {
        traffic::encrypt(&mut config, "llm/tls");
    }
    let bootstrap = &document(all, "EnvoyProxy", "paddock")["spec"]["bootstrap"]["jsonPatches"];
    for patch in bootstrap.as_array().unwrap() {
        add(
            &mut config,
            patch["path"].as_str().unwrap(),
            &patch["value"],
        );
    }
    for patch in document(all, "EnvoyPatchPolicy", "paddock")["spec"]["jsonPatches"]
        .as_array()
        .unwrap()
    {
        let listener = &mut config["static_resources"]["listeners"][0];
        assert_eq!(patch["name"], listener["name"]);
        let operation = &patch["operation"];
        let target = match operation["jsonPath"].as_str() {
            None => listener,
            Some(path) => at(listener, path),
        };
        add(
            target,
            operation["path"].as_str().unwrap(),
            &operation["value"],
        );
    }
    Made {
        config,
        extensions: Vec::new(),
        cluster: "xds_cluster",
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

fn named<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
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

fn routes(all: &[Value]) -> Vec<Value> {
    let mut routes = Vec::new();
    for (name, index, rule) in rules(all) {
        for matched in rule["matches"].as_array().unwrap() {
            let mut made = json!({"match": matching(matched)});
            if rule.get("backendRefs").is_some() {
                made["route"] = action(all, name, index, rule);
                made["request_headers_to_remove"] = filter(rule, "RequestHeaderModifier")
                    .map_or(json!([]), |filter| {
                        filter["requestHeaderModifier"]["remove"].clone()
                    });
            } else {
                made["direct_response"] = json!({"status": 404});
            }
            if name == "paddock-models" {
                made["typed_per_filter_config"] = json!({FILTER: {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}}});
            }
            routes.push(made);
        }
    }
    // Exact paths first, then longer ones, then those that ask for a header (internal/gatewayapi/sort.go).
    routes.sort_by_key(|route| {
        let path = |kind: &str| route["match"][kind].as_str().map(str::len);
        let prefix = path("path_separated_prefix").or(path("prefix"));
        let exact = path("path");
        let asks = route["match"].get("headers").is_some();
        std::cmp::Reverse((exact.is_some(), exact.or(prefix), asks))
    });
    routes
}

/// Each rule of both HTTPRoutes, with the route's name and the rule's place in it.
fn rules(all: &[Value]) -> Vec<(&'static str, usize, &Value)> {
    let mut found = Vec::new();
    for name in ["paddock", "paddock-models"] {
        let rules = document(all, "HTTPRoute", name)["spec"]["rules"].as_array();
        let rules = rules.unwrap().iter().enumerate();
        found.extend(rules.map(|(index, rule)| (name, index, rule)));
    }
    found
}

fn filter<'a>(rule: &'a Value, kind: &str) -> Option<&'a Value> {
    let filters = rule["filters"].as_array().into_iter().flatten();
    filters.into_iter().find(|filter| filter["type"] == kind)
}

/// A rule with filters at its backend has a cluster for each backend (`NeedsClusterPerSetting` of
/// internal/ir/xds.go).
fn cluster(name: &str, index: usize, rule: &Value) -> String {
    let own = if rule.pointer("/backendRefs/0/filters").is_some() {
        "/backend/0"
    } else {
        ""
    };
    format!("httproute/llm/{name}/rule/{index}{own}")
}

/// `buildXdsURLRewriteAction` and the retries of internal/xds/translator.
fn action(all: &[Value], name: &str, index: usize, rule: &Value) -> Value {
    let mut made = json!({
        "timeout": rule["timeouts"]["request"],
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
    });
    let cluster = cluster(name, index, rule);
    if rule.pointer("/backendRefs/0/filters").is_some() {
        made["weighted_clusters"] = json!({"clusters": [{"name": cluster, "weight": 1}]});
    } else {
        made["cluster"] = json!(cluster);
    }
    if let Some(rewrite) = filter(rule, "URLRewrite") {
        made["host_rewrite_literal"] = rewrite["urlRewrite"]["hostname"].clone();
        let named = filter(rule, "ExtensionRef").map(|filter| {
            let name = filter["extensionRef"]["name"].as_str().unwrap();
            document(all, "HTTPRouteFilter", name)["spec"]["urlRewrite"]["appendXForwardedHost"]
                .clone()
        });
        made["append_x_forwarded_host"] = named.unwrap_or(json!(true));
    }
    if name == "paddock-models" {
        let retry = &document(all, "BackendTrafficPolicy", "paddock-models")["spec"]["retry"];
        let triggers = retry["retryOn"]["triggers"].as_array().unwrap();
        let triggers: Vec<&str> = triggers.iter().map(|one| one.as_str().unwrap()).collect();
        made["retry_policy"] = json!({
            "retry_on": triggers.join(","),
            "retriable_status_codes": retry["retryOn"]["httpStatusCodes"],
            "num_retries": retry["numRetries"],
        });
    }
    made
}

fn matching(matched: &Value) -> Value {
    if let Some(header) = matched.pointer("/headers/0") {
        return json!({"prefix": "/", "headers": [{"name": header["name"], "string_match": {"exact": header["value"]}}]});
    }
    let path = &matched["path"];
    match path["type"].as_str().unwrap() {
        "Exact" => json!({"path": path["value"]}),
        _ if path["value"] == "/" => json!({"prefix": "/"}),
        _ => json!({"path_separated_prefix": path["value"]}),
    }
}

fn clusters(all: &[Value], code: &Code) -> Vec<Value> {
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
fn secret(filter: &Value) -> String {
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
fn secrets(all: &[Value]) -> Vec<Value> {
    let filters = all
        .iter()
        .filter(|document| document.pointer("/spec/credentialInjection").is_some());
    let secrets: Vec<Value> = filters
        .map(|filter| json!({"name": secret(filter), "generic_secret": {"secret": {"inline_string": CREDENTIAL}}}))
        .collect();
    assert_eq!(secrets.len(), 3);
    secrets
}

#[test]
fn envoy_takes_what_envoy_gateway_makes_of_it() {
    for values in [simple("envoy-gateway"), everything("envoy-gateway")] {
        let all = documents(values);
        let mut made = made(&all, &Code::serve());
        let filter = named(&mut made.config, FILTER).unwrap();
        let plugin = &filter["typed_config"]["config"];
        assert_eq!(plugin["allow_on_headers_stop_iteration"], true);
        assert_eq!(plugin["failure_policy"], "FAIL_RELOAD");
        has_all_of_it(&made.config);
        traffic::loads(made, &json!({}));
    }
}

#[test]
fn a_call_is_served_and_booked() {
    let all = documents(simple("envoy-gateway"));
    let made = made(&all, &Code::serve());
    let secret = secret(document(&all, "HTTPRouteFilter", "paddock-openai"));
    traffic::through(Form::Told(made), &json!({}), async |site| {
        traffic::serves(site).await;
        traffic::takes_a_new_credential(site, Rotation::Secret(&secret)).await;
        traffic::answers_in_form(site).await;
    });
}

#[test]
fn an_overload_is_told_in_form() {
    let all = documents(simple("envoy-gateway"));
    traffic::tells_of_overload(made(&all, &Code::serve()), &json!({}));
}

/// The cluster that the filter asks is the one that Envoy Gateway makes of the management API's first rule.
#[test]
fn the_filter_finds_the_service() {
    let all = documents(simple("envoy-gateway"));
    let wasm = &document(&all, "EnvoyExtensionPolicy", "paddock")["spec"]["wasm"][0];
    let cluster = &wasm["config"]["accounting"]["cluster"];
    assert!(
        clusters(&all, &Code::serve())
            .iter()
            .any(|made| &made["name"] == cluster),
        "{cluster}"
    );
    let proxy = document(&all, "EnvoyProxy", "paddock");
    let token = proxy
        .pointer("/spec/provider/kubernetes/envoyDeployment/container/env/0")
        .unwrap();
    assert_eq!(&wasm["env"]["hostKeys"][0], &token["name"]);
}
