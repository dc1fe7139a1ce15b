//! A file of `paddock apply`, with canonical field names.

use super::fields::Kind;
use paddock_server::http::body::canonical;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The fields of one object.
pub type Fields = Map<String, Value>;

/// What a file describes.
#[derive(Debug, Default)]
pub struct Document {
    pub organizations: Vec<Fields>,
    /// Of an organization each, by its name.
    pub budgets: Vec<(String, Fields)>,
    pub prices: Vec<Fields>,
    pub aliases: Vec<Fields>,
    pub namespaces: Vec<Fields>,
    /// By the namespace's name.
    pub settings: Vec<(String, Fields)>,
    /// By the namespace's name; `null` for no routing.
    pub routings: Vec<(String, Value)>,
    /// Limits of end users; each has its `namespace`, like the three below.
    pub users: Vec<Fields>,
    pub keys: Vec<Fields>,
    pub webhooks: Vec<Fields>,
    pub alerts: Vec<Fields>,
}

impl Document {
    /// Reads the content of a file; the error is every problem with its place.
    pub fn read(value: &Value) -> Result<Document, Vec<String>> {
        let mut problems = Vec::new();
        let mut document = Document::default();
        let Some(sections) = value.as_object() else {
            return Err(vec![
                "it must be a map with organizations, prices, aliases, namespaces and keys"
                    .to_owned(),
            ]);
        };
        for (name, value) in sections {
            let (kind, into) = match name.as_str() {
                "organizations" => (Kind::Organization, &mut document.organizations),
                "prices" => (Kind::Price, &mut document.prices),
                "aliases" => (Kind::Alias, &mut document.aliases),
                "namespaces" => (Kind::Namespace, &mut document.namespaces),
                "keys" => (Kind::Key, &mut document.keys),
                _ => {
                    problems.push(format!(
                        "unknown section `{name}`; the sections are organizations, prices, aliases, \
                         namespaces and keys"
                    ));
                    continue;
                }
            };
            match value {
                Value::Null => {}
                Value::Array(items) => *into = list(kind, items, &mut problems),
                _ => problems.push(format!("`{name}` must be a list")),
            }
        }
        document.take_parts(&mut problems);
        if problems.is_empty() {
            Ok(document)
        } else {
            Err(problems)
        }
    }

    fn take_parts(&mut self, problems: &mut Vec<String>) {
        for organization in &mut self.organizations {
            let name = identity(Kind::Organization, organization).to_owned();
            match organization.remove("budgets") {
                Some(Value::Array(items)) => {
                    let found = list(Kind::Budget, &items, problems).into_iter();
                    self.budgets.extend(found.map(|one| (name.clone(), one)));
                }
                Some(Value::Null) | None => {}
                Some(_) => problems.push(format!(
                    "the budgets of organization `{name}` must be a list"
                )),
            }
        }
        for namespace in &mut self.namespaces {
            let name = identity(Kind::Namespace, namespace).to_owned();
            match namespace.remove("routing") {
                Some(routing @ (Value::Object(_) | Value::Null)) => {
                    self.routings.push((name.clone(), routing));
                }
                Some(_) => {
                    problems.push(format!("the routing of namespace `{name}` must be a map"))
                }
                None => {}
            }
            for (part, kind, into) in [
                ("users", Kind::User, &mut self.users),
                ("webhooks", Kind::Webhook, &mut self.webhooks),
                ("alerts", Kind::Alert, &mut self.alerts),
            ] {
                match namespace.remove(part) {
                    Some(Value::Array(items)) => {
                        let mut found = list(kind, &items, problems);
                        for fields in &mut found {
                            fields.insert("namespace".to_owned(), Value::from(name.as_str()));
                        }
                        into.append(&mut found);
                    }
                    Some(Value::Null) | None => {}
                    Some(_) => {
                        problems.push(format!("the {part} of namespace `{name}` must be a list"))
                    }
                }
            }
            let Some(settings) = namespace.remove("settings") else {
                continue;
            };
            let what = format!("settings of namespace `{name}`");
            match settings {
                Value::Object(raw) => {
                    let fields = canonical_fields(Kind::Settings, &what, &raw, problems);
                    self.settings.push((name, fields));
                }
                _ => problems.push(format!("the {what} must be a map")),
            }
        }
    }
}

