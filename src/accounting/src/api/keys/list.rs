//! `GET /v1/keys?namespace=&after=&limit=`.

use super::view::KeyView;
use crate::app::SharedApp;
use crate::domain::standing::Place;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::{catalog, keys};
use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// One page, oldest first, in OpenAI's list shape.
#[derive(Debug, Serialize)]
pub struct Page {
    object: &'static str,
    data: Vec<KeyView>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

/// Lists the keys within an admin's reach; to any other caller, its own.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page>, ApiError> {
    let mut query = Parameters::new(query);
    let limit = query.take_limit()?;
    let filter = keys::Filter {
        organization: caller.organization().map(str::to_owned),
        namespace: query.take("namespace"),
        after: query.take("after").unwrap_or_default(),
        limit: limit.saturating_add(1),
    };
    query.finish()?;
    let mut tx = app.store.read().await?;
    let mut found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => vec![holder.key.clone()],
        _ => keys::list(&mut tx, &filter).await?,
    };
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    let catalog = catalog::load(&mut tx).await?;
    let mut places: HashMap<String, Place> = HashMap::new();
    let mut data = Vec::with_capacity(found.len());
    for key in &found {
        if !places.contains_key(&key.namespace) {
            let defaults = &app.config.organization;
            let place = Place::find(&mut tx, &key.namespace, defaults).await?;
            places.extend(place.map(|place| (key.namespace.clone(), place)));
        }
        let place = places.get(&key.namespace);
        data.extend(place.map(|place| KeyView::new(key, place, &catalog)));
    }
    Ok(Json(Page {
        object: "list",
        data,
        first_id: found.first().map(|key| key.id.clone()),
        last_id: found.last().map(|key| key.id.clone()),
        has_more,
    }))
}
