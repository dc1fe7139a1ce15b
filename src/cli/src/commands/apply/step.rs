//! One request of a plan.

use super::compare::Difference;
use super::fields::Kind;
use crate::output::{green, yellow};
use reqwest::Method;
use serde_json::{Value, json};

/// One request that creates or updates an object.
#[derive(Debug)]
pub struct Step {
    pub kind: Kind,
    /// For people: `namespace team-a`.
    pub what: String,
    pub is_new: bool,
    pub differences: Vec<Difference>,
    pub method: Method,
    pub path: String,
    pub body: Value,
}

impl Step {
    /// Whether the answer has a new secret: that of a key, or the one that signs for a webhook.
    pub fn makes_secret(&self) -> bool {
        let to_webhook = |one: &Difference| one.field == "action" && one.to == "webhook";
        match self.kind {
            Kind::Key | Kind::Webhook => self.is_new,
            Kind::Alert => self.differences.iter().any(to_webhook),
            _ => false,
        }
    }

    /// By how many dollars it raises the monthly quota.
    pub fn raise(&self) -> f64 {
        let quota = |difference: &&Difference| difference.field == "monthly_quota_usd";
        let dollars = |value: &Value| value.as_f64().unwrap_or(0.0);
        let found = self.differences.iter().find(quota);
        found.map_or(0.0, |found| dollars(&found.to) - dollars(&found.from))
    }

    /// For people: the object and its differences, one per line.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![match self.is_new {
            true => green(&format!("+ {}", self.what)),
            false => yellow(&format!("~ {}", self.what)),
        }];
        for Difference { field, from, to } in &self.differences {
            lines.push(match self.is_new {
                true => format!("    {field}: {to}"),
                false => format!("    {field}: {from} -> {to}"),
            });
        }
        lines
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let difference =
            |one: &Difference| json!({ "field": one.field, "from": one.from, "to": one.to });
        json!({
            "kind": self.kind.word(),
            "what": self.what,
            "action": if self.is_new { "create" } else { "update" },
            "differences": self.differences.iter().map(difference).collect::<Vec<Value>>(),
        })
    }
}
