//! Mode `istio`: what istiod makes of the EnvoyFilter, done here to a gateway like istiod's, is loaded by the
//! real Envoy. How istiod patches: pilot/pkg/networking/core/envoyfilter of github.com/istio/istio.

use crate::envoy::{HTTP, has_all_of_it, loads, original};
use crate::render::{document, documents};
use crate::{everything, simple};
use serde_json::{Value, json};

const ROUTER: &str = "envoy.filters.http.router";
const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// What of a gateway's listener matters here: one that has no routes of its own.
fn gateway() -> Value {
    json!({
        "node": {"id": "router~10.0.0.1~paddock.llm~llm.svc.cluster.local", "cluster": "paddock.llm"},
        "stats_config": {"use_all_default_tags": false, "stats_tags": [{"tag_name": "cache", "regex": "(cache\\.(.+?)\\.)"}]},
        "static_resources": {
            "clusters": [],
            "listeners": [{
                "name": "0.0.0.0_10000",
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10000}},
                "filter_chains": [{"filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                        "stat_prefix": "outbound_0.0.0.0_10000",
                        "route_config": {"name": "http.10000", "validate_clusters": false, "virtual_hosts": [{"name": "blackhole:10000", "domains": ["*"]}]},
                        "http_filters": [{"name": ROUTER, "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
                        "server_name": "istio-envoy",
                        "use_remote_address": true,
                        "forward_client_cert_details": "SANITIZE_SET",
                        "normalize_path": true,
                        "stream_idle_timeout": "0s",
                    },
                }]}],
            }],
        },
    })
}

/// Protobuf's merge: lists grow, messages merge, everything else is replaced.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) => into.extend(from.iter().cloned()),
        (into, from) => *into = from.clone(),
    }
}

/// A gateway with the patches of an EnvoyFilter. The filter comes by ECDS; Istio's agent fetches it, and
/// tells Envoy the file.
fn patched(filter: &Value) -> Value {
    let mut config = gateway();
    let patches = filter["spec"]["configPatches"].as_array().unwrap();
    let mut extensions = Vec::new();
    for patch in patches {
        let value = &patch["patch"]["value"];
        match (
            patch["applyTo"].as_str().unwrap(),
            patch["patch"]["operation"].as_str().unwrap(),
        ) {
            ("BOOTSTRAP", "MERGE") => merge(&mut config, value),
            ("LISTENER", "MERGE") => merge(&mut config["static_resources"]["listeners"][0], value),
            ("NETWORK_FILTER", "MERGE") => {
                merge(config.pointer_mut(HTTP).unwrap(), &value["typed_config"])
            }
            ("HTTP_FILTER", "INSERT_BEFORE") => {
                let filters = config.pointer_mut(HTTP).unwrap()["http_filters"]
                    .as_array_mut()
                    .unwrap();
                let router = filters
                    .iter()
                    .position(|filter| filter["name"] == ROUTER)
                    .unwrap();
                filters.insert(router, value.clone());
            }
            ("EXTENSION_CONFIG", "ADD") => extensions.push(value.clone()),
            ("VIRTUAL_HOST", "ADD") => push(
                &mut config.pointer_mut(HTTP).unwrap()["route_config"]["virtual_hosts"],
                value,
            ),
            ("CLUSTER", "ADD") => push(&mut config["static_resources"]["clusters"], value),
            other => panic!("{other:?}"),
        }
    }
    let clusters = config["static_resources"]["clusters"]
        .as_array_mut()
        .unwrap();
    let protocols = clusters
        .iter_mut()
        .map(|cluster| &mut cluster["typed_extension_protocol_options"][PROTOCOL]["http_filters"]);
    for filters in protocols {
        discover(filters, &extensions);
    }
    discover(
        &mut config.pointer_mut(HTTP).unwrap()["http_filters"],
        &extensions,
    );
    config
}

/// Puts what came by ECDS where it was asked for.
fn discover(filters: &mut Value, extensions: &[Value]) {
    for filter in filters.as_array_mut().into_iter().flatten() {
        if filter.get("config_discovery").is_none() {
            continue;
        }
        let mut found = extensions
            .iter()
            .filter(|extension| extension["name"] == filter["name"]);
        let mut extension = found.next().unwrap().clone();
        let code = &mut extension["typed_config"]["config"]["vm_config"]["code"];
        let image = code["remote"]["http_uri"]["uri"].as_str().unwrap();
        assert!(image.starts_with("oci://"));
        *code = json!({"local": {"filename": "/etc/paddock/filter/plugin.wasm"}});
        *filter = extension;
    }
}

fn push(list: &mut Value, value: &Value) {
    list.as_array_mut().unwrap().push(value.clone());
}

#[test]
fn envoy_loads_what_istiod_makes_of_it() {
    for values in [simple("istio"), everything("istio")] {
        let all = documents(values);
        let config = patched(document(&all, "EnvoyFilter", "paddock-gateway"));
        let names: Vec<&Value> = config.pointer(HTTP).unwrap()["http_filters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|filter| &filter["name"])
            .collect();
        assert_eq!(
            (names[0], names[names.len() - 1]),
            (&json!("paddock"), &json!(ROUTER))
        );
        let wanted = original().pointer(HTTP).unwrap()["http_filters"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(names.len(), wanted);
        has_all_of_it(&config);
        loads(
            &config,
            &document(&all, "ConfigMap", "paddock-gateway")["data"],
        );
    }
}

/// The gateway's pods are those that the EnvoyFilter and the Gateway select.
#[test]
fn everything_is_for_the_same_pods() {
    let all = documents(simple("istio"));
    let labels =
        &document(&all, "Deployment", "paddock-gateway")["spec"]["template"]["metadata"]["labels"];
    let filter =
        &document(&all, "EnvoyFilter", "paddock-gateway")["spec"]["workloadSelector"]["labels"];
    let gateway = &document(&all, "Gateway", "paddock-gateway")["spec"]["selector"];
    assert_eq!(filter, gateway);
    for (name, value) in filter.as_object().unwrap() {
        assert_eq!(&labels[name], value);
    }
}
