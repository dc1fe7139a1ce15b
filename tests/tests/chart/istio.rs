//! Mode `istio`: what istiod makes of the EnvoyFilter, done here to a gateway like istiod's, is told to the real
//! Envoy over xDS and serves calls. How istiod patches: pilot/pkg/networking/core/envoyfilter of
//! github.com/istio/istio; what a gateway is before: buildHTTPConnectionManager in listener_builder.go beside it.

use crate::envoy::{HTTP, has_all_of_it, original};
use crate::render::{document, documents};
use crate::traffic::{self, Form, Rotation};
use crate::xds::Made;
use crate::{everything, simple};
use serde_json::{Value, json};

const ROUTER: &str = "envoy.filters.http.router";

/// What of a gateway's listener matters here: one that has no routes of its own. What Istio's build of Envoy alone has
/// (istio.alpn, istio.stats, its exchange of metadata) is left out.
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
                        "http_filters": [
                            {"name": "envoy.filters.http.grpc_stats", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", "emit_filter_state": true}},
                            {"name": "envoy.filters.http.fault", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"}},
                            {"name": "envoy.filters.http.cors", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors"}},
                            {"name": ROUTER, "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}},
                        ],
                        "upgrade_configs": [{"upgrade_type": "websocket"}],
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

/// A gateway with the patches of an EnvoyFilter. The filter comes by ECDS; Istio's agent, through which all xDS goes,
/// fetches its image and tells Envoy the file (pkg/wasm/convert.go).
pub fn made(all: &[Value]) -> Made {
    let filter = document(all, "EnvoyFilter", "paddock-gateway");
    let mut config = gateway();
    encrypted(&mut config, document(all, "Gateway", "paddock-gateway"));
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
            ("HTTP_FILTER", "MERGE") => {
                let filters = config.pointer_mut(HTTP).unwrap()["http_filters"].as_array_mut();
                let mut named = filters.unwrap().iter_mut();
                let filter = named.find(|filter| filter["name"] == value["name"]);
                merge(filter.unwrap(), value);
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
    extensions.iter_mut().for_each(fetched);
    Made {
        config,
        extensions,
        cluster: "xds-grpc",
    }
}

/// What the agent makes of a filter.
pub fn fetched(extension: &mut Value) {
    let code = &mut extension["typed_config"]["config"]["vm_config"]["code"];
    let image = code["remote"]["http_uri"]["uri"].as_str().unwrap();
    assert!(image.starts_with("oci://"));
    *code = json!({"local": {"filename": "/etc/paddock/filter/plugin.wasm"}});
}

/// A server with a `credentialName` gets it by SDS (pilot/pkg/security/model/authentication.go).
fn encrypted(config: &mut Value, gateway: &Value) {
    let Some(name) = gateway.pointer("/spec/servers/0/tls/credentialName") else {
        return;
    };
    let name = format!("kubernetes://{}", name.as_str().unwrap());
    traffic::encrypt(config, &name);
}

fn push(list: &mut Value, value: &Value) {
    list.as_array_mut().unwrap().push(value.clone());
}

#[test]
fn envoy_takes_what_istiod_makes_of_it() {
    for values in [simple("istio"), everything("istio")] {
        let all = documents(values);
        let made = made(&all);
        let names: Vec<&Value> = made.config.pointer(HTTP).unwrap()["http_filters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|filter| &filter["name"])
            .collect();
        let original = original();
        let wanted: Vec<&Value> = original.pointer(HTTP).unwrap()["http_filters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|filter| &filter["name"])
            .collect();
        assert!(names.ends_with(&wanted), "{names:?}");
        has_all_of_it(&made.config);
        traffic::loads(made, files(&all));
    }
}

fn files(all: &[Value]) -> &Value {
    &document(all, "ConfigMap", "paddock-gateway")["data"]
}

#[test]
fn a_call_is_served_and_booked() {
    let all = documents(simple("istio"));
    traffic::through(Form::Told(made(&all)), files(&all), async |site| {
        traffic::serves(site).await;
        traffic::takes_a_new_filter(site, "paddock").await;
        traffic::takes_a_new_credential(site, Rotation::File).await;
        traffic::answers_in_form(site).await;
    });
}

#[test]
fn an_overload_is_told_in_form() {
    let all = documents(simple("istio"));
    traffic::tells_of_overload(made(&all), files(&all));
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
