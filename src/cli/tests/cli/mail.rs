//! Mail of alerts, through an SMTP server that others wrote.

use crate::support::{Service, free_port};
use paddock_core::ids::EventIds;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// What should be; the alert's message is not ASCII and longer than a line of mail.
const FILE: &str = r"
namespaces:
- name: team
  monthly_quota_usd: 0.01
  alerts:
  - name: half
    threshold_pct: 50
    action: email
    notify_emails: [ops@example.com]
    message_template: '{namespace} hat {pct} % verbraucht: {spent} von {limit}. Bitte prüfen, welche Schlüssel das waren, und die Grenze für den Rest des Monats anpassen.'
";

/// A server of aiosmtpd, ended when dropped.
struct SmtpServer {
    child: Child,
    said: BufReader<ChildStdout>,
    port: u64,
}

impl SmtpServer {
    fn start() -> SmtpServer {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let python = root.join(".paddock/sdks/venv/bin/python");
        let script = root.join("src/cli/tests/cli/support/smtp_server.py");
        let mut child = Command::new(&python)
            .arg(script)
            .arg(free_port().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; run scripts/setup-sdks", python.display())
            });
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut server = SmtpServer {
            child,
            said,
            port: 0,
        };
        server.port = server.next()["port"].as_u64().unwrap();
        server
    }

    /// What it says next, however long that takes.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_mail_arrives_through_a_server_that_wants_a_login() {
    let mut server = SmtpServer::start();
    let folder = TempDir::new().unwrap();
    let (database, url) = (
        folder.path().join("paddock.db"),
        folder.path().join("smtp-url"),
    );
    let login = format!("smtp://paddock:hush%2Fhush@127.0.0.1:{}", server.port);
    std::fs::write(&url, login).unwrap();
    let arguments = [
        "--smtp-url-file",
        &url.display().to_string(),
        "--smtp-from",
        "Paddock <paddock@example.com>",
    ];
    let service = Service::on(&database.display().to_string(), folder, &arguments);
    service
        .paddock_reading(&["apply", "-f", "-"], FILE)
        .expect(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = u64::try_from(now.as_millis()).unwrap();
    let event = json!({ "event": {
        "id": EventIds::new([3; 6]).next(now), "key_id": "key_1", "namespace": "team",
        "organization": "default", "model": "gpt-4.1", "requested_model": "gpt-4.1",
        "endpoint": "/v1/chat/completions", "stream": false, "status": 200, "outcome": "complete",
        "estimated": false, "started_at": now * 1_000_000, "duration_ms": 12,
        "tokens": { "input": 80, "output": 50 }, "cost": 5_000_000,
    }});
    service
        .paddock_reading(&["reconcile"], &event.to_string())
        .expect(0);
    assert_eq!(
        server.next(),
        json!({
            "sender": "paddock@example.com", "recipients": ["ops@example.com"],
            "from": "Paddock <paddock@example.com>", "to": "ops@example.com",
            "subject": "Paddock: half of team", "dated": true,
            "text": "team hat 50 % verbraucht: $0.005 von $0.01. Bitte prüfen, welche Schlüssel das \
                     waren, und die Grenze für den Rest des Monats anpassen.",
        })
    );
}
