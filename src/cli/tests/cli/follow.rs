//! `paddock reconcile --follow`, beside an Envoy that writes, rotates its log and is killed.

use crate::support::{Service, wait};
use paddock_core::ids::EventIds;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Child;
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

fn follow(service: &Service, log: &Path) -> Child {
    let mut command = service.command(&["reconcile", "--follow", "--delay", "1"]);
    command.arg(log).spawn().unwrap()
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
    let follower = follow(&service, &path);
    until_booked(&service, 1_200);
    append(&path, end);
    until_booked(&service, log.written);
    kill(follower);

    // Envoy goes on, and its log is rotated, while nobody follows.
    log.write(50);
    fs::rename(&path, &first).unwrap();
    log.write(30);
    let follower = follow(&service, &path);
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

#[test]
fn following_needs_a_file() {
    let service = Service::start();
    let error = service.paddock(&["reconcile", "--follow"]).fails(1);
    assert!(
        error.contains("--follow needs the access log's file"),
        "{error}"
    );
}
