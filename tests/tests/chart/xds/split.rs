//! A gateway's whole configuration, cut into the bootstrap that it starts with and the resources that it is told.

use super::delta::Resources;
use crate::envoy::HTTP;
use serde_json::{Map, Value, json};

const TYPES: &str = "type.googleapis.com/envoy";

/// A gateway as its control plane makes it.
#[derive(Debug)]
pub struct Made {
    /// All of it, as if it were one file. Clusters of type `EDS` have their endpoints in it.
    pub config: Value,
    /// The filters that come by ECDS, as `config_discovery` asks for them.
    pub extensions: Vec<Value>,
    /// Secrets of the bootstrap, which never change. All others are in `config` and come by SDS.
    pub secrets: Vec<Value>,
    /// What the bootstrap calls the control plane.
    pub cluster: &'static str,
}

pub fn listener() -> String {
    format!("{TYPES}.config.listener.v3.Listener")
}

pub fn secret() -> String {
    format!("{TYPES}.extensions.transport_sockets.tls.v3.Secret")
}

pub fn extension() -> String {
    format!("{TYPES}.config.core.v3.TypedExtensionConfig")
}

/// The bootstrap of a gateway whose control plane listens at `port`, and what that tells it.
pub fn split(made: Made, port: u16) -> (Value, Resources) {
    let Made {
        mut config,
        extensions,
        secrets,
        cluster,
    } = made;
    let mut resources = Resources::new();
    let mut add = |kind: String, name: &str, value: Value| {
        let mut value = integers(value);
        value["@type"] = json!(kind);
        let before = resources
            .entry(kind)
            .or_default()
            .insert(name.to_owned(), value);
        assert!(before.is_none(), "{name} is there twice");
    };
    let http = config.pointer_mut(HTTP).unwrap().as_object_mut().unwrap();
    let routes = http.remove("route_config").unwrap();
    let name = routes["name"].as_str().unwrap().to_owned();
    http.insert(
        "rds".into(),
        json!({"route_config_name": name, "config_source": ads()}),
    );
    add(
        format!("{TYPES}.config.route.v3.RouteConfiguration"),
        &name,
        routes,
    );
    let named = |value: &Value| value["name"].as_str().unwrap().to_owned();
    for extension in extensions {
        add(self::extension(), &named(&extension), extension);
    }
    let mut bootstrap = config.as_object().unwrap().clone();
    let own = bootstrap.remove("static_resources").unwrap();
    for part in list(&own, "secrets") {
        add(secret(), &named(&part), part);
    }
    for mut part in list(&own, "clusters") {
        if part["type"] == "EDS" {
            let fields = part.as_object_mut().unwrap();
            let endpoints = fields.remove("load_assignment").unwrap();
            let name = endpoints["cluster_name"].as_str().unwrap();
            fields.insert(
                "eds_cluster_config".into(),
                json!({"eds_config": ads(), "service_name": name}),
            );
            let kind = format!("{TYPES}.config.endpoint.v3.ClusterLoadAssignment");
            add(kind, name, endpoints.clone());
        }
        add(
            format!("{TYPES}.config.cluster.v3.Cluster"),
            &named(&part),
            part,
        );
    }
    for part in list(&own, "listeners") {
        add(listener(), &named(&part), part);
    }
    start(&mut bootstrap, cluster, port);
    bootstrap["static_resources"]["secrets"] = secrets.into();
    (Value::Object(bootstrap), resources)
}

/// What a bootstrap says of its control plane. Those of istiod and Envoy Gateway say the same:
/// tools/packaging/common/envoy_bootstrap.json and internal/xds/bootstrap/bootstrap.yaml.tpl of their repositories.
fn start(bootstrap: &mut Map<String, Value>, cluster: &str, port: u16) {
    bootstrap.insert(
        "dynamic_resources".into(),
        json!({
            "lds_config": ads(),
            "cds_config": ads(),
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "set_node_on_first_message_only": true,
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": cluster}}],
            },
        }),
    );
    bootstrap.insert("static_resources".into(), json!({"clusters": [{
        "name": cluster,
        "type": "STATIC",
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }},
        "load_assignment": {"cluster_name": cluster, "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}},
        ]}]},
    }]}));
}

/// From the control plane, and waited for without an end.
pub fn ads() -> Value {
    json!({"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"})
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value[name].as_array().cloned().unwrap_or_default()
}

/// Helm writes whole numbers as 1.0 or 1e+06 where it has read them from YAML.
fn integers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => json!(float as i64),
            _ => Value::Number(number),
        },
        Value::Array(values) => values.into_iter().map(integers).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields
                .map(|(name, value)| (name, integers(value)))
                .collect()
        }
        other => other,
    }
}
