//! `DELETE /v1/members/{id}`, or without an id if query or body have a `user_id`.

use super::body::DeleteMember;
use super::{OfNamespace, find_member};
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::membership;
use utoipa::IntoParams;

/// Which member is removed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichMember {
    /// The `user_id` of the member, or its id.
    user_id: Option<String>,
    /// The namespace they belong to, if the user is a member of several. Also accepted as `team`,
    /// `team_id` and `project`.
    namespace: Option<String>,
}

/// The answer to the removal of a member.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedMember {
    #[serde(flatten)]
    deleted: Deleted,
    /// The user who was the member.
    user_id: String,
    /// How many keys were disabled.
    disabled_keys: usize,
}

/// Removes a member
///
/// The member's keys are disabled, and cannot be enabled again.
#[utoipa::path(
    delete, path = "/v1/members/{id}", tag = "members", operation_id = "delete_member",
    params(parameters::MemberId, OfNamespace),
    responses(
        (status = 200, description = "Removed.", body = DeletedMember),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(which): Path<String>,
    Query(query): Query<OfNamespace>,
) -> Result<Json<DeletedMember>, ApiError> {
    by.may_manage_users()?;
    remove(&app, &by, &which, query.namespace).await
}

/// Removes the member that the query names
///
/// As if the path named it. `user_id` and `namespace` may also be in a JSON body.
#[utoipa::path(
    delete, path = "/v1/members", tag = "members", operation_id = "delete_named_member",
    params(WhichMember),
    responses(
        (status = 200, description = "Removed.", body = DeletedMember),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn named(
    State(app): State<SharedApp>,
    by: Author,
    Query(query): Query<WhichMember>,
    body: Body<DeleteMember>,
) -> Result<Json<DeletedMember>, ApiError> {
    by.may_manage_users()?;
    let body = body.read().await?;
    let namespace = query.namespace.or(body.namespace.map(String::from));
    let user = query.user_id.or(body.user_id.map(String::from));
    let user = user.ok_or_else(|| ApiError::missing("user_id"))?;
    remove(&app, &by, &user, namespace).await
}

async fn remove(
    app: &SharedApp,
    by: &Author,
    which: &str,
    namespace: Option<String>,
) -> Result<Json<DeletedMember>, ApiError> {
    let mut edit = Edit::begin(app, by).await?;
    let member = find_member(&mut edit.tx, by, which, namespace).await?;
    let context: NamespaceContext = edit.find(&member.namespace).await?;
    let (tx, revision) = (&mut edit.tx, edit.revision);
    let disabled_keys = membership::remove(tx, &context, &member, revision, &by.actor).await?;
    edit.commit_recorded().await?;
    Ok(Json(DeletedMember {
        deleted: Deleted::new("member", member.id),
        user_id: member.user_id,
        disabled_keys,
    }))
}
