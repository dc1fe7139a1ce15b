//! `POST /v1/members`: a new member of a namespace.

use super::body::{CreateMember, MemberBody};
use super::email_is_free;
use super::view::MemberView;
use crate::api::ceilings::{Counted, has_room};
use crate::api::prelude::*;
use paddock_core::policy::Role;
use paddock_ledger::ids;
use paddock_ledger::model::Member;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::members;

/// Creates a member
///
/// The operator may, and the admins of the namespace's organization.
#[utoipa::path(
    post, path = "/v1/members", tag = "members", operation_id = "create_member",
    request_body = CreateMember,
    responses(
        (status = 201, description = "The member.", body = MemberView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    body: Body<MemberBody>,
) -> Result<(StatusCode, Json<MemberView>), ApiError> {
    by.may_manage_users()?;
    let body = body.read().await?;
    let user = body.user_id.clone().required("user_id")?;
    let email = body.email.clone().required("email")?;
    let namespace = body.namespace.clone().required("namespace")?;
    let mut edit = Edit::begin(&app, &by).await?;
    let context: NamespaceContext = edit.find(namespace.as_ref()).await?;
    let mut member = Member {
        id: ids::member_id(edit.now),
        user_id: user.into(),
        email: email.into(),
        role: Role::default(),
        namespace: namespace.into(),
        organization: context.organization.name.clone(),
        created_at: edit.now,
        updated_at: edit.now,
        is_removed: false,
    };
    body.apply(&mut member, edit.now);
    let same = members::of_user(&mut edit.tx, &member.namespace, &member.user_id).await?;
    if same.is_some() {
        return Err(ApiError::conflict(format!(
            "'{}' is a member of the namespace '{}' already. Update that member instead.",
            member.user_id, member.namespace
        )));
    }
    email_is_free(&mut edit.tx, &member).await?;
    has_room(&mut edit.tx, &context.organization, Counted::Members, 1).await?;
    members::insert(&mut edit.tx, &member).await?;
    let change = context.change("member.create", &member.id).after(&member);
    edit.commit(change).await?;
    Ok((StatusCode::CREATED, Json(MemberView::new(&member))))
}
