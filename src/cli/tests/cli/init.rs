//! `paddock init`, and the service that runs by what it made.

use crate::support::{Service, paddock, run};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

#[test]
fn a_first_start_needs_nothing_else_and_nothing_is_overwritten() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("new").display().to_string();
    let init = ["init", "--directory", &place, "--listen", "127.0.0.1:0"];
    let told = run(paddock().args(init), "").expect(0);
    let config = format!("{place}/paddock.toml");
    assert!(
        told.contains(&format!("paddock serve --create --config {config}")),
        "{told}"
    );
    let read = |name: &str| std::fs::read_to_string(format!("{place}/{name}")).unwrap();
    for name in [
        "admin-key",
        "gateway-token",
        "encryption-key",
        "paddock.toml",
    ] {
        let mode = std::fs::metadata(format!("{place}/{name}"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        assert!(!told.contains(read(name).trim()), "a secret is shown");
    }
    let key = read("admin-key");
    let again = run(paddock().args(init), "").fails(1);
    assert!(again.contains("nothing was changed"), "{again}");
    assert_eq!(read("admin-key"), key);

    let mut serve = paddock();
    serve.args(["serve", "--create", "--config", &config]);
    let service = Service::spawn(serve, folder);
    // The key comes from the file; where the service is had to be told, because the port is free.
    let mut get = paddock();
    get.args([
        "--config",
        &config,
        "get",
        "organizations",
        "--url",
        &service.url,
    ]);
    assert!(run(&mut get, "").expect(0).contains("default"));
    assert!(std::path::Path::new(&format!("{place}/paddock.db")).exists());
}
