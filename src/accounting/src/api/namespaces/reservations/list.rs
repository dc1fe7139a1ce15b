//! `GET /v1/namespaces/{name}/reservations?after=&limit=`.

use super::view::ReservationView;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::reservations;
use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Serialize;
use std::collections::BTreeMap;

/// One page, by id, in OpenAI's list shape.
#[derive(Debug, Serialize)]
pub struct Page {
    object: &'static str,
    data: Vec<ReservationView>,
    has_more: bool,
}

/// Lists a namespace's open reservations to admins and to the holders of its keys.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page>, ApiError> {
    caller.may_read_namespace(&name)?;
    let mut query = Parameters::new(query);
    let limit = query.take_limit()?;
    let after = query.take("after").unwrap_or_default();
    query.finish()?;
    let mut tx = app.store.read().await?;
    super::super::find(&app, &mut tx, &caller, &name).await?;
    let (now, one_more) = (app.now(), limit.saturating_add(1));
    let mut found = reservations::open(&mut tx, &name, &after, one_more, now).await?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    let view = |found| ReservationView::new(found, now);
    Ok(Json(Page {
        object: "list",
        data: found.iter().map(view).collect(),
        has_more,
    }))
}
