//! What has to be done, in order.

use super::compare::{Difference, differences, same_routing};
use super::document::{Document, Fields, identity, namespace};
use super::fields::Kind;
use crate::client::{Client, escape};
use anyhow::bail;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One request that changes something.
#[derive(Debug)]
pub struct Step {
    pub kind: Kind,
    /// For people: `namespace team-a`.
    pub what: String,
    pub is_new: bool,
    pub differences: Vec<Difference>,
    pub method: &'static str,
    pub path: String,
    pub body: Value,
}

impl Step {
    /// Whether it makes a secret, which must go somewhere: that of a key, or what signs for a
    /// webhook.
    pub fn makes_secret(&self) -> bool {
        let to_webhook = |one: &Difference| one.field == "action" && one.to == "webhook";
        match self.kind {
            Kind::Key | Kind::Webhook => self.is_new,
            Kind::Alert => self.differences.iter().any(to_webhook),
            _ => false,
        }
    }

    /// By how much it raises the monthly quota, in dollars.
    fn raise(&self) -> f64 {
        let quota = |difference: &&Difference| difference.field == "monthly_quota_usd";
        let dollars = |value: &Value| value.as_f64().unwrap_or(0.0);
        let found = self.differences.iter().find(quota);
        found.map_or(0.0, |found| dollars(&found.to) - dollars(&found.from))
    }
}

/// The steps from what is there to what should be.
#[derive(Debug, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub unchanged: usize,
}

impl Plan {
    /// Compares.
    ///
    /// # Errors
    /// Where the service cannot be asked, or the file wants what cannot be.
    pub fn make(client: &Client, document: &Document) -> anyhow::Result<Plan> {
        let mut plan = Plan::default();
        for fields in &document.organizations {
            let path = format!(
                "/v1/organizations/{}",
                escape(identity(Kind::Organization, fields))
            );
            let there = client.find(&path)?;
            plan.add(
                Kind::Organization,
                fields,
                there,
                "/v1/organizations",
                ("PATCH", path),
            );
        }
        for fields in &document.prices {
            let path = format!("/v1/prices/{}", escape(identity(Kind::Price, fields)));
            let there = client.find(&path)?;
            plan.add_price(fields, there, path);
        }
        for fields in &document.namespaces {
            let name = identity(Kind::Namespace, fields);
            let path = format!("/v1/namespaces/{}", escape(name));
            let there = client.find(&path)?;
            check_organization(name, fields, there.as_ref())?;
            plan.add(
                Kind::Namespace,
                fields,
                there,
                "/v1/namespaces",
                ("PATCH", path),
            );
        }
        for (name, fields) in &document.settings {
            plan.add_settings(client, name, fields)?;
        }
        for (name, routing) in &document.routings {
            plan.add_routing(client, name, routing)?;
        }
        plan.add_users(client, document)?;
        plan.add_keys(client, document)?;
        plan.add_webhooks(client, document)?;
        plan.add_alerts(client, document)?;
        Ok(plan)
    }

