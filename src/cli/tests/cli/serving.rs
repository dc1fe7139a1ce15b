//! The running service: TLS, readiness, and its end.

use crate::support::{ADMIN, GATEWAY, Service, agent, paddock, run, wait};
use paddock_core::ids::EventIds;
use paddock_local::{Postgres, PostgresOptions};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(50));
    }
}

/// Writes a fresh certificate of 127.0.0.1 that vouches for itself, and its key.
fn certify(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    made.cert.pem()
}

#[test]
fn https_is_served_and_a_new_certificate_is_read_at_sighup() {
    let folder = TempDir::new().unwrap();
    let [certificate, key, old, new] = ["cert.pem", "key.pem", "old.pem", "new.pem"]
        .map(|name| folder.path().join(name).display().to_string());
    std::fs::write(&old, certify(folder.path())).unwrap();
    let database = folder.path().join("paddock.db").display().to_string();
    let arguments = ["--tls-certificate", &certificate, "--tls-key", &key];
    let service = Service::on(&database, folder, &arguments);
    assert!(
        service.url.starts_with("https://127.0.0.1:"),
        "{}",
        service.url
    );
    let asks =
        |authority: &str| service.paddock(&["get", "organizations", "--ca-certificate", authority]);
    assert!(asks(&old).expect(0).contains("default"));
    let error = service.paddock(&["get", "organizations"]).fails(1);
    assert!(
        error.contains("cannot reach the service") && error.contains("ertificate"),
        "{error}"
    );

    std::fs::write(&new, certify(service.folder.path())).unwrap();
    assert_eq!(asks(&new).code, 1, "nobody told the service yet");
    service.signal("-HUP");
    eventually("the new certificate is served", || asks(&new).code == 0);
    asks(&old).fails(1);
    // What is no certificate changes nothing.
    std::fs::write(&certificate, "nonsense").unwrap();
    service.signal("-HUP");
    sleep(Duration::from_millis(300));
    asks(&new).expect(0);
}

#[test]
fn a_certificate_that_is_none_is_said_at_the_start() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.pem");
    std::fs::write(&path, "nonsense").unwrap();
    let mut command = paddock();
    command
        .arg("serve")
        .arg("--tls-certificate")
        .arg(&path)
        .arg("--tls-key")
        .arg(&path);
    command
        .env("PADDOCK_ADMIN_KEY", ADMIN)
        .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
    assert!(
        run(&mut command, "")
            .fails(1)
            .contains("cannot serve TLS with the certificate")
    );
}

fn status(service: &Service, path: &str) -> u16 {
    agent()
        .get(format!("{}{path}", service.url))
        .send()
        .unwrap()
        .status()
        .as_u16()
}

#[test]
fn readiness_goes_and_comes_with_the_database() {
    let mut database = wait(Postgres::start(PostgresOptions::default())).unwrap();
    let arguments = ["--database-timeout-seconds", "2"];
    let service = Service::on(&database.url(), TempDir::new().unwrap(), &arguments);
    // Without a certificate there is nothing to read again, and nothing ends.
    service.signal("-HUP");
    assert_eq!(
        (status(&service, "/healthz"), status(&service, "/readyz")),
        (200, 200)
    );
    for crash in [false, true] {
        match crash {
            true => database.crash().unwrap(),
            false => wait(database.stop()).unwrap(),
        }
        eventually("it is not ready", || status(&service, "/readyz") == 503);
        assert_eq!(
            status(&service, "/healthz"),
            200,
            "the process itself is well"
        );
        let error = service.paddock(&["get", "keys"]).fails(1);
        assert!(error.contains("503 accounting_unavailable"), "{error}");
        wait(database.run()).unwrap();
        eventually("it is ready again", || status(&service, "/readyz") == 200);
        service
            .paddock(&["keys", "create", if crash { "b" } else { "a" }])
            .expect(0);
    }
}

fn event(ids: &mut EventIds) -> Value {
    let at: u64 = 1_773_576_000_000;
    json!({
        "id": ids.next(at), "key_id": "key_1", "namespace": "team", "organization": "default",
        "model": "gpt-4.1", "requested_model": "gpt-4.1", "endpoint": "/v1/chat/completions",
        "stream": false, "status": 200, "outcome": "complete", "estimated": false,
        "started_at": at * 1_000_000, "duration_ms": 12,
        "tokens": { "input": 80, "cached_input": 20, "output": 50 }, "cost": 1_000_000,
    })
}

