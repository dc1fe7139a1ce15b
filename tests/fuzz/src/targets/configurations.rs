//! The plugin's configuration.

use super::exchanges::configuration;
use crate::Target;
use paddock_core::config::Config;

/// The whole input is the configuration.
pub const TARGET: Target = Target {
    name: "configurations",
    check,
    seeds,
};

/// Everything that there is beside an inline policy.
const WITH_SERVICE: &str = r#"{"accounting":{"cluster":"paddock","timeout_ms":2000},
"identity":[{"spiffe":{"trust_domain":"cluster.local"}},{"jwt_claim":{"metadata":"verified","claim":"team"}},{"key":{}},
{"header":{"name":"x-cost-centre","namespaces":{"4711":"team-a"},"role":"analyst"}}],
"end_users":{"named_by":["body","x-user"],"claude_code":"device"},"max_request_bytes":2048,
"held_bodies":{"key_bytes":4096,"namespace_bytes":8192,"arriving":3,"least_bytes_per_second":512},"max_request_seconds":60,"max_limited_users":10,
"max_reservations":16,"max_cached_tenants":20,"forward_headers":["x-trace","x-b3-*"],"forward_query":["beta"],
"hold":"headers","upstreams":[{"name":"openai","requests_per_minute":120}],"durable_events":"each",
"access_log":["event","model"],"rate_headers":"limited","foreign_ids":"allow",
"pass_through":[{"path":"/v1/files","upstream":"openai"}]}"#;

fn check(input: &[u8]) {
    match Config::parse(input) {
        Ok(config) => {
            assert!(
                config.accounting.is_some() != config.policy.is_some(),
                "one of both"
            );
            assert!((1_024..=128 << 20).contains(&config.max_request_bytes));
            assert!((1..=86_400).contains(&config.max_request_seconds));
            assert!(
                Config::parse(input).as_ref() == Ok(&config),
                "it is read as another"
            );
        }
        Err(problems) => {
            let says = |problem: &String| !problem.is_empty();
            assert!(
                !problems.is_empty() && problems.iter().all(says),
                "a refusal says why"
            );
        }
    }
}

fn seeds() -> anyhow::Result<Vec<Vec<u8>>> {
    Ok(vec![WITH_SERVICE.into(), configuration().into_bytes()])
}
