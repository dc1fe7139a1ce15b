//! What one proxy is told over one stream: of each type what it asked for, when it is new or has changed
//! (<https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds>).

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The resources of all types, by their names.
pub type Resources = BTreeMap<String, BTreeMap<String, Value>>;

/// Of one type.
#[derive(Debug, Default)]
struct Asked {
    everything: bool,
    names: BTreeSet<String>,
    told: BTreeMap<String, Value>,
    answered: bool,
}

/// What a proxy asked for and was told.
#[derive(Debug, Default)]
pub struct Stream {
    types: BTreeMap<String, Asked>,
    sent: u64,
}

impl Stream {
    /// Reads a request. Is it a refusal, that is what it says.
    pub fn hear(&mut self, request: &Value) -> Result<(), String> {
        let kind = request["typeUrl"].as_str().unwrap();
        let first = !self.types.contains_key(kind);
        let asked = self.types.entry(kind.to_owned()).or_default();
        let names = |field: &str| {
            let names = request[field].as_array().into_iter().flatten();
            let names: Vec<String> = names.map(|name| name.as_str().unwrap().into()).collect();
            names
        };
        let more = names("resourceNamesSubscribe");
        // A first request that names nothing is for all that there is.
        asked.everything |= (first && more.is_empty()) || more.iter().any(|name| name == "*");
        for name in more {
            // What is asked for again is told again.
            asked.told.remove(&name);
            asked.answered = false;
            asked.names.insert(name);
        }
        for name in names("resourceNamesUnsubscribe") {
            asked.names.remove(&name);
            asked.told.remove(&name);
        }
        match request.pointer("/errorDetail/message") {
            Some(message) => Err(format!("{kind}: {message}")),
            None => Ok(()),
        }
    }

    /// What is to be said now, if anything: clusters before what leads to them.
    pub fn say(&mut self, resources: &Resources, version: u64) -> Vec<Value> {
        let none = BTreeMap::new();
        let mut said = Vec::new();
        let mut types: Vec<(&String, &mut Asked)> = self.types.iter_mut().collect();
        types.sort_by_key(|(kind, _)| {
            let order = [".Cluster", ".ClusterLoad", ".Secret", ".Listener"];
            let place = order.iter().position(|part| kind.contains(part));
            place.unwrap_or(order.len())
        });
        for (kind, asked) in types {
            let there = resources.get(kind).unwrap_or(&none);
            let wanted = |name: &String| asked.everything || asked.names.contains(name);
            let changed: BTreeMap<&String, &Value> = there
                .iter()
                .filter(|(name, value)| wanted(name) && asked.told.get(*name) != Some(value))
                .collect();
            let removed: Vec<String> = asked.told.keys().cloned().collect();
            let removed: Vec<String> = removed
                .into_iter()
                .filter(|name| !there.contains_key(name))
                .collect();
            if asked.answered && changed.is_empty() && removed.is_empty() {
                continue;
            }
            self.sent += 1;
            let list: Vec<Value> = changed
                .iter()
                .map(|(name, value)| {
                    json!({"name": name, "version": version.to_string(), "resource": value})
                })
                .collect();
            let changed: Vec<(String, Value)> = changed
                .into_iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            asked.told.extend(changed);
            asked.told.retain(|name, _| there.contains_key(name));
            asked.answered = true;
            said.push(json!({
                "systemVersionInfo": version.to_string(),
                "typeUrl": kind,
                "nonce": self.sent.to_string(),
                "resources": list,
                "removedResources": removed,
            }));
        }
        said
    }
}
