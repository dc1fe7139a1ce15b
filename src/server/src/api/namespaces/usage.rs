//! `GET /v1/namespaces/{name}/usage?period=current_month|7d|30d|90d|all`.

use crate::api::prelude::*;
use crate::api::report::{ByModel, parts};
use crate::http::period::UsagePeriod;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use paddock_ledger::model::histogram::quantile;
use paddock_ledger::model::period::{DAY, MINUTE, start_of};
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::context::{BudgetStatus, NamespaceContext, prepaid_balance};
use paddock_ledger::rules::report::{Period, projected};
use paddock_ledger::store::latencies;
use paddock_ledger::store::reports::{self, Subject, Sums};
use std::collections::BTreeMap;
use utoipa::IntoParams;

/// How long.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetNamespaceUsage {
    /// `current_month` (the default), `all`, or the last days: `7d`, up to `3660d`.
    #[param(inline)]
    period: Option<UsagePeriod>,
}

/// What a namespace used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamespaceUsage)]
pub struct Usage {
    /// The namespace's name.
    namespace: String,
    /// The first moment it covers.
    #[schema(format = DateTime)]
    period_start: String,
    /// The last moment it covers.
    #[schema(format = DateTime)]
    period_end: String,
    /// US dollars spent this month.
    current_month_cost: f64,
    /// US dollars left of the quota.
    remaining_quota: f64,
    /// Requests in the period.
    request_count: u64,
    /// Tokens in the period, input and output.
    total_tokens: u64,
    /// Milliseconds from request to the end of its answer, on average.
    avg_latency_ms: f64,
    /// The median, in milliseconds.
    p50_latency_ms: f64,
    /// The 99th percentile, in milliseconds.
    p99_latency_ms: f64,
    /// Requests left in this minute.
    rate_limit_remaining: u64,
    /// The period by model.
    model_breakdown: BTreeMap<String, ModelUsage>,
    /// US dollars spent in the period.
    total_spent: f64,
    /// The quota of a calendar month, in US dollars.
    quota_limit: f64,
    /// US dollars left of it.
    quota_remaining: f64,
    /// US dollars left of the prepaid balances that limit it: the namespace's or the organization's,
    /// whichever is less. Absent if neither is prepaid.
    #[serde(skip_serializing_if = "Option::is_none")]
    prepaid_balance: Option<f64>,
    /// Days left of the month, today included.
    days_remaining_in_period: u64,
    /// US dollars by the end of the month, at this month's rate so far.
    projected_month_end_spend: f64,
}

/// What a namespace used of one model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamespaceModelUsage)]
struct ModelUsage {
    /// Requests.
    requests: u64,
    /// Tokens, input and output.
    tokens: u64,
    /// US dollars.
    cost: f64,
}

impl From<Sums> for ModelUsage {
    fn from(sums: Sums) -> ModelUsage {
        ModelUsage {
            requests: sums.requests,
            tokens: sums.tokens,
            cost: sums.cost.to_dollars(),
        }
    }
}

/// Shows the usage of a namespace
///
/// To admins, and to the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/usage", tag = "namespaces", operation_id = "get_namespace_usage",
    params(parameters::NamespaceName, GetNamespaceUsage),
    responses(
        (status = 200, description = "What it used.", body = Usage),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<GetNamespaceUsage>,
) -> Result<Json<Usage>, ApiError> {
    caller.may_read_namespace(&name)?;
    caller.may_view_analytics()?;
    let default = UsagePeriod(Period::CurrentMonth);
    let UsagePeriod(period) = query.period.unwrap_or(default);
    let now = app.now();
    let mut tx = app.store.read().await?;
    let context: NamespaceContext = find(&app, &mut tx, &caller, &name).await?;
    let subject = Subject::Namespace(name.clone());
    // A deleted namespace of the same name counts as this one's past.
    let span = period.step().span(period.start(now, Timestamp::EPOCH));
    let used = ByModel::since(&mut tx, &subject, span, now).await?;
    let latencies = latencies::of_namespace(&mut tx, &name, span).await?;
    let (rpm, _) = reports::peaks(&mut tx, &subject, start_of(MINUTE, now), now).await?;
    let quota = BudgetStatus::of_namespace(&mut tx, &context, now).await?;
    let terms = &app.config.terms;
    let prepaid = prepaid_balance(&mut tx, terms, &context.scopes(), now).await?;
    let scope = Scope::Namespace(name.clone());
    let calendar = context.calendar();
    let month = BudgetStatus::of(&mut tx, scope, Money::MAX, &calendar, now)
        .await?
        .used;
    let window = calendar.window(CapPeriod::Monthly, now);
    #[expect(clippy::cast_precision_loss, reason = "an average")]
    let avg_latency_ms = used.total.latency_ms as f64 / used.total.requests.max(1) as f64;
    Ok(Json(Usage {
        namespace: name,
        period_start: span.start.to_rfc3339(),
        period_end: now.to_rfc3339(),
        current_month_cost: month.to_dollars(),
        remaining_quota: quota.remaining.to_dollars(),
        request_count: used.total.requests,
        total_tokens: used.total.tokens,
        avg_latency_ms,
        p50_latency_ms: quantile(&latencies, 0.5),
        p99_latency_ms: quantile(&latencies, 0.99),
        rate_limit_remaining: context.limits.requests_per_minute.saturating_sub(rpm),
        model_breakdown: parts(used.models),
        total_spent: used.total.cost.to_dollars(),
        quota_limit: quota.quota.to_dollars(),
        quota_remaining: quota.remaining.to_dollars(),
        prepaid_balance: prepaid.map(Money::to_dollars),
        days_remaining_in_period: window.end.since(now).as_secs().div_ceil(DAY),
        projected_month_end_spend: projected(month, &window, now),
    }))
}
