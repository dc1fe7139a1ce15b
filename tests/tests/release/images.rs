//! The images of a release: packed twice they are the same, and a registry gives back what was pushed to it.

use crate::registry::Registry;
use crate::{pack, run};
use paddock_local::root;
use serde_json::{Value, json};
use std::path::Path;

/// Stands for a filter and for a program.
const CONTENT: &str = "what is packed\n";

/// Pushes an archive, and pulls what a machine of that architecture would.
fn there_and_back(
    registry: &Registry,
    name: &str,
    archive: &Path,
    architecture: &str,
    into: &Path,
) -> Value {
    let here = format!("oci-archive:{}", archive.display());
    let there = format!("docker://{}/{name}:1.2.3", registry.address);
    run(
        "skopeo",
        &[
            "copy",
            "--quiet",
            "--all",
            "--insecure-policy",
            "--dest-tls-verify=false",
            &here,
            &there,
        ],
    );
    let folder = format!("dir:{}", into.display());
    run(
        "skopeo",
        &[
            "--override-arch",
            architecture,
            "copy",
            "--quiet",
            "--insecure-policy",
            "--src-tls-verify=false",
            &there,
            &folder,
        ],
    );
    serde_json::from_slice(&std::fs::read(into.join("manifest.json")).unwrap()).unwrap()
}

fn blob(folder: &Path, descriptor: &Value) -> std::path::PathBuf {
    let digest = descriptor["digest"].as_str().unwrap();
    folder.join(digest.strip_prefix("sha256:").unwrap())
}

/// The configuration of an image that `deploy/Containerfile` builds.
fn of_containerfile() -> Value {
    let text = std::fs::read_to_string(root().join("deploy/Containerfile")).unwrap();
    let last_stage = text.rsplit_once("\nFROM ").unwrap().1.replace("\\\n", " ");
    let mut config = serde_json::Map::new();
    for line in last_stage.lines() {
        let (instruction, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = value.trim();
        let words = || value.split_whitespace();
        let (name, value) = match instruction {
            "USER" => ("User", value.into()),
            "ENV" => ("Env", words().collect()),
            "VOLUME" => ("Volumes", json!({value: {}})),
            "EXPOSE" => ("ExposedPorts", json!({format!("{value}/tcp"): {}})),
            "STOPSIGNAL" => ("StopSignal", value.into()),
            "ENTRYPOINT" => ("Entrypoint", serde_json::from_str(value).unwrap()),
            "CMD" => ("Cmd", serde_json::from_str(value).unwrap()),
            _ => continue,
        };
        config.insert(name.to_owned(), value);
    }
    config.into()
}

#[test]
fn a_registry_gives_back_what_was_packed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("content"), CONTENT).unwrap();
    let content = path("content").to_str().unwrap().to_owned();
    let both = [format!("amd64={content}"), format!("arm64={content}")];
    let both = [both[0].as_str(), both[1].as_str()];
    let chart = root().join("deploy/helm/paddock");
    let cases: [(&str, &[&str]); 4] = [
        ("service", &both),
        ("filter", &[&content]),
        ("artifact", &[&content]),
        ("chart", &[chart.to_str().unwrap()]),
    ];
    for (kind, sources) in cases {
        pack(kind, &path(kind), sources);
        pack(kind, &path("again"), sources);
        let again = std::fs::read(path("again")).unwrap();
        assert!(
            std::fs::read(path(kind)).unwrap() == again,
            "{kind} differs"
        );
    }

    let registry = Registry::start(folder.path());
    for (kind, file) in [("service", "usr/bin/paddock"), ("filter", "plugin.wasm")] {
        for architecture in ["amd64", "arm64"] {
            let into = path(&format!("{kind}-{architecture}"));
            let manifest = there_and_back(&registry, kind, &path(kind), architecture, &into);
            let layers = manifest["layers"].as_array().unwrap();
            assert_eq!(layers.len(), 1);
            let layer = blob(&into, &layers[0]);
            let found = run("tar", &["xzOf", layer.to_str().unwrap(), file]);
            assert_eq!(found, CONTENT.as_bytes());
            let config = std::fs::read(blob(&into, &manifest["config"])).unwrap();
            let config: Value = serde_json::from_slice(&config).unwrap();
            assert_eq!(config["architecture"], architecture);
            if kind == "service" {
                let mut run = config["config"].clone();
                // A Containerfile knows of no version.
                assert!(run.as_object_mut().unwrap().remove("Labels").is_some());
                assert_eq!(run, of_containerfile());
            }
        }
    }
    let into = path("artifact-back");
    let manifest = there_and_back(&registry, "artifact", &path("artifact"), "amd64", &into);
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.module.wasm.config.v1+json"
    );
    let layer = &manifest["layers"][0];
    assert_eq!(
        layer["mediaType"],
        "application/vnd.module.wasm.content.layer.v1+wasm"
    );
    assert_eq!(
        std::fs::read(blob(&into, layer)).unwrap(),
        CONTENT.as_bytes()
    );

    let notes = run(
        "tar",
        &[
            "xzOf",
            path("chart").to_str().unwrap(),
            "paddock/Chart.yaml",
        ],
    );
    assert!(
        String::from_utf8(notes)
            .unwrap()
            .contains("\nversion: 1.2.3\n")
    );
    let envoy = run(
        "tar",
        &[
            "xzOf",
            path("chart").to_str().unwrap(),
            "paddock/files/envoy.yaml",
        ],
    );
    assert_eq!(
        envoy,
        std::fs::read(root().join("envoy/envoy.yaml")).unwrap()
    );
}
