//! `paddock serve` on a free port, ended when dropped.

use super::{Ran, paddock, run};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// The operator's key.
pub const ADMIN: &str = "admin-key-for-tests";
/// The gateways' token.
pub const GATEWAY: &str = "gateway-token-for-tests";

/// How long the service may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

pub struct Service {
    child: Child,
    pub url: String,
    pub folder: TempDir,
}

/// The SQLite database of a service in this folder.
fn database_in(folder: &TempDir) -> String {
    folder.path().join("paddock.db").display().to_string()
}

impl Service {
    /// On a fresh SQLite database.
    pub fn start() -> Service {
        Service::with(&[])
    }

    /// On a fresh SQLite database, with more arguments.
    pub fn with(arguments: &[&str]) -> Service {
        let folder = TempDir::new().unwrap();
        Service::on(&database_in(&folder), folder, arguments)
    }

    /// The SQLite database that it has made in its folder.
    pub fn database(&self) -> String {
        database_in(&self.folder)
    }

    /// On a database.
    pub fn on(database_url: &str, folder: TempDir, arguments: &[&str]) -> Service {
        let mut command = paddock();
        command
            .args(["serve", "--create", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("PADDOCK_DATABASE_URL", database_url)
            .env("PADDOCK_ADMIN_KEY", ADMIN)
            .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
        Service::spawn(command, folder)
    }

    /// Starts a `serve` and waits until it listens.
    pub fn spawn(mut command: Command, folder: TempDir) -> Service {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (tell, told) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        // The log is read to its end, or the service would wait for its reader.
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let entry: Value = serde_json::from_str(&line).unwrap_or_default();
                if entry["message"] == "listening" {
                    let (scheme, address) = (&entry["scheme"], &entry["address"]);
                    let url = format!(
                        "{}://{}",
                        scheme.as_str().unwrap(),
                        address.as_str().unwrap()
                    );
                    let _ = tell.send(url);
                } else if entry["level"] != "INFO" {
                    eprintln!("{line}");
                }
            }
        });
        let url = told.recv_timeout(START).expect("the service listens");
        Service { child, url, folder }
    }

    /// A command that asks this service as its operator.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = paddock();
        command
            .args(arguments)
            .env("PADDOCK_URL", &self.url)
            .env("PADDOCK_ADMIN_KEY", ADMIN);
        command
    }

    /// Runs a command as the operator.
    pub fn paddock(&self, arguments: &[&str]) -> Ran {
        run(&mut self.command(arguments), "")
    }

    /// Runs a command that reads `input`.
    pub fn paddock_reading(&self, arguments: &[&str], input: &str) -> Ran {
        run(&mut self.command(arguments), input)
    }

    /// Writes a file beside the database.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.pid()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end; whether it was a clean one.
    pub fn wait(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
