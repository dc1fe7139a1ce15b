//! Editing `envoy/envoy.yaml` for one run: addresses, paths, and what the caller changes.

use crate::Upstream;
use anyhow::Context;
use serde_json::{Map, Value, json};
use std::path::Path;

const HTTP: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const CODE: &str = "/typed_config/config/vm_config/code/local/filename";
const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// Envoy's configuration, as JSON that Envoy reads as well.
#[derive(Debug)]
pub struct Bootstrap(Value);

impl Bootstrap {
    /// Reads the YAML; its anchors are resolved.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let value = serde_saphyr::from_str(&text)
            .with_context(|| format!("{} is not valid YAML", path.display()))?;
        Ok(Self(value))
    }

    /// Where clients connect.
    pub fn listen(&mut self, port: u16) -> anyhow::Result<()> {
        self.set(
            "/static_resources/listeners/0/address/socket_address/port_value",
            port.into(),
        )
    }

    /// Where the admin interface listens.
    pub fn admin(&mut self, port: u16) -> anyhow::Result<()> {
        self.set("/admin/address/socket_address/port_value", port.into())
    }

    /// The filter's file.
    pub fn code(&mut self, path: &Path) -> anyhow::Result<()> {
        let filter = self.filter()?;
        *at(filter, CODE)? = json!(path);
        for cluster in self.clusters()? {
            for filter in attempts_filters(cluster) {
                *at(filter, CODE)? = json!(path);
            }
        }
        Ok(())
    }

    /// Sends the access log to a file.
    pub fn access_log(&mut self, path: &Path) -> anyhow::Result<()> {
        let log = at(&mut self.0, &format!("{HTTP}/access_log/0"))?;
        let fields = object(log)?;
        fields.insert("name".into(), "envoy.access_loggers.file".into());
        let config = object(
            fields
                .get_mut("typed_config")
                .context("the access log has no typed_config")?,
        )?;
        let kind = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
        config.insert("@type".into(), kind.into());
        config.insert("path".into(), json!(path));
        Ok(())
    }

    /// Where the replicas of the accounting service are.
    pub fn service(&mut self, ports: &[u16]) -> anyhow::Result<()> {
        let endpoint = |port| json!({"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}});
        let replicas: Value = ports.iter().map(endpoint).collect();
        for cluster in self.clusters()?.filter(|cluster| is_service(cluster)) {
            *at(cluster, "/load_assignment/endpoints/0/lb_endpoints")? = replicas.clone();
        }
        Ok(())
    }

    /// Sends all provider clusters to one upstream; `key` is a file with the credential to show.
    pub fn provider(&mut self, upstream: &Upstream, key: Option<&Path>) -> anyhow::Result<()> {
        let endpoint = upstream.endpoint();
        // Only a provider with TLS needs the authorities.
        let socket = match upstream.transport_socket(Path::new("")) {
            Some(_) => upstream.transport_socket(&Upstream::authorities()?),
            None => None,
        };
        for cluster in self.clusters()?.filter(|cluster| !is_service(cluster)) {
            *at(
                cluster,
                "/load_assignment/endpoints/0/lb_endpoints/0/endpoint",
            )? = endpoint.clone();
            let fields = object(cluster)?;
            fields.insert("dns_lookup_family".into(), "V4_PREFERRED".into());
            let options = fields
                .get_mut("typed_extension_protocol_options")
                .and_then(|options| options.get_mut(PROTOCOL))
                .context("a provider's cluster has no protocol options")?;
            let options = object(options)?;
            if socket.is_some() {
                options.remove("explicit_http_config");
                options.insert("auto_config".into(), json!({}));
            }
            if key.is_some() {
                let filters = options.get_mut("http_filters");
                let filters = filters.and_then(Value::as_array_mut);
                let filters = filters.context("a provider's cluster has no filters")?;
                filters.insert(filters.len().saturating_sub(1), credential_injector());
            }
            if let Some(socket) = &socket {
                fields.insert("transport_socket".into(), socket.clone());
            }
        }
        if let Some(key) = key {
            let secret =
                json!({"name": "upstream", "generic_secret": {"secret": {"filename": key}}});
            let resources = object(at(&mut self.0, "/static_resources")?)?;
            let secrets = resources.entry("secrets").or_insert_with(|| json!([]));
            secrets
                .as_array_mut()
                .context("secrets is not a list")?
                .push(secret);
        }
        Ok(())
    }

    /// Turns the paths of all providers into those of one that stands in for them.
    pub fn rewrite_paths(&mut self, upstream: &Upstream) -> anyhow::Result<()> {
        for route in self.provider_routes()? {
            object(route)?.insert("regex_rewrite".into(), upstream.rewrite());
        }
        Ok(())
    }

    /// Changes the filter's own configuration.
    pub fn edit_plugin(&mut self, edit: impl FnOnce(&mut Value)) -> anyhow::Result<()> {
        let text = at(self.filter()?, "/typed_config/config/configuration/value")?;
        let mut config = serde_json::from_str(text.as_str().unwrap_or_default())
            .context("the filter's configuration is not JSON")?;
        edit(&mut config);
        *text = config.to_string().into();
        Ok(())
    }

    /// Changes anything.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Value)) {
        edit(&mut self.0);
    }

    /// As Envoy reads it.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.0)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn set(&mut self, pointer: &str, value: Value) -> anyhow::Result<()> {
        *at(&mut self.0, pointer)? = value;
        Ok(())
    }

    fn filter(&mut self) -> anyhow::Result<&mut Value> {
        let filters = at(&mut self.0, &format!("{HTTP}/http_filters"))?.as_array_mut();
        let mut filters = filters.into_iter().flatten();
        filters
            .find(|filter| name(filter) == "paddock")
            .context("envoy.yaml has no filter 'paddock'")
    }

    fn clusters(&mut self) -> anyhow::Result<impl Iterator<Item = &mut Value>> {
        let clusters = at(&mut self.0, "/static_resources/clusters")?.as_array_mut();
        Ok(clusters.context("clusters is not a list")?.iter_mut())
    }

    fn provider_routes(&mut self) -> anyhow::Result<impl Iterator<Item = &mut Value>> {
        let routes = at(
            &mut self.0,
            &format!("{HTTP}/route_config/virtual_hosts/0/routes"),
        )?;
        let routes = routes
            .as_array_mut()
            .context("routes is not a list")?
            .iter_mut();
        let actions = routes.filter_map(|route| route.get_mut("route"));
        let leads_to_provider = |action: &&mut Value| {
            ["cluster_header", "inline_cluster_specifier_plugin"]
                .iter()
                .any(|field| action.get(field).is_some())
        };
        Ok(actions.filter(leads_to_provider))
    }
}

