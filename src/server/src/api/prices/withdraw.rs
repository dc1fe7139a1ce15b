//! `DELETE /v1/prices/{model}?effective_from=`: withdraws a price that is to come.

use super::view::PriceView;
use crate::api::prelude::*;
use crate::http::body::values::Moment;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::Change;
use paddock_ledger::store::catalog;
use utoipa::IntoParams;

/// Which one.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Withdrawal {
    /// When the price would have come into force.
    #[param(inline)]
    effective_from: Moment,
}

/// Withdraws a price that is to come
///
/// Only the operator may. A price that is in force stays until another one replaces it.
#[utoipa::path(
    delete, path = "/v1/prices/{*model}", tag = "prices", operation_id = "withdraw_price",
    params(parameters::ModelName, Withdrawal),
    responses(
        (status = 200, description = "The model without it.", body = PriceView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    Query(withdrawal): Query<Withdrawal>,
) -> Result<Json<PriceView>, ApiError> {
    by.must_be_operator()?;
    let from = Timestamp::from(withdrawal.effective_from);
    let mut edit = Edit::begin(&app, &by).await?;
    let catalog = catalog::load(&mut edit.tx).await?;
    let model = catalog.resolve(&name);
    let mut before = model
        .ok_or_else(|| ApiError::not_found("model", &name))?
        .clone();
    before.settle_prices(edit.now);
    let mut model = before.clone();
    model
        .later_prices
        .retain(|later| later.effective_from != from);
    if model == before {
        let moment = from.to_rfc3339();
        return Err(ApiError::not_found("price to come", &moment));
    }
    catalog::save(&mut edit.tx, &model, edit.revision).await?;
    let change = Change::of_installation("price.update", &model.name);
    edit.commit(change.before(&before).after(&model)).await?;
    Ok(Json(PriceView::from(&model)))
}
