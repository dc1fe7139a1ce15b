//! `GET /v1/account/balance`: what the caller may still spend this month.

use crate::app::SharedApp;
use crate::domain::records::{DEFAULT_ORGANIZATION, Organization};
use crate::domain::scope::Scope;
use crate::domain::standing::{Place, Standing};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::organizations;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// Dollars of this UTC month.
#[derive(Debug, Serialize, ToSchema)]
pub struct Balance {
    /// US dollars left this month.
    balance: f64,
    /// The monthly cap, in US dollars.
    monthly_limit: f64,
    /// US dollars spent this month.
    used: f64,
    /// Always `USD`.
    currency: &'static str,
}

/// Tells what the caller may still spend this month
///
/// Answers about the caller's own key; about the default organization to the operator.
#[utoipa::path(
    get, path = "/v1/account/balance", tag = "usage", operation_id = "get_balance",
    responses(
        (status = 200, description = "The balance.", body = Balance)
    )
)]
pub async fn balance(
    State(app): State<SharedApp>,
    caller: Caller,
) -> Result<Json<Balance>, ApiError> {
    let (now, defaults) = (app.now(), &app.config.organization);
    let mut tx = app.store.read().await?;
    let standing = match caller {
        Caller::Operator => {
            let name = DEFAULT_ORGANIZATION.to_owned();
            let organization = organizations::find(&mut tx, &name).await?;
            let organization = organization.unwrap_or_else(|| Organization::new(name.clone(), now));
            let quota = organization.in_force(defaults).monthly_quota;
            let scope = Scope::Organization(name);
            Standing::of(&mut tx, scope, quota, now).await?
        }
        Caller::Holder(holder) => {
            let place = Place::of(&mut tx, holder.namespace, defaults).await?;
            Standing::of_key(&mut tx, &holder.key, &place, now).await?
        }
    };
    Ok(Json(Balance {
        balance: standing.remaining().to_dollars(),
        monthly_limit: standing.quota.to_dollars(),
        used: standing.used.to_dollars(),
        currency: "USD",
    }))
}
