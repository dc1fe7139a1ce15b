//! The demo's calls, as usage events.

use super::DemoKey;
use super::cast::{DemoModel, DemoNamespace, NAMESPACES, ORGANIZATION};
use super::chance::Chance;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::period::{DAY, start_of};
use serde_json::{Value, json};
use std::time::Duration;

/// How busy each hour of a day is.
const BY_PEOPLE: [u64; 24] = [
    1, 0, 0, 0, 0, 1, 2, 5, 9, 12, 12, 11, 8, 10, 12, 11, 10, 8, 5, 4, 3, 3, 2, 1,
];
const BY_MACHINES: [u64; 24] = [
    9, 9, 8, 6, 4, 3, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7, 8, 9,
];
const USERS: [&str; 8] = [
    "ada", "grace", "linus", "mary", "alan", "radia", "edsger", "barbara",
];

/// The calls of some days, from the first to now.
pub struct Calls<'a> {
    models: &'a [DemoModel],
    keys: &'a [DemoKey],
    chance: Chance,
    now: Timestamp,
    /// The days that are left, today included.
    days_left: u64,
    ready: Vec<Value>,
}

impl<'a> Calls<'a> {
    /// Of so many days up to a moment.
    pub fn new(
        models: &'a [DemoModel],
        keys: &'a [DemoKey],
        days: u64,
        now: Timestamp,
    ) -> Calls<'a> {
        Calls {
            models,
            keys,
            chance: Chance::new(now.secs()),
            now,
            days_left: days,
            ready: Vec::new(),
        }
    }

    fn make_day(&mut self) {
        self.days_left = self.days_left.saturating_sub(1);
        let today = start_of(DAY, self.now).secs();
        let day = today.saturating_sub(self.days_left.saturating_mul(DAY));
        // 1970 began with a Thursday.
        let weekday = (day / DAY).saturating_add(3) % 7;
        for (place, namespace) in NAMESPACES.iter().enumerate() {
            let is_rest = namespace.by_people && weekday >= 5;
            let usual = if is_rest {
                namespace.daily_calls.div_euclid(6)
            } else {
                namespace.daily_calls
            };
            // It grows by a third in a month.
            let grown = usual.saturating_mul(130_u64.saturating_sub(self.days_left.min(60))) / 100;
            for _ in 0..self.chance.around(grown).min(grown.saturating_mul(2)) {
                if let Some(event) = self.call(place, namespace, day) {
                    self.ready.push(event);
                }
            }
        }
        self.ready.reverse();
    }

    /// A call of that day, unless it would be in times to come.
    fn call(&mut self, place: usize, namespace: &DemoNamespace, day: u64) -> Option<Value> {
        let hours = if namespace.by_people {
            BY_PEOPLE
        } else {
            BY_MACHINES
        };
        let hour = u64::try_from(self.chance.weighted(hours.into_iter())).unwrap_or(0);
        let secs = hour
            .saturating_mul(3_600)
            .saturating_add(self.chance.below(3_600));
        let at = Timestamp::from_secs(day.saturating_add(secs));
        let at = at.plus(Duration::from_millis(self.chance.below(1_000)));
        let own = self.keys.iter().filter(|key| key.namespace == place);
        let key = self.chance.weighted(own.clone().map(|key| key.weight));
        let key = own.clone().nth(key)?;
        let model = self.chance.weighted(namespace.models.into_iter());
        let model = self.models.get(model)?;
        let user = USERS.get(usize::try_from(self.chance.below(8)).unwrap_or(0));
        let fate = self.chance.below(1_000);
        let (prompt, answer) = (namespace.prompt, namespace.answer);
        let prompt = self.chance.around(prompt).max(12);
        let cached = prompt.saturating_mul(namespace.cached_percent) / 100;
        let answer = self.chance.around(answer).max(1);
        let took = answer
            .saturating_mul(11)
            .saturating_add(self.chance.around(600));
        let mut event = json!({
            "id": id(at, &mut self.chance),
            "key_id": key.id,
            "namespace": namespace.name,
            "organization": ORGANIZATION,
            "user": user.filter(|_| namespace.by_people),
            "model": model.name,
            "requested_model": model.name,
            "endpoint": "/v1/chat/completions",
            "stream": namespace.by_people,
            "started_at": at,
            "request_id": format!("demo-{:016x}", self.chance.next()),
            "client_address": format!("10.20.{}.{}", place, 10_u64.saturating_add(self.chance.below(40))),
            "user_agent": "openai-python/3.57.0",
            "estimated": false,
            "duration_ms": took,
            "tokens": {}, "cost": 0, "leases": [], "status": 200, "outcome": "complete",
        });
        let mut set = |fields: Value| {
            if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields) {
                event.extend(fields);
            }
        };
        match fate {
            0..8 => set(json!({
                "status": 429, "outcome": "refused", "code": "rate_limit_exceeded", "duration_ms": 0,
                "refused_by": format!("namespace:{}", namespace.name), "refusals": 1, "model": "",
            })),
            8..12 => set(json!({
                "status": 404, "outcome": "refused", "code": "model_not_found", "duration_ms": 0,
                "refusals": 1, "model": "", "requested_model": "gpt-next",
            })),
            12..18 => set(json!({ "status": 503, "outcome": "upstream_error" })),
            fate => {
                let answer = if fate < 26 { answer / 3 } else { answer };
                let input = prompt.saturating_sub(cached);
                let cost = cost(model, input, cached, answer);
                set(json!({
                    "outcome": if fate < 26 { "truncated" } else { "complete" },
                    "estimated": fate < 26,
                    "tokens": { "input": input, "cached_input": cached, "output": answer },
                    "cost": cost,
                }));
            }
        }
        (at <= self.now).then_some(event)
    }
}

