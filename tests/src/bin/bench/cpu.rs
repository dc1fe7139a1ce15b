//! CPU time of a process, and keeping processes to their core.

use anyhow::{Context, bail};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Envoy has this core for itself.
pub const ENVOY: &str = "0";
/// Everything else is on this one.
pub const OTHERS: &str = "1";

/// What is put before a command to keep it to a core.
pub fn pinned(core: &str) -> Vec<String> {
    ["taskset", "-c", core].map(str::to_owned).to_vec()
}

/// Keeps this process, with all of its threads, to a core.
pub fn pin_self(core: &str) -> anyhow::Result<()> {
    let own = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["-a", "-c", "-p", core, &own])
        .stdout(Stdio::null())
        .status()
        .context("cannot run taskset, of util-linux")?;
    if !status.success() {
        bail!("taskset cannot keep this process to core {core}: the benchmark needs two");
    }
    Ok(())
}

/// The time a process has had on a CPU, in user and kernel mode, by the scheduler's own clock: the
/// sum over its threads, none of which must have ended.
pub fn time(pid: u32) -> anyhow::Result<Duration> {
    let folder = PathBuf::from(format!("/proc/{pid}/task"));
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(&folder).with_context(|| format!("no process {pid}"))? {
        let path = thread?.path().join("schedstat");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let nanos = text.split_whitespace().next().map(str::parse);
        let nanos = nanos.context("an empty schedstat")??;
        sum = sum.saturating_add(Duration::from_nanos(nanos));
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_with_work() {
        let before = time(std::process::id()).unwrap();
        let work = (0..20_000_000_u64).fold(0, |sum: u64, n| std::hint::black_box(sum ^ n));
        std::hint::black_box(work);
        assert!(time(std::process::id()).unwrap() > before);
        assert!(time(0).is_err());
    }
}
