//! The management API is on the gateway as `envoy/envoy.yaml` has it, in each mode.

use crate::envoy::{HTTP, original};
use crate::render::{document, documents};
use crate::simple;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A route to the service: how its path is matched, the path, and its time limit.
pub type Route = (bool, String, String);

const LEFT_OUT: [&str; 3] = ["/metrics", "/healthz", "/readyz"];

fn of_envoy(routes: &Value) -> BTreeSet<Route> {
    let to_service = |route: &&Value| route["route"]["cluster"].is_string();
    let routes = routes.as_array().unwrap().iter().filter(to_service);
    routes
        .map(|route| {
            let exact = route["match"].get("path");
            let path = exact.unwrap_or(&route["match"]["path_separated_prefix"]);
            let timeout = &route["route"]["timeout"];
            (exact.is_some(), text(path), text(timeout))
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The routes of `envoy/envoy.yaml` that a gateway has, if its operator says nothing else.
pub fn wanted() -> BTreeSet<Route> {
    let routes =
        of_envoy(&original().pointer(HTTP).unwrap()["route_config"]["virtual_hosts"][0]["routes"]);
    assert!(routes.len() > 15);
    let wanted = routes
        .into_iter()
        .filter(|(_, path, _)| !LEFT_OUT.contains(&path.as_str()));
    wanted.collect()
}

/// Of an HTTPRoute.
pub fn of_gateway(route: &Value) -> BTreeSet<Route> {
    let mut found = BTreeSet::new();
    for rule in route["spec"]["rules"].as_array().unwrap() {
        for matched in rule["matches"].as_array().unwrap() {
            let path = &matched["path"];
            let exact = path["type"] == "Exact";
            assert!(exact || path["type"] == "PathPrefix");
            found.insert((
                exact,
                text(&path["value"]),
                text(&rule["timeouts"]["request"]),
            ));
        }
    }
    found
}

#[test]
fn istio_has_all_of_them() {
    let all = documents(simple("istio"));
    let patches = &document(&all, "EnvoyFilter", "paddock-gateway")["spec"]["configPatches"];
    let mut patches = patches.as_array().unwrap().iter();
    let host = patches
        .find(|patch| patch["applyTo"] == "VIRTUAL_HOST")
        .unwrap();
    let host = &host["patch"]["value"];
    assert_eq!(of_envoy(&host["routes"]), wanted());
    assert_eq!(host["domains"], json!(["llm.example", "llm.example:*"]));
}

#[test]
fn envoy_gateway_has_all_of_them() {
    let all = documents(simple("envoy-gateway"));
    let route = document(&all, "HTTPRoute", "paddock");
    assert_eq!(route["spec"]["hostnames"], json!(["llm.example"]));
    assert_eq!(of_gateway(route), wanted());
    // The filter's own calls take the cluster of the first rule, which must have a time limit.
    assert_eq!(route["spec"]["rules"][0]["timeouts"]["request"], "30s");
}

#[test]
fn a_path_can_be_left_out_and_taken_in() {
    let mut values = simple("envoy-gateway");
    values["gateway"] = json!({"withoutPaths": ["/v1/prices"]});
    let text = document(&documents(values), "HTTPRoute", "paddock").to_string();
    assert!(!text.contains("/v1/prices") && text.contains("/metrics"));
}