#[test]
fn what_was_acknowledged_while_the_service_was_stopped_is_booked() {
    let folder = TempDir::new().unwrap();
    let database = folder.path().join("paddock.db").display().to_string();
    let mut service = Service::on(&database, folder, &[]);
    let url = format!("{}/gateway/v1/sync", service.url);
    let (acknowledged, lost) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let gateway = |nonce: u8| {
        let (mut ids, agent) = (EventIds::new([nonce; 6]), agent());
        for number in 1_u64.. {
            let events: Vec<Value> = (0..200).map(|_| event(&mut ids)).collect();
            let batch = json!({ "number": number, "events": events });
            let body = json!({ "gateway": format!("g{nonce}"), "revision": 0, "batch": batch });
            let answer = agent
                .post(&url)
                .header("authorization", format!("Bearer {GATEWAY}"))
                .json(&body)
                .send();
            let answer: Option<Value> = answer.ok().and_then(|answer| answer.json().ok());
            match answer {
                Some(answer) if answer["acknowledged"] == number => {
                    acknowledged.lock().unwrap().extend(events)
                }
                _ => {
                    lost.lock().unwrap().extend(events);
                    return;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for nonce in 1..=3 {
            let gateway = &gateway;
            scope.spawn(move || gateway(nonce));
        }
        eventually("batches are booked", || {
            acknowledged.lock().unwrap().len() >= 2_000
        });
        service.signal("-TERM");
    });
    assert!(service.wait(), "it ends well");
    let (acknowledged, lost) = (
        acknowledged.into_inner().unwrap(),
        lost.into_inner().unwrap(),
    );
    assert_eq!(lost.len(), 600, "each gateway was cut off in one batch");

    let again = Service::on(&database, TempDir::new().unwrap(), &[]);
    again.paddock(&["keys", "create", "team"]).expect(0);
    let reconcile = |events: &[Value]| {
        let lines: Vec<String> = events
            .iter()
            .map(|event| json!({ "event": event }).to_string())
            .collect();
        again
            .paddock_reading(&["reconcile", "-o", "json"], &lines.join("\n"))
            .json(0)
    };
    assert_eq!(
        reconcile(&acknowledged)["new"],
        0,
        "what was acknowledged is there"
    );
    // A batch is in the ledger as a whole or not at all.
    for batch in lost.chunks(200) {
        let new = reconcile(batch)["new"].as_u64().unwrap();
        assert!([0, 200].contains(&new), "{new}");
    }
}

/// A shell that starts `serve` with files of so many KiB at most, as on a disk that is full then.
fn on_a_small_disk(folder: TempDir, kib: u64) -> Service {
    let serve = paddock();
    let mut command = std::process::Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$@\"", kib * 2);
    command.args(["-c", &script, "sh"]).arg(serve.get_program());
    command
        .args(["serve", "--create", "--listen", "127.0.0.1:0"])
        .current_dir(std::env::temp_dir())
        .env("PADDOCK_DATABASE_URL", folder.path().join("paddock.db"))
        .env("PADDOCK_ADMIN_KEY", ADMIN)
        .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
    Service::spawn(command, folder)
}

#[test]
fn a_full_disk_is_said_and_the_service_goes_on_when_there_is_room() {
    let service = on_a_small_disk(TempDir::new().unwrap(), 4_096);
    let client = agent();
    let url = service.url.clone();
    let ready = || client.get(format!("{url}/readyz")).send().unwrap();
    let ids = Mutex::new(EventIds::new([7; 6]));
    let sync = || {
        let events: Vec<Value> = (0..200).map(|_| event(&mut ids.lock().unwrap())).collect();
        let body = json!({ "gateway": "one", "revision": 0, "leases": [],
            "batch": { "number": 1, "events": events } });
        client
            .post(format!("{url}/gateway/v1/sync"))
            .bearer_auth(GATEWAY)
            .body(body.to_string())
            .send()
            .unwrap()
    };
    assert_eq!(ready().status(), 200);
    let refused = (0..200)
        .map(|_| sync())
        .find(|answer| answer.status() != 200);
    let refused = refused.expect("the disk gets full");
    assert_eq!(refused.status(), 503);
    let text = refused.text().unwrap();
    assert!(
        text.contains("make room") || text.contains("look at its disk"),
        "{text}"
    );
    // While it is full nothing heals, and nothing breaks for good.
    for _ in 0..3 {
        assert_eq!(sync().status(), 503);
    }
    eventually("the service says so", || ready().status() == 503);
    let unlimited = std::process::Command::new("prlimit")
        .args(["--pid", &service.pid(), "--fsize=unlimited"])
        .status();
    assert!(unlimited.unwrap().success());
    eventually("it is ready again", || ready().status() == 200);
    assert_eq!(sync().status(), 200);
    service.paddock(&["keys", "create", "a"]).expect(0);
}

#[test]
fn silent_connections_end_and_one_address_has_only_so_many() {
    use std::io::{Read, Write};
    let service = Service::with(&["--max-connections-per-address", "20"]);
    let address = service.url.strip_prefix("http://").unwrap();
    let connect = |head: &str| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let begun = Instant::now();
    let mut silent: Vec<_> = (0..20)
        .map(|number| {
            connect(if number % 2 == 0 {
                ""
            } else {
                "GET /readyz HTTP/1.1\r\nhost:"
            })
        })
        .collect();
    // They are accepted in their order, and counted in any.
    sleep(Duration::from_secs(1));
    let closed = connect("").read(&mut [0]);
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "it is closed at once"
    );
    // Nobody of them holds its place for long.
    for stream in &mut silent {
        let _ = stream.read(&mut [0; 512]);
    }
    assert!(
        begun.elapsed() >= Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(status(&service, "/readyz"), 200);
}

#[test]
fn gateways_may_have_a_port_of_their_own() {
    let port = crate::support::free_port();
    let own = format!("127.0.0.1:{port}");
    let service = Service::with(&["--gateway-listen", &own]);
    let sync = |url: &str| {
        let body = json!({ "gateway": "one", "revision": 0 }).to_string();
        let url = format!("{url}/gateway/v1/sync");
        agent()
            .post(url)
            .bearer_auth(GATEWAY)
            .body(body)
            .send()
            .unwrap()
            .status()
    };
    let get = |url: &str| agent().get(url).bearer_auth(ADMIN).send().unwrap().status();
    assert_eq!(sync(&service.url), 404);
    assert_eq!(sync(&format!("http://{own}")), 200);
    assert_eq!(get(&format!("http://{own}/readyz")), 200);
    assert_eq!(get(&format!("http://{own}/v1/keys")), 404);
    assert_eq!(get(&format!("http://{own}/metrics")), 404);
    assert_eq!(get(&format!("{}/v1/keys", service.url)), 200);
}

#[test]
fn a_database_that_is_absent_or_empty_is_not_taken_for_a_new_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("paddock.db");
    let serve = |more: &[&str]| {
        let mut command = paddock();
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(more)
            .env("PADDOCK_DATABASE_URL", &path)
            .env("PADDOCK_ADMIN_KEY", ADMIN)
            .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
        command
    };
    for content in [None, Some("")] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = run(&mut serve(&[]), "").fails(1);
        assert!(
            error.contains("absent or empty") && error.contains("--create"),
            "{error}"
        );
    }
    for name in ["paddock.db", "paddock.db-wal", "paddock.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let service = Service::spawn(serve(&["--create"]), TempDir::new().unwrap());
    service.paddock(&["keys", "create", "a"]).expect(0);
    for name in ["paddock.db", "paddock.db-wal", "paddock.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(service);
    let again = Service::spawn(serve(&[]), TempDir::new().unwrap());
    assert!(again.paddock(&["get", "keys"]).expect(0).contains("a"));
}

#[test]
fn admin_keys_and_gateway_tokens_are_read_again_at_sighup() {
    let folder = TempDir::new().unwrap();
    let [keys, database] =
        ["admin-key", "paddock.db"].map(|name| folder.path().join(name).display().to_string());
    std::fs::write(&keys, format!("old: {ADMIN}\n")).unwrap();
    let mut command = paddock();
    command
        .args([
            "serve",
            "--create",
            "--listen",
            "127.0.0.1:0",
            "--admin-key-file",
            &keys,
        ])
        .env("PADDOCK_DATABASE_URL", database)
        .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
    let service = Service::spawn(command, folder);
    let asks = |key: &str| {
        let url = format!("{}/v1/keys", service.url);
        agent()
            .get(url)
            .bearer_auth(key)
            .send()
            .unwrap()
            .status()
            .as_u16()
    };
    let new = "another-key-for-tests";
    assert_eq!((asks(ADMIN), asks(new)), (200, 401));
    std::fs::write(&keys, format!("old: {ADMIN}\nnew: {new}\n")).unwrap();
    service.signal("-HUP");
    eventually("both are valid", || (asks(ADMIN), asks(new)) == (200, 200));
    std::fs::write(&keys, "old: short").unwrap();
    service.signal("-HUP");
    sleep(Duration::from_millis(300));
    assert_eq!(asks(new), 200, "what is wrong changes nothing");
    std::fs::write(&keys, format!("new: {new}\n")).unwrap();
    service.signal("-HUP");
    eventually("the old one is not", || asks(ADMIN) == 401);
}

#[test]
fn a_second_service_on_one_file_of_sqlite_does_not_start() {
    let service = Service::start();
    let database = service.database();
    let second = || {
        let mut serve = paddock();
        serve
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                &database,
            ])
            .env("PADDOCK_ADMIN_KEY", ADMIN)
            .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
        serve
    };
    let error = run(&mut second(), "").fails(1);
    assert!(
        error.contains("another service uses the database"),
        "{error}"
    );
    // Whatever became of the first, its lock goes with it.
    service.signal("-KILL");
    let third = Service::spawn(second(), TempDir::new().unwrap());
    assert!(
        third
            .paddock(&["get", "organizations"])
            .expect(0)
            .contains("default")
    );
}

#[test]
fn an_error_of_the_database_is_told_once() {
    let serve = |url: &str| {
        let mut serve = paddock();
        serve
            .args([
                "serve",
                "--create",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                url,
            ])
            .env("PADDOCK_ADMIN_KEY", ADMIN)
            .env("PADDOCK_GATEWAY_TOKEN", GATEWAY);
        run(&mut serve, "").fails(1)
    };
    let error = serve("mysql://u:hush@h/d");
    assert!(
        error.contains("mysql:// are not supported") && !error.contains("hush"),
        "{error}"
    );
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("a-folder");
    std::fs::create_dir(&place).unwrap();
    let error = serve(&place.display().to_string());
    assert_eq!(error.matches("unable to open").count(), 1, "{error}");
}
