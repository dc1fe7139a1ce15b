//! `paddock quickstart`: what it writes is right by `paddock check`, and secrets are only the owner's.

use crate::support::{paddock, run};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

#[test]
fn the_folder_has_all_that_a_first_run_needs() {
    let folder = TempDir::new().unwrap();
    let filter = folder.path().join("paddock.wasm");
    let place = folder.path().join("trial").display().to_string();
    let filter_file = filter.display().to_string();
    let quickstart = [
        "quickstart",
        "--directory",
        &place,
        "--filter",
        &filter_file,
        "--provider",
        "openai",
        "--provider",
        "gemini",
        "--provider",
        "openai",
    ];
    let missing = run(paddock().args(quickstart), "").fails(1);
    assert!(missing.contains("there is no filter at"), "{missing}");
    assert!(!folder.path().join("trial").exists());

    std::fs::write(&filter, "").unwrap();
    let told = run(paddock().args(quickstart), "").expect(0);
    assert!(
        told.contains(&format!(
            "paddock serve --create --config {place}/paddock.toml"
        )),
        "{told}"
    );
    let files = ["envoy.yaml", "paddock.toml", "first.yaml"].map(|name| format!("{place}/{name}"));
    run(paddock().arg("check").args(&files), "").expect(0);
    for name in [
        "credentials/openai.key",
        "credentials/gemini.key",
        "gateway-token",
        "admin-key",
    ] {
        let mode = std::fs::metadata(format!("{place}/{name}"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let envoy = std::fs::read_to_string(&files[0]).unwrap();
    for part in ["api.openai.com", "x-goog-api-key", &filter_file] {
        assert!(envoy.contains(part), "{part}");
    }
    assert!(!envoy.contains("anthropic") && !envoy.contains("10090"));
    assert_eq!(envoy.matches(r#""name": "gemini""#).count(), 2);

    let again = run(paddock().args(quickstart), "").fails(1);
    assert!(again.contains("nothing was changed"), "{again}");
}
