//! One PostgreSQL server for the whole test binary: on a socket of its own, gone with the process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Runs the server, and ends it when the tests' end of the pipe closes, however they end.
const WATCH: &str = r#"
"$@" >"$DATA/log" 2>&1 &
cat >/dev/null
kill -INT "$(head -n 1 "$DATA/data/postmaster.pid")" 2>/dev/null
wait
rm -rf "$DATA"
"#;

struct Server {
    directory: PathBuf,
    _watch: Child,
}

/// The URL of a fresh, empty database.
pub async fn fresh_database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(start))
        .await
        .unwrap();
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let url = |database: &str| {
        format!(
            "postgres://postgres@localhost/{database}?host={}",
            server.directory.display()
        )
    };
    let admin = sqlx::PgPool::connect(&url("postgres"))
        .await
        .expect("the test server answers");
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(sql)
        .execute(&admin)
        .await
        .expect("a database can be made");
    admin.close().await;
    url(&name)
}

pub fn binaries() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = found.map(|version| version.path().join("bin")).collect();
    found.sort();
    found
        .into_iter()
        .rfind(|bin| bin.join("initdb").exists())
        .expect(
            "PostgreSQL is not installed: run `scripts/setup-postgres`. These \
         tests run on both databases",
        )
}

/// A command run as a user PostgreSQL accepts: it refuses root.
pub fn command(program: &Path) -> Vec<String> {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.stdout == b"0\n");
    let as_user = ["runuser", "-u", "postgres", "--"].map(str::to_owned);
    let program = program.display().to_string();
    if is_root {
        as_user.into_iter().chain([program]).collect()
    } else {
        vec![program]
    }
}

pub fn run(command: &[String]) {
    let output = Command::new(&command[0])
        .args(&command[1..])
        .output()
        .expect("can be run");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn start() -> Server {
    let bin = binaries();
    let directory = tempfile::Builder::new()
        .prefix("paddock-pg-")
        .tempdir()
        .unwrap()
        .keep();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&directory, mode).unwrap();
    let data = directory.join("data").display().to_string();
    let with = |mut command: Vec<String>, args: &[&str]| {
        command.extend(args.iter().map(|arg| (*arg).to_owned()));
        command
    };
    let initdb = [
        "-D",
        &data,
        "-A",
        "trust",
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--no-sync",
    ];
    run(&with(command(&bin.join("initdb")), &initdb));
    let socket = directory.display().to_string();
    let server = with(
        command(&bin.join("postgres")),
        &[
            "-D",
            &data,
            "-k",
            &socket,
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
        ],
    );
    let server = with(
        server,
        &["-c", "max_connections=400", "-c", "shared_buffers=64MB"],
    );
    #[expect(
        clippy::zombie_processes,
        reason = "it ends after this process, and waits itself"
    )]
    let watch = Command::new("sh")
        .args(["-c", WATCH, "sh"])
        .args(server)
        .env("DATA", &directory)
        .stdin(Stdio::piped())
        .spawn()
        .expect("sh can be run");
    let ready = bin.join("pg_isready");
    for _ in 0..200 {
        let answer = Command::new(&ready)
            .args(["-h", &socket])
            .output()
            .expect("can be run");
        if answer.status.success() {
            return Server {
                directory,
                _watch: watch,
            };
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
    panic!("PostgreSQL did not start within 10 s:\n{log}");
}
