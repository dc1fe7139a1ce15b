//! A key and its namespace.

use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::policy::{Catalog, Limits};
use paddock_ledger::model::Key;
use paddock_ledger::model::hierarchy::{InForce, Parent, violations};
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{StoreError, Tx, keys};

/// A key, and the context of its namespace.
pub struct KeyContext {
    /// The key.
    pub key: Key,
    /// Its namespace, and what is above that.
    pub context: NamespaceContext,
}

impl KeyContext {
    /// The limits in force: what the key does not set is its namespace's.
    pub fn limits(&self) -> InForce {
        self.context.limits.below(&self.key.limits_in_force())
    }
}

impl Managed for KeyContext {
    const KIND: &'static str = "key";

    async fn load(tx: &mut Tx, id: &str, defaults: &Limits) -> Result<Option<Self>, StoreError> {
        let Some(key) = keys::find(tx, id).await? else {
            return Ok(None);
        };
        let context = NamespaceContext::find(tx, &key.namespace, defaults).await?;
        Ok(context.map(|context| KeyContext { key, context }))
    }

    fn organization(&self) -> &str {
        &self.context.organization.name
    }
}

/// Checks that a key's limits and models fit into its namespace's.
///
/// # Errors
/// 400 with every violation.
pub(super) async fn check(
    app: &App,
    tx: &mut Tx,
    key: &Key,
    context: &NamespaceContext,
    catalog: &Catalog,
) -> Result<(), ApiError> {
    let assigned = if app.config.allow_over_assignment {
        (Money::ZERO, Money::ZERO)
    } else {
        keys::quotas_of_others(tx, &key.namespace, &key.id).await?
    };
    let own = context.namespace.allowed_models.as_deref();
    let parent = Parent {
        word: "team",
        limits: &context.limits,
        allowed_models: own.or(context.organization.allowed_models.as_deref()),
        assigned,
    };
    let violations = violations(&parent, &key.limits, key.allowed_models.as_deref(), catalog);
    if violations.is_empty() {
        return Ok(());
    }
    let (month, day) = assigned;
    let note = match month.is_positive() || day.is_positive() {
        true => format!(" Assigned to the team's other keys: {month} a month, {day} a day."),
        false => String::new(),
    };
    Err(ApiError::violations(violations, &note))
}

/// Stores a key.
///
/// # Errors
/// 409 if the namespace has a key of that name.
pub(super) fn stored(result: Result<(), StoreError>, key: &Key) -> Result<(), ApiError> {
    match result {
        Err(error) if error.is_duplicate() => Err(ApiError::conflict(format!(
            "The namespace '{}' has a key named '{}' already. Choose another name.",
            key.namespace, key.name
        ))),
        result => Ok(result?),
    }
}
