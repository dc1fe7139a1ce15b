//! The objects that the service has.

use super::document::{Document, Fields, identity, namespace};
use super::fields::Kind;
use crate::client::{Client, escape, text_of};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the service has.
pub struct Service<'a> {
    client: &'a Client,
    /// The namespaces that the file names and that exist.
    namespaces: BTreeMap<String, Value>,
}

impl<'a> Service<'a> {
    /// Reads the namespaces of the objects of a file.
    pub fn read(client: &'a Client, document: &Document) -> anyhow::Result<Service<'a>> {
        let declared = document.namespaces.iter();
        let declared = declared.map(|fields| identity(Kind::Namespace, fields));
        let keys = document.keys.iter().map(namespace);
        let mut namespaces = BTreeMap::new();
        for name in declared.chain(keys) {
            if !namespaces.contains_key(name)
                && let Some(found) = client.find(&format!("/v1/namespaces/{}", escape(name)))?
            {
                namespaces.insert(name.to_owned(), found);
            }
        }
        Ok(Service { client, namespaces })
    }

    /// A namespace that the file names, if it exists.
    pub fn namespace(&self, name: &str) -> Option<&Value> {
        self.namespaces.get(name)
    }

    /// A list of each namespace that `things` are in; none of a namespace that is yet to be created.
    pub fn lists<'b>(
        &self,
        things: &'b [Fields],
        path: impl Fn(&str) -> String,
    ) -> anyhow::Result<BTreeMap<&'b str, Vec<Value>>> {
        let mut lists = BTreeMap::new();
        for space in things.iter().map(namespace) {
            if self.namespaces.contains_key(space) && !lists.contains_key(space) {
                lists.insert(space, self.client.list(&path(space))?);
            }
        }
        Ok(lists)
    }
}

/// An object in the list of its namespace.
pub fn find<'a>(
    lists: &'a BTreeMap<&str, Vec<Value>>,
    space: &str,
    field: &str,
    name: &str,
) -> Option<&'a Value> {
    let mut list = lists.get(space)?.iter();
    list.find(|one| text_of(one, field) == name)
}

/// An alert of the service with its keys as the file names them: by name or by id.
pub fn with_names(mut there: Value, declared: &Fields, keys: &[Value]) -> Value {
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
