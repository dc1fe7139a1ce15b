//! Events that cannot be booked: nothing may wait behind them.

use anyhow::{Context, ensure};
use paddock_core::ids::EventIds;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::UsageEvent;
use paddock_tests::installation::Installation;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write;

/// A field of lines of the access log that no Envoy has written.
pub const MARK: &str = "poison";
/// Larger than any event.
const LARGE: usize = 2 << 20;

/// Has every replica take a batch of events that are none, or of calls that nobody can have made.
pub async fn events(installation: &Installation) -> anyhow::Result<()> {
    let mut ids = EventIds::new([9; 6]);
    let mut event = |field: &str, value: Value| {
        let event = UsageEvent::nothing(ids.next(1), Timestamp::from_secs(1_800_000_000)).to_json();
        let mut event: Value = serde_json::from_slice(&event).unwrap_or_default();
        if let Some(event) = event.as_object_mut() {
            event.insert(field.to_owned(), value);
        }
        event
    };
    let events = [
        json!({}),
        json!([[[[7]]]]),
        event("id", json!("nobody")),
        event("cost", json!(-5)),
        event("cost", json!(i64::MAX)),
        event("started_at", json!(u64::MAX)),
        event("installation", json!("0123456789abcdef")),
    ];
    for (number, replica) in installation.replicas.iter().enumerate() {
        let number = number.saturating_add(1);
        let batch = json!({"number": number, "events": events});
        let message = json!({"gateway": "poison", "revision": 0, "batch": batch, "leases": []});
        let answer = installation.sync(replica, &message).await?;
        let acknowledged = answer.get("acknowledged").and_then(Value::as_u64);
        ensure!(
            acknowledged == u64::try_from(number).ok(),
            "the batch was not taken: {answer}"
        );
    }
    Ok(())
}

/// Writes lines into a gateway's access log that are none.
pub fn log(installation: &Installation, gateway: usize) -> anyhow::Result<()> {
    let gateway = installation
        .gateways
        .get(gateway)
        .context("no such gateway")?;
    let mut log = OpenOptions::new().append(true).open(gateway.access_log())?;
    let lines = [
        json!({MARK: true, "event": "id=7"}),
        json!({MARK: true, "event": {"user": "u".repeat(LARGE)}}),
    ];
    log.write_all(b"\n\xff\xfe\0{\n")?;
    for line in lines {
        writeln!(log, "{line}")?;
    }
    Ok(())
}
