//! `GET /v1/members?namespace=&user_id=&after=&limit=`.

use super::view::MemberView;
use crate::api::prelude::*;
use paddock_ledger::store::members;

/// Lists members
///
/// An admin sees those within its reach, oldest first; any other caller sees the member its key belongs
/// to.
#[utoipa::path(
    get, path = "/v1/members", tag = "members", operation_id = "list_members",
    params(parameters::OfNamespace, parameters::OfUser, parameters::Page),
    responses(
        (status = 200, description = "A page.", body = Page<MemberView>)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Page<MemberView>>, ApiError> {
    let limit = query.take_limit()?;
    let filter = members::Filter {
        organization: caller.organization().map(str::to_owned),
        namespace: query.take("namespace"),
        which: query.take("user_id"),
        after: query.take("after").unwrap_or_default(),
        limit: limit.saturating_add(1),
    };
    query.finish()?;
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
    let page = Page::of(found, limit, |member| &member.id, MemberView::new);
    Ok(Json(page))
}
