//! `PUT /v1/prices/{model}`: sets a model's price and route, and creates the model if it is new.

use super::body::PutPrice;
use super::view::PriceView;
use crate::api::prelude::*;
use paddock_core::policy::{Catalog, Model, is_auto};
use paddock_ledger::model::audit::Change;
use paddock_ledger::store::catalog;

/// Sets the price and the route of a model
///
/// Creates the model if it is new. Only the operator may: prices are the same for every tenant.
#[utoipa::path(
    put, path = "/v1/prices/{*model}", tag = "prices", operation_id = "put_price",
    params(parameters::ModelName),
    request_body = Option<PutPrice>,
    responses(
        (status = 200, description = "The price of a model that was there.", body = PriceView),
        (status = 201, description = "The price of a new model.", body = PriceView),
        refusals::Forbidden
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    body: Body<PutPrice>,
) -> Result<(StatusCode, Json<PriceView>), ApiError> {
    by.must_be_operator()?;
    let body = body.read().await?;
    let mut edit = Edit::begin(&app, &by).await?;
    let catalog = catalog::load(&mut edit.tx).await?;
    let mut before = known(&catalog, &name)?.cloned();
    if let Some(before) = &mut before {
        before.settle_prices(edit.now);
    }
    let model = body.apply(&name, before.as_ref(), edit.now)?;
    catalog::save(&mut edit.tx, &model, edit.revision).await?;
    let change = Change::of_installation("price.update", &model.name).after(&model);
    let change = before.iter().fold(change, Change::before);
    edit.commit(change).await?;
    let status = match &before {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    Ok((status, Json(PriceView::from(&model))))
}

/// The model of that name, if it is known.
///
/// # Errors
/// 400 if a model cannot have the name, or it is an alias.
fn known<'a>(catalog: &'a Catalog, name: &str) -> Result<Option<&'a Model>, ApiError> {
    let is_bad =
        name.chars().count() > 256 || name.trim() != name || name.chars().any(char::is_control);
    if is_bad {
        let message = "A model's name has 1 to 256 characters and no blanks around it.";
        return Err(ApiError::invalid("model", message));
    }
    if is_auto(name) {
        let message = "The name 'auto' asks for routing: a model cannot have it.";
        return Err(ApiError::invalid("model", message));
    }
    if let Some(model) = catalog.aliases.get(&name.to_lowercase()) {
        let message = format!("'{name}' is an alias of '{model}': set the price of '{model}'.");
        return Err(ApiError::invalid("model", message));
    }
    let mut models = catalog.models.iter();
    Ok(models.find(|model| model.name.eq_ignore_ascii_case(name)))
}
