//! A throw-away PostgreSQL server: on a socket in a folder of its own, gone with this process however
//! that ends.

use crate::Process;
use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// How long it may take to start: after a crash it recovers first.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to stop where nobody waits for it.
const GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);

/// Removes the folder once this process is gone, and the server with it.
const CLEAR: &str = r#"
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
tries=0
while [ -n "$pid" ] && [ -e "/proc/$pid" ] && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
rm -rf "$1"
"#;

/// How a server is to differ from one as it comes.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    /// Settings of its configuration, as in `fsync=off`. As it comes, commits are durable.
    pub settings: &'static [&'static str],
    /// Where it logs, to be kept; in its own folder where nothing is named.
    pub log: Option<PathBuf>,
}

/// A server that can be stopped as an administrator does, and as a power failure does, and started
/// again. Dropping it ends it and removes its folder; where this process dies, it gets `SIGINT`.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Process>,
    settings: &'static [&'static str],
    log: PathBuf,
    // Last, so that the server has ended before its files go.
    folder: Folder,
}

impl Postgres {
    /// Starts one on an empty database, and waits until it answers.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed or does not start.
    pub async fn start(options: PostgresOptions) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let made = command("initdb", "KILL")?
            // The machine does not fail, only processes do.
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--no-sync",
                "-D",
            ])
            .arg(folder.path.join("data"))
            .output()
            .context("cannot run initdb")?;
        let errors = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "initdb failed: {errors}");
        let mut postgres = Self {
            server: None,
            settings: options.settings,
            log: options.log.unwrap_or_else(|| folder.path.join("log")),
            folder,
        };
        postgres.run().await?;
        Ok(postgres)
    }

    /// Where its database is reached.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Where one of its databases is reached.
    pub fn url_of(&self, database: &str) -> String {
        let folder = self.folder.path.display();
        format!("postgres://postgres@localhost/{database}?host={folder}")
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Process::pid)
    }

    /// Starts it, again after it was stopped, and waits until it answers.
    ///
    /// # Errors
    /// Where it does not answer within a minute.
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
                server.arg("-D").arg(self.folder.path.join("data"));
                server.arg("-k").arg(&self.folder.path);
                server.args(["-c", "listen_addresses="]);
                for setting in self.settings {
                    server.args(["-c", setting]);
                }
                self.server = Some(Process::start("PostgreSQL", server, &self.log)?);
            }
            let ready = Command::new(binaries()?.join("pg_isready"))
                .arg("-h")
                .arg(&self.folder.path)
                .output()?;
            if ready.status.success() {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        if let Some(server) = &mut self.server {
            server.check()?;
        }
        bail!("PostgreSQL did not start within {PATIENCE:?}")
    }

    /// `kill -9` of the server and of all its processes.
    ///
    /// # Errors
    /// Where a signal cannot be sent.
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
    ///
    /// # Errors
    /// Where the signal cannot be sent.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut server) = self.server.take() {
            server.signal(Signal::INT)?;
            while server.ended().is_none() {
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.signal(Signal::INT);
            let told = Instant::now();
            while server.ended().is_none() && told.elapsed() < GRACE {
                std::thread::sleep(POLL);
            }
        }
    }
}

/// A folder that goes when it is dropped, or when this process is gone: a shell waits for that.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    remover: Child,
}

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let name = tempfile::Builder::new().prefix("paddock-pg-").tempdir()?;
        let remover = Command::new("sh")
            .args(["-c", CLEAR, "sh"])
            .arg(name.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C in the terminal is not for it.
            .process_group(0)
            .spawn()
            .context("cannot run sh")?;
        let path = name.keep();
        // The server runs as another user where this is root.
        std::fs::set_permissions(&path, Permissions::from_mode(0o777))?;
        Ok(Self { path, remover })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.remover.stdin.take());
        let _ = self.remover.wait();
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

/// A program of PostgreSQL's as a user it accepts, which root is not; it gets `signal` when this
/// process ends.
fn command(program: &str, signal: &str) -> anyhow::Result<Command> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal]);
    if rustix::process::geteuid().is_root() {
        let id = |flag: &str| -> anyhow::Result<String> {
            let told = Command::new("id").args([flag, "postgres"]).output()?;
            ensure!(told.status.success(), "there is no user 'postgres'");
            Ok(String::from_utf8(told.stdout)?.trim().to_owned())
        };
        command.args(["--reuid", &id("-u")?, "--regid", &id("-g")?]);
        command.arg("--clear-groups");
    }
    command.arg(binaries()?.join(program));
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::path::Path;

    #[tokio::test]
    async fn a_server_comes_back_after_a_crash_and_leaves_nothing() {
        let mut postgres = Postgres::start(PostgresOptions::default()).await.unwrap();
        let first = postgres.pid().unwrap();
        postgres.crash().unwrap();
        assert_eq!(postgres.pid(), None);
        postgres.run().await.unwrap();
        assert_ne!(postgres.pid(), Some(first));
        let folder = postgres.folder.path.clone();
        assert!(folder.join("log").is_file());
        drop(postgres);
        assert!(!folder.exists());
    }

    #[tokio::test]
    #[ignore = "the test below starts it, and kills it"]
    #[expect(clippy::print_stdout, reason = "the test below reads it")]
    async fn a_server_is_held() {
        let postgres = Postgres::start(PostgresOptions::default()).await.unwrap();
        println!("\nfolder={}", postgres.folder.path.display());
        println!("pid={}", postgres.pid().unwrap());
        std::future::pending::<()>().await;
    }

    #[test]
    fn a_server_goes_with_the_process_that_started_it() {
        let mut holder = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("postgres::tests::a_server_is_held")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let mut told = |name: &str| {
            let mut values = lines.by_ref().map(|line| line.unwrap());
            values.find_map(|line| line.strip_prefix(name).map(str::to_owned))
        };
        let folder = PathBuf::from(told("folder=").unwrap());
        let server = Path::new("/proc").join(told("pid=").unwrap());
        assert!(folder.is_dir() && server.is_dir());
        holder.kill().unwrap();
        holder.wait().unwrap();
        let begun = Instant::now();
        while folder.exists() || server.exists() {
            assert!(begun.elapsed() < PATIENCE, "something is left");
            std::thread::sleep(POLL);
        }
    }
}
