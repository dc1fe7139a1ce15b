//! `PATCH /v1/namespaces/{name}`: what is sent changes, what is `null` becomes the parent's.

use super::body::ChangeNamespace;
use super::create::{apply, check, open_account};
use super::view::NamespaceView;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::overrides;
use paddock_ledger::store::{catalog, namespaces, policy};

/// Changes a namespace
///
/// Its keys keep their own limits; the namespace's hold beside them.
#[utoipa::path(
    patch, path = "/v1/namespaces/{name}", tag = "namespaces", operation_id = "update_namespace",
    params(parameters::NamespaceName),
    request_body = Option<ChangeNamespace>,
    responses(
        (status = 200, description = "The namespace as it is now.", body = NamespaceView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<Json<NamespaceView>, ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    if fields.has("name") && fields.required_text("name")? != name {
        let message = "A namespace's name is its identity: it cannot be changed.";
        return Err(ApiError::invalid("name", message));
    }
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let before = super::find(&app, &mut tx, &caller, &name).await?.namespace;
    let mut namespace = before.clone();
    let (monthly, daily) = (
        fields.has("monthly_quota_usd"),
        fields.has("daily_quota_usd"),
    );
    apply(&app, &mut fields, &mut namespace)?;
    fields.finish()?;
    namespace.revision = revision;
    namespace.updated_at = app.now();
    let context = NamespaceContext::of(&mut tx, namespace, &app.config.organization).await?;
    let catalog = catalog::load(&mut tx).await?;
    check(&context, &catalog)?;
    namespaces::update(&mut tx, &context.namespace).await?;
    open_account(&mut tx, &context.namespace, app.now()).await?;
    overrides::supersede(&mut tx, &name, monthly, daily).await?;
    let change = context.change("namespace.update", &name);
    let change = change.before(&before).after(&context.namespace);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(namespace = name, "changed a namespace");
    Ok(Json(NamespaceView::new(&context, &catalog)))
}
