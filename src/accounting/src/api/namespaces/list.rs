//! `GET /v1/namespaces?after=&limit=`.

use super::view::NamespaceView;
use crate::app::SharedApp;
use crate::domain::standing::Place;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::{catalog, namespaces};
use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use std::collections::BTreeMap;

/// One page, by name, in OpenAI's list shape.
#[derive(Debug, Serialize)]
pub struct Page {
    object: &'static str,
    data: Vec<NamespaceView>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

/// Lists the namespaces within an admin's reach; to any other caller, its own.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page>, ApiError> {
    let mut query = Parameters::new(query);
    let limit = query.take_limit()?;
    let after = query.take("after").unwrap_or_default();
    query.finish()?;
    let mut tx = app.store.read().await?;
    let mut found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => vec![holder.namespace.clone()],
        _ => {
            let one_more = limit.saturating_add(1);
            namespaces::list(&mut tx, caller.organization(), &after, one_more).await?
        }
    };
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    let first_id = found.first().map(|namespace| namespace.name.clone());
    let last_id = found.last().map(|namespace| namespace.name.clone());
    let catalog = catalog::load(&mut tx).await?;
    let mut data = Vec::with_capacity(found.len());
    for namespace in found {
        let place = Place::of(&mut tx, namespace, &app.config.organization).await?;
        data.push(NamespaceView::new(&place, &catalog));
    }
    Ok(Json(Page {
        object: "list",
        data,
        first_id,
        last_id,
        has_more,
    }))
}
