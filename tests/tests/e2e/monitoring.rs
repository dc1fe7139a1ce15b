//! `examples/monitoring`: its alerts, and each query of its dashboards against a Prometheus that reads a
//! running stack. `scripts/setup-prometheus` installs Prometheus.

use crate::client::{Call, Connection};
use crate::gateway::{Gateway, within};
use paddock_local::{Port, Process, StackOptions, root};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// Prometheus reads every five seconds, and a rate is of two readings.
const PATIENCE: Duration = Duration::from_secs(120);

/// Metrics of what a quiet hour does not have: their queries find nothing.
const RARE: [&str; 5] = [
    "paddock_failures_total",
    "paddock_attempts_total",
    "paddock_cool_downs_total",
    "paddock_over_limit_total",
    "paddock_delivery_attempts_total",
];

fn folder() -> PathBuf {
    root().join("examples/monitoring")
}

/// Runs a program of Prometheus', or another, in the example's folder; what it prints.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> String {
    let path = std::env::var("PATH").unwrap();
    let own = root().join(".paddock/prometheus/usr/bin");
    let ran = Command::new("env")
        .arg(format!("PATH={path}:{}", own.display()))
        .arg(program)
        .args(arguments)
        .current_dir(folder())
        .output()
        .unwrap();
    let [out, err] = [ran.stdout, ran.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(ran.status.success(), "{program} {arguments:?}: {out}{err}");
    out
}

/// The queries of all dashboards.
fn queries() -> Vec<String> {
    let files = std::fs::read_dir(folder().join("dashboards")).unwrap();
    let mut queries = Vec::new();
    for file in files {
        let text = std::fs::read(file.unwrap().path()).unwrap();
        let dashboard: Value = serde_json::from_slice(&text).unwrap();
        let panels = dashboard["panels"].as_array().unwrap().iter();
        let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
        queries.extend(targets.map(|target| target["expr"].as_str().unwrap().to_owned()));
    }
    queries
}

fn metrics_of(text: &str) -> BTreeSet<&str> {
    let words = text.split(|each: char| !each.is_ascii_alphanumeric() && each != '_');
    words.filter(|word| word.starts_with("paddock_")).collect()
}

#[test]
fn the_alerts_fire_when_they_should() {
    run("promtool", &["check", "rules", "alerts.yaml"]);
    run("promtool", &["check", "config", "prometheus.yaml"]);
    run("promtool", &["test", "rules", "alerts.test.yaml"]);
    let read = |name: &str| std::fs::read_to_string(folder().join(name)).unwrap();
    let (alerts, tests) = (read("alerts.yaml"), read("alerts.test.yaml"));
    for alert in alerts
        .lines()
        .filter_map(|line| line.split_once("- alert: "))
    {
        let fires = format!("alertname: {}\n    exp_alerts:", alert.1);
        assert!(tests.contains(&fires), "no test fires {}", alert.1);
    }
}

#[test]
fn the_dashboards_are_as_their_source_says() {
    let made = TempDir::new().unwrap();
    run("python3", &["dashboards.py", made.path().to_str().unwrap()]);
    for file in std::fs::read_dir(made.path()).unwrap() {
        let name = file.unwrap().file_name();
        let read = |folder: PathBuf| std::fs::read_to_string(folder.join(&name)).unwrap();
        assert!(
            read(made.path().to_owned()) == read(folder().join("dashboards")),
            "{name:?} is out of date: run examples/monitoring/dashboards.py"
        );
    }
}

#[test]
fn only_metrics_of_the_reference_are_asked_for() {
    let reference = root().join("docs/src/reference/metrics.md");
    let reference = std::fs::read_to_string(reference).unwrap();
    let known = metrics_of(&reference);
    let alerts = std::fs::read_to_string(folder().join("alerts.yaml")).unwrap();
    let asked = queries().join(" ") + &alerts;
    for metric in metrics_of(&asked) {
        let metric = metric.strip_suffix("_bucket").unwrap_or(metric);
        assert!(known.contains(metric), "{metric} is in no table");
    }
}

#[test]
fn each_query_of_the_dashboards_finds_what_a_running_stack_tells() {
    let gateway = Gateway::start(StackOptions::default());
    let data = TempDir::new().unwrap();
    let port = Port::Free.hold("Prometheus").unwrap();
    let listen = format!("127.0.0.1:{}", port.number);
    let mut start = Command::new(folder().join("start"));
    start
        .env("PADDOCK_SERVICE", gateway.service().to_string())
        .env("PADDOCK_ENVOY_ADMIN", gateway.envoy_admin().to_string())
        .env("PADDOCK_PROMETHEUS", &listen)
        .env("PADDOCK_PROMETHEUS_DATA", data.path());
    let log = data.path().join("log");
    let _prometheus = Process::start("prometheus", start, &log).unwrap();

    let server = format!("http://{listen}");
    let ask = |query: &str| run("promtool", &["query", "instant", &server, query]);
    let address: SocketAddr = listen.parse().unwrap();
    within(PATIENCE, "Prometheus answers", || {
        TcpStream::connect(address).ok()?;
        let ready = Connection::open(address).call(&Call::get("/-/ready"));
        (ready.status == 200).then_some(())
    });
    let filled = |query: &str| {
        query
            .replace("$__rate_interval", "1m")
            .replace("$__range", "1m")
            .replace("$ns", ".*")
            .replace("[1h]", "[1m]")
    };
    let mut left = queries();
    let is_rare = |query: &mut String| RARE.iter().any(|metric| query.contains(metric));
    for query in left.extract_if(.., is_rare) {
        ask(&filled(&query));
    }
    assert!(left.len() > 25, "{left:#?}");
    let served = gateway.namespace("served", json!({"monthly_quota_usd": 100.0}));
    let spent = gateway.tenant("spent", json!({"monthly_quota_usd": 0.0}));
    within(PATIENCE, "all queries find something", || {
        gateway.send(&served.chat()).expect(200);
        gateway.send(&spent.chat()).expect(402);
        sleep(Duration::from_secs(1));
        left.retain(|query| ask(&filled(query)).trim().is_empty());
        eprintln!("nothing yet: {left:#?}");
        left.is_empty().then_some(())
    });
}

#[test]
fn the_services_metrics_are_as_prometheus_wants_them() {
    let gateway = Gateway::start(StackOptions::default());
    let tenant = gateway.namespace("measured", json!({"monthly_quota_usd": 100.0}));
    gateway.send(&tenant.chat()).expect(200);
    let text = within(PATIENCE, "the event is booked", || {
        let answer = Connection::open(gateway.service()).call(&Call::get("/metrics"));
        let text = String::from_utf8(answer.expect(200).body).unwrap();
        text.contains("paddock_ledger_events_total 1")
            .then_some(text)
    });
    let file = TempDir::new().unwrap();
    let path = file.path().join("metrics");
    std::fs::write(&path, text).unwrap();
    let check = format!("promtool check metrics < {}", path.display());
    run("sh", &["-c", &check]);
}
