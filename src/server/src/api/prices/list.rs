//! `GET /v1/prices` and `GET /v1/prices/{model}`.

use super::view::PriceView;
use crate::api::prelude::*;
use paddock_ledger::store::catalog;
use std::collections::BTreeMap;

/// Every model, and the aliases of models.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceList)]
pub struct Prices {
    /// What this is.
    object: &'static str,
    /// Always `USD`.
    currency: &'static str,
    /// The rows.
    data: Vec<PriceView>,
    /// Other names of models.
    aliases: BTreeMap<String, String>,
}

/// Lists models, their prices and their aliases
///
/// To any key.
#[utoipa::path(
    get, path = "/v1/prices", tag = "prices", operation_id = "list_prices",
    responses(
        (status = 200, description = "The prices.", body = Prices)
    )
)]
pub async fn handle(State(app): State<SharedApp>, _: Caller) -> Result<Json<Prices>, ApiError> {
    let mut tx = app.store.read().await?;
    let catalog = catalog::load(&mut tx).await?;
    let models = catalog.models.iter();
    Ok(Json(Prices {
        object: "list",
        currency: "USD",
        data: models
            .map(|model| PriceView::at(model, app.now()))
            .collect(),
        aliases: catalog.aliases.into_iter().collect(),
    }))
}

/// Shows the price of a model
///
/// To any key, by the name of the model or an alias.
#[utoipa::path(
    get, path = "/v1/prices/{*model}", tag = "prices", operation_id = "get_price",
    params(parameters::ModelName),
    responses(
        (status = 200, description = "The price.", body = PriceView),
        refusals::Missing
    )
)]
pub async fn one(
    State(app): State<SharedApp>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<PriceView>, ApiError> {
    let mut tx = app.store.read().await?;
    let catalog = catalog::load(&mut tx).await?;
    let model = catalog
        .resolve(&name)
        .ok_or_else(|| ApiError::not_found("model", &name))?;
    Ok(Json(PriceView::at(model, app.now())))
}
