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

/// Checks that an organization may have so many more. Whoever asks: the operator raises the ceiling first.
///
/// # Errors
/// 409 if it has as many as it may have.
pub(super) async fn has_room(
    tx: &mut Tx,
    organization: &Organization,
    what: Counted,
    more: usize,
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
    let more = u64::try_from(more).unwrap_or(u64::MAX);
    if more == 0 || count.saturating_add(more) <= most {
        return Ok(());
    }
    let message = format!(
        "The organization '{name}' has {count} {word}; '{field}' lets it have {most}. Delete some, or ask \
         the operator to raise that."
    );
    Err(ApiError::full(message).by(format!("organization:{name}")))
}
