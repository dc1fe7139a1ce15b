//! Every configuration that is shown is valid, and the examples run as they are.

use crate::gateway::Gateway;
use crate::identities::example::with_credentials;
use crate::tour::script::{Tour, run};
use paddock_local::{StackOptions, binary, envoy, root, wasm};
use serde_json::{Value, json};
use std::process::Command;

const PORTS: [&str; 2] = [
    "/admin/address/socket_address/port_value",
    "/static_resources/listeners/0/address/socket_address/port_value",
];
const PROVIDER: &str = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address";
const ACCESS_LOG: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/access_log/0";

/// A stack that runs an example without the service, as it is but for its addresses and its log, and
/// for what `edit` changes in its text.
pub fn example(path: &str, edit: impl FnOnce(&str) -> String) -> Gateway {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let mut example: Value = serde_saphyr::from_str(&edit(&text)).unwrap();
    let edit = move |config: &mut Value| {
        for pointer in PORTS {
            *example.pointer_mut(pointer).unwrap() = config.pointer(pointer).unwrap().clone();
        }
        let code = filter(config)["vm_config"]["code"].clone();
        for cluster in clusters(&mut example) {
            for filter in attempts_filters(cluster) {
                filter["typed_config"]["config"]["vm_config"]["code"] = code.clone();
            }
        }
        let own = filter(&mut example);
        own["vm_config"]["code"] = code;
        let text = &mut own["configuration"]["value"];
        let mut plugin: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
        plugin["forward_headers"] = json!(["x-fake-*"]);
        *text = plugin.to_string().into();
        let is_provider = |cluster: &&mut Value| {
            !["paddock", "paddock-api", "paddock-streams"]
                .iter()
                .any(|own| cluster["name"] == *own)
        };
        let real = clusters(config).find(is_provider).unwrap();
        let address = real.pointer(PROVIDER).unwrap().clone();
        for cluster in clusters(&mut example).filter(is_provider) {
            *cluster.pointer_mut(PROVIDER).unwrap() = address.clone();
        }
        let mut file = config.pointer(ACCESS_LOG).unwrap().clone();
        // Its own fields, in the file that the tests read.
        file["typed_config"]["log_format"] =
            example.pointer(ACCESS_LOG).unwrap()["typed_config"]["log_format"].clone();
        *example.pointer_mut(ACCESS_LOG).unwrap() = file;
        *config = example;
    };
    Gateway::start(StackOptions {
        with_service: false,
        edit_bootstrap: Some(Box::new(edit)),
        ..StackOptions::default()
    })
}

fn clusters(config: &mut Value) -> impl Iterator<Item = &mut Value> {
    let clusters = config.pointer_mut("/static_resources/clusters").unwrap();
    clusters.as_array_mut().unwrap().iter_mut()
}

fn attempts_filters(cluster: &mut Value) -> impl Iterator<Item = &mut Value> {
    let filters = "/typed_extension_protocol_options/\
                   envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters";
    let filters = cluster.pointer_mut(filters);
    let filters = filters.and_then(Value::as_array_mut).into_iter().flatten();
    filters.filter(|filter| filter["name"] == "paddock-attempts")
}

fn filter(config: &mut Value) -> &mut Value {
    let filters =
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let filters = config.pointer_mut(filters).unwrap().as_array_mut().unwrap();
    let filter = filters
        .iter_mut()
        .find(|filter| filter["name"] == "paddock");
    &mut filter.unwrap()["typed_config"]["config"]
}

/// Runs the tour of an example's README against it.
#[track_caller]
pub fn tour(gateway: &Gateway, path: &str, environment: &[(&str, &str)]) {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let tour = Tour::read(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(tour.blocks.len() >= 4, "{path}");
    let url = format!("http://{}", gateway.address);
    let mut environment = environment.to_vec();
    environment.push(("PADDOCK_URL", &url));
    run(&tour, &root(), &environment).unwrap_or_else(|error| panic!("{path}: {error}"));
}

/// Envoy itself reads every configuration, the filter's own included.
#[test]
fn every_configuration_that_is_shown_is_valid() {
    let mut paths = Vec::new();
    for folder in ["envoy", "examples"] {
        yaml_files(&root().join(folder), &mut paths);
    }
    assert!(paths.len() >= 2, "{paths:?}");
    let folder = tempfile::tempdir().unwrap();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = with_credentials(&text, &folder.path().join("credentials"));
        let copy = folder.path().join("envoy.yaml");
        std::fs::write(&copy, text).unwrap();
        let output = Command::new(envoy().unwrap())
            .args(["--mode", "validate", "--log-level", "warning", "-c"])
            .arg(&copy)
            .env("PADDOCK_GATEWAY_TOKEN", "a-token-of-sixteen-characters")
            .current_dir(root())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", path.display());
    }
}

/// The Envoy of `paddock quickstart` is one that loads.
#[test]
fn the_quickstarts_envoy_loads() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(binary("paddock").unwrap())
        .args([
            "quickstart",
            "--provider",
            "openai",
            "--provider",
            "anthropic",
        ])
        .args(["--provider", "gemini", "--provider", "deepseek", "--filter"])
        .arg(wasm().unwrap())
        .arg("--directory")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = Command::new(envoy().unwrap())
        .args(["--mode", "validate", "--log-level", "warning", "-c"])
        .arg(folder.path().join("envoy.yaml"))
        .env("PADDOCK_GATEWAY_TOKEN", "a-token-of-sixteen-characters")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// What Envoy answers by itself, and when it is overloaded, is the same in every configuration.
#[test]
fn every_configuration_answers_alike() {
    let mut paths = Vec::new();
    for folder in ["envoy", "examples"] {
        yaml_files(&root().join(folder), &mut paths);
    }
    let mut configs = paths.iter().map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        let config: Value = serde_saphyr::from_str(&text).unwrap();
        let http = &config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
        let local = &http["typed_config"]["local_reply_config"]["mappers"];
        let mut mappers = local.as_array().unwrap().clone();
        mappers.retain(|mapper| !mapper.to_string().contains("failed_to_inject_credential"));
        (path, mappers, config["overload_manager"].clone())
    });
    let (_, mappers, overload) = configs.next().unwrap();
    assert!(mappers.len() == 4 && overload["actions"].is_array());
    for (path, others, manager) in configs {
        assert_eq!(
            (&others, &manager),
            (&mappers, &overload),
            "{}",
            path.display()
        );
    }
}

/// Bootstraps below a folder: Envoy cannot read anything else.
fn yaml_files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            if text
                .lines()
                .any(|line| line.starts_with("static_resources:"))
            {
                found.push(path);
            }
        }
    }
}