    fn add(
        &mut self,
        kind: Kind,
        declared: &Fields,
        there: Option<Value>,
        list: &str,
        (method, path): (&'static str, String),
    ) {
        let what = format!("{} {}", kind.word(), identity(kind, declared));
        let Some(there) = there else {
            let made = differences(kind, declared, &Value::Null);
            self.steps.push(Step {
                kind,
                what,
                is_new: true,
                differences: made,
                method: "POST",
                path: list.to_owned(),
                body: Value::Object(declared.clone()),
            });
            return;
        };
        self.change(
            kind,
            what,
            differences(kind, declared, &there),
            (method, path),
        );
    }

    fn change(
        &mut self,
        kind: Kind,
        what: String,
        differences: Vec<Difference>,
        (method, path): (&'static str, String),
    ) {
        if differences.is_empty() {
            self.unchanged = self.unchanged.saturating_add(1);
            return;
        }
        let body = differences
            .iter()
            .map(|one| (one.field.clone(), one.to.clone()));
        self.steps.push(Step {
            kind,
            what,
            is_new: false,
            body: Value::Object(body.collect()),
            differences,
            method,
            path,
        });
    }

    fn add_price(&mut self, declared: &Fields, there: Option<Value>, path: String) {
        let what = format!("price {}", identity(Kind::Price, declared));
        let is_new = there.is_none();
        let there = there.unwrap_or_default();
        let found = differences(Kind::Price, declared, &there);
        self.change(Kind::Price, what, found, ("PUT", path));
        if let (true, Some(step)) = (is_new, self.steps.last_mut()) {
            step.is_new = true;
        }
    }

    fn add_settings(&mut self, client: &Client, name: &str, fields: &Fields) -> anyhow::Result<()> {
        let path = format!("/v1/namespaces/{}/settings", escape(name));
        // Those of a namespace that is yet to be made are the defaults.
        let there = client.find(&path)?.unwrap_or_default();
        let found = differences(Kind::Settings, fields, &there);
        self.change(
            Kind::Settings,
            format!("settings of namespace {name}"),
            found,
            ("PUT", path),
        );
        Ok(())
    }

    fn add_routing(&mut self, client: &Client, name: &str, to: &Value) -> anyhow::Result<()> {
        let path = format!("/v1/namespaces/{}/routing", escape(name));
        let from = client.find(&path)?.unwrap_or_default();
        if *to == from || same_routing(to, &from) {
            self.unchanged = self.unchanged.saturating_add(1);
            return Ok(());
        }
        let rules = |routing: &Value| routing.get("rules").cloned().unwrap_or_default();
        self.steps.push(Step {
            kind: Kind::Routing,
            what: format!("routing of namespace {name}"),
            is_new: from.is_null(),
            differences: vec![Difference {
                field: "rules".to_owned(),
                from: rules(&from),
                to: rules(to),
            }],
            method: if to.is_null() { "DELETE" } else { "PUT" },
            path,
            body: to.clone(),
        });
        Ok(())
    }

    fn add_keys(&mut self, client: &Client, document: &Document) -> anyhow::Result<()> {
        let declared: BTreeSet<&str> = document
            .namespaces
            .iter()
            .map(|fields| identity(Kind::Namespace, fields))
            .collect();
        let mut there: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for name in document
            .keys
            .iter()
            .map(|fields| namespace(fields).to_owned())
            .collect::<BTreeSet<String>>()
        {
            let escaped = escape(&name);
            let is_there = client.find(&format!("/v1/namespaces/{escaped}"))?.is_some();
            if !is_there && !declared.contains(name.as_str()) {
                bail!(
                    "nothing was changed: keys are to be made in the namespace '{name}', which is \
                       not there and not in the file"
                );
            }
            if is_there {
                there.insert(name, client.list(&format!("/v1/keys?namespace={escaped}"))?);
            }
        }
        let mut keys = Plan::default();
        for fields in &document.keys {
            let (name, space) = (identity(Kind::Key, fields), namespace(fields));
            let known = there.get(space).into_iter().flatten();
            let mut known =
                known.filter(|key| key.get("name").and_then(Value::as_str) == Some(name));
            let found = known.next().cloned();
            let id = found.as_ref().and_then(|key| key.get("id")?.as_str());
            let path = format!("/v1/keys/{}", escape(id.unwrap_or_default()));
            let before = keys.steps.len();
            keys.add(Kind::Key, fields, found, "/v1/keys", ("PATCH", path));
            if let (true, Some(step)) = (keys.steps.len() > before, keys.steps.last_mut()) {
                step.what = format!("key {space}/{name}");
            }
        }
        // What one key gives up another may be given: the service counts what is assigned.
        keys.steps.sort_by(|a, b| a.raise().total_cmp(&b.raise()));
        self.unchanged = self.unchanged.saturating_add(keys.unchanged);
        self.steps.append(&mut keys.steps);
        Ok(())
    }

    /// For people: each thing that is made or changed, and how.
    pub fn shown(&self) -> String {
        let mut lines = Vec::new();
        for step in &self.steps {
            let sign = if step.is_new { '+' } else { '~' };
            lines.push(format!("{sign} {}", step.what));
            for Difference { field, from, to } in &step.differences {
                lines.push(match step.is_new {
                    true => format!("    {field}: {to}"),
                    false => format!("    {field}: {from} -> {to}"),
                });
            }
        }
        lines.push(format!("{}.", self.summary()));
        lines.join("\n")
    }

    /// In one line.
    pub fn summary(&self) -> String {
        let made = self.steps.iter().filter(|step| step.is_new).count();
        let changed = self.steps.len().saturating_sub(made);
        format!(
            "{made} to make, {changed} to change, {} as they should be",
            self.unchanged
        )
    }

    /// For machines.
    pub fn to_json(&self, applied: bool, secrets: &[Value]) -> Value {
        let difference =
            |one: &Difference| json!({ "field": one.field, "from": one.from, "to": one.to });
        let step = |step: &Step| {
            json!({
                "kind": step.kind.word(),
                "what": step.what,
                "action": if step.is_new { "make" } else { "change" },
                "differences": step.differences.iter().map(difference).collect::<Vec<Value>>(),
            })
        };
        json!({
            "applied": applied,
            "changes": self.steps.iter().map(step).collect::<Vec<Value>>(),
            "unchanged": self.unchanged,
            "secrets": secrets,
        })
    }
}

fn check_organization(name: &str, fields: &Fields, there: Option<&Value>) -> anyhow::Result<()> {
    let (Some(wanted), Some(there)) = (fields.get("organization"), there) else {
        return Ok(());
    };
    let is = there.get("organization").unwrap_or(&Value::Null);
    if is != wanted {
        bail!(
            "nothing was changed: the namespace '{name}' belongs to the organization {is}, and a \
             namespace stays where it is. Correct the file, or make another namespace"
        );
    }
    Ok(())
}
