//! The differences between the service and a file.

use super::document::Fields;
use super::fields::{Kind, is_limit, is_set, keeps_at_null};
use paddock_core::policy::{
    DEFAULT_MAX_OUTPUT_TOKENS, EndpointScope, QueueLimits, Role, Routing, Settings,
};
use paddock_ledger::model::webhook::without_secrets;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub field: String,
    pub from: Value,
    pub to: Value,
}

/// The fields of a file that differ from `there`, the object as the service answers it.
pub fn differences(kind: Kind, declared: &Fields, there: &Value) -> Vec<Difference> {
    let said = declared.iter().filter(|(field, value)| {
        let is_identity = *field == kind.identity() || *field == "namespace";
        // The lifetime of a key is only set when it is created.
        let is_past = *field == "expires_in";
        let says_nothing = value.is_null() && keeps_at_null(field);
        !(is_identity || is_past || says_nothing)
    });
    let compared = said.filter_map(|(field, to)| {
        let from = current(kind, field, there);
        let expected = expected(kind, field, to, there, declared);
        (!same(field, &from, &expected)).then(|| Difference {
            field: field.clone(),
            from,
            to: to.clone(),
        })
    });
    compared.collect()
}

/// The value that the object itself has: an inherited limit is null.
fn current(kind: Kind, field: &str, there: &Value) -> Value {
    let written = match (kind, field) {
        // The name in the API.
        (Kind::User, "monthly_quota_usd") => "monthly_limit_usd",
        _ => field,
    };
    let value = there.get(written).cloned().unwrap_or_default();
    let own = match kind {
        Kind::Organization => "enforced",
        Kind::Namespace | Kind::Key => "own_limits",
        _ => return value,
    };
    let own = there.get(own).and_then(Value::as_array);
    let is_own = |own: &Vec<Value>| own.iter().any(|name| name == field);
    if let (Some(own), Value::Object(parts)) = (own, &value)
        && is_limit(field)
    {
        // Each part is its own or inherited.
        let is_own = |part: &str| own.iter().any(|name| *name == format!("{field}.{part}"));
        let parts = parts.iter().filter(|(part, _)| is_own(part));
        let parts: Map<String, Value> = parts
            .map(|(part, value)| (part.clone(), value.clone()))
            .collect();
        return match parts.is_empty() {
            true => Value::Null,
            false => Value::Object(parts),
        };
    }
    if is_limit(field) && own.is_some_and(|own| !is_own(own)) {
        return Value::Null;
    }
    value
}

/// What the service will answer after `declared` is applied.
fn expected(kind: Kind, field: &str, to: &Value, there: &Value, declared: &Fields) -> Value {
    let other = |name: &str| {
        declared
            .get(name)
            .or(there.get(name))
            .cloned()
            .unwrap_or_default()
    };
    match (kind, field, to) {
        (Kind::Settings, field, Value::Null) => default_setting(field),
        (Kind::Price, "reasoning_usd_per_million", Value::Null) => other("output_usd_per_million"),
        (Kind::Price, "batch_percent", Value::Null) => json!(100),
        (Kind::Price, "capabilities", Value::Null) => json!([]),
        (Kind::Price, "paths" | "fees_usd" | "units_usd" | "tiers", Value::Null) => json!({}),
        (Kind::Price, "surcharges_percent" | "media_tokens", Value::Null) => json!({}),
        (Kind::Price, "steps", Value::Null) => json!([]),
        (Kind::Price, "max_output_tokens", Value::Null) => json!(DEFAULT_MAX_OUTPUT_TOKENS),
        (Kind::Alert, "keys" | "notify_emails", Value::Null) => json!([]),
        (_, "quotas_usd", Value::Object(quotas)) if quotas.is_empty() => Value::Null,
        (Kind::Price, "cache_write_1h_usd_per_million", Value::Null) => {
            let (input, short) = ("input_usd_per_million", "cache_write_5m_usd_per_million");
            let price = |name: &str| other(name).as_f64().unwrap_or(0.0);
            json!(price(input).max(price(short)))
        }
        (Kind::Price, field, Value::Null)
            if field.starts_with("cache") || field.starts_with("image_input") =>
        {
            other("input_usd_per_million")
        }
        // The service hides the secret parts of it.
        (Kind::Alert, "webhook_url", Value::String(url)) if other("action") == "slack" => {
            json!(without_secrets(url))
        }
        // The service answers only scopes of the role. No scopes means all of them.
        (Kind::Key, "scopes", scopes) => {
            let role = serde_json::from_value(other("role")).unwrap_or(Role::default());
            let scopes: Option<Vec<EndpointScope>> =
                serde_json::from_value(scopes.clone()).ok().flatten();
            let scopes = scopes.unwrap_or_else(|| EndpointScope::ALL.to_vec());
            json!(
                scopes
                    .into_iter()
                    .filter(|scope| role.allows(*scope))
                    .collect::<Vec<_>>()
            )
        }
        _ => to.clone(),
    }
}

