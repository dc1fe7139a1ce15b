//! Where the pieces are: the repository, what was built in it, and Envoy.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository this was built in.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The filter that `make wasm` built.
pub fn wasm() -> anyhow::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let path = root()
        .join(target.unwrap_or_else(|| "target".into()))
        .join("paddock.wasm");
    if !path.is_file() {
        bail!(
            "the filter is not built: {} does not exist. Run 'make wasm'.",
            path.display()
        );
    }
    Ok(path)
}

/// A program of this workspace, built with the same profile as the running one.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    // A test runs from target/debug/deps, a binary from target/debug.
    let found = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name));
    found
        .into_iter()
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "'{name}' is not built next to {}. Run 'make build'.",
                own.display()
            )
        })
}

/// The Envoy that `scripts/envoy` finds.
pub fn envoy() -> anyhow::Result<PathBuf> {
    let script = root().join("scripts/envoy");
    let output = Command::new(&script)
        .output()
        .with_context(|| format!("cannot run {}", script.display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(PathBuf::from(
        String::from_utf8_lossy(&output.stdout).trim(),
    ))
}