/// Shows the operator's credential in place of whatever the request carried.
fn credential_injector() -> Value {
    json!({
        "name": "envoy.filters.http.credential_injector",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
            "overwrite": true,
            "credential": {
                "name": "envoy.http.injected_credentials.generic",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic",
                    "credential": {"name": "upstream"},
                },
            },
        },
    })
}

/// The filters of a cluster that look after single attempts.
fn attempts_filters(cluster: &mut Value) -> impl Iterator<Item = &mut Value> {
    let options = cluster.get_mut("typed_extension_protocol_options");
    let options = options.and_then(|options| options.get_mut(PROTOCOL));
    let filters = options.and_then(|options| options.get_mut("http_filters"));
    let filters = filters.and_then(Value::as_array_mut).into_iter().flatten();
    filters.filter(|filter| name(filter) == "paddock-attempts")
}

fn name(value: &Value) -> &str {
    value
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Whether a cluster is the accounting service's: the filter's or the management API's.
fn is_service(cluster: &Value) -> bool {
    matches!(name(cluster), "paddock" | "paddock-api" | "paddock-streams")
}

fn at<'a>(value: &'a mut Value, pointer: &str) -> anyhow::Result<&'a mut Value> {
    value
        .pointer_mut(pointer)
        .with_context(|| format!("envoy.yaml has nothing at {pointer}"))
}

fn object(value: &mut Value) -> anyhow::Result<&mut Map<String, Value>> {
    value
        .as_object_mut()
        .context("envoy.yaml has no mapping where one is expected")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real() -> Bootstrap {
        Bootstrap::read(&crate::root().join("envoy/envoy.yaml")).unwrap()
    }

    #[test]
    fn the_real_file_can_be_edited() {
        let mut bootstrap = real();
        bootstrap.listen(1).unwrap();
        bootstrap.admin(2).unwrap();
        bootstrap.service(&[3, 4]).unwrap();
        bootstrap.code(Path::new("/x.wasm")).unwrap();
        bootstrap.access_log(Path::new("/access.log")).unwrap();
        bootstrap
            .edit_plugin(|plugin| plugin["max_request_bytes"] = 7.into())
            .unwrap();
        let text = bootstrap.0.to_string();
        assert!(text.contains("\"port_value\":1}"));
        for replica in ["\"port_value\":3}", "\"port_value\":4}"] {
            assert_eq!(text.matches(replica).count(), 3, "{replica}");
        }
        assert!(text.contains("/x.wasm") && text.contains("\\\"max_request_bytes\\\":7"));
        assert!(!text.contains("_value\":10000}") && !text.contains("10080"));
    }

    #[test]
    fn a_real_provider_takes_the_place_of_all_four() {
        let mut bootstrap = real();
        let upstream = "https://127.0.0.1:8443/openai/v1".parse().unwrap();
        bootstrap
            .provider(&upstream, Some(Path::new("/key")))
            .unwrap();
        bootstrap.rewrite_paths(&upstream).unwrap();
        let text = bootstrap.0.to_string();
        assert!(!text.contains("10090"));
        assert_eq!(text.matches("\"port_value\":8443").count(), 4);
        assert_eq!(text.matches("credential_injector\"").count(), 4);
        assert_eq!(text.matches("regex_rewrite").count(), 2);
    }
}
