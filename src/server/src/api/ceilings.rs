//! How many things an organization may have.

use crate::http::error::ApiError;
use paddock_ledger::model::Organization;
use paddock_ledger::store::{Tx, organizations};

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    Namespaces,
    Keys,
    Members,
}

/// Checks that an organization may have one more. Whoever asks: the operator raises the ceiling first.
///
/// # Errors
/// 409 if it has as many as it may have.
pub(super) async fn has_room(
    tx: &mut Tx,
    organization: &Organization,
    what: Counted,
) -> Result<(), ApiError> {
    let (name, ceilings) = (organization.name.as_str(), organization.ceilings);
    let (most, field, word) = match what {
        Counted::Namespaces => (ceilings.max_namespaces, "max_namespaces", "namespaces"),
        Counted::Keys => (ceilings.max_keys, "max_keys", "keys"),
        Counted::Members => (ceilings.max_members, "max_members", "members"),
    };
    let Some(most) = most else {
        return Ok(());
    };
    let count = match what {
        Counted::Namespaces => organizations::namespaces(tx, name).await?,
        Counted::Keys => organizations::keys(tx, name).await?,
        Counted::Members => organizations::members(tx, name).await?,
    };
    if count < most {
        return Ok(());
    }
    let message = format!(
        "The organization '{name}' has {count} {word}; '{field}' lets it have {most}. Delete one, or ask \
         the operator to raise that."
    );
    Err(ApiError::full(message).by(format!("organization:{name}")))
}
