//! The databases and the service: processes of their own, gone with this one.

use anyhow::{Context, ensure};
use paddock_local::{Port, Postgres, PostgresOptions, Process};
use sqlx::sqlite::SqliteConnectOptions;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
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

/// How the service is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mode {
    /// How many days its clock is behind.
    pub days_ago: u64,
    /// How many days it keeps the audit; for ever where it is `None`.
    pub retention_days: Option<u64>,
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
    address: String,
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
        let address = format!("127.0.0.1:{}", port.number);
        let mut server = Server {
            kind,
            url: format!("http://{address}"),
            service: serve(folder.path(), &database_url, &address, Mode::default())?,
            database_url,
            postgres,
            address,
            folder,
        };
        server.until_ready().await?;
        Ok(server)
    }

    /// Stops the service as an operator does, and starts it in another way.
    pub async fn restart(&mut self, mode: Mode) -> anyhow::Result<()> {
        self.service.stop().await?;
        self.service = serve(self.folder.path(), &self.database_url, &self.address, mode)?;
        self.until_ready().await
    }

    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while !is_ready(&self.url).await? {
            self.service.check()?;
            ensure!(Instant::now() < end, "the service does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// How many rounds of housekeeping the service has told of, since the first start.
    pub fn rounds_of_housekeeping(&self) -> anyhow::Result<usize> {
        let log = std::fs::read_to_string(self.service.log())?;
        Ok(log.matches("threw away what was too old").count())
    }

    /// What a query answers, which asks for one number.
    pub async fn number(&self, sql: String) -> anyhow::Result<i64> {
        let sql = sqlx::AssertSqlSafe(sql);
        let (number,): (i64,) = match self.kind {
            Kind::Sqlite => {
                let options = SqliteConnectOptions::from_str(&self.database_url)?.read_only(true);
                let pool = sqlx::SqlitePool::connect_with(options).await?;
                let row = sqlx::query_as(sql).fetch_one(&pool).await?;
                pool.close().await;
                row
            }
            Kind::Postgres => {
                let pool = sqlx::PgPool::connect(&self.database_url).await?;
                let row = sqlx::query_as(sql).fetch_one(&pool).await?;
                pool.close().await;
                row
            }
        };
        Ok(number)
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

fn serve(folder: &Path, database_url: &str, address: &str, mode: Mode) -> anyhow::Result<Process> {
    let mut command = Command::new(paddock_local::binary("paddock")?);
    command
        .args(["serve", "--create", "--listen", address])
        .current_dir(folder)
        .env("PADDOCK_DATABASE_URL", database_url)
        .env("PADDOCK_ADMIN_KEY", ADMIN)
        .env("PADDOCK_GATEWAY_TOKEN", GATEWAY)
        .env("RUST_LOG", "warn,paddock_server::background=info");
    if let Some(days) = mode.retention_days {
        command.env("PADDOCK_AUDIT_RETENTION_DAYS", days.to_string());
    }
    if mode.days_ago > 0 {
        command
            .env("LD_PRELOAD", faketime()?)
            .env("FAKETIME", format!("-{}d", mode.days_ago))
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
    Process::start(
        "the accounting service",
        command,
        &folder.join("service.log"),
    )
}

/// What turns back a process's clock: <https://github.com/wolfcw/libfaketime>.
fn faketime() -> anyhow::Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten();
    let mut paths = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = paths.find(|path| path.exists());
    found.context("libfaketime is not installed: run `scripts/setup-faketime`")
}

async fn is_ready(url: &str) -> anyhow::Result<bool> {
    let answer = paddock_local::client()?
        .build()?
        .get(format!("{url}/readyz"));
    Ok(answer
        .send()
        .await
        .is_ok_and(|answer| answer.status() == 200))
}

/// CPU time of this process.
pub fn own_cpu() -> anyhow::Result<Duration> {
    time(std::process::id(), false)
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
