//! `DELETE /v1/namespaces/{name}`: the namespace and its keys end at once.

use crate::api::prelude::*;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::credits;
use paddock_ledger::rules::membership;
use paddock_ledger::store::{keys, members, namespaces};

/// That a namespace was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedNamespace {
    #[serde(flatten)]
    deleted: Deleted,
    /// How many keys ended with it.
    deleted_keys: usize,
}

/// Deletes a namespace with its keys
///
/// All end at once. The name stays the organization's. What was used stays in the ledger, and counts again
/// if the organization creates a namespace of the same name. What its account has left is lost.
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}", tag = "namespaces", operation_id = "delete_namespace",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "Deleted.", body = DeletedNamespace),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
) -> Result<Json<DeletedNamespace>, ApiError> {
    by.may_manage()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let (now, revision) = (edit.now, edit.revision);
    let context: NamespaceContext = edit.find(&name).await?;
    let keys = keys::of_namespace(&mut edit.tx, &name).await?;
    for key in &keys {
        keys::delete(&mut edit.tx, key, revision, now).await?;
        let change = context.change("key.delete", &key.id).before(key);
        edit.record(change).await?;
    }
    let filter = members::Filter {
        namespace: Some(name.clone()),
        limit: i64::MAX.unsigned_abs(),
        ..members::Filter::default()
    };
    for member in members::list(&mut edit.tx, &filter).await? {
        membership::remove(&mut edit.tx, &context, &member, revision, &by.actor).await?;
    }
    namespaces::delete(&mut edit.tx, &name, revision).await?;
    let scope = Scope::Namespace(name.clone());
    let closed = credits::close(&mut edit.tx, &scope, now).await?;
    let change = context.change("namespace.delete", &name);
    edit.record(change.before(&context.namespace)).await?;
    if let Some(account) = closed {
        let change = context.change("credits.close", &account.id);
        edit.record(change.before(&account)).await?;
    }
    edit.commit_recorded().await?;
    Ok(Json(DeletedNamespace {
        deleted: Deleted::new("namespace", name),
        deleted_keys: keys.len(),
    }))
}
