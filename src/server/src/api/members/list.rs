//! `GET /v1/members?namespace=&user_id=&after=&limit=`.

use super::view::MemberView;
use crate::api::prelude::*;
use paddock_ledger::store::members;
use utoipa::IntoParams;

/// Which members, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListMembers {
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only this `user_id`, or the member of this id.
    user_id: Option<String>,
    /// Rows of the page; 100 by default.
    #[param(inline)]
    limit: Option<PageSize>,
    /// The `last_id` of the page before.
    after: Option<String>,
}

/// Lists members
///
/// An admin sees those within its reach, oldest first; any other caller sees the member its key belongs
/// to.
#[utoipa::path(
    get, path = "/v1/members", tag = "members", operation_id = "list_members",
    params(ListMembers),
    responses(
        (status = 200, description = "A page.", body = Page<MemberView>)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<ListMembers>,
) -> Result<Json<Page<MemberView>>, ApiError> {
    let size = query.limit.unwrap_or_default();
    let filter = members::Filter {
        organization: caller.organization().map(str::to_owned),
        namespace: query.namespace,
        which: query.user_id,
        after: query.after.unwrap_or_default(),
        limit: size.and_one_more(),
    };
    let mut tx = app.store.read().await?;
    let found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => match &holder.key.member {
            Some(member) => members::find(&mut tx, &member.id)
                .await?
                .into_iter()
                .collect(),
            None => Vec::new(),
        },
        _ => members::list(&mut tx, &filter).await?,
    };
    let page = Page::of(found, size.rows(), |member| &member.id, MemberView::new);
    Ok(Json(page))
}
