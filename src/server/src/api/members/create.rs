//! `POST /v1/members`: somebody belongs to a namespace from now on.

use super::body::CreateMember;
use super::view::MemberView;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::openapi::refusals;
use crate::outbound::mail;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_ledger::ids;
use paddock_ledger::model::records::Member;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, members, policy};

/// Makes a member
///
/// The operator may, and admins of the namespace's organization.
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
    caller: Caller,
    Author { actor, .. }: Author,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<MemberView>), ApiError> {
    caller.may_manage_users()?;
    let mut fields = Fields::parse(&body)?;
    let now = app.now();
    let mut member = Member {
        id: ids::member_id(now),
        user_id: fields.required_text("user_id")?,
        email: email(&fields.required_text("email")?)?,
        role: fields
            .word("role", &["admin", "developer", "analyst", "viewer"])?
            .unwrap_or_default(),
        namespace: fields.required_text("namespace")?,
        organization: String::new(),
        created_at: now,
        updated_at: now,
        is_removed: false,
    };
    fields.finish()?;

    let mut tx = app.store.write().await?;
    // What members and keys agree on is decided by one after the other.
    policy::next_revision(&mut tx).await?;
    let context =
        NamespaceContext::find(&mut tx, &member.namespace, &app.config.organization).await?;
    let context = context
        .filter(|context| caller.owns(&context.organization.name))
        .ok_or_else(|| ApiError::not_found("namespace", &member.namespace))?;
    member.organization.clone_from(&context.organization.name);
    let same = members::of_user(&mut tx, &member.namespace, &member.user_id).await?;
    if same.is_some() {
        return Err(ApiError::conflict(format!(
            "'{}' is a member of the namespace '{}' already. Change that member instead.",
            member.user_id, member.namespace
        )));
    }
    email_is_free(&mut tx, &member).await?;
    members::insert(&mut tx, &member).await?;
    let change = context.change("member.create", &member.id).after(&member);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(
        member = member.id,
        namespace = member.namespace,
        "made a member"
    );
    Ok((StatusCode::CREATED, Json(MemberView::from(member))))
}

/// An address that mail can be sent to.
///
/// # Errors
/// 400 where it is none.
pub(super) fn email(text: &str) -> Result<String, ApiError> {
    if mail::is_address(text) {
        return Ok(text.to_owned());
    }
    let message = "'email' must be an address of mail, like alice@example.com.";
    Err(ApiError::invalid("email", message))
}

/// No other member of the namespace has the member's address.
///
/// # Errors
/// 409 where one has.
pub(super) async fn email_is_free(tx: &mut Tx, member: &Member) -> Result<(), ApiError> {
    let same = members::of_email(tx, &member.namespace, &member.email).await?;
    match same.filter(|same| same.id != member.id) {
        Some(same) => Err(ApiError::conflict(format!(
            "'{}' is the address of '{}' in the namespace '{}' already.",
            member.email, same.user_id, member.namespace
        ))),
        None => Ok(()),
    }
}
