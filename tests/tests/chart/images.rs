//! The images of a release: packed twice they are the same, and a registry gives back what was pushed to it.

use paddock_local::root;
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Stands for a filter and for a program.
const CONTENT: &str = "what is packed\n";

fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    output.stdout
}

fn pack(kind: &str, out: &Path, sources: &[&str]) {
    let script = root().join("scripts/release-pack");
    let mut arguments = vec![script.to_str().unwrap(), kind, out.to_str().unwrap()];
    arguments.extend(sources);
    arguments.extend([
        "--version",
        "1.2.3",
        "--revision",
        "0123abc",
        "--time",
        "1700000000",
    ]);
    run("python3", &arguments);
}

struct Registry {
    process: Child,
    address: String,
}

impl Registry {
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let config = folder.join("registry.yaml");
        let text = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{address}\"}}\n",
            folder.join("registry").display()
        );
        std::fs::write(&config, text).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("run scripts/setup-registry");
        for _ in 0..200 {
            if std::net::TcpStream::connect(&address).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { process, address }
    }

    /// Pushes an archive, and pulls what a machine of that architecture would.
    fn there_and_back(&self, name: &str, archive: &Path, architecture: &str, into: &Path) -> Value {
        let here = format!("oci-archive:{}", archive.display());
        let there = format!("docker://{}/{name}:1.2.3", self.address);
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
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn blob(folder: &Path, descriptor: &Value) -> std::path::PathBuf {
    let digest = descriptor["digest"].as_str().unwrap();
    folder.join(digest.strip_prefix("sha256:").unwrap())
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
            let manifest = registry.there_and_back(kind, &path(kind), architecture, &into);
            let layers = manifest["layers"].as_array().unwrap();
            assert_eq!(layers.len(), 1);
            let layer = blob(&into, &layers[0]);
            let found = run("tar", &["xzOf", layer.to_str().unwrap(), file]);
            assert_eq!(found, CONTENT.as_bytes());
            let config = std::fs::read(blob(&into, &manifest["config"])).unwrap();
            let config: Value = serde_json::from_slice(&config).unwrap();
            assert_eq!(config["architecture"], architecture);
        }
    }
    let into = path("artifact-back");
    let manifest = registry.there_and_back("artifact", &path("artifact"), "amd64", &into);
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
