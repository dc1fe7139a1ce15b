//! `GET /v1/namespaces/{name}/usage?period=current_month|7d|30d|90d|all`.

use crate::app::SharedApp;
use crate::domain::histogram::quantile;
use crate::domain::period::{DAY, MINUTE, Window, start_of};
use crate::domain::report::Period;
use crate::domain::scope::Scope;
use crate::domain::standing::Standing;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::reports::{self, Subject, Sums};
use axum::Json;
use axum::extract::{Path, Query, State};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a namespace used.
#[derive(Debug, Serialize)]
pub struct Usage {
    namespace: String,
    period_start: String,
    period_end: String,
    current_month_cost: f64,
    remaining_quota: f64,
    request_count: u64,
    total_tokens: u64,
    avg_latency_ms: f64,
    p50_latency_ms: f64,
    p99_latency_ms: f64,
    rate_limit_remaining: u64,
    model_breakdown: BTreeMap<String, ModelUsage>,
    total_spent: f64,
    quota_limit: f64,
    quota_remaining: f64,
    days_remaining_in_period: u64,
    projected_month_end_spend: f64,
}

#[derive(Debug, Serialize)]
struct ModelUsage {
    requests: u64,
    tokens: u64,
    cost: f64,
}

/// Answers admins, and the holders of the namespace's keys.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Usage>, ApiError> {
    caller.may_read_namespace(&name)?;
    let period = asked(Parameters::new(query))?;
    let now = app.now();
    let mut tx = app.store.read().await?;
    let place = super::find(&app, &mut tx, &caller, &name).await?;
    let subject = Subject::Namespace(name.clone());
    // A deleted namespace of the same name counts as this one's past.
    let span = period.step().span(period.start(now, Timestamp::EPOCH));
    let models = reports::by_model(&mut tx, &subject, span).await?;
    let latencies = reports::latencies(&mut tx, &name, span).await?;
    let (rpm, _) = reports::peaks(&mut tx, &subject, start_of(MINUTE, now)).await?;
    let quota = Standing::of_namespace(&mut tx, &place, now).await?;
    let scope = Scope::Namespace(name.clone());
    let month = Standing::of(&mut tx, scope, Money::MAX, now).await?.used;

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
        rate_limit_remaining: place.limits.requests_per_minute.saturating_sub(rpm),
        model_breakdown: models.into_iter().map(model).collect(),
        total_spent: total.cost.to_dollars(),
        quota_limit: quota.quota.to_dollars(),
        quota_remaining: quota.remaining().to_dollars(),
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
