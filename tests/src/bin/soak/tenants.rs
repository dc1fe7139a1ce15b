//! The tenants: what each may spend, and how their policy changes while they spend it.

use anyhow::Context;
use paddock_tests::installation::Operator;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::sleep;

/// Nano-dollars of a dollar.
const DOLLAR: i64 = 1_000_000_000;
/// Requests in flight that the tenant `slots` may have at each gateway.
pub const SLOTS: usize = 6;
/// The calls a minute that the tenant `rated` may make at all gateways together, and how many at once.
pub const RPM: u64 = 300;
pub const BURST: u64 = 30;
/// The tenants that something is done to.
const CHANGED: usize = 2;
const SWITCHED: usize = 3;
const SLOTTED: usize = 4;
const POOR: usize = 5;
const RATED: usize = 6;
const NAMES: [&str; 7] = [
    "plain", "steady", "changed", "switched", "slots", "poor", "rated",
];

/// A namespace and its key.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The namespace.
    pub name: &'static str,
    /// The key's id.
    pub key_id: String,
    /// The key.
    pub key: String,
    /// The highest monthly quota it ever has, in nano-dollars.
    pub cap: i64,
    /// Whether it is to spend all of it.
    pub is_poor: bool,
    /// Whether it has [`SLOTS`].
    pub has_slots: bool,
    /// Whether it has [`RPM`] and [`BURST`].
    pub is_rated: bool,
}

/// Makes all of them, in one organization with a cap of its own.
pub async fn make(operator: &Operator, poor_dollars: f64) -> anyhow::Result<Vec<Tenant>> {
    let organization = json!({"name": "soak", "monthly_quota_usd": 10_000});
    operator
        .ask("POST", "/v1/organizations", Some(&organization))
        .await?;
    let mut tenants = Vec::new();
    for (number, name) in NAMES.into_iter().enumerate() {
        let (quota, highest) = match number {
            POOR => (poor_dollars, poor_dollars),
            CHANGED => (500.0, 750.0),
            _ => (500.0, 500.0),
        };
        let mut namespace =
            json!({"name": name, "organization": "soak", "monthly_quota_usd": quota});
        if let (SLOTTED, Some(fields)) = (number, namespace.as_object_mut()) {
            fields.insert("max_concurrency".to_owned(), json!(SLOTS));
        }
        operator
            .ask("POST", "/v1/namespaces", Some(&namespace))
            .await?;
        let mut key = json!({"name": "key", "namespace": name});
        if let (RATED, Some(fields)) = (number, key.as_object_mut()) {
            let limits = json!({"rpm": RPM, "burst": BURST});
            fields.insert("rate_limits".to_owned(), limits);
        }
        let made = operator.ask("POST", "/v1/keys", Some(&key)).await?;
        let text = |field: &str| -> anyhow::Result<String> {
            let value = made.get(field).and_then(Value::as_str);
            Ok(value
                .context("the new key is not as it should be")?
                .to_owned())
        };
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "small"
        )]
        let cap = (highest * DOLLAR as f64).round() as i64;
        tenants.push(Tenant {
            name,
            key_id: text("id")?,
            key: text("key")?,
            cap,
            is_poor: number == POOR,
            has_slots: number == SLOTTED,
            is_rated: number == RATED,
        });
    }
    Ok(tenants)
}

/// Changes policies until told to stop. What cannot be changed because of a crash is left.
pub async fn change(
    operators: Vec<Operator>,
    switched: Tenant,
    seed: u64,
    stop: &AtomicBool,
    made: &AtomicU64,
) {
    let mut rng = StdRng::seed_from_u64(seed);
    let key = format!("/v1/keys/{}", switched.key_id);
    while !stop.load(Relaxed) {
        sleep(Duration::from_millis(rng.random_range(200..1_200))).await;
        let Some(operator) = operators.get(rng.random_range(0..operators.len())) else {
            return;
        };
        let changed = match rng.random_range(0..3) {
            0 => {
                let quota = json!({"monthly_quota_usd": if rng.random() { 500 } else { 750 }});
                operator
                    .ask("PATCH", "/v1/namespaces/changed", Some(&quota))
                    .await
            }
            1 => {
                let rate = json!({"rpm": rng.random_range(6_000..9_000)});
                operator
                    .ask("PATCH", &format!("{key}/limits"), Some(&rate))
                    .await
            }
            _ => {
                let verb = if rng.random() { "disable" } else { "enable" };
                operator.ask("POST", &format!("{key}/{verb}"), None).await
            }
        };
        if changed.is_ok() {
            made.fetch_add(1, Relaxed);
        }
    }
}

/// The one whose key is disabled and enabled.
pub fn switched(tenants: &[Tenant]) -> anyhow::Result<&Tenant> {
    tenants.get(SWITCHED).context("there is no such tenant")
}
