//! `GET /v1/members?namespace=&user_id=&after=&limit=`.

use super::view::MemberView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{self, Parameters};
use crate::openapi::parameters;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::store::members;
use serde::Serialize;
use utoipa::ToSchema;

/// One page, oldest first, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemberList)]
pub struct Page {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<MemberView>,
    /// The first row of the page.
    first_id: Option<String>,
    /// The last row of the page: `after` for the next.
    last_id: Option<String>,
    /// Whether there is another page.
    has_more: bool,
}

/// Lists members
///
/// To an admin those within its reach, oldest first; to any other caller, the one its key belongs
/// to.
#[utoipa::path(
    get, path = "/v1/members", tag = "members", operation_id = "list_members",
    params(parameters::OfNamespace, parameters::OfUser, parameters::Page),
    responses(
        (status = 200, description = "A page.", body = Page)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Page>, ApiError> {
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
    let mut found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => match &holder.key.member {
            Some(member) => members::find(&mut tx, &member.id)
                .await?
                .into_iter()
                .collect(),
            None => Vec::new(),
        },
        _ => members::list(&mut tx, &filter).await?,
    };
    let has_more = query::cut(&mut found, limit);
    Ok(Json(Page {
        object: "list",
        first_id: found.first().map(|member| member.id.clone()),
        last_id: found.last().map(|member| member.id.clone()),
        data: found.into_iter().map(MemberView::from).collect(),
        has_more,
    }))
}