/// The namespace of an object.
pub fn namespace(fields: &Fields) -> &str {
    let name = fields.get("namespace").and_then(Value::as_str);
    name.unwrap_or_default()
}

/// The name of an object, unique in its kind and namespace.
pub fn identity(kind: Kind, fields: &Fields) -> &str {
    fields
        .get(kind.identity())
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn list(kind: Kind, items: &[Value], problems: &mut Vec<String>) -> Vec<Fields> {
    let word = kind.word();
    let mut seen = BTreeSet::new();
    let mut found = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let number = at.saturating_add(1);
        let Some(raw) = item.as_object() else {
            problems.push(format!("{word} number {number} must be a map"));
            continue;
        };
        let name = raw
            .get(kind.identity())
            .and_then(Value::as_str)
            .unwrap_or_default();
        let what = match name {
            "" => format!("{word} number {number}"),
            name => format!("{word} `{name}`"),
        };
        if name.is_empty() {
            problems.push(format!("{what} needs a `{}`", kind.identity()));
        }
        let fields = canonical_fields(kind, &what, raw, problems);
        let place = namespace(&fields).to_owned();
        if kind == Kind::Key && place.is_empty() {
            problems.push(format!("{what} needs a `namespace`"));
        }
        if !seen.insert((place, name.to_owned())) {
            problems.push(format!("{what} appears twice"));
        }
        found.push(fields);
    }
    found
}

/// Replaces synonyms by the canonical names; an unknown field is a problem.
fn canonical_fields(kind: Kind, what: &str, raw: &Fields, problems: &mut Vec<String>) -> Fields {
    let mut fields = Fields::new();
    let mut put = |written: String, value: &Value, problems: &mut Vec<String>| {
        // These words mean a namespace, as in the API.
        let name = match written.as_str() {
            "team" | "team_id" | "project" if kind == Kind::Key => "namespace",
            other => canonical(other),
        };
        if !kind.has(name) {
            problems.push(format!("{what}: unknown field `{written}`"));
        } else if fields.get(name).is_some_and(|other| other != value) {
            problems.push(format!("{what}: `{name}` has two different values"));
        } else {
            fields.insert(name.to_owned(), value.clone());
        }
    };
    for (written, value) in raw {
        match value {
            Value::Object(nested) if written == "rate_limits" => {
                for (inner, value) in nested {
                    put(format!("{written}.{inner}"), value, problems);
                }
            }
            value => put(written.clone(), value, problems),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn synonyms_are_understood_and_every_problem_is_named() {
        let document = Document::read(&json!({
            "namespaces": [{ "name": "a", "monthly_budget_usd": 5, "rate_limits": { "rpm": 60 },
                             "settings": { "throttle_mode": "queue" } }],
            "keys": [{ "name": "k", "team": "a" }],
            "prices": null,
        }))
        .unwrap();
        let namespace = &document.namespaces[0];
        assert_eq!(namespace["monthly_quota_usd"], 5);
        assert_eq!(namespace["rate_limit_per_minute"], 60);
        assert_eq!(document.keys[0]["namespace"], "a");
        assert_eq!(document.settings[0].1["throttle_mode"], "queue");
        let problems = Document::read(&json!({
            "teams": [],
            "namespaces": [{ "name": "a" }, { "name": "a", "colour": 1, "settings": { "x": 1 } }, 7],
            "keys": [{ "namespace": "a" }, { "name": "k" }],
            "organizations": {},
        }))
        .unwrap_err()
        .join("; ");
        for part in [
            "unknown section `teams`",
            "namespace `a` appears twice",
            "unknown field `colour`",
            "settings of namespace `a`: unknown field `x`",
            "namespace number 3 must be a map",
            "key number 1 needs a `name`",
            "key `k` needs a `namespace`",
            "`organizations` must be a list",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
    }
}
