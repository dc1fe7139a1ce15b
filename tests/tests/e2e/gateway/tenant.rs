//! Tenants: a namespace and a key of their own, made through Envoy by the management API.

use super::Gateway;
use crate::client::Call;
use serde_json::{Value, json};

/// The header that tells a tenant's requests apart at the provider.
pub const MARK: &str = "x-fake-mark";

#[derive(Clone, Debug)]
pub struct Tenant {
    pub namespace: String,
    pub id: String,
    pub key: String,
    pub mark: String,
}

impl Gateway {
    /// A key with these limits, in a namespace of its own without any.
    #[track_caller]
    pub fn tenant(&self, name: &str, fields: Value) -> Tenant {
        let mut fields = fields;
        let name = format!("{name}-{}", self.number());
        fields["name"] = json!(name);
        let made = self.manage("POST", "/v1/keys", Some(&fields));
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Tenant {
            namespace: text("namespace"),
            id: text("id"),
            key: text("key"),
            mark: name,
        }
    }

    /// A namespace with these fields, and a key in it without any.
    #[track_caller]
    pub fn namespace(&self, name: &str, fields: Value) -> Tenant {
        let mut fields = fields;
        let name = format!("{name}-{}", self.number());
        fields["name"] = json!(name);
        self.manage("POST", "/v1/namespaces", Some(&fields));
        self.tenant(&name, json!({"namespace": name}))
    }
}

impl Gateway {
    /// Sets a price, and waits until every worker knows the model.
    #[track_caller]
    pub fn model(&self, name: &str, fields: &Value) {
        self.manage("PUT", &format!("/v1/prices/{name}"), Some(fields));
        let tenant = self.tenant("knows", json!({}));
        let call = tenant.chat_with(json!({"model": name}));
        super::eventually("the model is known", || {
            let known = |_| self.send(&call).status != 404;
            (0..16).all(known).then_some(())
        });
    }
}

impl Tenant {
    /// A chat, as in [`Call::chat`].
    pub fn chat(&self) -> Call {
        self.chat_with(json!({}))
    }

    pub fn chat_with(&self, fields: Value) -> Call {
        self.mark(Call::chat_with(&self.key, &fields))
    }

    pub fn stream(&self) -> Call {
        self.chat_with(json!({"stream": true}))
    }

    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Call {
        self.mark(Call::post(path, body).key(&self.key))
    }

    pub fn get(&self, path: &str) -> Call {
        self.mark(Call::get(path).key(&self.key))
    }

    /// A request that the provider is to know as this tenant's.
    pub fn mark(&self, call: Call) -> Call {
        call.header(MARK, &self.mark)
    }

    /// The name of the key in refusals.
    pub fn key_scope(&self) -> String {
        format!("key:{}", self.id)
    }

    /// The name of the namespace in refusals.
    pub fn namespace_scope(&self) -> String {
        format!("namespace:{}", self.namespace)
    }

    /// The path of the key in the management API.
    pub fn key_path(&self) -> String {
        format!("/v1/keys/{}", self.id)
    }
}
