//! `GET /v1/account/balance`: what the caller may still spend, this month and of prepaid balances.

use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::model::{DEFAULT_ORGANIZATION, Organization};
use paddock_ledger::rules::context::{BudgetStatus, NamespaceContext, prepaid_balance};
use paddock_ledger::store::organizations;

/// Dollars of this UTC month.
#[derive(Debug, Serialize, ToSchema)]
pub struct Balance {
    /// US dollars left this month, or of a prepaid balance, whichever is less; `null` if neither limits
    /// the caller.
    balance: Option<f64>,
    /// US dollars left of the prepaid balances above the caller: the namespace's or the organization's,
    /// whichever is less. Absent if neither is prepaid.
    #[serde(skip_serializing_if = "Option::is_none")]
    prepaid_balance: Option<f64>,
    /// The monthly cap, in US dollars; `null` if none is set.
    monthly_limit: Option<f64>,
    /// US dollars that the caller spent this month: its key if that has a cap of its own, else its
    /// namespace. Nobody else's spending is in it.
    used: f64,
    /// Always `USD`.
    currency: &'static str,
}

/// Shows what the caller may still spend this month
///
/// The caller's own key; to the operator, the default organization.
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
    let (standing, scopes) = match caller {
        Caller::Operator(_) => {
            let name = DEFAULT_ORGANIZATION.to_owned();
            let organization = organizations::find(&mut tx, &name).await?;
            let organization = organization.unwrap_or_else(|| Organization::new(name.clone(), now));
            let quota = organization.in_force(defaults).monthly_quota;
            let (scope, calendar) = (Scope::Organization(name), organization.calendar());
            let is_set = organization.limits.monthly_quota.is_some();
            let standing = BudgetStatus {
                is_set,
                ..BudgetStatus::of(&mut tx, scope.clone(), quota, &calendar, now).await?
            };
            (standing, vec![scope])
        }
        Caller::Holder(holder) => {
            let context = NamespaceContext::of(&mut tx, holder.namespace, defaults).await?;
            let standing = BudgetStatus::of_key(&mut tx, &holder.key, &context, now).await?;
            (standing, context.scopes().to_vec())
        }
    };
    let prepaid = prepaid_balance(&mut tx, &app.config.terms, &scopes, now).await?;
    let of_month = standing.is_set.then_some(standing.remaining);
    let balance = of_month.into_iter().chain(prepaid).min();
    Ok(Json(Balance {
        balance: balance.map(Money::to_dollars),
        prepaid_balance: prepaid.map(Money::to_dollars),
        monthly_limit: standing.is_set.then(|| standing.quota.to_dollars()),
        used: standing.used.to_dollars(),
        currency: "USD",
    }))
}
