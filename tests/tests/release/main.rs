//! A release's images and signatures. What a release is built of is tried by `scripts/release` itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod images;
mod registry;
mod signatures;

use paddock_local::root;
use std::path::Path;
use std::process::Command;

/// What a program prints, which must succeed.
pub fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    output.stdout
}

/// Packs an image or the chart, as a release does.
pub fn pack(kind: &str, out: &Path, sources: &[&str]) {
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
