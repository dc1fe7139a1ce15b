//! `GET /v1/keys/{id}/usage?period=7d&granularity=hour|day|month`.

use super::context::KeyContext;
use crate::api::prelude::*;
use crate::api::report::{ByModel, Part, Totals, parts};
use crate::http::period::UsagePeriod;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::context::{BudgetStatus, prepaid_balance};
use paddock_ledger::rules::report::Step;
use paddock_ledger::store::reports::{self, Subject, Sums};
use std::collections::BTreeMap;
use utoipa::IntoParams;

/// How long, and how fine.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetKeyUsage {
    /// `current_month`, `all`, or the last days: `7d` (the default), up to `3660d`.
    #[param(inline)]
    period: Option<UsagePeriod>,
    /// The steps of `series`, at most 10,000. By default an hour for up to seven days, a day beyond.
    #[param(inline)]
    granularity: Option<Step>,
}

/// What a key used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyUsage)]
pub struct Usage {
    /// Its id.
    id: String,
    /// The key's name.
    key_name: String,
    /// The namespace's name.
    namespace: String,
    #[serde(flatten)]
    totals: Totals,
    /// US dollars left of this UTC month's budget.
    budget_remaining_usd: f64,
    /// US dollars left of the prepaid balances above it: the namespace's or the organization's,
    /// whichever is less. Absent if neither is prepaid.
    #[serde(skip_serializing_if = "Option::is_none")]
    prepaid_balance_usd: Option<f64>,
    /// How much of the budget is spent, in percent.
    budget_used_percent: f64,
    /// The same by model.
    by_model: BTreeMap<String, Part>,
    /// The most requests of one minute.
    peak_rpm: u64,
    /// Requests a minute that are allowed.
    limit_rpm: u64,
    /// The most tokens of one minute.
    peak_tpm: u64,
    /// Tokens a minute that are allowed.
    limit_tpm: u64,
    /// By step, the first one first, none left out.
    series: Vec<Interval>,
}

/// What a key used in one step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageStep)]
struct Interval {
    /// The first moment of the step.
    #[schema(format = DateTime)]
    start: String,
    #[serde(flatten)]
    part: Part,
}

/// Shows the usage of a key
///
/// To admins, and to the key's holder. The period begins with a whole hour (up to seven days)
/// or day.
#[utoipa::path(
    get, path = "/v1/keys/{id}/usage", tag = "keys", operation_id = "get_key_usage",
    params(parameters::KeyId, GetKeyUsage),
    responses(
        (status = 200, description = "What it used.", body = Usage),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<GetKeyUsage>,
) -> Result<Json<Usage>, ApiError> {
    caller.may_read_key(&id)?;
    caller.may_view_analytics()?;
    let UsagePeriod(period) = query.period.unwrap_or_default();
    let step = query.granularity.unwrap_or(period.step());
    let now = app.now();
    let mut tx = app.store.read().await?;
    let found: KeyContext = find(&app, &mut tx, &caller, &id).await?;
    let KeyContext { key, context } = found;
    let subject = Subject::Key {
        id: key.id.clone(),
        namespace: key.namespace.clone(),
    };
    let span = step.span(period.start(now, key.created_at));
    let used = ByModel::since(&mut tx, &subject, span, now).await?;
    let rows = reports::series(&mut tx, &subject, span, now).await?;
    let series = step.fill(&rows, span.start, now).ok_or_else(|| {
        let message = "'granularity' is too fine for this period: choose a coarser one.";
        ApiError::invalid("granularity", message)
    })?;
    let (peak_rpm, peak_tpm) = reports::peaks(&mut tx, &subject, span.start, now).await?;
    let standing = BudgetStatus::of_key(&mut tx, &key, &context, now).await?;
    let terms = &app.config.terms;
    let prepaid = prepaid_balance(&mut tx, terms, &context.scopes(), now).await?;
    let limits = context.limits.below(&key.limits_in_force());
    let step = |(start, sums): (Timestamp, Sums)| Interval {
        start: start.to_rfc3339(),
        part: sums.into(),
    };
    Ok(Json(Usage {
        id: key.id,
        key_name: key.name,
        namespace: key.namespace,
        totals: Totals::new(span.start, now, used.total),
        budget_remaining_usd: standing.remaining.to_dollars(),
        prepaid_balance_usd: prepaid.map(Money::to_dollars),
        budget_used_percent: standing.used_percent(),
        by_model: parts(used.models),
        peak_rpm,
        limit_rpm: limits.requests_per_minute,
        peak_tpm,
        limit_tpm: limits.tokens_per_minute,
        series: series.into_iter().map(step).collect(),
    }))
}
