//! Caps of other periods than days and months.

use crate::budget::{call, spend_all};
use crate::client::Answer;
use crate::gateway::Gateway;
use paddock_core::timestamp::Timestamp;
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const CAP: i64 = 20_000_000;

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs()
}

/// Waits for the next hour if this one is nearly over: a test is to lie in one hour.
fn begin_within_an_hour() {
    let left = 3_600 - seconds() % 3_600;
    if left < 60 {
        std::thread::sleep(Duration::from_secs(left));
    }
}

fn message(answer: &Answer) -> String {
    answer.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn an_hours_cap_is_spent_to_its_last_call_and_resets_with_the_hour() {
    begin_within_an_hour();
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("hourly", json!({"quotas_usd": {"hourly": 0.02}}));
    spend_all(gateway, std::slice::from_ref(&tenant), CAP);
    let answer = gateway.send(&call(&tenant)).expect(402);
    assert!(
        message(&answer).starts_with("Hourly budget exhausted by this request: ")
            && message(&answer).contains(" key 'hourly-"),
        "{answer}"
    );
    let next_hour = Timestamp::from_secs((seconds() / 3_600 + 1) * 3_600);
    assert_eq!(answer.json()["resets_at"], next_hour.to_rfc3339());
}

#[test]
fn a_cap_of_the_last_days_is_spent_to_its_last_call() {
    let gateway = Gateway::shared();
    let quotas = json!({"quotas_usd": {"last_7_days": 0.02}, "time_zone": "Asia/Kolkata"});
    let tenant = gateway.namespace("rolling", quotas);
    spend_all(gateway, std::slice::from_ref(&tenant), CAP);
    let answer = gateway.send(&call(&tenant)).expect(402);
    let message = message(&answer);
    assert!(
        message.starts_with("Budget of 7 days exhausted by this request: ")
            && message.contains(" namespace:rolling-"),
        "{message}"
    );
    assert!(
        message.contains("T18:30:00Z, when its oldest day no longer counts"),
        "{message}"
    );
}
