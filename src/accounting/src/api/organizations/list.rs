//! `GET /v1/organizations?after=&limit=`.

use super::view::OrganizationView;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::organizations;
use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use std::collections::BTreeMap;

/// One page, by name, in OpenAI's list shape.
#[derive(Debug, Serialize)]
pub struct Page {
    object: &'static str,
    data: Vec<OrganizationView>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

/// Lists all organizations to the operator; to an admin, its own.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page>, ApiError> {
    caller.may_manage()?;
    let mut query = Parameters::new(query);
    let limit = query.take_limit()?;
    let after = query.take("after").unwrap_or_default();
    query.finish()?;
    let mut tx = app.store.read().await?;
    let one_more = limit.saturating_add(1);
    let mut found = organizations::list(&mut tx, caller.organization(), &after, one_more).await?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    let defaults = &app.config.organization;
    Ok(Json(Page {
        object: "list",
        first_id: found.first().map(|organization| organization.name.clone()),
        last_id: found.last().map(|organization| organization.name.clone()),
        data: found
            .iter()
            .map(|organization| OrganizationView::new(organization, defaults))
            .collect(),
        has_more,
    }))
}
