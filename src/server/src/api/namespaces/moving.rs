//! A namespace goes to another organization.

use crate::api::ceilings::{Counted, has_room};
use crate::api::owners::may_set;
use crate::api::prelude::*;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::owners::NamespaceChange;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{credits, keys, members, namespace_moves, organizations};

/// The context of a namespace in the organization it is to go to.
///
/// # Errors
/// 403 for all but the operator, 404 if the organization is not there, 409 if it may have no more namespaces,
/// keys or members.
pub(super) async fn destination(
    app: &App,
    edit: &mut Edit,
    before: &NamespaceContext,
    organization: &str,
) -> Result<NamespaceContext, ApiError> {
    let mut namespace = before.namespace.clone();
    organization.clone_into(&mut namespace.organization);
    let owned = NamespaceChange {
        organization: &before.organization,
        before: &before.namespace,
        after: &namespace,
    };
    may_set(edit.author(), &owned)?;
    let found = organizations::find(&mut edit.tx, organization).await?;
    let found = found.ok_or_else(|| ApiError::not_found("organization", organization))?;
    let keys = keys::of_namespace(&mut edit.tx, &namespace.name).await?;
    let filter = members::Filter {
        namespace: Some(namespace.name.clone()),
        limit: i64::MAX.unsigned_abs(),
        ..members::Filter::default()
    };
    let members = members::list(&mut edit.tx, &filter).await?;
    for (what, more) in [
        (Counted::Namespaces, 1),
        (Counted::Keys, keys.len()),
        (Counted::Members, members.len()),
    ] {
        has_room(&mut edit.tx, &found, what, more).await?;
    }
    let defaults = &app.config.organization;
    Ok(NamespaceContext::of(&mut edit.tx, namespace, defaults).await?)
}

/// What follows from a move beside the namespace's own row. What was booked stays with the organization it was
/// booked to.
///
/// # Errors
/// 503 if the database does not answer.
pub(super) async fn follow(
    edit: &mut Edit,
    before: &NamespaceContext,
    after: &NamespaceContext,
) -> Result<(), ApiError> {
    let (name, revision, now) = (&after.namespace.name, edit.revision, edit.now);
    let (from, to) = (&before.organization.name, &after.organization.name);
    namespace_moves::note(&mut edit.tx, (name, from), revision, now).await?;
    // The new organization may narrow their roles' quotas otherwise.
    keys::touch(&mut edit.tx, name, revision).await?;
    let scope = Scope::Namespace(name.clone()).to_string();
    credits::move_account(&mut edit.tx, &scope, to).await?;
    Ok(())
}

/// The move as an entry of both organizations' audits, in the order in which their chains are locked.
pub(super) fn changes(before: &NamespaceContext, after: &NamespaceContext) -> [Change; 2] {
    let name = &after.namespace.name;
    let mut changes = [before, after].map(|context| {
        let change = context.change("namespace.move", name);
        change.before(&before.namespace).after(&after.namespace)
    });
    changes.sort_by(|a, b| a.organization.cmp(&b.organization));
    changes
}
