//! The databases and the service: processes of their own, gone with this one.

use anyhow::{Context, ensure};
use paddock_local::{Port, Postgres, PostgresOptions, Process};
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
    postgres: Option<Postgres>,
    // Last, so that the processes end before their files go.
    folder: tempfile::TempDir,
}

impl Server {
    /// Starts both, on a fresh database.
    pub async fn start(kind: Kind) -> anyhow::Result<Server> {
        let folder = tempfile::Builder::new()
            .prefix("paddock-ledger-")
            .tempdir()?;
        let (postgres, database_url) = match kind {
            Kind::Sqlite => {
                let file = folder.path().join("paddock.db");
                (None, format!("sqlite://{}", file.display()))
            }
            Kind::Postgres => {
                // Durable commits, and memory as its manual advises; everything else as it comes.
                let options = PostgresOptions {
                    settings: &["shared_buffers=2GB", "max_wal_size=8GB"],
                    ..PostgresOptions::default()
                };
                let postgres = Postgres::start(options).await?;
                let url = postgres.url();
                (Some(postgres), url)
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
        let Some(postgres) = self.postgres.as_ref().and_then(Postgres::pid) else {
            return Ok((service, Duration::ZERO));
        };
        let mut database = time(postgres, true)?;
        let path = format!("/proc/{postgres}/task/{postgres}/children");
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
