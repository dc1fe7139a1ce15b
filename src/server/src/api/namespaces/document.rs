//! What the documents of a namespace have in common: its settings, its routing, its quotas and its
//! auto-refill are shown, set and removed alike.

use crate::api::prelude::*;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::Change;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::Tx;
use serde::de::DeserializeOwned;
use std::future::Future;

/// A document of a namespace, as it is answered.
pub(super) trait Document: Sized + Send {
    /// What refusals call it, before the namespace's name.
    const KIND: &'static str;

    /// What is sent to set it.
    type Body: DeserializeOwned;

    /// That of a namespace, if it has one.
    fn find(
        tx: &mut Tx,
        context: &NamespaceContext,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Self>, ApiError>> + Send;

    /// Sets that of a namespace: the document as it is now, and the change for the audit.
    fn set(
        edit: &mut Edit,
        context: &NamespaceContext,
        body: Self::Body,
    ) -> impl Future<Output = Result<(Self, Change), ApiError>> + Send;
}

/// A document that a namespace may be without.
pub(super) trait Removable: Document {
    /// What answers call it.
    const OBJECT: &'static str;

    /// Removes that of a namespace, if it has one: the change for the audit.
    fn remove(
        edit: &mut Edit,
        context: &NamespaceContext,
    ) -> impl Future<Output = Result<Option<Change>, ApiError>> + Send;
}

/// That a namespace has a document no more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedDocument {
    #[serde(flatten)]
    deleted: Deleted,
    /// The namespace's name.
    namespace: String,
}

/// Shows a document.
///
/// # Errors
/// 403 to holders of other namespaces' keys; 404 if there is none.
pub(super) async fn show<D: Document>(
    app: &App,
    caller: &Caller,
    name: &str,
) -> Result<Json<D>, ApiError> {
    caller.may_read_namespace(name)?;
    let mut tx = app.store.read().await?;
    let context: NamespaceContext = find(app, &mut tx, caller, name).await?;
    let found = D::find(&mut tx, &context, app.now()).await?;
    let found = found.ok_or_else(|| ApiError::not_found(D::KIND, name))?;
    Ok(Json(found))
}

/// Sets a document.
///
/// # Errors
/// 403 to all but admins; 404 if there is no such namespace; what [`Document::set`] refuses.
pub(super) async fn set<D: Document>(
    app: &SharedApp,
    by: &Author,
    name: &str,
    body: Body<D::Body>,
) -> Result<Json<D>, ApiError> {
    by.may_manage()?;
    let body = body.read().await?;
    let mut edit = Edit::begin(app, by).await?;
    let context: NamespaceContext = edit.find(name).await?;
    let (document, change) = D::set(&mut edit, &context, body).await?;
    edit.commit(change).await?;
    Ok(Json(document))
}

/// Removes a document.
///
/// # Errors
/// 403 to all but admins; 404 if there is none.
pub(super) async fn remove<D: Removable>(
    app: &SharedApp,
    by: &Author,
    name: String,
) -> Result<Json<DeletedDocument>, ApiError> {
    by.may_manage()?;
    let mut edit = Edit::begin(app, by).await?;
    let context: NamespaceContext = edit.find(&name).await?;
    let change = D::remove(&mut edit, &context).await?;
    let change = change.ok_or_else(|| ApiError::not_found(D::KIND, &name))?;
    edit.commit(change).await?;
    Ok(Json(DeletedDocument {
        deleted: Deleted::new(D::OBJECT, name.clone()),
        namespace: name,
    }))
}
