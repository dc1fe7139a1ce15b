//! A PostgreSQL server of one's own, to be stopped as an administrator does, and as a power failure.

use anyhow::{Context, bail, ensure};
use paddock_local::Process;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How long it may take to start: after a crash it recovers first.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// A server on a socket in a folder of its own. Commits are durable: what a crash may not take is
/// what is tested.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Process>,
    log: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// Starts one; what it prints goes to `log`.
    pub async fn start(log: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("paddock-server-")
            .tempdir()?;
        // The server runs as another user where this is root.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777))?;
        let mut postgres = Self {
            server: None,
            log: log.to_owned(),
            folder,
        };
        let made = command("initdb", "KILL")?
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "-D"])
            .arg(postgres.data())
            .output()?;
        let errors = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "initdb failed: {errors}");
        postgres.run().await?;
        Ok(postgres)
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        let folder = self.folder.path().display();
        format!("postgres://postgres@localhost/postgres?host={folder}")
    }

    /// Starts it, again after it was stopped, and waits until it answers.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            // A crashed server's last processes may hold its memory for a moment: then this one
            // ends, and the next try succeeds.
            let ended = self
                .server
                .as_mut()
                .is_none_or(|server| server.ended().is_some());
            if ended {
                let mut server = command("postgres", "INT")?;
                server.arg("-D").arg(self.data());
                server.arg("-k").arg(self.folder.path());
                server.args(["-c", "listen_addresses="]);
                self.server = Some(Process::start("PostgreSQL", server, &self.log)?);
            }
            let ready = Command::new(binaries()?.join("pg_isready"))
                .arg("-h")
                .arg(self.folder.path())
                .output()?;
            if ready.status.success() {
                return Ok(());
            }
            sleep(POLL).await;
        }
        bail!("PostgreSQL did not start within {PATIENCE:?}")
    }

    /// `kill -9` of the server and of all its processes.
    pub fn crash(&mut self) -> anyhow::Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        // So that it starts no more of them meanwhile.
        server.signal(Signal::STOP)?;
        for process in children(server.pid())? {
            // One that has just ended by itself is as good.
            let _ = kill_process(process, Signal::KILL);
        }
        server.kill()
    }

    /// Stops it as its administrator does, without waiting for its clients.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut server) = self.server.take() {
            server.signal(Signal::INT)?;
            while server.ended().is_none() {
                sleep(POLL).await;
            }
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

fn children(parent: u32) -> anyhow::Result<Vec<Pid>> {
    let listed = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
    let ids = listed
        .split_whitespace()
        .filter_map(|id| id.parse::<i32>().ok());
    Ok(ids.filter_map(Pid::from_raw).collect())
}

fn binaries() -> anyhow::Result<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql");
    let versions = installed.into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    found.sort();
    found
        .pop()
        .context("PostgreSQL is not installed: run 'scripts/setup-postgres'")
}

/// A program of PostgreSQL's as a user it accepts, which gets `signal` when this process ends.
fn command(program: &str, signal: &str) -> anyhow::Result<Command> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal]);
    if rustix::process::geteuid().is_root() {
        let id = |flag: &str| -> anyhow::Result<String> {
            let told = Command::new("id").args([flag, "postgres"]).output()?;
            Ok(String::from_utf8(told.stdout)?.trim().to_owned())
        };
        command.args(["--reuid", &id("-u")?, "--regid", &id("-g")?]);
        command.arg("--clear-groups");
    }
    command.arg(binaries()?.join(program));
    Ok(command)
}
