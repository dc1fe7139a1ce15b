//! `GET /v1/members/{id}?namespace=`.

use super::view::MemberView;
use super::{OfNamespace, find_member};
use crate::api::prelude::*;

/// Shows a member
///
/// To admins, and to the holders of the member's keys.
#[utoipa::path(
    get, path = "/v1/members/{id}", tag = "members", operation_id = "get_member",
    params(parameters::MemberId, OfNamespace),
    responses(
        (status = 200, description = "The member.", body = MemberView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(which): Path<String>,
    Query(query): Query<OfNamespace>,
) -> Result<Json<MemberView>, ApiError> {
    let mut namespace = query.namespace;
    if let Caller::Holder(holder) = &caller
        && caller.may_manage().is_err()
    {
        let own = holder.key.member.as_ref();
        if !own.is_some_and(|own| own.id == which || own.user_id == which) {
            caller.may_manage()?;
        }
        namespace = Some(holder.namespace.name.clone());
    }
    let mut tx = app.store.read().await?;
    let member = find_member(&mut tx, &caller, &which, namespace).await?;
    Ok(Json(MemberView::new(&member)))
}
