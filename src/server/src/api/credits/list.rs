//! `GET /v1/credits?namespace=&currency=&after=&limit=`: a balance, and how it came to be.

use super::view::{EntryView, known};
use super::wish::Owner;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{self, Parameters};
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::money::Money;
use paddock_ledger::model::credits::currency::DOLLARS;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::set_aside::SetAside;
use paddock_ledger::store::credits;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// In which currency.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Display {
    /// The currency `balance` is told in; `USD` where none is named.
    #[param(pattern = "^([A-Za-z]{3})?$", example = "USD")]
    currency: Option<String>,
}

/// One page of entries, the newest first, in OpenAI's list shape, with the balance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditList)]
pub struct Page {
    /// What this is.
    object: &'static str,
    /// The entries.
    data: Vec<EntryView>,
    /// The first entry of the page.
    first_id: Option<String>,
    /// The last entry of the page: `after` for the next.
    last_id: Option<String>,
    /// Whether there is another page.
    has_more: bool,
    /// Whose account it is; absent where it is an organization's.
    namespace: Option<String>,
    /// The organization of it.
    organization: String,
    /// Whether the balance is a cap.
    prepaid: bool,
    /// What was paid in less what was booked; negative where costs nobody could foresee, or
    /// adjustments, passed it.
    balance_usd: f64,
    /// US dollars that were paid in.
    credited_usd: f64,
    /// US dollars of that which are spent.
    spent_usd: f64,
    /// What reservations keep of it.
    reserved_usd: f64,
    /// What is left beside those; never negative.
    available_usd: f64,
    /// The balance in the currency that was asked for, rounded down.
    balance: f64,
    /// That currency.
    currency: String,
    /// Dollars that a unit of the currency is worth.
    exchange_rate: f64,
}

/// Shows a prepaid balance, and what was paid in
///
/// Answers admins, and about a namespace the holders of its keys, whose own it is where none is named.
#[utoipa::path(
    get, path = "/v1/credits", tag = "credits", operation_id = "list_credits",
    params(parameters::Reach, Display, parameters::Page),
    responses(
        (status = 200, description = "A page, newest first.", body = Page),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Page>, ApiError> {
    let limit = query.take_limit()?;
    let after = query.take("after").unwrap_or_default();
    let scope = scope(&caller, query.take("namespace"), query.take("organization"))?;
    let currency = query.take("currency").unwrap_or_else(|| DOLLARS.to_owned());
    query.finish()?;
    let (currency, rate) = known(&app, &currency)?;
    let mut tx = app.store.read().await?;
    let owner = Owner::find(&mut tx, &caller, scope).await?;
    let name = owner.scope.to_string();
    let account = credits::open_account(&mut tx, &name).await?;
    let mut found = match &account {
        Some(account) => {
            let one_more = limit.saturating_add(1);
            credits::list(&mut tx, &account.id, &after, one_more).await?
        }
        None => Vec::new(),
    };
    let has_more = query::cut(&mut found, limit);
    let kept = SetAside::read(&mut tx, &app.config.terms, &[&name], app.now()).await?;
    let (balance, credited, spent) = account.map_or(Default::default(), |account| {
        (account.balance(), account.credited, account.booked)
    });
    let reserved = kept.of(&name);
    let shown = rate.of_money(balance).map_or(balance, Money::from_nanos);
    let namespace = match owner.scope {
        Scope::Namespace(name) => Some(name),
        _ => None,
    };
    Ok(Json(Page {
        object: "list",
        first_id: found.first().map(|entry| entry.id.clone()),
        last_id: found.last().map(|entry| entry.id.clone()),
        data: found.iter().map(EntryView::from).collect(),
        has_more,
        namespace,
        organization: owner.organization,
        prepaid: owner.is_prepaid,
        balance_usd: balance.to_dollars(),
        credited_usd: credited.to_dollars(),
        spent_usd: spent.to_dollars(),
        reserved_usd: reserved.to_dollars(),
        available_usd: balance.saturating_sub(reserved).or_zero().to_dollars(),
        balance: shown.to_dollars(),
        currency,
        exchange_rate: rate.to_dollars(),
    }))
}

fn scope(
    caller: &Caller,
    namespace: Option<String>,
    organization: Option<String>,
) -> Result<Scope, ApiError> {
    let own = match caller {
        Caller::Holder(holder) => Some(holder.namespace.name.clone()),
        Caller::Operator => None,
    };
    match (namespace, organization) {
        (Some(_), Some(_)) => {
            let message = "Name a 'namespace' or an 'organization', not both.";
            Err(ApiError::invalid("organization", message))
        }
        (None, Some(name)) => {
            caller.may_manage()?;
            Ok(Scope::Organization(name))
        }
        (named, None) => {
            let name = named.or(own).ok_or_else(|| {
                let message = "Missing required parameter: 'namespace', or 'organization'.";
                ApiError::invalid("namespace", message)
            })?;
            caller.may_read_namespace(&name)?;
            Ok(Scope::Namespace(name))
        }
    }
}
