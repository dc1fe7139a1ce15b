//! The requests that make the service what a file describes, in order.

use super::compare::{Difference, differences, same_routing};
use super::document::{Document, Fields, identity, namespace};
use super::fields::Kind;
use super::service::{Service, find, with_names};
use super::step::Step;
use crate::client::{Client, escape, field, text_of};
use anyhow::bail;
use paddock_core::policy::fold_alias;
use reqwest::Method;
use serde_json::{Value, json};

/// The steps from what the service has to what a file describes.
#[derive(Debug, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub unchanged: usize,
}

impl Plan {
    /// Compares a file with the service.
    pub fn make(client: &Client, document: &Document) -> anyhow::Result<Plan> {
        let service = Service::read(client, document)?;
        let mut plan = Plan::default();
        for declared in &document.organizations {
            let (list, name) = ("/v1/organizations", identity(Kind::Organization, declared));
            let there = client.find(&format!("{list}/{}", escape(name)))?;
            plan.add_listed(Kind::Organization, name, declared, there.as_ref(), list);
        }
        for declared in &document.prices {
            let name = identity(Kind::Price, declared);
            let path = format!("/v1/prices/{}", escape(name));
            let there = client.find(&path)?;
            let request = (Method::PUT, path, None);
            plan.add(Kind::Price, name, declared, there.as_ref(), request);
        }
        plan.add_aliases(client, document)?;
        for declared in &document.namespaces {
            let name = identity(Kind::Namespace, declared);
            let there = service.namespace(name);
            plan.add_listed(Kind::Namespace, name, declared, there, "/v1/namespaces");
        }
        for (organization, declared) in &document.budgets {
            plan.add_budget(client, organization, declared)?;
        }
        for (name, declared) in &document.settings {
            let path = below(name, "settings");
            // A namespace that is yet to be created has the default settings.
            let there = client.find(&path)?.unwrap_or_default();
            let name = format!("of namespace {name}");
            let request = (Method::PUT, path, None);
            plan.add(Kind::Settings, &name, declared, Some(&there), request);
        }
        for (name, routing) in &document.routings {
            let path = below(name, "routing");
            plan.add_routing(
                name,
                routing,
                &client.find(&path)?.unwrap_or_default(),
                path,
            );
        }
        plan.add_users(&service, document)?;
        plan.add_keys(&service, document)?;
        for (kind, list) in [(Kind::Webhook, "webhooks"), (Kind::Alert, "alerts")] {
            plan.add_parts(&service, document, kind, list)?;
        }
        Ok(plan)
    }

    /// Adds a step, or counts an object that needs none. The request sends the differences if it has
    /// no body.
    fn add(
        &mut self,
        kind: Kind,
        name: &str,
        declared: &Fields,
        there: Option<&Value>,
        (method, path, body): (Method, String, Option<Value>),
    ) {
        let found = differences(kind, declared, there.unwrap_or(&Value::Null));
        let needs_none = there.is_some() || matches!(kind, Kind::User | Kind::Price);
        if found.is_empty() && needs_none {
            self.unchanged = self.unchanged.saturating_add(1);
            return;
        }
        let changed = found.iter().map(|one| (one.field.clone(), one.to.clone()));
        self.steps.push(Step {
            kind,
            what: format!("{} {name}", kind.word()),
            is_new: there.is_none(),
            body: body.unwrap_or_else(|| Value::Object(changed.collect())),
            differences: found,
            method,
            path,
        });
    }

    /// An object that is created in a list and updated at its id or its name.
    fn add_listed(
        &mut self,
        kind: Kind,
        name: &str,
        declared: &Fields,
        there: Option<&Value>,
        list: &str,
    ) {
        let is_part = matches!(kind, Kind::Webhook | Kind::Alert);
        let mut whole = declared.clone();
        if is_part {
            whole.remove("namespace");
        }
        let whole = Value::Object(whole);
        let request = match there {
            None => (Method::POST, list.to_owned(), Some(whole)),
            Some(there) => {
                let id = match text_of(there, "id") {
                    id if is_part || kind == Kind::Key => id,
                    _ => name,
                };
                let path = format!("{list}/{}", escape(id));
                (Method::PATCH, path, is_part.then_some(whole))
            }
        };
        self.add(kind, name, declared, there, request);
    }

    /// A budget is sent whole: with what the file says, and what is there of the rest.
    fn add_budget(
        &mut self,
        client: &Client,
        organization: &str,
        declared: &Fields,
    ) -> anyhow::Result<()> {
        let name = identity(Kind::Budget, declared);
        let path = format!(
            "/v1/organizations/{}/budgets/{}",
            escape(organization),
            escape(name)
        );
        let there = client.find(&path)?;
        let mut whole = there.as_ref().and_then(Value::as_object).cloned();
        let whole = whole.get_or_insert_default();
        whole.extend(declared.clone());
        whole.retain(|field, value| Kind::Budget.has(field) && field != "name" && !value.is_null());
        let request = (Method::PUT, path, Some(Value::Object(whole.clone())));
        let name = format!("{organization}/{name}");
        self.add(Kind::Budget, &name, declared, there.as_ref(), request);
        Ok(())
    }

