//! What is sent about keys.

use super::context::KeyContext;
use crate::api::prelude::*;
use crate::http::author::OPERATOR;
use crate::http::body::values::{Days, Words};
use crate::http::body::variant;
use crate::http::limits::with_limits;
use paddock_core::policy::{ContentMode, EndpointScope, Role};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Key;

with_limits! {
    /// A key: what is sent changes, the rest stays. A limit that is `null`, or left out of a new key, is
    /// the namespace's.
    #[schema(example = json!({
        "name": "search-backend", "namespace": "search", "role": "developer",
        "monthly_quota_usd": 50.0, "rate_limit_per_minute": 600, "allowed_models": ["gpt-4.1"],
    }))]
    pub struct KeyBody {
        /// Unique in its namespace. Required for a new key.
        pub(super) name: Option<Option<Text>>,
        /// The namespace its usage is booked to, which never changes. A new key without one gets a
        /// namespace of its own name.
        pub(super) namespace: Option<Option<Text>>,
        /// `developer` by default, or the member's role if that is narrower.
        pub(super) role: Option<Option<Role>>,
        /// The member of the namespace it belongs to, which never changes. Requires `namespace`.
        pub(super) user_id: Option<Option<Text>>,
        /// Whether it is accepted.
        enabled: Option<Option<bool>>,
        /// The endpoints it may use; all of its role's by default.
        scopes: Option<Option<Words<EndpointScope>>>,
        /// The models it may use, names or aliases; the namespace's by default.
        pub(super) allowed_models: Option<Option<Texts>>,
        /// What it is used in, such as `production`.
        environment: Option<Option<Text>>,
        /// Labels.
        tags: Option<Option<Tags>>,
        /// Days until it expires; `null` is never, which is the default.
        expires_in: Option<Option<Days>>,
        /// How strictly its prompts are judged; as the namespace's by default.
        content_policy_mode: Option<Option<ContentMode>>,
    }
}

variant! {
    /// A new key. What is left out is the namespace's.
    CreateKey = KeyBody, requires ["name"], without []
}

variant! {
    /// What changes of a key: what is sent. A limit that is `null` becomes the namespace's.
    UpdateKey = KeyBody, requires [], without ["namespace", "user_id"]
}

impl KeyBody {
    /// Changes a key.
    pub fn apply(self, key: &mut Key, now: Timestamp) {
        self.limits().apply(&mut key.limits);
        self.name.set(&mut key.name);
        self.role.set(&mut key.role);
        self.enabled.set(&mut key.enabled);
        self.scopes.apply(&mut key.scopes);
        self.allowed_models.apply(&mut key.allowed_models);
        self.environment.apply(&mut key.environment);
        self.tags.apply(&mut key.tags);
        self.content_policy_mode.apply(&mut key.content_policy_mode);
        if self.expires_in.is_some() {
            let life = self.expires_in.value().map(Days::duration);
            for secret in key.secrets.iter_mut().filter(|secret| secret.is_primary) {
                secret.expires_at = life.map(|life| now.plus(life));
            }
        }
        key.updated_at = now;
    }

    /// Checks that a key is not called as the audit calls the operator.
    ///
    /// # Errors
    /// 400 if it is.
    pub fn check_name(&self) -> Result<(), ApiError> {
        let name = self.name.clone().value().map(String::from);
        match name.is_some_and(|name| name.eq_ignore_ascii_case(OPERATOR)) {
            true => {
                let message = "A key cannot be called 'operator': the audit calls the operator so.";
                Err(ApiError::invalid("name", message))
            }
            false => Ok(()),
        }
    }

    /// Checks that a key stays where it is and whose it is.
    ///
    /// # Errors
    /// 400 if it would move.
    pub fn keeps_its_place(&self, found: &KeyContext) -> Result<(), ApiError> {
        let namespace = self
            .namespace
            .as_ref()
            .and_then(Option::as_ref)
            .map(Text::as_ref);
        if namespace.is_some_and(|namespace| namespace != found.key.namespace) {
            let message = "A key stays in its namespace. Create a key in the other one instead.";
            return Err(ApiError::invalid("namespace", message));
        }
        let member = found
            .key
            .member
            .as_ref()
            .map(|member| member.user_id.as_str());
        let user = self
            .user_id
            .as_ref()
            .and_then(Option::as_ref)
            .map(Text::as_ref);
        if self.user_id.is_some() && user != member {
            let message = "A key stays with its member. Create another key instead.";
            return Err(ApiError::invalid("user_id", message));
        }
        Ok(())
    }
}
