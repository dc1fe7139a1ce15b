//! The filter with its policy inline, and no service.

use crate::client::{Call, Connection};
use crate::examples::{example, tour};
use crate::gateway::{Gateway, eventually};
use paddock_local::StackOptions;
use serde_json::{Value, json};
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
            .filter(|line| line["event"]["key_id"] == "capped");
        let costs: Vec<f64> = lines
            .filter_map(|line| Some(line["event"]["cost"].as_f64()? / 1e9))
            .collect();
        let sum: f64 = costs.iter().sum();
        ((sum - spent).abs() < 1e-9).then_some(costs.len())
    });
    assert!(logged > 20, "{logged}");
}

#[test]
fn the_examples_tour_does_what_it_says() {
    let gateway = example("examples/standalone/envoy.yaml", str::to_owned);
    tour(&gateway, "examples/standalone/README.md", &[]);
    // What it used is in the log, as an event and by namespace.
    eventually("the event is logged", || {
        let lines = gateway.access_log();
        let ours = |line: &&Value| {
            line["event"]["key_id"] == "copywriter" && line["event"]["id"].is_string()
        };
        lines
            .iter()
            .find(ours)
            .map(|line| assert_eq!(line["event"]["namespace"], "marketing"))
    });
    eventually("there are metrics by namespace", || {
        let metrics = gateway.envoy_metrics();
        metrics.contains(r#"ns="research""#).then_some(())
    });
    gateway.send(&Call::get("/v1/models")).expect(401);
}
