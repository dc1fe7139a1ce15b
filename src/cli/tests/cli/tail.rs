//! `paddock tail` and `paddock audit`.

use crate::support::Service;
use paddock_core::ids::EventIds;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

fn event(ids: &mut EventIds) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let at = u64::try_from(now.as_millis()).unwrap();
    json!({
        "id": ids.next(at), "key_id": "key_1", "namespace": "team", "organization": "default",
        "model": "gpt-4.1", "requested_model": "gpt-4.1", "endpoint": "/v1/chat/completions",
        "stream": false, "status": 200, "outcome": "complete", "estimated": false,
        "started_at": at * 1_000_000, "duration_ms": 12,
        "tokens": { "input": 80, "cached_input": 20, "output": 50 }, "cost": 1_000_000,
    })
}

#[test]
fn usage_is_followed_as_it_is_booked() {
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    let mut tail = service.command(&[
        "tail",
        "--namespace",
        "team",
        "--granularity",
        "1s",
        "--lines",
        "1",
        "-o",
        "json",
    ]);
    let mut tail = tail.stdout(Stdio::piped()).spawn().unwrap();
    let mut ids = EventIds::new([3; 6]);
    // Whether it listens already nobody can see: something is booked until it does.
    while tail.try_wait().unwrap().is_none() {
        let line = json!({ "event": event(&mut ids) }).to_string();
        service.paddock_reading(&["reconcile"], &line).expect(0);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let output = tail.wait_with_output().unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&line["namespace"], &line["model"]),
        (&json!("team"), &json!("gpt-4.1"))
    );
    let error = service.paddock(&["tail", "--granularity", "7s"]).fails(1);
    assert!(error.contains("'granularity' must be"), "{error}");
}

#[test]
fn the_audit_is_written_out_and_proven() {
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    let file = service.folder.path().join("audit.csv");
    let path = file.display().to_string();
    service
        .paddock(&["audit", "export", "--format", "csv", "--file", &path])
        .expect(0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("timestamp,") && text.contains("key.create"),
        "{text}"
    );
    let all = service
        .paddock(&["audit", "export", "--action", "key.create"])
        .json(0);
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
    let told = service.paddock(&["audit", "verify"]).expect(0);
    assert!(
        told.contains("Nothing was altered") && told.contains("default"),
        "{told}"
    );
    assert_eq!(
        service.paddock(&["audit", "verify", "-o", "json"]).json(0)["valid"],
        true
    );
}