impl Iterator for Calls<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        while self.ready.is_empty() && self.days_left > 0 {
            self.make_day();
        }
        self.ready.pop()
    }
}

/// Nano-dollars, rounded up once.
fn cost(model: &DemoModel, input: u64, cached: u64, output: u64) -> u64 {
    let part = |tokens: u64, rate: u64| u128::from(tokens).saturating_mul(u128::from(rate));
    let sum = part(input, model.input)
        .saturating_add(part(cached, model.cached))
        .saturating_add(part(output, model.output));
    u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(0)
}

/// An id as gateways make them: a UUID of version 7 (RFC 9562, 5.7).
fn id(at: Timestamp, chance: &mut Chance) -> String {
    let millis = at.millis();
    let (high, low) = (chance.next(), chance.next());
    format!(
        "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
        millis >> 16,
        millis & 0xffff,
        high & 0xfff,
        0x8000 | (high >> 16 & 0x3fff),
        low & 0xffff_ffff_ffff,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    #[test]
    fn a_month_is_believable_and_no_call_is_in_times_to_come() {
        let model = |name: &str| DemoModel {
            name: name.to_owned(),
            input: 2_000_000_000,
            cached: 500_000_000,
            output: 8_000_000_000,
        };
        let models = ["a", "b", "c", "d", "e"].map(model);
        let keys: Vec<DemoKey> = (0..NAMESPACES.len())
            .map(|namespace| DemoKey {
                id: format!("key_{namespace}"),
                namespace,
                weight: 1,
            })
            .collect();
        // 2026-11-30T12:00:00Z
        let now = Timestamp::from_secs(1_796_040_000);
        let events: Vec<Value> = Calls::new(&models, &keys, 30, now).collect();
        assert!((5_000..20_000).contains(&events.len()), "{}", events.len());
        let mut ids: Vec<&str> = events
            .iter()
            .filter_map(|event| event["id"].as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), events.len());
        let refused = events
            .iter()
            .filter(|event| event["outcome"] == "refused")
            .count();
        assert!((20..400).contains(&refused), "{refused}");
        for event in &events {
            let text = RawValue::from_string(event.to_string()).unwrap();
            let read: paddock_core::wire::UsageEvent<'_> =
                serde_json::from_str(text.get()).unwrap();
            assert!(read.started_at <= now);
        }
        let event = &events[0];
        if event["outcome"] == "complete" {
            assert!(event["cost"].as_u64().unwrap() > 0);
        }
    }
}
