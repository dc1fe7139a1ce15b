//! The Python client: its own tests, against a running stack. `scripts/setup-sdks` installs what they
//! need.

use crate::gateway::Gateway;
use paddock_local::{StackOptions, root};
use std::process::Command;

#[test]
fn the_python_client_passes_its_own_tests() {
    // They receive webhooks on this machine.
    let allow = ("PADDOCK_ALLOW_PRIVATE_WEBHOOKS", "true");
    let gateway = Gateway::start(StackOptions {
        service_environment: vec![(allow.0.to_owned(), allow.1.to_owned())],
        ..StackOptions::default()
    });
    let python = root().join(".paddock/sdks/venv/bin/python");
    assert!(
        python.exists(),
        "the SDKs are missing: run scripts/setup-sdks"
    );
    let output = Command::new(python)
        .args(["-m", "pytest"])
        .current_dir(root().join("clients/python"))
        // Nothing of this machine's: no keys, no proxies.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PADDOCK_URL", format!("http://{}", gateway.address))
        .env("PADDOCK_ADMIN_KEY", gateway.admin_key())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
