//! `paddock reconcile --follow`, beside an Envoy that writes, rotates its log and is killed.

use crate::configuration::unit_setting;
use crate::support::{GATEWAY, Service, paddock, wait};
use paddock_core::ids::EventIds;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

struct Log {
    path: PathBuf,
    ids: EventIds,
    written: i64,
}

impl Log {
    /// Lines of so many events.
    fn lines(&mut self, count: i64) -> String {
        self.written += count;
        let line = |_| {
            let event = json!({
                "id": self.ids.next(1_773_576_000_000), "key_id": "key_1", "namespace": "team",
                "organization": "default", "model": "gpt-4.1", "requested_model": "gpt-4.1",
                "endpoint": "/v1/chat/completions", "stream": false, "status": 200,
                "outcome": "complete", "estimated": false,
                "started_at": 1_773_576_000_000_000_000_u64, "duration_ms": 12,
                "tokens": { "input": 80, "cached_input": 20, "output": 50 }, "cost": 1_000,
            });
            json!({ "status": 200, "event": event }).to_string() + "\n"
        };
        (0..count).map(line).collect()
    }

    fn write(&mut self, count: i64) {
        let lines = self.lines(count);
        append(&self.path, &lines);
    }
}

fn append(path: &Path, text: &str) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

fn booked(service: &Service) -> i64 {
    let options = SqliteConnectOptions::new().filename(service.database());
    wait(async {
        let mut database = options.read_only(true).connect().await.unwrap();
        let row = sqlx::query("SELECT COUNT(*) FROM events").fetch_one(&mut database);
        row.await.unwrap().get(0)
    })
}

#[track_caller]
fn until_booked(service: &Service, count: i64) {
    let begun = Instant::now();
    while booked(service) < count {
        assert!(begun.elapsed() < PATIENCE, "{} of {count}", booked(service));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(booked(service), count);
}

/// With the token that the filter has, and nothing more.
fn follow(service: &Service, log: &Path, arguments: &[&str]) -> Child {
    let mut command = paddock();
    command
        .args(["reconcile", "--follow", "--delay", "1"])
        .args(arguments)
        .arg(log)
        .env("PADDOCK_URL", &service.url)
        .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
    command.spawn().unwrap()
}

fn kill(mut follower: Child) {
    assert_eq!(
        follower.try_wait().unwrap(),
        None,
        "it follows until stopped"
    );
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn a_log_is_followed_over_rotations_and_crashes() {
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    let folder = service.folder.path();
    let (path, first, second) = (
        folder.join("access.log"),
        folder.join("access.log.1"),
        folder.join("access.log.2"),
    );
    let mut log = Log {
        path: path.clone(),
        ids: EventIds::new([5; 6]),
        written: 0,
    };
    log.write(1_200);
    let cut = log.lines(1);
    let (begin, end) = cut.split_at(40);
    append(&path, begin);
    let follower = follow(&service, &path, &[]);
    until_booked(&service, 1_200);
    append(&path, end);
    until_booked(&service, log.written);
    kill(follower);

    // Envoy goes on, and its log is rotated, while nobody follows.
    log.write(50);
    fs::rename(&path, &first).unwrap();
    log.write(30);
    let follower = follow(&service, &path, &[]);
    until_booked(&service, log.written);

    // Now while somebody follows; Envoy writes into the old one for a moment.
    fs::rename(&first, &second).unwrap();
    fs::rename(&path, &first).unwrap();
    let late = log.lines(3);
    append(&first, &late);
    log.write(7);
    until_booked(&service, log.written);

    // A log that is copied and cut short goes on from its beginning.
    std::thread::sleep(Duration::from_secs(3));
    fs::write(&path, "").unwrap();
    std::thread::sleep(Duration::from_secs(2));
    log.write(2);
    until_booked(&service, log.written);
    kill(follower);

    // Nothing is left for a person to do.
    for file in [&second, &first, &path] {
        let file = file.display().to_string();
        let told = service.paddock(&["reconcile", &file, "-o", "json"]).json(0);
        assert_eq!(told["new"], 0, "{told:#}");
    }
}

/// Envoy's admin interface, which opens the log anew as often as it is told to; how often that was.
fn admin(log: PathBuf) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = String::new();
            BufReader::new(&stream).read_line(&mut head).unwrap();
            assert!(head.starts_with("POST /reopen_logs "), "{head}");
            // The first time it does not answer.
            if count.fetch_add(1, Ordering::Relaxed) == 0 {
                continue;
            }
            append(&log, "");
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, told)
}

