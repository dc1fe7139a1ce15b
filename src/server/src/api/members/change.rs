//! `PATCH /v1/members/{id}`, or without an id where the body has a `user_id`: address and role.

use super::body::{ChangeMember, ChangeNamedMember};
use super::create::{email, email_is_free};
use super::view::MemberView;
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
use paddock_ledger::model::audit::Actor;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::membership;
use paddock_ledger::store::{members, policy};

/// Changes a member
///
/// Where the role becomes narrower, so do the member's keys that are wider.
#[utoipa::path(
    patch, path = "/v1/members/{id}", tag = "members", operation_id = "change_member",
    params(parameters::MemberId),
    request_body = Option<ChangeMember>,
    responses(
        (status = 200, description = "The member.", body = MemberView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(which): Path<String>,
    RawBody(body): RawBody,
) -> Result<Json<MemberView>, ApiError> {
    change(&app, &caller, &actor, Some(which), &body).await
}

/// Changes the member that the body names
///
/// As where the path names it.
#[utoipa::path(
    patch, path = "/v1/members", tag = "members", operation_id = "change_named_member",
    request_body = ChangeNamedMember,
    responses(
        (status = 200, description = "The member.", body = MemberView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn named(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    RawBody(body): RawBody,
) -> Result<Json<MemberView>, ApiError> {
    change(&app, &caller, &actor, None, &body).await
}

/// `user_id` and `namespace` say whom it is about: neither can be changed. Where the role becomes
/// narrower, so do the member's keys that are wider.
async fn change(
    app: &SharedApp,
    caller: &Caller,
    actor: &Actor,
    which: Option<String>,
    body: &[u8],
) -> Result<Json<MemberView>, ApiError> {
    caller.may_manage_users()?;
    let mut fields = Fields::parse(body)?;
    let user = match &which {
        Some(_) => fields.text("user_id")?.flatten(),
        None => Some(fields.required_text("user_id")?),
    };
    let namespace = fields.text("namespace")?.flatten();
    let address = fields.text("email")?.flatten();
    let role = fields.word("role", &["admin", "developer", "analyst", "viewer"])?;
    fields.finish()?;

    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let which = which.or_else(|| user.clone()).unwrap_or_default();
    let before = super::find(&mut tx, caller, &which, namespace).await?;
    if user.is_some_and(|user| user != before.user_id && user != before.id) {
        let message = "A member stays who it is. Make a member of the other user instead.";
        return Err(ApiError::invalid("user_id", message));
    }
    let mut member = before.clone();
    if let Some(address) = address {
        member.email = email(&address)?;
        email_is_free(&mut tx, &member).await?;
    }
    member.role = role.unwrap_or(member.role);
    member.updated_at = actor.at;
    let context =
        NamespaceContext::find(&mut tx, &member.namespace, &app.config.organization).await?;
    let context = context.ok_or_else(|| ApiError::not_found("member", &which))?;
    members::update(&mut tx, &member).await?;
    let change = context.change("member.update", &member.id);
    audit::record(&mut tx, actor, change.before(&before).after(&member)).await?;
    let narrowed = membership::narrow_keys(&mut tx, &context, &member, revision, actor).await?;
    tx.commit().await?;
    tracing::info!(member = member.id, narrowed, "changed a member");
    Ok(Json(MemberView::from(member)))
}
