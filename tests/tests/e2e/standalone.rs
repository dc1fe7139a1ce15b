//! The filter with its policy inline, and no service; and every configuration that is shown.

use crate::client::{Call, Connection};
use crate::gateway::{Gateway, eventually};
use crate::tour::script::{Tour, run};
use paddock_local::{StackOptions, envoy, root};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::OnceLock;

/// A key that expired in 2001.
pub const EXPIRED_KEY: &str = "an-expired-key-of-the-operators-own";
const KEY: &str = "a-key-of-the-operators-own";

fn digest(key: &str) -> String {
    paddock_core::secret::digest(key.as_bytes()).to_hex()
}

/// A gateway whose inline policy has two keys, one of which has expired.
pub fn gateway_with_an_expired_key() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let policy = json!({
            "namespaces": [
                {"name": "old"},
                {"name": "capped", "monthly_quota_usd": 0.005, "rate_limit_per_minute": 6_000},
            ],
            "keys": [
                {"id": "expired", "sha256": digest(EXPIRED_KEY), "namespace": "old",
                 "expires_at": 1_000_000_000},
                {"id": "capped", "sha256": digest(KEY), "namespace": "capped"},
            ],
        });
        let options = StackOptions {
            with_service: false,
            edit_plugin: Some(Box::new(move |plugin| *plugin = json!({"policy": policy}))),
            ..StackOptions::default()
        };
        Gateway::lasting("standalone", options)
    })
}

/// The cap holds across the workers without anybody to ask.
#[test]
fn a_cap_needs_no_service() {
    let gateway = gateway_with_an_expired_key();
    let call = Call::chat_with(KEY, &json!({"max_tokens": 16}));
    let mut spent = 0.0;
    let mut connections: Vec<_> = (0..8).map(|_| Connection::open(gateway.address)).collect();
    for at in (0..8).cycle() {
        let answer = connections[at].call(&call);
        if answer.status == 402 {
            let remaining = answer.json()["remaining"].as_f64().unwrap();
            assert!(
                (0.005 - spent - remaining).abs() < 1e-9,
                "{spent} spent: {answer}"
            );
            assert!(remaining < 0.000_25, "{answer}");
            break;
        }
        let (input, output) = answer.expect(200).usage();
        spent += crate::gateway::ledger::cost(input, output) as f64 / 1e9;
    }
    assert!(spent <= 0.005);
    let logged = eventually("all is logged", || {
        let lines = gateway
            .access_log()
            .into_iter()
            .filter(|line| line["key"] == "capped");
        let costs: Vec<f64> = lines
            .filter_map(|line| line["cost_usd"].as_str()?.parse().ok())
            .collect();
        let sum: f64 = costs.iter().sum();
        ((sum - spent).abs() < 1e-9).then_some(costs.len())
    });
    assert!(logged > 20, "{logged}");
}

/// A stack that runs an example as it is, but for its ports.
fn example(path: &str) -> Gateway {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let mut example: Value = serde_saphyr::from_str(&text).unwrap();
    let edit = move |config: &mut Value| {
        for pointer in [
            "/admin/address/socket_address/port_value",
            "/static_resources/listeners/0/address/socket_address/port_value",
        ] {
            *example.pointer_mut(pointer).unwrap() = config.pointer(pointer).unwrap().clone();
        }
        let provider = provider_of(config).unwrap().clone();
        *provider_of(&mut example).unwrap() = provider;
        let hcm = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
        let log = format!("{hcm}/access_log/0");
        let mut file = config.pointer(&log).unwrap().clone();
        // Its own fields, in the file that the tests read.
        file["typed_config"]["log_format"] =
            example.pointer(&log).unwrap()["typed_config"]["log_format"].clone();
        *example.pointer_mut(&log).unwrap() = file;
        *config = example;
    };
    Gateway::start(StackOptions {
        with_service: false,
        edit_bootstrap: Some(Box::new(edit)),
        ..StackOptions::default()
    })
}

fn provider_of(config: &mut Value) -> Option<&mut Value> {
    let clusters = config
        .pointer_mut("/static_resources/clusters")?
        .as_array_mut()?;
    let openai = clusters
        .iter_mut()
        .find(|cluster| cluster["name"] == "openai")?;
    openai.pointer_mut("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address")
}

#[test]
fn the_examples_tour_does_what_it_says() {
    let gateway = example("examples/standalone/envoy.yaml");
    let text = std::fs::read_to_string(root().join("examples/standalone/README.md")).unwrap();
    let tour = Tour::read(&text).unwrap();
    assert!(tour.blocks.len() >= 4);
    let url = format!("http://{}", gateway.address);
    let outcome = run(&tour, &[("PADDOCK_URL", &url)]);
    outcome.unwrap_or_else(|error| panic!("examples/standalone/README.md: {error}"));
    // What it used is in the log, as an event and by namespace.
    eventually("the event is logged", || {
        let lines = gateway.access_log();
        let ours = |line: &&Value| line["key"] == "copywriter" && line["event"].is_string();
        lines
            .iter()
            .find(ours)
            .map(|line| assert_eq!(line["namespace"], "marketing"))
    });
    let metrics = gateway.envoy_metrics();
    assert!(
        metrics.contains(r#"ns="research""#),
        "no metrics by namespace"
    );
    gateway.send(&Call::get("/v1/models")).expect(401);
}

/// Envoy itself reads every configuration, the filter's own included.
#[test]
fn every_configuration_that_is_shown_is_valid() {
    let mut paths = Vec::new();
    for folder in ["envoy", "examples"] {
        yaml_files(&root().join(folder), &mut paths);
    }
    assert!(paths.len() >= 2, "{paths:?}");
    for path in paths {
        let output = Command::new(envoy().unwrap())
            .args(["--mode", "validate", "--log-level", "warning", "-c"])
            .arg(&path)
            .env("PADDOCK_GATEWAY_TOKEN", "a-token-of-sixteen-characters")
            .current_dir(root())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", path.display());
    }
}

/// Bootstraps below a folder: Envoy cannot read anything else.
fn yaml_files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            if text
                .lines()
                .any(|line| line.starts_with("static_resources:"))
            {
                found.push(path);
            }
        }
    }
}
