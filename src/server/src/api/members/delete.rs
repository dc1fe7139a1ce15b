//! `DELETE /v1/members/{id}`, or without an id where query or body have a `user_id`.

use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::http::query::Parameters;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::model::audit::Actor;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::membership;
use paddock_ledger::store::policy;
use serde::Serialize;
use utoipa::ToSchema;

/// That a member was removed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedMember {
    /// The member's id.
    id: String,
    /// What this was.
    object: &'static str,
    /// Who it was.
    user_id: String,
    /// Always true.
    deleted: bool,
    /// How many keys were disabled.
    disabled_keys: usize,
}

/// Removes a member
///
/// The member's keys are disabled, and stay so.
#[utoipa::path(
    delete, path = "/v1/members/{id}", tag = "members", operation_id = "delete_member",
    params(parameters::MemberId, parameters::OfNamespace),
    responses(
        (status = 200, description = "Removed.", body = DeletedMember),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(which): Path<String>,
    mut query: Parameters,
) -> Result<Json<DeletedMember>, ApiError> {
    let namespace = query.take("namespace");
    query.finish()?;
    remove(&app, &caller, &actor, &which, namespace).await
}

/// Removes the member that the query names
///
/// As where the path names it. `user_id` and `namespace` may also be in a JSON body.
#[utoipa::path(
    delete, path = "/v1/members", tag = "members", operation_id = "delete_named_member",
    params(parameters::OfUser, parameters::OfNamespace),
    responses(
        (status = 200, description = "Removed.", body = DeletedMember),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn named(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    mut query: Parameters,
    RawBody(body): RawBody,
) -> Result<Json<DeletedMember>, ApiError> {
    let mut fields = Fields::parse(&body)?;
    let namespace = match query.take("namespace") {
        None => fields.text("namespace")?.flatten(),
        named => named,
    };
    let user = match query.take("user_id") {
        None => fields.required_text("user_id")?,
        Some(user) => user,
    };
    query.finish()?;
    fields.finish()?;
    remove(&app, &caller, &actor, &user, namespace).await
}

/// The member's keys are disabled, and stay so: they belong to somebody who is gone.
async fn remove(
    app: &SharedApp,
    caller: &Caller,
    actor: &Actor,
    which: &str,
    namespace: Option<String>,
) -> Result<Json<DeletedMember>, ApiError> {
    caller.may_manage_users()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let member = super::find(&mut tx, caller, which, namespace).await?;
    let context =
        NamespaceContext::find(&mut tx, &member.namespace, &app.config.organization).await?;
    let context = context.ok_or_else(|| ApiError::not_found("member", which))?;
    let disabled = membership::remove(&mut tx, &context, &member, revision, actor).await?;
    tx.commit().await?;
    tracing::info!(member = member.id, disabled, "removed a member");
    Ok(Json(DeletedMember {
        id: member.id,
        object: "member",
        user_id: member.user_id,
        deleted: true,
        disabled_keys: disabled,
    }))
}
