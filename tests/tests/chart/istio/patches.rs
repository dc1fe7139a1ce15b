//! What istiod makes of EnvoyFilters: it patches what it has made of all else.

use super::gateway::{ROUTER, gateway};
use crate::envoy::HTTP;
use crate::traffic;
use crate::xds::Made;
use serde_json::{Value, json};

/// A gateway without routes, with the EnvoyFilters among some documents, and with the Gateway's certificate.
pub fn made(all: &[Value]) -> Made {
    patched(gateway(), Vec::new(), all)
}

/// A configuration and filters that come by ECDS, with the EnvoyFilters among some documents.
pub fn patched(mut config: Value, mut extensions: Vec<Value>, all: &[Value]) -> Made {
    for document in all.iter().filter(|one| one["kind"] == "EnvoyFilter") {
        for patch in document["spec"]["configPatches"].as_array().unwrap() {
            apply(patch, &mut config, &mut extensions);
        }
    }
    // A patch of the bootstrap alone has put them there.
    let resources = config["static_resources"].as_object_mut().unwrap();
    let secrets = resources.remove("secrets").unwrap_or_else(|| json!([]));
    for gateway in all.iter().filter(|one| one["kind"] == "Gateway") {
        encrypted(&mut config, gateway);
    }
    extensions.iter_mut().for_each(fetched);
    Made {
        config,
        extensions,
        secrets: secrets.as_array().unwrap().clone(),
        cluster: "xds-grpc",
    }
}

fn apply(patch: &Value, config: &mut Value, extensions: &mut Vec<Value>) {
    let (matched, value) = (&patch["match"], &patch["patch"]["value"]);
    let operation = patch["patch"]["operation"].as_str().unwrap();
    let resources = "/static_resources";
    let routes = format!("{HTTP}/route_config/virtual_hosts");
    match (patch["applyTo"].as_str().unwrap(), operation) {
        ("BOOTSTRAP", "MERGE") => merge(config, value),
        ("LISTENER", "MERGE") => {
            let listeners = list(config, &format!("{resources}/listeners"));
            listeners.iter_mut().for_each(|one| merge(one, value));
        }
        ("NETWORK_FILTER", "MERGE") => {
            merge(config.pointer_mut(HTTP).unwrap(), &value["typed_config"]);
        }
        ("HTTP_FILTER", "INSERT_BEFORE") => {
            let filters = list(config, &format!("{HTTP}/http_filters"));
            let router = filters.iter().position(|filter| filter["name"] == ROUTER);
            filters.insert(router.unwrap(), value.clone());
        }
        ("HTTP_FILTER", "MERGE") => {
            let mut filters = list(config, &format!("{HTTP}/http_filters")).iter_mut();
            let filter = filters.find(|filter| filter["name"] == value["name"]);
            merge(filter.unwrap(), value);
        }
        ("EXTENSION_CONFIG", "ADD") => extensions.push(value.clone()),
        ("VIRTUAL_HOST", "ADD") => list(config, &routes).push(value.clone()),
        ("HTTP_ROUTE", "MERGE") => {
            let wanted = &matched["routeConfiguration"]["vhost"]["route"]["action"];
            assert_eq!(wanted, "ROUTE");
            for host in list(config, &routes) {
                let routes = host.get_mut("routes").and_then(Value::as_array_mut);
                for route in routes.into_iter().flatten() {
                    if route.get("route").is_some() {
                        merge(route, value);
                    }
                }
            }
        }
        ("CLUSTER", "ADD") => list(config, &format!("{resources}/clusters")).push(value.clone()),
        ("CLUSTER", "MERGE") => {
            let end = format!("||{}", matched["cluster"]["service"].as_str().unwrap());
            let mut clusters = list(config, &format!("{resources}/clusters")).iter_mut();
            let cluster = clusters.find(|one| one["name"].as_str().unwrap().ends_with(&end));
            merge(cluster.unwrap(), value);
        }
        other => panic!("{other:?}"),
    }
}

fn list<'a>(config: &'a mut Value, pointer: &str) -> &'a mut Vec<Value> {
    config.pointer_mut(pointer).unwrap().as_array_mut().unwrap()
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

/// What Istio's agent makes of a filter that comes by ECDS. All xDS goes through it; it fetches the image and tells
/// Envoy the file (pkg/wasm/convert.go).
fn fetched(extension: &mut Value) {
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
