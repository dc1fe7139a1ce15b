//! A release is signed with its maker's key, as cosign signs; OpenSSL checks the signatures.

use crate::registry::Registry;
use crate::{pack, run};
use paddock_local::root;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder like that of `make release`, with contents that stand for the real ones.
struct Release {
    folder: TempDir,
    keys: TempDir,
}

impl Release {
    fn packed() -> Release {
        let folder = tempfile::tempdir().unwrap();
        let keys = tempfile::tempdir().unwrap();
        let content = keys.path().join("content");
        std::fs::write(&content, "what is packed\n").unwrap();
        let content = content.to_str().unwrap();
        let both = [format!("amd64={content}"), format!("arm64={content}")];
        let both = [both[0].as_str(), both[1].as_str()];
        let path = |name: &str| folder.path().join(name);
        pack("service", &path("paddock-1.2.3.oci.tar"), &both);
        for kind in ["", "-content"] {
            let name = |end: &str| path(&format!("paddock-filter{kind}-1.2.3{end}"));
            pack("filter", &name(".oci.tar"), &[content]);
            pack("artifact", &name(".artifact.oci.tar"), &[content]);
        }
        std::fs::write(path("SHA256SUMS"), "of all files\n").unwrap();
        std::fs::copy(root().join("scripts/release-push"), path("push")).unwrap();
        Release { folder, keys }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A private key and its public one, as an operator makes them.
    fn key(&self, name: &str, kind: &[&str]) -> (PathBuf, PathBuf) {
        let private = self.keys.path().join(name);
        let public = self.keys.path().join(format!("{name}.pub"));
        let out = ["-out", private.to_str().unwrap()];
        run("openssl", &[&["genpkey"], kind, &out].concat());
        let arguments = ["pkey", "-pubout", "-in", private.to_str().unwrap(), "-out"];
        run(
            "openssl",
            &[&arguments[..], &[public.to_str().unwrap()]].concat(),
        );
        (private, public)
    }

    fn sign(&self, key: &Path) -> Output {
        Command::new(root().join("scripts/release-sign"))
            .args([self.folder.path(), key])
            .output()
            .unwrap()
    }

    /// Whether a signature is that of a key, by OpenSSL.
    fn is_signed(&self, key: &Path, data: &[u8], signature: &str) -> bool {
        use base64::Engine as _;
        let signature = base64::engine::general_purpose::STANDARD.decode(signature);
        let (file, data_file) = (self.keys.path().join("sig"), self.keys.path().join("data"));
        std::fs::write(&file, signature.unwrap()).unwrap();
        std::fs::write(&data_file, data).unwrap();
        let verified = Command::new("openssl")
            .args(["dgst", "-sha256", "-verify"])
            .arg(key)
            .arg("-signature")
            .args([file, data_file])
            .output();
        verified.unwrap().status.success()
    }
}

/// What a registry has under a name, in a folder.
fn pulled(registry: &Registry, image: &str) -> (TempDir, Value) {
    let into = tempfile::tempdir().unwrap();
    let source = format!("docker://{}/{image}", registry.address);
    let target = format!("dir:{}", into.path().display());
    let arguments = ["copy", "--quiet", "--all", "--insecure-policy"];
    run(
        "skopeo",
        &[
            &arguments[..],
            &["--src-tls-verify=false", &source, &target],
        ]
        .concat(),
    );
    let manifest = std::fs::read(into.path().join("manifest.json")).unwrap();
    let manifest = serde_json::from_slice(&manifest).unwrap();
    (into, manifest)
}

const P256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// As cosign looks for them: under the digest's tag, a payload that names the digest, and its signature
/// (<https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md>).
#[test]
fn each_image_in_the_registry_has_its_signature() {
    let release = Release::packed();
    let (private, public) = release.key("ours", &P256);
    let (_, other) = release.key("another", &P256);
    let signed = release.sign(&private);
    assert!(signed.status.success(), "{signed:?}");

    let registry = Registry::start(release.keys.path());
    let pushed = Command::new(release.path("push"))
        .arg(&registry.address)
        .env("SKOPEO", "--dest-tls-verify=false --insecure-policy")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&pushed.stderr);
    assert!(pushed.status.success(), "{errors}");
    let mut images: Vec<(String, String)> = String::from_utf8(pushed.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            line.strip_prefix(&format!("{}/", registry.address))
                .unwrap()
        })
        .map(|line| line.split_once('@').unwrap())
        .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
        .collect();
    images.sort();
    let names: Vec<&str> = images.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "paddock-filter-content:1.2.3",
        "paddock-filter-content:1.2.3-artifact",
        "paddock-filter:1.2.3",
        "paddock-filter:1.2.3-artifact",
        "paddock:1.2.3",
    ];
    assert_eq!(names, expected);
    for (image, digest) in &images {
        let repository = image.split(':').next().unwrap();
        let (folder, manifest) = pulled(&registry, image);
        let bytes = std::fs::read(folder.path().join("manifest.json")).unwrap();
        assert_eq!(*digest, format!("sha256:{}", sha256(&bytes)));
        // Of a list of architectures, each of its images too: a node checks the one that it takes.
        let listed = manifest["manifests"].as_array().into_iter().flatten();
        let listed = listed.map(|one| one["digest"].as_str().unwrap());
        for digest in listed.chain([digest.as_str()]) {
            let tag = format!("{repository}:{}.sig", digest.replace(':', "-"));
            let (folder, signature) = pulled(&registry, &tag);
            let layer = &signature["layers"][0];
            assert_eq!(
                layer["mediaType"],
                "application/vnd.dev.cosign.simplesigning.v1+json"
            );
            let file = layer["digest"].as_str().unwrap().strip_prefix("sha256:");
            let payload = std::fs::read(folder.path().join(file.unwrap())).unwrap();
            let critical = &serde_json::from_slice::<Value>(&payload).unwrap()["critical"];
            assert_eq!(critical["image"]["docker-manifest-digest"], digest);
            assert_eq!(
                critical["identity"]["docker-reference"],
                format!("registry.example/{repository}")
            );
            let signature = &layer["annotations"]["dev.cosignproject.cosign/signature"];
            let signature = signature.as_str().unwrap();
            assert!(release.is_signed(&public, &payload, signature), "{image}");
            assert!(!release.is_signed(&other, &payload, signature), "{image}");
        }
    }
}

fn sha256(data: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, data);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn the_checksums_are_signed() {
    let release = Release::packed();
    let (private, _) = release.key("ours", &P256);
    let signed = release.sign(&private);
    assert!(signed.status.success(), "{signed:?}");
    let public = release.path("signing-key.pub");
    let sums = std::fs::read(release.path("SHA256SUMS")).unwrap();
    let signature = std::fs::read_to_string(release.path("SHA256SUMS.sig")).unwrap();
    assert!(release.is_signed(&public, &sums, &signature));
    assert!(!release.is_signed(&public, b"of other files\n", &signature));
    let bundle = std::fs::read(release.path("SHA256SUMS.sigstore.json")).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    assert_eq!(bundle["messageSignature"]["signature"], signature);
}

/// What is signed with a key of another kind, nobody who expects cosign's could check.
#[test]
fn a_key_of_another_kind_is_refused() {
    let release = Release::packed();
    let (private, _) = release.key("ed25519", &["-algorithm", "ed25519"]);
    let refused = release.sign(&private);
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && errors.contains("P-256"),
        "{errors}"
    );
    assert!(!release.path("SHA256SUMS.sig").exists());
}
