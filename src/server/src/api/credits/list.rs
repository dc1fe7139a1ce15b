//! `GET /v1/credits?namespace=&currency=&after=&limit=`: a balance and its entries.

use super::account::Owner;
use super::body::known;
use super::view::EntryView;
use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_ledger::model::credits::currency::DOLLARS;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::set_aside::SetAside;
use paddock_ledger::store::credits;
use utoipa::IntoParams;

/// Which account, and which page of its entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCredits {
    /// The namespace whose account it is; by default the caller's own. Also accepted as `team`, `team_id`
    /// and `project`.
    namespace: Option<String>,
    /// The organization whose account it is, if it is not a namespace's.
    organization: Option<String>,
    /// The currency of `balance`; `USD` by default.
    #[param(pattern = "^([A-Za-z]{3})?$", example = "USD")]
    currency: Option<String>,
    /// Rows of the page; 100 by default.
    #[param(inline)]
    limit: Option<PageSize>,
    /// The `last_id` of the page before.
    after: Option<String>,
}

/// A balance, and a page of its entries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditList)]
pub struct Balance {
    #[serde(flatten)]
    page: Page<EntryView>,
    /// Whose account it is; `null` if it is an organization's.
    namespace: Option<String>,
    /// Its organization.
    organization: String,
    /// Whether the balance is a cap.
    prepaid: bool,
    /// US dollars paid in less those spent. Adjustments, and costs that could not be foreseen, can make
    /// it negative.
    balance_usd: f64,
    /// US dollars paid in.
    credited_usd: f64,
    /// US dollars spent of that.
    spent_usd: f64,
    /// US dollars of it that reservations hold.
    reserved_usd: f64,
    /// US dollars left beside reservations; never negative.
    available_usd: f64,
    /// The balance in `currency`, rounded down.
    balance: f64,
    /// The currency that was asked for.
    currency: String,
    /// US dollars that a unit of it is worth.
    exchange_rate: f64,
}

/// Shows a prepaid balance and its entries
///
/// The newest entry first. To admins, and to holders of a namespace's keys about that namespace.
#[utoipa::path(
    get, path = "/v1/credits", tag = "credits", operation_id = "list_credits",
    params(ListCredits),
    responses(
        (status = 200, description = "A page, newest first.", body = Balance),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<ListCredits>,
) -> Result<Json<Balance>, ApiError> {
    caller.may_view_analytics()?;
    let size = query.limit.unwrap_or_default();
    let after = query.after.unwrap_or_default();
    let scope = scope(&caller, query.namespace, query.organization)?;
    let currency = query.currency.as_deref().unwrap_or(DOLLARS);
    let (currency, rate) = known(&app.config.exchange_rates, currency)?;
    let mut tx = app.store.read().await?;
    let owner = Owner::find(&mut tx, &caller, scope).await?;
    let name = owner.scope.to_string();
    let account = credits::open_account(&mut tx, &name).await?;
    let found = match &account {
        Some(account) => credits::list(&mut tx, &account.id, &after, size.and_one_more()).await?,
        None => Vec::new(),
    };
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
    Ok(Json(Balance {
        page: Page::of(found, size.rows(), |entry| &entry.id, |entry| entry.into()),
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
        Caller::Operator(_) => None,
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
