//! Mode `envoy`: the real Envoy loads the file that the chart's own Envoy starts with.

use crate::render::{document, documents};
use crate::traffic::{self, Form};
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

/// What every provider's Secret holds.
pub const CREDENTIAL: &str = "Bearer a-credential";

/// A configuration with the paths of a gateway's pod replaced by those below a folder, into which `files`, those of
/// a gateway's ConfigMap, are written with all else that a pod has.
pub fn placed(config: &Value, files: &Value, folder: &Path) -> Value {
    let here = |text: &str| {
        text.replace(
            "/etc/paddock/filter/plugin.wasm",
            wasm().unwrap().to_str().unwrap(),
        )
        .replace("/etc/paddock", folder.to_str().unwrap())
        .replace("/var/log/paddock", folder.to_str().unwrap())
    };
    let write = |path: &Path, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for (name, text) in files.as_object().into_iter().flatten() {
        write(
            &folder.join("envoy").join(name),
            &here(text.as_str().unwrap()),
        );
    }
    for provider in ["openai", "anthropic", "gemini"] {
        mounted(&folder.join("credentials").join(provider), CREDENTIAL);
    }
    let certificate = rcgen::generate_simple_self_signed(["llm.example".to_owned()]).unwrap();
    write(&folder.join("tls/tls.crt"), &certificate.cert.pem());
    write(
        &folder.join("tls/tls.key"),
        &certificate.signing_key.serialize_pem(),
    );
    serde_json::from_str(&here(&config.to_string())).unwrap()
}

/// Puts a credential where a pod has a Secret's, and as Kubernetes puts it there: a folder that a link leads to, and
/// the link is replaced when the Secret changes.
pub fn mounted(volume: &Path, credential: &str) {
    let name = format!("..{}", std::fs::read_dir(volume).map_or(0, Iterator::count));
    let version = volume.join(&name);
    std::fs::create_dir_all(&version).unwrap();
    std::fs::write(version.join("credential"), credential).unwrap();
    let next = volume.join("..data_tmp");
    std::os::unix::fs::symlink(&name, &next).unwrap();
    std::fs::rename(&next, volume.join("..data")).unwrap();
    // At the first time alone.
    let _ = std::os::unix::fs::symlink("..data/credential", volume.join("credential"));
}

/// Has Envoy load a configuration.
pub fn loads(config: &Value, files: &Value) {
    let folder = tempfile::tempdir().unwrap();
    let config = placed(config, files, folder.path());
    let file = folder.path().join("bootstrap.json");
    std::fs::write(&file, config.to_string()).unwrap();
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

#[test]
fn a_call_is_served_and_booked() {
    let (config, files) = bootstrap(&documents(simple("envoy")));
    traffic::through(Form::File(config), &files, traffic::serves);
}

/// What an Envoy before 1.40 would refuse is gone whole.
#[test]
fn failover_can_be_left_out() {
    let mut values = simple("envoy");
    values["gateway"] = json!({"failover": false});
    let (config, files) = bootstrap(&documents(values));
    let text = config.to_string();
    for part in ["priority_group", "paddock-attempts", "header_to_metadata"] {
        assert!(!text.contains(part) && original().to_string().contains(part));
    }
    loads(&config, &files);
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
