//! `GET /v1/prices` and `GET /v1/prices/{model}`.

use super::PriceView;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::catalog;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use std::collections::BTreeMap;

/// Every model, and the aliases of models.
#[derive(Debug, Serialize)]
pub struct Prices {
    object: &'static str,
    currency: &'static str,
    data: Vec<PriceView>,
    aliases: BTreeMap<String, String>,
}

/// Answers any key.
pub async fn handle(State(app): State<SharedApp>, _: Caller) -> Result<Json<Prices>, ApiError> {
    let mut tx = app.store.read().await?;
    let catalog = catalog::load(&mut tx).await?;
    Ok(Json(Prices {
        object: "list",
        currency: "USD",
        data: catalog.models.iter().map(PriceView::from).collect(),
        aliases: catalog.aliases.into_iter().collect(),
    }))
}

/// Answers any key about one model, by its name or an alias.
pub async fn one(
    State(app): State<SharedApp>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<impl Serialize>, ApiError> {
    let mut tx = app.store.read().await?;
    let catalog = catalog::load(&mut tx).await?;
    let model = catalog
        .resolve(&name)
        .ok_or_else(|| ApiError::not_found("model", &name))?;
    Ok(Json(PriceView::from(model)))
}
