//! Envoy's limits, where a test needs others than operators do.

use serde::Deserialize;
use serde_json::{Value, json};

const LISTENER: &str = "/static_resources/listeners/0";
const HTTP: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const ROUTES: &str = "/route_config/virtual_hosts/0/routes";

/// What is left out stays as it is in `envoy/envoy.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How long nothing may come in either direction, as in "3s".
    pub stream_idle_timeout: Option<String>,
    /// How long an answer of a provider may take, as in "8s".
    pub route_timeout: Option<String>,
    /// How much of a request a connection holds.
    pub buffer_bytes: Option<u64>,
}

impl Limits {
    /// Writes them into Envoy's configuration.
    pub fn set(&self, bootstrap: &mut Value) {
        if let Some(timeout) = &self.stream_idle_timeout {
            put(bootstrap, HTTP, "stream_idle_timeout", json!(timeout));
        }
        if let Some(bytes) = self.buffer_bytes {
            put(
                bootstrap,
                LISTENER,
                "per_connection_buffer_limit_bytes",
                json!(bytes),
            );
        }
        let routes = bootstrap.pointer_mut(&format!("{HTTP}{ROUTES}"));
        let routes = routes.and_then(Value::as_array_mut).into_iter().flatten();
        for action in routes.filter_map(|route| route.get_mut("route")) {
            if let Some(timeout) = &self.route_timeout
                && ["cluster_header", "inline_cluster_specifier_plugin"]
                    .iter()
                    .any(|field| action.get(field).is_some())
            {
                put(action, "", "timeout", json!(timeout));
            }
        }
    }
}

fn put(value: &mut Value, at: &str, name: &str, new: Value) {
    if let Some(fields) = value.pointer_mut(at).and_then(Value::as_object_mut) {
        fields.insert(name.to_owned(), new);
    }
}
