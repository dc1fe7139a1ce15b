//! Cores, CPU time and memory of processes.

use anyhow::{Context, bail, ensure};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Which cores Envoy has, and which everything else: the load, the provider, the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores {
    /// As `taskset` reads it.
    pub envoy: String,
    /// As `taskset` reads it.
    pub others: String,
}

impl Cores {
    /// A core of its own for each of Envoy's workers, of `available`; the rest for everything else.
    /// Where none is left, that shares the last one with Envoy.
    pub fn new(workers: usize, available: usize) -> anyhow::Result<Self> {
        ensure!(workers > 0, "--workers must be at least 1");
        ensure!(available > 1, "the benchmark needs two cores");
        let last = available.saturating_sub(1);
        let range = |first: usize, last: usize| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        Ok(Self {
            envoy: range(0, workers.saturating_sub(1).min(last)),
            others: range(workers.min(last), last),
        })
    }
}

/// What is put before a command to keep it to cores.
pub fn pinned(cores: &str) -> Vec<String> {
    ["taskset", "-c", cores].map(str::to_owned).to_vec()
}

/// Keeps this process, with all of its threads, to cores.
pub fn pin_self(cores: &str) -> anyhow::Result<()> {
    let own = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["-a", "-c", "-p", cores, &own])
        .stdout(Stdio::null())
        .status()
        .context("cannot run taskset, of util-linux")?;
    if !status.success() {
        bail!("taskset cannot keep this process to core {cores}: the benchmark needs two");
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

/// The memory of a process that is in RAM, in bytes: `VmRSS` of proc_pid_status(5).
pub fn resident(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.context("no VmRSS")?.split_whitespace().next();
    let kib: u64 = kib.context("VmRSS is empty")?.parse()?;
    Ok(kib.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another process: the threads of this one are tests, which end.
    #[test]
    fn time_passes_with_work() {
        let mut busy = Command::new("yes").stdout(Stdio::null()).spawn().unwrap();
        let before = time(busy.id()).unwrap();
        let passed = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            time(busy.id()).unwrap() > before
        });
        busy.kill().unwrap();
        busy.wait().unwrap();
        assert!(passed);
        assert!(time(0).is_err());
        assert!(resident(std::process::id()).unwrap() > 1 << 20);
    }

    #[test]
    fn cores_are_shared_only_where_there_are_too_few() {
        for (workers, available, envoy, others) in [
            (1, 2, "0", "1"),
            (2, 2, "0-1", "1"),
            (4, 2, "0-1", "1"),
            (1, 4, "0", "1-3"),
            (3, 4, "0-2", "3"),
        ] {
            let cores = Cores::new(workers, available).unwrap();
            assert_eq!(
                (cores.envoy.as_str(), cores.others.as_str()),
                (envoy, others)
            );
        }
        assert!(Cores::new(0, 2).is_err() && Cores::new(1, 1).is_err());
    }
}
