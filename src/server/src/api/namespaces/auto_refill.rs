//! `/v1/namespaces/{name}/auto-refill`: a prepaid balance that is low is refilled.

use super::document::{self, DeletedDocument, Document, Removable};
use crate::api::prelude::*;
use crate::http::body::values::PositiveDollars;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::calendar::Calendar;
use paddock_ledger::model::credits::auto_refill::AutoRefill;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::credits::refill::AUTHOR;
use paddock_ledger::store::{Tx, auto_refills, credits};

/// When a balance is refilled, and by how much.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "below_usd": 5.0, "amount_usd": 20.0, "at_most_per_month_usd": 100.0,
}))]
pub struct PutAutoRefill {
    /// A balance below this is low, in US dollars.
    below_usd: Dollars,
    /// US dollars of one refill.
    amount_usd: PositiveDollars,
    /// US dollars of all refills in a UTC calendar month, at most: at least `amount_usd`.
    at_most_per_month_usd: PositiveDollars,
}

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
    /// US dollars of one refill.
    amount_usd: f64,
    /// US dollars of all refills in a UTC calendar month, at most.
    at_most_per_month_usd: f64,
    /// US dollars of this month's refills.
    refilled_this_month_usd: f64,
    /// When it was first set.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last set.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl AutoRefillView {
    async fn new(tx: &mut Tx, rule: &AutoRefill, now: Timestamp) -> Result<Self, ApiError> {
        let scope = Scope::Namespace(rule.namespace.clone()).to_string();
        let month = Calendar::default().window(CapPeriod::Monthly, now);
        let refilled = match credits::open_account(tx, &scope).await? {
            Some(account) => {
                let span = (month.start, month.end);
                credits::paid_in(tx, &[&account.id], AUTHOR, span)
                    .await?
                    .into_values()
                    .next()
                    .unwrap_or_default()
            }
            None => Money::ZERO,
        };
        Ok(AutoRefillView {
            object: AutoRefillView::OBJECT,
            namespace: rule.namespace.clone(),
            below_usd: rule.below.to_dollars(),
            amount_usd: rule.amount.to_dollars(),
            at_most_per_month_usd: rule.at_most_per_month.to_dollars(),
            refilled_this_month_usd: refilled.to_dollars(),
            created_at: rule.created_at.to_rfc3339(),
            updated_at: rule.updated_at.to_rfc3339(),
        })
    }
}

impl Document for AutoRefillView {
    const KIND: &'static str = "auto-refill of";

    type Body = PutAutoRefill;

    async fn find(
        tx: &mut Tx,
        context: &NamespaceContext,
        now: Timestamp,
    ) -> Result<Option<Self>, ApiError> {
        match auto_refills::find(tx, &context.namespace.name).await? {
            Some(rule) => AutoRefillView::new(tx, &rule, now).await.map(Some),
            None => Ok(None),
        }
    }

    async fn set(
        edit: &mut Edit,
        context: &NamespaceContext,
        body: PutAutoRefill,
    ) -> Result<(Self, Change), ApiError> {
        let (name, now) = (&context.namespace.name, edit.now);
        let before = auto_refills::find(&mut edit.tx, name).await?;
        let rule = AutoRefill {
            namespace: name.clone(),
            below: body.below_usd.into(),
            amount: body.amount_usd.into(),
            at_most_per_month: body.at_most_per_month_usd.into(),
            created_at: before.as_ref().map_or(now, |before| before.created_at),
            updated_at: now,
        };
        if rule.at_most_per_month < rule.amount {
            let message = "'at_most_per_month_usd' must be at least 'amount_usd': a refill is \
                           never less than that.";
            return Err(ApiError::invalid("at_most_per_month_usd", message));
        }
        auto_refills::put(&mut edit.tx, &rule).await?;
        let change = context.change("auto_refill.update", name);
        let change = before.iter().fold(change, Change::before).after(&rule);
        let view = AutoRefillView::new(&mut edit.tx, &rule, now).await?;
        Ok((view, change))
    }
}

impl Removable for AutoRefillView {
    const OBJECT: &'static str = "auto_refill";

    async fn remove(
        edit: &mut Edit,
        context: &NamespaceContext,
    ) -> Result<Option<Change>, ApiError> {
        let name = &context.namespace.name;
        let Some(before) = auto_refills::find(&mut edit.tx, name).await? else {
            return Ok(None);
        };
        auto_refills::remove(&mut edit.tx, name).await?;
        let change = context.change("auto_refill.delete", name);
        Ok(Some(change.before(&before)))
    }
}

/// Shows the auto-refill of a namespace
///
/// To admins, and to the holders of the namespace's keys.
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
    document::show(&app, &caller, &name).await
}

/// Sets the auto-refill of a namespace
///
/// From the next call on, a low balance is refilled. The namespace must be prepaid for this to act.
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
    by: Author,
    Path(name): Path<String>,
    body: Body<PutAutoRefill>,
) -> Result<Json<AutoRefillView>, ApiError> {
    document::set(&app, &by, &name, body).await
}

/// Deletes the auto-refill of a namespace
///
/// A low balance is not refilled any more.
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/auto-refill", tag = "credits", operation_id = "delete_auto_refill",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "Deleted.", body = DeletedDocument),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn delete(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
) -> Result<Json<DeletedDocument>, ApiError> {
    document::remove::<AutoRefillView>(&app, &by, name).await
}