#[test]
fn a_log_that_is_too_long_is_rotated_and_deleted_when_it_is_booked() {
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    let path = service.folder.path().join("access.log");
    let old = service.folder.path().join("access.log.1");
    let mut log = Log {
        path: path.clone(),
        ids: EventIds::new([6; 6]),
        written: 0,
    };
    let (url, told) = admin(path.clone());
    log.write(4_000);
    assert!(fs::metadata(&path).unwrap().len() > 1_000_000);
    let follower = follow(
        &service,
        &path,
        &["--rotate-at", "1", "--envoy-admin", &url],
    );
    until_booked(&service, log.written);
    let begun = Instant::now();
    while told.load(Ordering::Relaxed) < 2 || old.exists() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    log.write(5);
    until_booked(&service, log.written);
    assert_eq!(told.load(Ordering::Relaxed), 2, "a short log is left alone");
    kill(follower);
}

#[test]
fn the_unit_of_systemd_repairs_what_is_in_envoys_log() {
    let unit = include_str!("../../../../deploy/paddock-reconcile.service");
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    let folder = service.folder.path();
    let place = folder.display().to_string();
    assert_eq!(
        unit_setting(unit, "LoadCredential"),
        ["gateway-token:/etc/paddock/gateway-token"]
    );
    service.write("gateway-token", &format!("{GATEWAY}\n"));
    let mut log = Log {
        path: folder.join("access.log"),
        ids: EventIds::new([7; 6]),
        written: 0,
    };
    log.write(20);
    let start = unit_setting(unit, "ExecStart")[0]
        .replace("${CREDENTIALS_DIRECTORY}", &place)
        .replace("/var/lib/paddock-reconcile", &place)
        .replace("/var/log/envoy", &place);
    let mut command = paddock();
    command
        .args(start.split(' ').skip(1))
        .env("PADDOCK_URL", &service.url);
    let follower = command.spawn().unwrap();
    until_booked(&service, log.written);
    kill(follower);
    assert!(folder.join("position").exists());
}

#[test]
fn the_service_hears_which_protocol_is_spoken() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let message = "Upgrade the service.";
        let body = json!({ "error": { "code": "protocol_unsupported", "message": message } });
        let body = body.to_string();
        let length = body.len();
        let answer =
            format!("HTTP/1.1 426 \r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).unwrap();
        head
    });
    let mut log = Log {
        path: PathBuf::new(),
        ids: EventIds::new([7; 6]),
        written: 0,
    };
    let mut command = paddock();
    command
        .arg("reconcile")
        .env("PADDOCK_URL", url)
        .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
    let error = crate::support::run(&mut command, &log.lines(1)).fails(1);
    assert!(error.contains("Upgrade the service."), "{error}");
    let head = asked.join().unwrap();
    assert!(
        head[0].starts_with("POST /gateway/v1/reconcile "),
        "{head:?}"
    );
    assert!(
        head.contains(&"x-paddock-protocol: 1".to_owned()),
        "{head:?}"
    );
}

#[test]
fn what_has_no_secret_says_which_there_are() {
    let mut command = paddock();
    let error = crate::support::run(command.arg("reconcile"), "").fails(1);
    for part in [
        "PADDOCK_GATEWAY_TOKEN",
        "--gateway-token-file",
        "--key-file",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn following_needs_a_file() {
    let service = Service::start();
    let error = service.paddock(&["reconcile", "--follow"]).fails(1);
    assert!(
        error.contains("--follow needs the access log's file"),
        "{error}"
    );
}
