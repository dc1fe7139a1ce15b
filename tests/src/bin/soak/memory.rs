//! How much memory the processes hold.

use anyhow::Context;
use paddock_local::Part;
use paddock_tests::installation::{Installation, Replica};

/// Resident memory of every Envoy and of every replica, in MiB.
pub fn of(installation: &mut Installation) -> anyhow::Result<(Vec<u64>, Vec<u64>)> {
    let mut envoys = Vec::new();
    for gateway in &mut installation.gateways {
        let process = gateway.process(Part::Envoy).context("no Envoy")?;
        envoys.push(resident(process.pid())?);
    }
    let replicas = installation.replicas.iter().filter_map(Replica::pid);
    Ok((
        envoys,
        replicas.map(resident).collect::<anyhow::Result<_>>()?,
    ))
}

fn resident(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib.context("no VmRSS")?.parse()?;
    Ok(kib.div_ceil(1_024))
}
