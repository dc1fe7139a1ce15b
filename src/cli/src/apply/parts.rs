//! What belongs to a namespace: quotas of end users, webhooks and alerts.

use super::compare::differences;
use super::document::{Document, Fields, identity, namespace};
use super::fields::Kind;
use super::plan::{Plan, Step};
use crate::client::{Client, escape};
use serde_json::{Value, json};

impl Plan {
    /// Compares the quotas of end users.
    ///
    /// # Errors
    /// Where the service cannot be asked.
    pub(super) fn add_users(&mut self, client: &Client, document: &Document) -> anyhow::Result<()> {
        for (space, users) in by_namespace(&document.users) {
            let list = format!("/v1/team/quotas?namespace={}", escape(space));
            let known = all(client, space, &list)?;
            for declared in users {
                let user = identity(Kind::User, declared);
                let there = found(&known, "user_id", user);
                let body = json!({
                    "namespace": space,
                    "user_id": user,
                    "monthly_limit_usd": declared.get("monthly_quota_usd"),
                });
                let path = "/v1/team/quotas".to_owned();
                self.add_part(
                    Kind::User,
                    (space, user),
                    declared,
                    there,
                    ("POST", path),
                    body,
                );
            }
        }
        Ok(())
    }

    /// Compares webhooks, which are known by their URLs.
    ///
    /// # Errors
    /// Where the service cannot be asked.
    pub(super) fn add_webhooks(
        &mut self,
        client: &Client,
        document: &Document,
    ) -> anyhow::Result<()> {
        for (space, webhooks) in by_namespace(&document.webhooks) {
            let list = format!("/v1/namespaces/{}/webhooks", escape(space));
            let known = all(client, space, &list)?;
            for declared in webhooks {
                let url = identity(Kind::Webhook, declared);
                let there = found(&known, "url", url);
                self.add_listed(Kind::Webhook, (space, url), declared, there, &list);
            }
        }
        Ok(())
    }

    /// Compares alerts.
    ///
    /// # Errors
    /// Where the service cannot be asked.
    pub(super) fn add_alerts(
        &mut self,
        client: &Client,
        document: &Document,
    ) -> anyhow::Result<()> {
        for (space, alerts) in by_namespace(&document.alerts) {
            let list = format!("/v1/namespaces/{}/alerts", escape(space));
            let known = all(client, space, &list)?;
            let keys = all(
                client,
                space,
                &format!("/v1/keys?namespace={}", escape(space)),
            )?;
            for declared in alerts {
                let name = identity(Kind::Alert, declared);
                let there = found(&known, "name", name).cloned();
                let there = there.map(|there| with_names(there, declared, &keys));
                self.add_listed(Kind::Alert, (space, name), declared, there.as_ref(), &list);
            }
        }
        Ok(())
    }

    /// Something that is made in a list and changed at its id.
    fn add_listed(
        &mut self,
        kind: Kind,
        place: (&str, &str),
        declared: &Fields,
        there: Option<&Value>,
        list: &str,
    ) {
        let id = there.and_then(|there| there.get("id")?.as_str());
        let request = match id {
            Some(id) => ("PATCH", format!("{list}/{}", escape(id))),
            None => ("POST", list.to_owned()),
        };
        let mut body = declared.clone();
        body.remove("namespace");
        self.add_part(kind, place, declared, there, request, Value::Object(body));
    }

    fn add_part(
        &mut self,
        kind: Kind,
        (space, name): (&str, &str),
        declared: &Fields,
        there: Option<&Value>,
        (method, path): (&'static str, String),
        body: Value,
    ) {
        let differences = differences(kind, declared, there.unwrap_or(&Value::Null));
        if differences.is_empty() && (there.is_some() || kind == Kind::User) {
            self.unchanged = self.unchanged.saturating_add(1);
            return;
        }
        self.steps.push(Step {
            kind,
            what: format!("{} {space}/{name}", kind.word()),
            is_new: there.is_none(),
            differences,
            method,
            path,
            body,
        });
    }
}

/// Things of one kind, those of a namespace together, in the file's order.
fn by_namespace(things: &[Fields]) -> impl Iterator<Item = (&str, &[Fields])> {
    let groups = things.chunk_by(|a, b| namespace(a) == namespace(b));
    groups.filter_map(|group| Some((namespace(group.first()?), group)))
}

/// What is there of a list; nothing where the namespace is yet to be made.
fn all(client: &Client, space: &str, list: &str) -> anyhow::Result<Vec<Value>> {
    let is_there = client.find(&format!("/v1/namespaces/{}", escape(space)))?;
    match is_there {
        Some(_) => client.list(list),
        None => Ok(Vec::new()),
    }
}

fn found<'a>(known: &'a [Value], field: &str, name: &str) -> Option<&'a Value> {
    let is_it = |one: &&Value| one.get(field).and_then(Value::as_str) == Some(name);
    known.iter().find(is_it)
}

/// An alert as it is there, with its keys called as the file calls them: by name or by id.
fn with_names(mut there: Value, declared: &Fields, keys: &[Value]) -> Value {
    let said = declared.get("keys").and_then(Value::as_array);
    let Some(ids) = there.get_mut("keys").and_then(Value::as_array_mut) else {
        return there;
    };
    for id in ids {
        let key = keys.iter().find(|key| key.get("id") == Some(id));
        let name = key.and_then(|key| key.get("name"));
        let is_said = |value: &Value| said.is_some_and(|said| said.contains(value));
        if let Some(name) = name.filter(|name| !is_said(id) && is_said(name)) {
            *id = name.clone();
        }
    }
    there
}
