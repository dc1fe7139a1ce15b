//! What of `envoy/envoy.yaml` older versions of Envoy cannot do. `docs/src/operate/envoy.md` says it to operators.

use anyhow::Context;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const HTTP: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const ATTEMPTS: &str = "paddock-attempts";

/// The minor version of an Envoy 1.x.
pub fn minor(envoy: &Path) -> anyhow::Result<u32> {
    let output = Command::new(envoy).arg("--version").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split('/').find_map(|part| part.strip_prefix("1."));
    let minor = version.and_then(|version| version.split('.').next());
    minor
        .and_then(|minor| minor.parse().ok())
        .with_context(|| format!("Envoy does not say its version: {text}"))
}

/// Leaves out what that version would refuse to load.
pub fn leave_out(config: &mut Value, minor: u32) {
    if let Some(http) = config.pointer_mut(HTTP) {
        if minor < 40 {
            // Failover between a model's deployments: the cluster specifier priority_group.
            for host in list(http.pointer_mut("/route_config/virtual_hosts")) {
                remove(host.get_mut("routes"), |route| {
                    route
                        .pointer("/route/inline_cluster_specifier_plugin")
                        .is_some()
                });
                for route in list(host.get_mut("routes")) {
                    let own = route
                        .get_mut("typed_per_filter_config")
                        .and_then(Value::as_object_mut);
                    own.map(|own| own.remove(ATTEMPTS));
                }
            }
            remove(http.get_mut("http_filters"), |filter| {
                is(filter, "envoy.filters.http.header_to_metadata")
            });
        }
        if minor < 38 {
            // A connection pool for each namespace: a filter state that is hashed.
            remove(http.get_mut("http_filters"), |filter| {
                is(filter, "envoy.filters.http.set_filter_state")
            });
        }
    }
    if minor < 40 {
        for cluster in list(config.pointer_mut("/static_resources/clusters")) {
            let options =
                cluster.pointer_mut(&format!("/typed_extension_protocol_options/{PROTOCOL}"));
            let filters = options.and_then(|options| options.get_mut("http_filters"));
            remove(filters, |filter| is(filter, ATTEMPTS));
        }
    }
}

fn is(filter: &Value, name: &str) -> bool {
    filter.get("name").is_some_and(|own| own == name)
}

fn list(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_array_mut).into_iter().flatten()
}

fn remove(value: Option<&mut Value>, is_left_out: impl Fn(&Value) -> bool) {
    if let Some(all) = value.and_then(Value::as_array_mut) {
        all.retain(|one| !is_left_out(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> Value {
        let text = std::fs::read_to_string(crate::root().join("envoy/envoy.yaml")).unwrap();
        serde_saphyr::from_str(&text).unwrap()
    }

    #[test]
    fn nothing_is_left_out_for_the_newest() {
        let mut config = original();
        leave_out(&mut config, 40);
        assert_eq!(config, original());
    }

    #[test]
    fn what_an_older_one_cannot_load_is_left_out_whole() {
        let has = |minor: u32| {
            let mut config = original();
            leave_out(&mut config, minor);
            let text = config.to_string();
            [
                "priority_group",
                ATTEMPTS,
                "header_to_metadata",
                "set_filter_state",
            ]
            .map(|part| text.contains(part))
        };
        assert_eq!(has(40), [true; 4]);
        assert_eq!(has(39), [false, false, false, true]);
        assert_eq!(has(37), [false; 4]);
    }
}
