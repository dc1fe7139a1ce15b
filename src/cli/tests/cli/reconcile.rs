//! `paddock reconcile`, from lines as Envoy's access log has them.

use crate::support::Service;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use paddock_core::ids::EventIds;
use serde_json::{Value, json};

/// The line of `envoy/envoy.yaml`'s access log for a call; `None` for a refused one.
fn line(event: Option<&Value>) -> String {
    json!({
        "time": "2026-03-15T12:00:00.123Z", "method": "POST", "path": "/v1/chat/completions",
        "protocol": "HTTP/1.1", "status": if event.is_some() { 200 } else { 404 }, "flags": "-",
        "details": "via_upstream", "duration_ms": 12, "bytes_received": 80, "bytes_sent": 300,
        "request_id": "7d5c", "client": "10.0.0.9", "upstream_cluster": "openai",
        "upstream_host": "10.0.0.1:443", "upstream_attempts": 1, "namespace": "team",
        "key": "key_1", "model": "gpt-4.1", "cost_usd": "0.001",
        "event": event.map(|event| STANDARD_NO_PAD.encode(event.to_string())),
    })
    .to_string()
}

fn event(ids: &mut EventIds, cost: i64) -> Value {
    // 2026-03-15T12:00:00Z.
    let at: u64 = 1_773_576_000_000;
    json!({
        "id": ids.next(at), "key_id": "key_1", "namespace": "team", "organization": "default",
        "model": "gpt-4.1", "requested_model": "gpt-4.1", "endpoint": "/v1/chat/completions",
        "stream": false, "status": 200, "outcome": "complete", "estimated": false,
        "started_at": at * 1_000_000, "duration_ms": 12,
        "tokens": { "input": 80, "cached_input": 20, "output": 50 }, "cost": cost,
    })
}

#[test]
fn what_the_ledger_lacks_is_booked_once() {
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    let mut ids = EventIds::new([7; 6]);
    let events: Vec<Value> = (0..2_500).map(|_| event(&mut ids, 1_000_000)).collect();
    let log = |events: &[Value]| {
        let lines: Vec<String> = events.iter().map(|event| line(Some(event))).collect();
        format!("{}\n{}\n", line(None), lines.join("\n"))
    };
    // A part reached the ledger before.
    let first = service
        .paddock_reading(&["reconcile", "-o", "json"], &log(&events[..100]))
        .json(0);
    assert_eq!(
        (&first["new"], &first["repeated"]),
        (&json!(100), &json!(0))
    );
    let path = service
        .write("access.log", &log(&events))
        .display()
        .to_string();
    let told = service.paddock(&["reconcile", &path]).expect(0);
    assert_eq!(
        told,
        "2501 lines with 2500 usage events: 2400 recorded now, 100 already in the ledger.\n"
    );
    let again = service.paddock(&["reconcile", &path, "-o", "json"]).json(0);
    assert_eq!(
        (&again["new"], &again["repeated"]),
        (&json!(0), &json!(2_500))
    );
    let database = service.database();
    let verify = |database: &str| service.paddock(&["verify", "--database-url", database]);
    let told = verify(&database).expect(0);
    assert!(
        told.contains("sums: 2500 calls of 1 days, 0 differences"),
        "{told}"
    );
    let arguments = ["verify", "--database-url", &database, "-o", "json"];
    let told = service.paddock(&arguments).json(0);
    assert_eq!(
        (&told["valid"], &told["calls"], &told["differences"]),
        (&json!(true), &json!(2_500), &json!([]))
    );
    assert!(
        verify("/nowhere.db")
            .fails(1)
            .contains("cannot open the database")
    );
    let usage = service
        .paddock(&[
            "usage",
            "--namespace",
            "team",
            "--period",
            "all",
            "-o",
            "json",
        ])
        .json(0);
    assert_eq!(
        (&usage["request_count"], &usage["total_spent"]),
        (&json!(2_500), &json!(2.5))
    );
}

#[test]
fn what_cannot_be_booked_is_named_and_holds_up_nothing() {
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    let mut ids = EventIds::new([8; 6]);
    let good = event(&mut ids, 5);
    let bad = event(&mut ids, -5);
    let cut = &line(Some(&event(&mut ids, 7)))[..300];
    let log = format!(
        "[info] envoy starts\n{}\n{}\n{cut}",
        line(Some(&bad)),
        line(Some(&good))
    );
    let told = service
        .paddock_reading(&["reconcile", "-o", "json"], &log)
        .json(1);
    assert_eq!(
        (&told["new"], &told["unreadable_lines"]),
        (&json!(1), &json!(2))
    );
    let reason = told["rejected"][0]["error"].as_str().unwrap();
    assert!(reason.contains("cost"), "{reason}");
}

#[test]
fn only_the_operator_may_book() {
    let service = Service::start();
    let made = service
        .paddock(&["keys", "create", "boss", "--role", "admin", "-o", "json"])
        .json(0);
    let mut command = service.command(&["reconcile"]);
    command.env("PADDOCK_ADMIN_KEY", made["key"].as_str().unwrap());
    let mut ids = EventIds::new([9; 6]);
    let error = crate::support::run(&mut command, &line(Some(&event(&mut ids, 5)))).fails(1);
    assert!(
        error.contains("403") && error.contains("after 0 new events"),
        "{error}"
    );
}

#[test]
fn what_is_not_of_this_installation_is_named_and_not_booked() {
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    let other = service
        .paddock(&["keys", "create", "other", "-o", "json"])
        .json(0);
    let mut ids = EventIds::new([6; 6]);
    let mut changed = |field: &str, value: Value| {
        let mut event = event(&mut ids, 5);
        event[field] = value;
        line(Some(&event))
    };
    let far = 4_102_444_800_000_000_000_u64;
    let log = [
        changed("installation", json!("00000000000000b2")),
        changed("namespace", json!("staging")),
        changed("organization", json!("alienorg")),
        changed("key_id", other["id"].clone()),
        changed("cost", json!(99_999_999_000_000_000_u64)),
        changed("started_at", json!(far)),
        changed("started_at", json!(315_532_800_000_000_000_u64)),
        changed("user_agent", json!("x".repeat(2 << 20))),
        changed("user_agent", json!("ends well")),
    ];
    let told = service.paddock_reading(&["reconcile"], &log.join("\n"));
    let told = told.expect(1);
    assert!(told.contains("8 usage events: 1 recorded now"), "{told}");
    for reason in [
        "it is of another installation (00000000000000b2)",
        "this installation has no namespace 'staging'",
        "'team' is not of the organization 'alienorg'",
        "is not of the namespace 'team'",
        "the cost is not from $0",
        "yet to come",
        "where the audit ends",
        "line 8: the event is larger than",
    ] {
        assert!(told.contains(reason), "{reason}: {told}");
    }
    let audit = service.paddock(&["audit", "--format", "json"]);
    assert!(!audit.out.contains("alienorg"), "{}", audit.out);
}
