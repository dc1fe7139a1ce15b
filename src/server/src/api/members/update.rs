//! `PATCH /v1/members/{id}`, or without an id if the body has a `user_id`: e-mail address and role.

use super::body::{MemberBody, UpdateMember, UpdateNamedMember};
use super::view::MemberView;
use super::{email_is_free, find_member};
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::membership;
use paddock_ledger::store::members;

/// Updates a member
///
/// If the role becomes narrower, so do the member's keys with a wider role.
#[utoipa::path(
    patch, path = "/v1/members/{id}", tag = "members", operation_id = "change_member",
    params(parameters::MemberId),
    request_body = Option<UpdateMember>,
    responses(
        (status = 200, description = "The member.", body = MemberView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(which): Path<String>,
    body: Body<MemberBody>,
) -> Result<Json<MemberView>, ApiError> {
    by.may_manage_users()?;
    update(&app, &by, which, body.read().await?).await
}

/// Updates the member that the body names
///
/// As if the path named it.
#[utoipa::path(
    patch, path = "/v1/members", tag = "members", operation_id = "change_named_member",
    request_body = UpdateNamedMember,
    responses(
        (status = 200, description = "The member.", body = MemberView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn named(
    State(app): State<SharedApp>,
    by: Author,
    body: Body<MemberBody>,
) -> Result<Json<MemberView>, ApiError> {
    by.may_manage_users()?;
    let body = body.read().await?;
    let user = body.user_id.clone().required("user_id")?;
    update(&app, &by, user.into(), body).await
}

async fn update(
    app: &SharedApp,
    by: &Author,
    which: String,
    body: MemberBody,
) -> Result<Json<MemberView>, ApiError> {
    let user = body.user_id.clone().value().map(String::from);
    let namespace = body.namespace.clone().value().map(String::from);
    let mut edit = Edit::begin(app, by).await?;
    let before = find_member(&mut edit.tx, by, &which, namespace).await?;
    if user.is_some_and(|user| user != before.user_id && user != before.id) {
        let message = "The user of a member cannot be changed. Create a member for the other user.";
        return Err(ApiError::invalid("user_id", message));
    }
    let mut member = before.clone();
    body.apply(&mut member, edit.now);
    email_is_free(&mut edit.tx, &member).await?;
    let context: NamespaceContext = edit.find(&member.namespace).await?;
    members::update(&mut edit.tx, &member).await?;
    let change = context.change("member.update", &member.id);
    edit.record(change.before(&before).after(&member)).await?;
    let (tx, revision) = (&mut edit.tx, edit.revision);
    membership::narrow_keys(tx, &context, &member, revision, &by.actor).await?;
    edit.commit_recorded().await?;
    Ok(Json(MemberView::new(&member)))
}