    fn add_routing(&mut self, name: &str, to: &Value, from: &Value, path: String) {
        if to == from || same_routing(to, from) {
            self.unchanged = self.unchanged.saturating_add(1);
            return;
        }
        self.steps.push(Step {
            kind: Kind::Routing,
            what: format!("routing of namespace {name}"),
            is_new: from.is_null(),
            differences: vec![Difference {
                field: "rules".to_owned(),
                from: field(from, "rules").clone(),
                to: field(to, "rules").clone(),
            }],
            method: if to.is_null() {
                Method::DELETE
            } else {
                Method::PUT
            },
            path,
            body: to.clone(),
        });
    }

    fn add_aliases(&mut self, client: &Client, document: &Document) -> anyhow::Result<()> {
        if document.aliases.is_empty() {
            return Ok(());
        }
        let known = client.list("/v1/aliases")?;
        for declared in &document.aliases {
            let name = fold_alias(identity(Kind::Alias, declared));
            let there = known.iter().find(|one| text_of(one, "alias") == name);
            let request = (Method::PUT, format!("/v1/aliases/{}", escape(&name)), None);
            self.add(Kind::Alias, &name, declared, there, request);
        }
        Ok(())
    }

    fn add_users(&mut self, service: &Service<'_>, document: &Document) -> anyhow::Result<()> {
        let list = |space: &str| format!("/v1/team/quotas?namespace={}", escape(space));
        let known = service.lists(&document.users, list)?;
        for declared in &document.users {
            let (space, user) = (namespace(declared), identity(Kind::User, declared));
            let body = json!({
                "namespace": space,
                "user_id": user,
                "monthly_limit_usd": declared.get("monthly_quota_usd"),
            });
            let there = find(&known, space, "user_id", user);
            let request = (Method::POST, "/v1/team/quotas".to_owned(), Some(body));
            self.add(
                Kind::User,
                &format!("{space}/{user}"),
                declared,
                there,
                request,
            );
        }
        Ok(())
    }

    fn add_keys(&mut self, service: &Service<'_>, document: &Document) -> anyhow::Result<()> {
        let known = service.lists(&document.keys, keys_of)?;
        let mut keys = Plan::default();
        for declared in &document.keys {
            let (space, name) = (namespace(declared), identity(Kind::Key, declared));
            let is_declared = |fields: &Fields| identity(Kind::Namespace, fields) == space;
            if service.namespace(space).is_none() && !document.namespaces.iter().any(is_declared) {
                bail!(
                    "nothing was changed: key '{name}' needs the namespace '{space}', which does \
                     not exist and is not in the file"
                );
            }
            let there = find(&known, space, "name", name);
            keys.add_listed(
                Kind::Key,
                &format!("{space}/{name}"),
                declared,
                there,
                "/v1/keys",
            );
        }
        // Quota that one key gives up may be given to another: the service limits the sum.
        keys.steps.sort_by(|a, b| a.raise().total_cmp(&b.raise()));
        self.unchanged = self.unchanged.saturating_add(keys.unchanged);
        self.steps.append(&mut keys.steps);
        Ok(())
    }

    /// Webhooks, which are known by their URLs, or alerts.
    fn add_parts(
        &mut self,
        service: &Service<'_>,
        document: &Document,
        kind: Kind,
        list: &str,
    ) -> anyhow::Result<()> {
        let (things, keyed): (_, &[Fields]) = match kind {
            Kind::Webhook => (&document.webhooks, &[]),
            _ => (&document.alerts, &document.alerts),
        };
        let known = service.lists(things, |space| below(space, list))?;
        let keys = service.lists(keyed, keys_of)?;
        for declared in things {
            let (space, name) = (namespace(declared), identity(kind, declared));
            let there = find(&known, space, kind.identity(), name);
            let keys = keys.get(space).map_or(&[][..], Vec::as_slice);
            let there = there.map(|there| with_names(there.clone(), declared, keys));
            let (list, name) = (below(space, list), format!("{space}/{name}"));
            self.add_listed(kind, &name, declared, there.as_ref(), &list);
        }
        Ok(())
    }

    /// For people: each object that is created or updated, and how.
    pub fn shown(&self) -> String {
        let mut lines: Vec<String> = self.steps.iter().flat_map(Step::lines).collect();
        lines.push(format!("{}.", self.summary()));
        lines.join("\n")
    }

    /// In one line.
    pub fn summary(&self) -> String {
        let created = self.steps.iter().filter(|step| step.is_new).count();
        let updated = self.steps.len().saturating_sub(created);
        let unchanged = self.unchanged;
        format!("{created} to create, {updated} to update, {unchanged} unchanged")
    }

    /// For programs.
    pub fn to_json(&self, applied: bool, secrets: &[Value]) -> Value {
        json!({
            "applied": applied,
            "changes": self.steps.iter().map(Step::to_json).collect::<Vec<Value>>(),
            "unchanged": self.unchanged,
            "secrets": secrets,
        })
    }
}

fn below(space: &str, list: &str) -> String {
    format!("/v1/namespaces/{}/{list}", escape(space))
}

fn keys_of(space: &str) -> String {
    format!("/v1/keys?namespace={}", escape(space))
}
