//! What Envoy Gateway makes of HTTPRoutes: route.go of internal/xds/translator.

use super::clusters::cluster;
use super::translation::{FILTER, of_kind, policy};
use crate::render::document;
use serde_json::{Value, json};

pub fn routes(all: &[Value]) -> Vec<Value> {
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
            if policy(all, "EnvoyExtensionPolicy", name, "wasm").is_some() {
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

/// Each rule of all HTTPRoutes, with the route's name and the rule's place in it.
pub fn rules(all: &[Value]) -> Vec<(&str, usize, &Value)> {
    let mut found = Vec::new();
    for route in of_kind(all, "HTTPRoute") {
        let name = route["metadata"]["name"].as_str().unwrap();
        let rules = route["spec"]["rules"].as_array();
        let rules = rules.unwrap().iter().enumerate();
        found.extend(rules.map(|(index, rule)| (name, index, rule)));
    }
    found
}

fn filter<'a>(rule: &'a Value, kind: &str) -> Option<&'a Value> {
    let filters = rule["filters"].as_array().into_iter().flatten();
    filters.into_iter().find(|filter| filter["type"] == kind)
}

/// `buildXdsURLRewriteAction` and the retries of internal/xds/translator.
fn action(all: &[Value], name: &str, index: usize, rule: &Value) -> Value {
    let mut made = json!({
        "timeout": rule["timeouts"]["request"],
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
        "upgrade_configs": upgrades(all, name),
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
    if let Some(retry) = policy(all, "BackendTrafficPolicy", name, "retry") {
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

/// `buildUpgradeConfig`: WebSockets, unless a policy names others.
fn upgrades(all: &[Value], name: &str) -> Vec<Value> {
    let named = policy(all, "BackendTrafficPolicy", name, "httpUpgrade");
    let named = named.map_or_else(|| json!([{"type": "websocket"}]), Value::clone);
    let types = named.as_array().unwrap().iter();
    types
        .map(|one| json!({"upgrade_type": one["type"]}))
        .collect()
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
