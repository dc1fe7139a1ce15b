//! Mode `envoy`: the real Envoy loads the file that the chart's own Envoy starts with.

use crate::render::{document, documents};
use crate::{everything, simple};
use paddock_local::{envoy, root, wasm};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

pub const HTTP: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

/// `envoy/envoy.yaml`, which the chart takes everything from.
pub fn original() -> Value {
    let text = std::fs::read_to_string(root().join("envoy/envoy.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// What every gateway has of `envoy/envoy.yaml`, wherever its resources put it.
pub fn has_all_of_it(config: &Value) {
    let original = original();
    let (there, wanted) = (
        config.pointer(HTTP).unwrap(),
        original.pointer(HTTP).unwrap(),
    );
    let format = "/access_log/0/typed_config/log_format";
    assert_eq!(there.pointer(format), wanted.pointer(format));
    for field in [
        "local_reply_config",
        "early_header_mutation_extensions",
        "stream_idle_timeout",
    ] {
        assert_eq!(
            whole(there[field].clone()),
            whole(wanted[field].clone()),
            "{field}"
        );
    }
    let overload = |config: &Value| whole(config["overload_manager"].clone());
    assert_eq!(overload(config), overload(&original));
    let tags = config["stats_config"]["stats_tags"].as_array().unwrap();
    for tag in original["stats_config"]["stats_tags"].as_array().unwrap() {
        assert!(tags.contains(tag), "{tag}");
    }
}

/// Has Envoy load a configuration. `files` are those of a gateway's ConfigMap.
pub fn loads(config: &Value, files: &Value) {
    let folder = tempfile::tempdir().unwrap();
    let here = |text: &str| {
        text.replace(
            "/etc/paddock/filter/plugin.wasm",
            wasm().unwrap().to_str().unwrap(),
        )
        .replace("/etc/paddock", folder.path().to_str().unwrap())
        .replace("/var/log/paddock", folder.path().to_str().unwrap())
    };
    let write = |path: &Path, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for (name, text) in files.as_object().into_iter().flatten() {
        write(
            &folder.path().join("envoy").join(name),
            &here(text.as_str().unwrap()),
        );
    }
    for provider in ["openai", "anthropic", "gemini"] {
        let path = folder
            .path()
            .join("credentials")
            .join(provider)
            .join("credential");
        write(&path, "Bearer a-credential");
    }
    let certificate = rcgen::generate_simple_self_signed(["llm.example".to_owned()]).unwrap();
    write(&folder.path().join("tls/tls.crt"), &certificate.cert.pem());
    write(
        &folder.path().join("tls/tls.key"),
        &certificate.signing_key.serialize_pem(),
    );
    let file = folder.path().join("bootstrap.json");
    write(&file, &here(&config.to_string()));
    let output = Command::new(envoy().unwrap())
        .args(["--mode", "validate", "--log-level", "warning", "-c"])
        .arg(&file)
        .env("PADDOCK_GATEWAY_TOKEN", "a-token-of-sixteen-characters")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

fn bootstrap(documents: &[Value]) -> (Value, Value) {
    let files = document(documents, "ConfigMap", "paddock-gateway")["data"].clone();
    let config = serde_saphyr::from_str(files["envoy.yaml"].as_str().unwrap()).unwrap();
    (config, files)
}

#[test]
fn envoy_loads_it() {
    for values in [simple("envoy"), everything("envoy")] {
        let (config, files) = bootstrap(&documents(values));
        loads(&config, &files);
    }
}

/// But for addresses, hosts, routes that are left out, providers and repair, it is `envoy/envoy.yaml`.
#[test]
fn it_is_the_envoy_of_the_repository() {
    let mut values = simple("envoy");
    values["reconcile"] = json!({"enabled": false});
    let (mut made, _) = bootstrap(&documents(values));
    let mut original = original();
    for config in [&mut made, &mut original] {
        let resources = &mut config["static_resources"];
        resources["listeners"].as_array_mut().unwrap().truncate(1);
        let clusters = resources["clusters"].as_array_mut().unwrap();
        clusters.retain(|cluster| cluster["name"].as_str().unwrap().starts_with("paddock"));
        for cluster in clusters {
            cluster["load_assignment"]["endpoints"] = json!(null);
        }
        resources["listeners"][0]["address"] = json!(null);
        let http = config.pointer_mut(HTTP).unwrap();
        http["route_config"]["virtual_hosts"][0]["domains"] = json!(null);
        let routes = http["route_config"]["virtual_hosts"][0]["routes"]
            .as_array_mut()
            .unwrap();
        routes.retain(|route| {
            !["/metrics", "/healthz", "/readyz"]
                .map(Value::from)
                .contains(&route["match"]["path"])
        });
        let filter = &mut http["http_filters"][0]["typed_config"]["config"];
        filter["vm_config"]["code"] = json!(null);
        let text = filter["configuration"]["value"].as_str().unwrap();
        filter["configuration"]["value"] = serde_json::from_str(text).unwrap();
    }
    assert_eq!(whole(made), whole(original));
}

/// Helm writes numbers as it likes: 1.0 and 1 are one.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(values) => values.into_iter().map(whole).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, whole(value)))
            .collect(),
        other => other,
    }
}

/// Of Envoy's admin interface two paths alone are to be had from outside the pod.
#[test]
fn the_admin_interface_stays_inside() {
    let (config, _) = bootstrap(&documents(simple("envoy")));
    assert_eq!(
        config["admin"]["address"]["socket_address"]["address"],
        "127.0.0.1"
    );
    let routes = config
        .pointer("/static_resources/listeners/1/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes")
        .unwrap();
    let paths: Vec<&Value> = routes
        .as_array()
        .unwrap()
        .iter()
        .map(|route| &route["match"]["path"])
        .collect();
    assert_eq!(paths, ["/ready", "/stats/prometheus"]);
}
