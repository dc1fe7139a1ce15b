//! `GET /v1/namespaces/{name}/usage?period=current_month|7d|30d|90d|all`.

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::query::Parameters;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use paddock_ledger::model::histogram::quantile;
use paddock_ledger::model::period::{DAY, MINUTE, Window, start_of};
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::context::{BudgetStatus, prepaid_balance};
use paddock_ledger::rules::report::{self, Period};
use paddock_ledger::store::latencies;
use paddock_ledger::store::reports::{self, Subject, Sums};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

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
    /// What 99 of 100 requests stay below, in milliseconds.
    p99_latency_ms: f64,
    /// Requests left in this minute.
    rate_limit_remaining: u64,
    /// The period by model.
    model_breakdown: BTreeMap<String, ModelUsage>,
    /// US dollars spent in the period.
    total_spent: f64,
    /// The quota of a UTC month, in US dollars.
    quota_limit: f64,
    /// US dollars left of it.
    quota_remaining: f64,
    /// US dollars left of the prepaid balances that limit it, of the namespace's or the organization's,
    /// whichever is less; absent where neither is prepaid.
    #[serde(skip_serializing_if = "Option::is_none")]
    prepaid_balance: Option<f64>,
    /// Days of the month that are left, begun ones included.
    days_remaining_in_period: u64,
    /// US dollars by the end of the month, if it goes on so.
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

/// Tells what a namespace used
///
/// Answers admins, and the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/usage", tag = "namespaces", operation_id = "get_namespace_usage",
    params(parameters::NamespaceName, parameters::Period),
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
    query: Parameters,
) -> Result<Json<Usage>, ApiError> {
    caller.may_read_namespace(&name)?;
    caller.may_view_analytics()?;
    let period = asked(query)?;
    let now = app.now();
    let mut tx = app.store.read().await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let subject = Subject::Namespace(name.clone());
    // A deleted namespace of the same name counts as this one's past.
    let span = period.step().span(period.start(now, Timestamp::EPOCH));
    let pieces = report::cover_since(&mut tx, span.start, now).await?;
    let models = reports::by_model(&mut tx, &subject, &pieces).await?;
    let latencies = latencies::of_namespace(&mut tx, &name, span).await?;
    let (rpm, _) = reports::peaks(&mut tx, &subject, start_of(MINUTE, now), now).await?;
    let quota = BudgetStatus::of_namespace(&mut tx, &context, now).await?;
    let terms = &app.config.terms;
    let prepaid = prepaid_balance(&mut tx, terms, &context.scopes(), now).await?;
    let scope = Scope::Namespace(name.clone());
    let month = BudgetStatus::of(&mut tx, scope, Money::MAX, now)
        .await?
        .used;

    let total = models
        .iter()
        .fold(Sums::default(), |sum, (_, sums)| sum.plus(*sums));
    let model = |(name, sums): (String, Sums)| {
        let cost = sums.cost.to_dollars();
        (
            name,
            ModelUsage {
                requests: sums.requests,
                tokens: sums.tokens,
                cost,
            },
        )
    };
    let window = Window::of(CapPeriod::Monthly, now);
    #[expect(clippy::cast_precision_loss, reason = "an average")]
    let avg_latency_ms = total.latency_ms as f64 / total.requests.max(1) as f64;
    Ok(Json(Usage {
        namespace: name,
        period_start: span.start.to_rfc3339(),
        period_end: now.to_rfc3339(),
        current_month_cost: month.to_dollars(),
        remaining_quota: quota.remaining().to_dollars(),
        request_count: total.requests,
        total_tokens: total.tokens,
        avg_latency_ms,
        p50_latency_ms: quantile(&latencies, 0.5),
        p99_latency_ms: quantile(&latencies, 0.99),
        rate_limit_remaining: context.limits.requests_per_minute.saturating_sub(rpm),
        model_breakdown: models.into_iter().map(model).collect(),
        total_spent: total.cost.to_dollars(),
        quota_limit: quota.quota.to_dollars(),
        quota_remaining: quota.remaining().to_dollars(),
        prepaid_balance: prepaid.map(Money::to_dollars),
        days_remaining_in_period: window.end.since(now).as_secs().div_ceil(DAY),
        projected_month_end_spend: projected(month, &window, now),
    }))
}

/// The month's spend if it goes on as it did so far: dollars.
fn projected(spent: Money, window: &Window, now: Timestamp) -> f64 {
    let elapsed = window.elapsed(now);
    if elapsed > 0.0 {
        spent.to_dollars() / elapsed
    } else {
        spent.to_dollars()
    }
}

fn asked(mut query: Parameters) -> Result<Period, ApiError> {
    let period = query
        .take("period")
        .unwrap_or_else(|| "current_month".to_owned());
    query.finish()?;
    Period::parse(&period).ok_or_else(|| {
        let message = "'period' must be current_month, all, or a number of days like 7d.";
        ApiError::invalid("period", message)
    })
}