/// Whether two routings are the same; null counts as absent.
pub fn same_routing(a: &Value, b: &Value) -> bool {
    let read = |value: &Value| serde_json::from_value::<Routing>(without_nulls(value)).ok();
    let (a, b) = (read(a), read(b));
    a.is_some() && a == b
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let there = fields.iter().filter(|(_, value)| !value.is_null());
            there
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

fn default_setting(field: &str) -> Value {
    let (settings, queue) = (Settings::default(), QueueLimits::default());
    match field {
        "throttle_mode" => json!(settings.throttle_mode),
        "throttle_factor" => json!(0.5),
        "max_queue_size" => json!(queue.max_queue_size),
        "queue_timeout_seconds" => json!(queue.queue_timeout_seconds),
        "content_policy_mode" => json!(settings.content_policy_mode),
        "allowed_categories" => json!(settings.allowed_categories),
        "references" => json!(settings.references),
        "preferred_regions" => json!(settings.preferred_regions),
        _ => Value::Null,
    }
}

fn same(field: &str, a: &Value, b: &Value) -> bool {
    let is_set = is_set(field);
    match (a, b) {
        // 5 and 5.0 are the same amount.
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) if is_set => {
            let texts = |list: &[Value]| -> BTreeSet<String> {
                list.iter().map(Value::to_string).collect()
            };
            texts(a) == texts(b)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same("", a, b))
        }
        // null counts as absent.
        (Value::Object(a), Value::Object(b)) => {
            let value =
                |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or_default();
            let mut names = a.keys().chain(b.keys());
            names.all(|name| same("", &value(a, name), &value(b, name)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differing(kind: Kind, declared: Value, there: Value) -> Vec<String> {
        let declared = declared.as_object().unwrap();
        let found = differences(kind, declared, &there);
        found
            .into_iter()
            .map(|difference| difference.field)
            .collect()
    }

    #[test]
    fn an_inherited_limit_is_not_the_objects_own() {
        let there = json!({ "name": "a", "monthly_quota_usd": 50.0, "burst": 5, "own_limits": ["burst"],
                            "allowed_models": ["x", "y"], "priority": "standard" });
        let declared = json!({ "name": "a", "monthly_quota_usd": 50, "burst": 5.0, "allowed_models": ["y", "x"], "priority": null });
        assert_eq!(
            differing(Kind::Namespace, declared, there.clone()),
            ["allowed_models", "monthly_quota_usd"]
        );
        let declared = json!({ "name": "a", "monthly_quota_usd": null, "burst": null, "daily_quota_usd": null });
        assert_eq!(differing(Kind::Namespace, declared, there), ["burst"]);
    }

    #[test]
    fn a_quota_of_each_period_is_own_or_inherited() {
        let there = json!({ "name": "a", "quotas_usd": { "hourly": 2.0, "total": 9.0 },
                            "own_limits": ["quotas_usd.hourly"] });
        for (declared, expected) in [
            (json!({ "hourly": 2 }), vec![]),
            (json!({ "hourly": 2, "total": 9 }), vec!["quotas_usd"]),
            (json!({}), vec!["quotas_usd"]),
            (json!(null), vec!["quotas_usd"]),
        ] {
            let declared = json!({ "name": "a", "quotas_usd": declared });
            assert_eq!(
                differing(Kind::Namespace, declared, there.clone()),
                expected
            );
        }
        let inherited = json!({ "quotas_usd": { "total": 9.0 }, "own_limits": [] });
        let declared = json!({ "quotas_usd": {} });
        assert!(differing(Kind::Key, declared, inherited).is_empty());
    }

    #[test]
    fn null_means_the_default_of_settings_and_prices() {
        let there =
            json!({ "throttle_factor": 0.5, "throttle_mode": "queue", "fallback_model": null });
        let declared =
            json!({ "throttle_factor": null, "throttle_mode": null, "fallback_model": null });
        assert_eq!(
            differing(Kind::Settings, declared, there),
            ["throttle_mode"]
        );
        let there = json!({ "input_usd_per_million": 2.0, "cached_input_usd_per_million": 2.0, "batch_percent": 50 });
        let declared =
            json!({ "model": "m", "cached_input_usd_per_million": null, "batch_percent": null });
        assert_eq!(differing(Kind::Price, declared, there), ["batch_percent"]);
        let there = json!({ "input_usd_per_million": 2.0, "steps": [], "media_tokens": { "image": null },
            "fees_usd": { "web_search": 1.0 }, "cache_write_1h_usd_per_million": 3.0,
            "cache_write_5m_usd_per_million": 3.0, "tiers": { "priority": { "percent": 200 } } });
        let declared = json!({ "steps": null, "media_tokens": null, "fees_usd": { "web_search": 1 },
            "cache_write_1h_usd_per_million": null, "tiers": { "priority": { "percent": 150 } } });
        assert_eq!(differing(Kind::Price, declared, there), ["tiers"]);
    }

    #[test]
    fn a_routing_is_compared_as_a_whole() {
        let there = json!({ "object": "namespace.routing", "namespace": "a", "name": "r",
            "rules": [{ "name": "x", "match_conditions": { "temperature": 0.5 }, "target_model": "m" }] });
        let said = json!({ "name": "r", "fallback_model": null,
            "rules": [{ "name": "x", "match_conditions": { "temperature": 0.5 }, "target_model": "m" }] });
        assert!(same_routing(&said, &there));
        let mut other = said.clone();
        other["rules"][0]["target_model"] = json!("n");
        assert!(!same_routing(&other, &there) && !same_routing(&json!({ "rules": 5 }), &there));
    }

    #[test]
    fn a_scope_that_the_role_lacks_makes_no_difference() {
        let there = json!({ "role": "developer", "scopes": ["chat:create"] });
        let all: Vec<&str> = EndpointScope::ALL.map(EndpointScope::name).to_vec();
        let declared = json!({ "name": "k", "scopes": ["chat:create"], "expires_in": 5 });
        assert_eq!(differing(Kind::Key, declared, there.clone()), [""; 0]);
        assert_eq!(
            differing(Kind::Key, json!({ "scopes": all }), there),
            ["scopes"]
        );
    }
}
