//! The running service against its OpenAPI document, by schemathesis: every operation with what the
//! document allows and what it does not, and every answer held to the document.
//!
//! `tests/schemathesis` has its configuration; `scripts/setup-venv` installs it.

use crate::support::{ADMIN, Service, agent, paddock, postgres, run, wait};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Where a limit is wider than the installation's defaults is not what is looked for. Payments by hook are
/// taken, so that what is not signed is refused for that.
const GENEROUS: [&str; 4] = [
    "--credits-hook-secret=the-secret-of-an-adapter",
    "--allow-over-assignment",
    "--organization-monthly-usd=1000000000",
    "--reserve-wait-seconds=0",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs schemathesis against a service with more arguments, and tells what it found.
#[track_caller]
fn holds(service: &Service, arguments: &[&str]) {
    let program = root().join(".paddock/schemathesis/venv/bin/st");
    assert!(
        program.exists(),
        "schemathesis is missing: run scripts/setup-venv schemathesis tests/schemathesis/requirements.txt"
    );
    furnish(service);
    let folder = root().join("tests/schemathesis");
    let output = Command::new(program)
        .current_dir(service.folder.path())
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", service.url)])
        .args(arguments)
        // Nothing of this machine's: no proxies, no hooks.
        .env_clear()
        .env("PADDOCK_ADMIN_KEY", ADMIN)
        .env("PYTHONPATH", folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{failed}");
}

/// Makes what the configuration of schemathesis names, so that not every path leads to a 404.
fn furnish(service: &Service) {
    let make = |path: &str, body: Value| {
        let answer = agent()
            .post(format!("{}{path}", service.url))
            .header("authorization", format!("Bearer {ADMIN}"))
            .json(&body)
            .send()
            .unwrap();
        assert_eq!(answer.status().as_u16(), 201, "{path}");
    };
    let webhook = json!({ "url": "https://1.1.1.1/paddock", "events": ["quota_exceeded"] });
    let reservation = json!({ "reservation_id": "nightly", "estimated_cost_usd": 1.0 });
    let alert = json!({ "name": "nightly", "threshold_pct": 50.0, "action": "throttle" });
    make("/v1/namespaces", json!({ "name": "search" }));
    make(
        "/v1/keys",
        json!({ "name": "nightly", "namespace": "search" }),
    );
    make("/v1/namespaces/search/webhooks", webhook);
    make("/v1/namespaces/search/reserve", reservation);
    make("/v1/namespaces/search/alerts", alert);
}

#[test]
fn the_command_prints_the_document_that_is_committed() {
    let committed = include_str!("../../../server/openapi.json");
    let printed = run(paddock().arg("openapi"), "").expect(0);
    assert!(
        printed == committed,
        "src/server/openapi.json is out of date: run `make openapi`"
    );
}

/// Every field and parameter at its ends and just beyond them, every other method, every key wrong.
#[test]
fn the_service_is_as_its_document_says() {
    holds(
        &Service::with(&GENEROUS),
        &["--phases", "examples,coverage"],
    );
}

/// Anything the document allows or not, and one operation after the other. PostgreSQL takes less than
/// SQLite, such as no NUL in a text.
#[test]
fn nothing_that_can_be_sent_breaks_the_service_on_postgres() {
    let url = wait(postgres::fresh_database());
    let service = Service::on(&url, TempDir::new().unwrap(), &GENEROUS);
    let examples = std::env::var("PADDOCK_SCHEMATHESIS_EXAMPLES");
    let examples = examples.unwrap_or_else(|_| "10".to_owned());
    holds(&service, &["--phases", "fuzzing,stateful", "-n", &examples]);
}
