//! Other builds of the filter than the usual one.

use anyhow::{Context, ensure};
use std::path::PathBuf;
use std::process::Command;

/// The one with a content policy, as it is shipped.
pub fn with_content_policy() -> anyhow::Result<PathBuf> {
    let script = paddock_local::root().join("scripts/wasm");
    let output = Command::new(script).arg("content").output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{errors}");
    Ok(paddock_local::wasm()?.with_file_name("paddock-content.wasm"))
}

/// One that traps: `x-fault: trap` on a request traps the VM of the worker that gets it.
pub fn with_faults() -> anyhow::Result<PathBuf> {
    let wasm = paddock_local::wasm()?;
    let target = wasm.parent().context("the filter is in no folder")?;
    let output = Command::new(paddock_local::root().join("scripts/target-cargo"))
        .args(["wasm32-unknown-unknown", "build"])
        .args(["--locked", "--quiet", "-p", "paddock-filter"])
        .args(["--profile", "wasm", "--features", "fault-injection"])
        // It need not be fast, but soon ready.
        .args(["--config", "profile.wasm.lto='off'"])
        .args(["--config", "profile.wasm.codegen-units=16"])
        .args(["--message-format", "json-render-diagnostics"])
        .env("CARGO_TARGET_DIR", target.join("fault-injection"))
        .output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{errors}");
    let mut paths = messages
        .split('"')
        .filter(|part| part.ends_with("/paddock_filter.wasm"));
    let path = paths
        .next_back()
        .with_context(|| format!("nothing was built: {errors}"))?;
    Ok(PathBuf::from(path))
}
