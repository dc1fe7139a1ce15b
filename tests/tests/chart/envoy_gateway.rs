//! Mode `envoy-gateway`: what Envoy Gateway makes of the resources, rebuilt here as far as it matters, is
//! loaded by the real Envoy. What it makes of such resources: internal/xds/translator/testdata/out/xds-ir
//! of github.com/envoyproxy/gateway (wasm, credential-injection-backend-filter).

use crate::envoy::{has_all_of_it, loads};
use crate::render::{document, documents};
use crate::{everything, simple};
use serde_json::{Value, json};

const FILTER: &str = "envoy.filters.http.wasm/envoyextensionpolicy/llm/paddock/wasm/0";
const CREDENTIALS: &str =
    "type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector";
const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

fn translated(all: &[Value]) -> Value {
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
                "code": {"local": {"filename": "/etc/paddock/filter/plugin.wasm"}},
                "environment_variables": {"host_env_keys": wasm["env"]["hostKeys"]},
            },
        },
    }});
    let mut config = json!({
        "stats_config": {"use_all_default_tags": true, "stats_tags": []},
        "static_resources": {
            "clusters": clusters(all),
            "listeners": [{
                "name": "llm/paddock/http",
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10080}},
                "per_connection_buffer_limit_bytes": 32768,
                "filter_chains": [{"filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                        "stat_prefix": "http-10080",
                        "http2_protocol_options": {"initial_stream_window_size": 65536},
                        "use_remote_address": true,
                        "route_config": {"name": "llm/paddock/http", "virtual_hosts": [{"name": "llm", "domains": ["*"], "routes": routes(all)}]},
                        "http_filters": [filter, {"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
                    },
                }]}],
            }],
        },
    });
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
    config
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
    for name in ["paddock", "paddock-models"] {
        let route = document(all, "HTTPRoute", name);
        for (index, rule) in route["spec"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            for matched in rule["matches"].as_array().unwrap() {
                let mut made = json!({"match": matching(matched)});
                if rule.get("backendRefs").is_some() {
                    let cluster = format!("httproute/llm/{name}/rule/{index}");
                    made["route"] =
                        json!({"cluster": cluster, "timeout": rule["timeouts"]["request"]});
                } else {
                    made["direct_response"] = json!({"status": 404});
                }
                if name == "paddock-models" {
                    made["typed_per_filter_config"] = json!({FILTER: {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}}});
                }
                routes.push(made);
            }
        }
    }
    routes
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

fn clusters(all: &[Value]) -> Vec<Value> {
    let mut clusters = Vec::new();
    for name in ["paddock", "paddock-models"] {
        let route = document(all, "HTTPRoute", name);
        for (index, rule) in route["spec"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let Some(backend) = rule.pointer("/backendRefs/0") else {
                continue;
            };
            let cluster = format!("httproute/llm/{name}/rule/{index}");
            let mut made = json!({"name": cluster, "type": "STATIC"});
            if let Some(reference) = backend.pointer("/filters/0/extensionRef/name") {
                let filter = document(all, "HTTPRouteFilter", reference.as_str().unwrap());
                made["typed_extension_protocol_options"] =
                    json!({PROTOCOL: injector(&filter["spec"]["credentialInjection"])});
            }
            clusters.push(made);
        }
    }
    clusters
}

fn injector(injection: &Value) -> Value {
    let secret = &injection["credential"]["valueRef"]["name"];
    json!({
        "@type": format!("type.googleapis.com/{PROTOCOL}"),
        "explicit_http_config": {"http_protocol_options": {}},
        "http_filters": [
            {"name": "envoy.filters.http.credential_injector", "typed_config": {
                "@type": CREDENTIALS,
                "overwrite": injection["overwrite"],
                "credential": {"name": "envoy.http.injected_credentials.generic", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic",
                    "header": injection["header"],
                    "credential": {"name": secret},
                }},
            }},
            {"name": "envoy.filters.http.upstream_codec", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"}},
        ],
    })
}

/// Envoy Gateway sends the Secrets by ADS; here they are in the bootstrap.
fn secrets(all: &[Value]) -> Value {
    let named = all.iter().filter_map(|document| {
        document.pointer("/spec/credentialInjection/credential/valueRef/name")
    });
    let secrets: Vec<Value> = named
        .map(|name| json!({"name": name, "generic_secret": {"secret": {"inline_string": "Bearer x"}}}))
        .collect();
    assert_eq!(secrets.len(), 3);
    secrets.into()
}

#[test]
fn envoy_loads_what_envoy_gateway_makes_of_it() {
    for values in [simple("envoy-gateway"), everything("envoy-gateway")] {
        let all = documents(values);
        let mut config = translated(&all);
        let filter = named(&mut config, FILTER).unwrap();
        let plugin = &filter["typed_config"]["config"];
        assert_eq!(plugin["allow_on_headers_stop_iteration"], true);
        assert_eq!(plugin["failure_policy"], "FAIL_RELOAD");
        has_all_of_it(&config);
        config["static_resources"]["secrets"] = secrets(&all);
        loads(&config, &json!({}));
    }
}

/// The cluster that the filter asks is the one that Envoy Gateway makes of the management API's first rule.
#[test]
fn the_filter_finds_the_service() {
    let all = documents(simple("envoy-gateway"));
    let wasm = &document(&all, "EnvoyExtensionPolicy", "paddock")["spec"]["wasm"][0];
    let cluster = &wasm["config"]["accounting"]["cluster"];
    assert!(
        clusters(&all).iter().any(|made| &made["name"] == cluster),
        "{cluster}"
    );
    let proxy = document(&all, "EnvoyProxy", "paddock");
    let token = proxy
        .pointer("/spec/provider/kubernetes/envoyDeployment/container/env/0")
        .unwrap();
    assert_eq!(&wasm["env"]["hostKeys"][0], &token["name"]);
}
