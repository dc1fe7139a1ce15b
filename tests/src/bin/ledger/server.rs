//! The databases and the service: processes of their own, gone with this one.

use anyhow::{Context, bail, ensure};
use paddock_local::{Port, Process};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::time::Instant;

/// The operator's key.
pub const ADMIN: &str = "admin-key-of-the-benchmark";
/// The gateways' token.
pub const GATEWAY: &str = "gateway-token-of-the-benchmark";

const PATIENCE: Duration = Duration::from_secs(60);

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A server of its own.
    Postgres,
}

impl Kind {
    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Sqlite => "SQLite",
            Kind::Postgres => "PostgreSQL",
        }
    }
}

/// A database and the service on it.
pub struct Server {
    /// Which database.
    pub kind: Kind,
    /// Where the service listens.
    pub url: String,
    /// Where the database is.
    pub database_url: String,
    service: Process,
    postgres: Option<Process>,
    // Last, so that the processes end before their files go.
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts both, on a fresh database.
    pub async fn start(kind: Kind) -> anyhow::Result<Server> {
        let folder = tempfile::Builder::new()
            .prefix("paddock-ledger-")
            .tempdir()?;
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777))?;
        let (postgres, database_url) = match kind {
            Kind::Sqlite => {
                let file = folder.path().join("paddock.db");
                (None, format!("sqlite://{}", file.display()))
            }
            Kind::Postgres => {
                let socket = folder.path().display();
                let url = format!("postgres://postgres@localhost/postgres?host={socket}");
                (Some(postgres(folder.path()).await?), url)
            }
        };
        let port = Port::Free.hold("the accounting service")?;
        let mut command = Command::new(paddock_local::binary("paddock")?);
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{}", port.number)])
            .current_dir(folder.path())
            .env("PADDOCK_DATABASE_URL", &database_url)
            .env("PADDOCK_ADMIN_KEY", ADMIN)
            .env("PADDOCK_GATEWAY_TOKEN", GATEWAY)
            .env("RUST_LOG", "warn");
        let log = folder.path().join("service.log");
        let mut server = Server {
            kind,
            url: format!("http://127.0.0.1:{}", port.number),
            database_url,
            service: Process::start("the accounting service", command, &log)?,
            postgres,
            folder,
        };
        let end = Instant::now() + PATIENCE;
        while !is_ready(&server.url).await {
            server.service.check()?;
            ensure!(Instant::now() < end, "the service does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(server)
    }

    /// CPU time of the service and of the database's processes, those that have ended included.
    pub fn cpu(&self) -> anyhow::Result<(Duration, Duration)> {
        let service = time(self.service.pid(), false)?;
        let Some(postgres) = &self.postgres else {
            return Ok((service, Duration::ZERO));
        };
        let mut database = time(postgres.pid(), true)?;
        let path = format!("/proc/{0}/task/{0}/children", postgres.pid());
        let children = std::fs::read_to_string(path)?;
        for child in children.split_whitespace() {
            // One that ends meanwhile is counted with its parent next time.
            database += time(child.parse()?, false).unwrap_or_default();
        }
        Ok((service, database))
    }

    /// Bytes of the SQLite file and its log; of PostgreSQL the database asks itself.
    pub fn file_bytes(&self) -> u64 {
        let bytes = |name: &str| {
            let path = self.folder.path().join(name);
            std::fs::metadata(path).map_or(0, |file| file.len())
        };
        bytes("paddock.db") + bytes("paddock.db-wal")
    }
}

async fn is_ready(url: &str) -> bool {
    reqwest::get(format!("{url}/readyz"))
        .await
        .is_ok_and(|answer| answer.status() == 200)
}

/// A server with durable commits, and memory as its manual advises; everything else as it comes.
async fn postgres(folder: &Path) -> anyhow::Result<Process> {
    let bin = binaries()?;
    let data = folder.join("data").display().to_string();
    let mut initdb = as_postgres(&bin.join("initdb"))?;
    let made = initdb
        .args(["-D", &data, "-A", "trust", "-U", "postgres", "-E", "UTF8"])
        .output()
        .context("cannot run initdb")?;
    ensure!(
        made.status.success(),
        "initdb: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    let socket = folder.display().to_string();
    let mut server = as_postgres(&bin.join("postgres"))?;
    server.args(["-D", &data, "-k", &socket, "-c", "listen_addresses="]);
    for setting in ["shared_buffers=2GB", "max_wal_size=8GB"] {
        server.args(["-c", setting]);
    }
    let mut server = Process::start("PostgreSQL", server, &folder.join("postgres.log"))?;
    let end = Instant::now() + PATIENCE;
    loop {
        server.check()?;
        let ready = Command::new(bin.join("pg_isready"))
            .args(["-h", &socket])
            .output()?;
        if ready.status.success() {
            return Ok(server);
        }
        ensure!(Instant::now() < end, "PostgreSQL does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn binaries() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    let mut found: Vec<PathBuf> = versions
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found
        .pop()
        .context("PostgreSQL is not installed: run `scripts/setup-postgres`")
}

/// A command as a user PostgreSQL accepts, which root is not.
fn as_postgres(program: &Path) -> anyhow::Result<Command> {
    let id = |arguments: &[&str]| -> anyhow::Result<String> {
        let id = Command::new("id").args(arguments).output()?;
        if !id.status.success() {
            bail!("{}", String::from_utf8_lossy(&id.stderr));
        }
        Ok(String::from_utf8_lossy(&id.stdout).trim().to_owned())
    };
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if id(&["-u"])? == "0" {
        let (user, group) = (id(&["-u", "postgres"])?, id(&["-g", "postgres"])?);
        command.args(["--reuid", &user, "--regid", &group, "--clear-groups"]);
    }
    command.arg(program);
    Ok(command)
}

/// User and system time of a process; with `children` also of those of its children that ended.
fn time(pid: u32, children: bool) -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = text.rsplit_once(')').context("not a stat file")?;
    // Fields 14 to 17 of proc(5); the name was the second. In hundredths of a second.
    let fields = fields.split_whitespace().skip(11);
    let wanted = if children { 4 } else { 2 };
    let ticks: u64 = fields
        .take(wanted)
        .map(|field| field.parse::<u64>().unwrap_or(0))
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}
