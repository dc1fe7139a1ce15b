//! Official SDKs and others as clients: what they return, and which errors they raise.
//!
//! Each script in `tests/sdk` is written as a user of its SDK writes, and tells what came of it as
//! JSON. `scripts/setup-sdks` installs the SDKs.

mod anthropic;
mod frameworks;
mod gemini;
mod openai;

use crate::gateway::{Gateway, Line, Tenant};
use paddock_local::{StackOptions, root};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// One with a model for Google's embeddings.
fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let gateway = Gateway::lasting("sdks", StackOptions::default());
        let model = json!({"upstream": "gemini", "input": 0.15, "output": 0});
        gateway.model("gemini-embedding-001", &model);
        for (name, units) in [
            (
                "dall-e-3",
                json!({"image": 0.04, "image:hd:1024x1792": 0.12}),
            ),
            ("rerank-v3.5", json!({"search_unit": 0.002})),
        ] {
            gateway.model(name, &json!({"upstream": "openai", "units_usd": units}));
        }
        gateway
    })
}

/// What a script has seen, and the tenant whose key was good.
struct Outcome {
    tenant: Tenant,
    returned: Value,
    raised: Value,
}

/// Runs `tests/sdk/SCRIPT` with keys of tenants that may do anything, nothing dear, nothing but
/// embed, and nothing quickly; and with a key that is no tenant's.
#[track_caller]
fn run(script: &str) -> Outcome {
    let gateway = gateway();
    let sdks = root().join(".paddock/sdks");
    let program = sdks.join(if script.starts_with("js") {
        "bin/node"
    } else {
        "venv/bin/python"
    });
    assert!(
        program.exists(),
        "the SDKs are missing: run scripts/setup-sdks"
    );
    let tenant = gateway.tenant("sdk", json!({}));
    let poor = gateway.tenant("sdk-poor", json!({"monthly_quota_usd": 0.01}));
    let only = json!({"allowed_models": ["text-embedding-3-small"]});
    let narrow = gateway.tenant("sdk-narrow", only);
    let slow = gateway.tenant("sdk-slow", json!({"rate_limits": {"rpm": 10, "burst": 1}}));
    let settings = json!({
        "url": format!("http://{}", gateway.address),
        "modules": sdks.join("js"),
        "keys": {
            "good": tenant.key, "poor": poor.key, "narrow": narrow.key, "slow": slow.key,
            "wrong": format!("{}x", tenant.key),
        },
    });
    let mut child = Command::new(program)
        .arg(root().join("tests/sdk").join(script))
        // Nothing of this machine's: no keys, no proxies, no other base URLs.
        .env_clear()
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(settings.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{script} failed: see its output above"
    );
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    Outcome {
        tenant,
        returned: outcome["returned"].clone(),
        raised: outcome["raised"].clone(),
    }
}

/// Endpoint, whether streamed, input, output, and the nano-dollars a token of each.
type Booked<'a> = (&'a str, bool, i64, i64, (i64, i64));

impl Outcome {
    #[track_caller]
    fn returned(&self, expected: &Value) {
        let expected = expected.as_object().unwrap();
        for (name, value) in expected {
            assert_eq!(self.returned[name], *value, "{name}");
        }
        assert_eq!(self.returned.as_object().unwrap().len(), expected.len());
    }

    /// That each refusal was raised as the SDK's own error of `class`, with the `kind` its format
    /// has for it; and that only a rate is worth another try.
    #[track_caller]
    fn raised(&self, expected: [(&str, &str, &str); 5]) {
        let codes = [
            (401, "invalid_api_key", "mistyped"),
            (402, "budget_exceeded", "$0.01"),
            (403, "model_not_allowed", "text-embedding-3-small"),
            (404, "model_not_found", "Known models"),
            (429, "rate_limit_exceeded", "10 requests a minute"),
        ];
        for ((status, code, says), (name, class, kind)) in codes.into_iter().zip(expected) {
            let error = &self.raised[name];
            assert_eq!(error["class"], class, "{error:#}");
            assert_eq!(
                (&error["status"], &error["code"]),
                (&json!(status), &json!(code))
            );
            assert_eq!(error["type"], kind, "{error:#}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(says), "{message}");
            assert_eq!(error["has_request_id"], true, "{error:#}");
            let should_retry = if status == 429 {
                Value::Null
            } else {
                json!("false")
            };
            assert_eq!(error["should_retry"], should_retry, "{error:#}");
        }
    }

    /// That the ledger has these lines of the tenant's, in this order: endpoint, units, whether it is
    /// estimated, and what it cost.
    #[track_caller]
    fn booked_units(&self, expected: &[(&str, Value, bool, i64)]) {
        let lines = gateway().ledger(&self.tenant, expected.len());
        let found = lines.iter().map(|line| {
            let endpoint = line.endpoint.as_str();
            (endpoint, line.units.clone(), line.estimated, line.cost)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    /// That the ledger has these lines of the tenant's, in this order.
    #[track_caller]
    fn booked(&self, expected: &[Booked<'_>]) {
        let lines = gateway().ledger(&self.tenant, expected.len());
        let found = |line: &Line| {
            let tokens = (line.input, line.output);
            (
                line.endpoint.clone(),
                line.stream,
                tokens,
                line.cost,
                line.estimated,
            )
        };
        let found: Vec<_> = lines.iter().map(found).collect();
        let expected = expected
            .iter()
            .map(|(endpoint, stream, input, output, price)| {
                let cost = input * price.0 + output * price.1;
                (
                    (*endpoint).to_owned(),
                    *stream,
                    (*input, *output),
                    cost,
                    false,
                )
            });
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}
