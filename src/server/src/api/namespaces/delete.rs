//! `DELETE /v1/namespaces/{name}`: the namespace and its keys end at once.

use crate::http::author::Author;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::credits;
use paddock_ledger::rules::membership;
use paddock_ledger::store::{keys, members, namespaces, policy};
use serde::Serialize;
use utoipa::ToSchema;

/// That a namespace was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedNamespace {
    /// Its name.
    id: String,
    /// What this was.
    object: &'static str,
    /// Always true.
    deleted: bool,
    /// How many keys ended with it.
    deleted_keys: usize,
}

/// Deletes a namespace with its keys
///
/// All end at once. What they used stays in the ledger, and counts again where a namespace of the
/// same name is made; what its account has left does not come back.
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
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
) -> Result<Json<DeletedNamespace>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let keys = keys::of_namespace(&mut tx, &name).await?;
    for key in &keys {
        keys::delete(&mut tx, key, revision, app.now()).await?;
        let change = context.change("key.delete", &key.id).before(key);
        audit::record(&mut tx, &actor, change).await?;
    }
    let filter = members::Filter {
        namespace: Some(name.clone()),
        limit: i64::MAX.unsigned_abs(),
        ..members::Filter::default()
    };
    for member in members::list(&mut tx, &filter).await? {
        membership::remove(&mut tx, &context, &member, revision, &actor).await?;
    }
    namespaces::delete(&mut tx, &name, revision).await?;
    let scope = Scope::Namespace(name.clone());
    let closed = credits::close(&mut tx, &scope, app.now()).await?;
    let change = context.change("namespace.delete", &name);
    audit::record(&mut tx, &actor, change.before(&context.namespace)).await?;
    if let Some(account) = closed {
        let change = context
            .change("credits.close", &account.id)
            .before(&account);
        audit::record(&mut tx, &actor, change).await?;
    }
    tx.commit().await?;
    tracing::info!(namespace = name, keys = keys.len(), "deleted a namespace");
    Ok(Json(DeletedNamespace {
        id: name,
        object: "namespace",
        deleted: true,
        deleted_keys: keys.len(),
    }))
}
