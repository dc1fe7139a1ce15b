//! What somebody changed, and who.

use super::{Canonical, INSTALLATION, Snapshot};
use paddock_core::timestamp::Timestamp;
use serde_json::Value;

/// Who changes something, from where, and when.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The id of a key; `operator` for the operator's own.
    pub id: String,
    /// The key's name.
    pub name: String,
    /// The e-mail address of the member the key belongs to.
    pub email: Option<String>,
    /// When the request came.
    pub at: Timestamp,
    /// The client's address, as Envoy saw it.
    pub client_address: String,
    /// What the client says it is.
    pub user_agent: String,
    /// The request's id, as answers and logs have it.
    pub request_id: String,
}

impl Actor {
    /// The service itself, which changes what somebody let expire.
    pub fn service(at: Timestamp) -> Actor {
        Actor {
            id: "paddock".to_owned(),
            name: "paddock".to_owned(),
            email: None,
            at,
            client_address: String::new(),
            user_agent: String::new(),
            request_id: String::new(),
        }
    }
}

/// One change of one thing. Neither `before` nor `after` ever holds a secret.
#[derive(Clone, Debug)]
pub struct Change {
    /// The organization it belongs to, in whose chain it is recorded.
    pub organization: String,
    /// The namespace it belongs to.
    pub namespace: Option<String>,
    /// What was done, like `key.rotate`: the kind of thing, a dot, a verb.
    pub action: &'static str,
    /// Which thing of that kind.
    pub resource_id: String,
    /// What it was; absent if it was not there.
    pub before: Option<Value>,
    /// What it is now; absent if it is no more.
    pub after: Option<Value>,
}

impl Change {
    /// A change in an organization. `action` is the kind of thing, a dot and a verb: `key.rotate`.
    pub fn new(organization: &str, action: &'static str, resource_id: &str) -> Change {
        Change {
            organization: organization.to_owned(),
            namespace: None,
            action,
            resource_id: resource_id.to_owned(),
            before: None,
            after: None,
        }
    }

    /// A change that is no organization's: only the operator can see it.
    pub fn of_installation(action: &'static str, resource_id: &str) -> Change {
        Change::new(INSTALLATION, action, resource_id)
    }

    /// It belongs to a namespace, whose members can see it.
    pub fn within(mut self, namespace: &str) -> Change {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// What it was.
    pub fn before<T: Snapshot + ?Sized>(mut self, before: &T) -> Change {
        self.before = Some(before.snapshot());
        self
    }

    /// What it is now.
    pub fn after<T: Snapshot + ?Sized>(mut self, after: &T) -> Change {
        self.after = Some(after.snapshot());
        self
    }

    /// The change as the audit stores it, without a number yet.
    pub(crate) fn by(&self, actor: &Actor) -> ChangeRow {
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        ChangeRow {
            organization: self.organization.clone(),
            sequence: 0,
            namespace: self.namespace.clone().unwrap_or_default(),
            changed_at: i64::try_from(actor.at.nanos()).unwrap_or(i64::MAX),
            actor: actor.id.clone(),
            actor_name: actor.name.clone(),
            action: self.action.to_owned(),
            resource_type: self.action.split('.').next().unwrap_or_default().to_owned(),
            resource_id: self.resource_id.clone(),
            before: text(&self.before),
            after: text(&self.after),
            client_address: actor.client_address.clone(),
            user_agent: actor.user_agent.clone(),
            request_id: actor.request_id.clone(),
            actor_email: actor.email.clone(),
        }
    }
}

/// A change as it is stored and hashed.
#[derive(Clone, Debug)]
pub struct ChangeRow {
    /// The organization in whose chain it is.
    pub organization: String,
    /// The number of its segment.
    pub sequence: u64,
    /// The namespace it belongs to; empty if it belongs to none.
    pub namespace: String,
    /// Nanoseconds since 1970.
    pub changed_at: i64,
    /// The id of the actor's key, or `operator`.
    pub actor: String,
    /// The key's name.
    pub actor_name: String,
    /// What was done: `key.rotate`.
    pub action: String,
    /// The kind of thing.
    pub resource_type: String,
    /// Which one.
    pub resource_id: String,
    /// What it was, in JSON.
    pub before: Option<String>,
    /// What it is now, in JSON.
    pub after: Option<String>,
    /// The client's address.
    pub client_address: String,
    /// The client's `User-Agent`.
    pub user_agent: String,
    /// The request's id.
    pub request_id: String,
    /// The e-mail address of the member the actor's key belongs to.
    pub actor_email: Option<String>,
}

impl ChangeRow {
    /// Its hash. Its number is not hashed: the segment's is.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut canonical = Canonical::new("paddock.audit.change.1");
        canonical.int(self.changed_at);
        for text in [
            &self.organization,
            &self.namespace,
            &self.actor,
            &self.actor_name,
            &self.action,
            &self.resource_type,
            &self.resource_id,
            &self.client_address,
            &self.user_agent,
            &self.request_id,
        ] {
            canonical.text(text);
        }
        canonical.optional(self.before.as_deref());
        canonical.optional(self.after.as_deref());
        // Nothing if there is none, so that changes recorded before there were any keep their hash.
        if let Some(email) = &self.actor_email {
            canonical.text("actor_email");
            canonical.text(email);
        }
        canonical.finish()
    }
}
