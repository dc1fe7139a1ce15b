//! `/v1/namespaces/{name}/auto-refill`: what is paid into a balance by itself.

use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::deleted::Deleted;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use paddock_ledger::model::credits::auto_refill::AutoRefill;
use paddock_ledger::model::period::Window;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::credits::refill::AUTHOR;
use paddock_ledger::store::{Tx, auto_refills, credits};
use serde::Serialize;
use utoipa::ToSchema;

/// A namespace's auto-refill in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AutoRefill)]
pub struct AutoRefillView {
    /// What this is.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    /// A balance below this is low, in US dollars.
    below_usd: f64,
    /// US dollars paid in at once.
    amount_usd: f64,
    /// US dollars that may be paid in by itself in a UTC calendar month.
    at_most_per_month_usd: f64,
    /// What was paid in by itself in this one.
    refilled_this_month_usd: f64,
    /// When it was first set.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last set.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// What is to be paid in by itself, and when.
#[derive(ToSchema)]
#[schema(example = json!({
    "below_usd": 5.0, "amount_usd": 20.0, "at_most_per_month_usd": 100.0,
}))]
#[expect(
    dead_code,
    reason = "the shape alone is looked at: `Fields` reads what is sent"
)]
pub struct PutAutoRefill {
    /// A balance below this is low, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    below_usd: f64,
    /// US dollars to pay in at once.
    #[schema(minimum = 0.000_000_001, maximum = 1_000_000_000)]
    amount_usd: f64,
    /// US dollars to pay in by itself in a UTC calendar month at most: at least `amount_usd`.
    #[schema(minimum = 0.000_000_001, maximum = 1_000_000_000)]
    at_most_per_month_usd: f64,
}

impl AutoRefillView {
    async fn new(tx: &mut Tx, rule: &AutoRefill, now: Timestamp) -> Result<Self, ApiError> {
        let scope = Scope::Namespace(rule.namespace.clone()).to_string();
        let month = Window::of(CapPeriod::Monthly, now);
        let so_far = match credits::open_account(tx, &scope).await? {
            Some(account) => {
                let span = (month.start, month.end);
                credits::paid_in(tx, &account.id, AUTHOR, span).await?
            }
            None => Money::ZERO,
        };
        Ok(AutoRefillView {
            object: "auto_refill",
            namespace: rule.namespace.clone(),
            below_usd: rule.below.to_dollars(),
            amount_usd: rule.amount.to_dollars(),
            at_most_per_month_usd: rule.at_most_per_month.to_dollars(),
            refilled_this_month_usd: so_far.to_dollars(),
            created_at: rule.created_at.to_rfc3339(),
            updated_at: rule.updated_at.to_rfc3339(),
        })
    }
}

/// Shows what is paid into a balance by itself
///
/// Answers admins, and the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/auto-refill", tag = "credits", operation_id = "get_auto_refill",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The auto-refill.", body = AutoRefillView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<AutoRefillView>, ApiError> {
    caller.may_read_namespace(&name)?;
    let mut tx = app.store.read().await?;
    super::find(&app, &mut tx, &caller, &name).await?;
    let rule = auto_refills::find(&mut tx, &name).await?;
    let rule = rule.ok_or_else(|| ApiError::not_found("auto-refill of", &name))?;
    Ok(Json(AutoRefillView::new(&mut tx, &rule, app.now()).await?))
}

/// Has money paid into a balance by itself
///
/// It acts from the next call on, where the namespace is prepaid.
#[utoipa::path(
    put, path = "/v1/namespaces/{name}/auto-refill", tag = "credits", operation_id = "put_auto_refill",
    params(parameters::NamespaceName),
    request_body = PutAutoRefill,
    responses(
        (status = 200, description = "The auto-refill.", body = AutoRefillView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn put(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<Json<AutoRefillView>, ApiError> {
    caller.may_manage()?;
    let now = app.now();
    let mut fields = Fields::parse(&body)?;
    let mut rule = AutoRefill {
        namespace: name.clone(),
        below: required(&mut fields, "below_usd")?,
        amount: required(&mut fields, "amount_usd")?,
        at_most_per_month: required(&mut fields, "at_most_per_month_usd")?,
        created_at: now,
        updated_at: now,
    };
    fields.finish()?;
    if !rule.amount.is_positive() {
        return Err(ApiError::invalid(
            "amount_usd",
            "'amount_usd' must be above 0.",
        ));
    }
    if rule.at_most_per_month < rule.amount {
        let message = "'at_most_per_month_usd' must be at least 'amount_usd': money is paid in by \
                       whole amounts.";
        return Err(ApiError::invalid("at_most_per_month_usd", message));
    }
    let mut tx = app.store.write().await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let before = auto_refills::find(&mut tx, &name).await?;
    let mut change = context.change("auto_refill.update", &name).after(&rule);
    if let Some(before) = &before {
        rule.created_at = before.created_at;
        change = change.before(before);
    }
    auto_refills::put(&mut tx, &rule).await?;
    let view = AutoRefillView::new(&mut tx, &rule, now).await?;
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(namespace = name, "set an auto-refill");
    Ok(Json(view))
}

/// Has nothing paid in by itself any more
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/auto-refill", tag = "credits", operation_id = "delete_auto_refill",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let before = auto_refills::find(&mut tx, &name).await?;
    let before = before.ok_or_else(|| ApiError::not_found("auto-refill of", &name))?;
    auto_refills::remove(&mut tx, &name).await?;
    let change = context.change("auto_refill.delete", &name).before(&before);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(namespace = name, "took an auto-refill away");
    Ok(Json(Deleted::new("auto_refill", name)))
}

fn required(fields: &mut Fields, name: &str) -> Result<Money, ApiError> {
    let amount = fields.dollars(name)?.flatten();
    amount.ok_or_else(|| ApiError::missing(name))
}
