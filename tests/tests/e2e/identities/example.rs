//! `examples/mesh-identity`, with credentials made here and with those its own script makes.

use super::certificates::Authority;
use super::mesh::free_address;
use super::tokens::Issuer;
use crate::examples::{example, tour};
use paddock_local::root;
use serde_json::json;
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "target/mesh-identity";
const ISSUER: &str = "https://issuer.example";

/// What the example's script makes, for where there is no openssl.
fn make_credentials(folder: &Path) {
    let authority = Authority::new(folder);
    authority.certify("gateway", &[]);
    authority.certify("workload", &["spiffe://cluster.local/ns/search/sa/api"]);
    let issuer = Issuer::new();
    let token = issuer.token(&json!({"iss": ISSUER, "sub": "me", "team": "research"}));
    std::fs::write(folder.join("keys.json"), issuer.key_set().to_string()).unwrap();
    std::fs::write(folder.join("token"), token).unwrap();
}

/// The example's text with its credentials in `folder`, which are made.
pub fn with_credentials(text: &str, folder: &Path) -> String {
    if text.contains(FOLDER) {
        make_credentials(folder);
    }
    text.replace(FOLDER, folder.to_str().unwrap())
}

fn run(folder: &Path) {
    let mesh = free_address();
    let gateway = example("examples/mesh-identity/envoy.yaml", |text| {
        text.replace(FOLDER, folder.to_str().unwrap())
            .replace("10443", &mesh.port().to_string())
    });
    let environment = [
        ("MESH_URL", format!("https://{mesh}")),
        ("CREDENTIALS", folder.to_str().unwrap().to_owned()),
    ];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    tour(&gateway, "examples/mesh-identity/README.md", &environment);
}

#[test]
fn the_examples_tour_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    make_credentials(folder.path());
    run(folder.path());
}

/// With RS256 in place of ES256.
#[test]
fn the_examples_script_makes_what_it_needs() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: there is no openssl here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = root().join("examples/mesh-identity/make-credentials");
    let output = Command::new(script).arg(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    run(folder.path());
}
