//! A PostgreSQL server of one test, which it can stop and crash.

use super::postgres::{binaries, command, run};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long it may take to start or stop: after a crash it recovers first.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct OwnPostgres {
    folder: TempDir,
    server: Option<Child>,
}

impl OwnPostgres {
    /// With durable commits: what a crash may not take is what is tested.
    pub fn start() -> OwnPostgres {
        let folder = tempfile::Builder::new()
            .prefix("paddock-own-pg-")
            .tempdir()
            .unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let data = folder.path().join("data").display().to_string();
        let mut initdb = command(&binaries().join("initdb"));
        let arguments = ["-D", &data, "-A", "trust", "-U", "postgres", "-E", "UTF8"];
        initdb.extend(arguments.map(str::to_owned));
        run(&initdb);
        let mut postgres = OwnPostgres {
            folder,
            server: None,
        };
        postgres.run();
        postgres
    }

    pub fn url(&self) -> String {
        format!(
            "postgres://postgres@localhost/postgres?host={}",
            self.folder.path().display()
        )
    }

    /// Starts it, again after it was stopped, and waits until it answers.
    pub fn run(&mut self) {
        let socket = self.folder.path().display().to_string();
        let data = self.folder.path().join("data");
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            // A crashed server's last processes may hold its memory for a moment: then this one
            // ends, and the next try succeeds.
            let ended = match &mut self.server {
                None => true,
                Some(server) => server.try_wait().unwrap().is_some(),
            };
            if ended {
                let server = postgres_process(&binaries().join("postgres"))
                    .arg("-D")
                    .arg(&data)
                    .args([
                        "-k",
                        &socket,
                        "-c",
                        "listen_addresses=",
                        "-c",
                        "max_connections=100",
                    ])
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn();
                self.server = Some(server.unwrap());
            }
            let ready = Command::new(binaries().join("pg_isready"))
                .args(["-h", &socket])
                .output();
            if ready.unwrap().status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL did not start within {PATIENCE:?}");
    }

    /// Stops it as its administrator does, or as a power failure.
    pub fn stop(&mut self, crash: bool) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        if crash {
            server.kill().unwrap();
        } else {
            let told = Command::new("kill")
                .args(["-INT", &server.id().to_string()])
                .status();
            assert!(told.unwrap().success());
        }
        server.wait().unwrap();
    }
}

/// The server as a process of this one, as a user PostgreSQL accepts, and gone with the test.
fn postgres_process(program: &std::path::Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    let id = |flag: &str, user: &[&str]| {
        let id = Command::new("id").arg(flag).args(user).output().unwrap();
        String::from_utf8(id.stdout).unwrap().trim().to_owned()
    };
    if id("-u", &[]) == "0" {
        let (user, group) = (id("-u", &["postgres"]), id("-g", &["postgres"]));
        command.args(["--reuid", &user, "--regid", &group, "--clear-groups"]);
    }
    command.arg(program);
    command
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.stop(false);
    }
}
