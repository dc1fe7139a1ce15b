//! `GET /v1/team/usage?period=7d|30d|90d|all`: totals, and by user, key and model.

use crate::api::cost_attribution::{OTHERS, key_labels, user_label};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::rules::report::{self, DayRange};
use paddock_ledger::store::costs::{self, Reach};
use paddock_ledger::store::reports::Sums;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most users told by name: those who cost most.
const MOST_USERS: usize = 1_000;

/// What a team used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamUsage)]
pub struct Usage {
    /// What this is.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    /// The first moment it covers.
    #[schema(format = DateTime)]
    period_start: String,
    /// The last moment it covers.
    #[schema(format = DateTime)]
    period_end: String,
    /// Requests in the period.
    total_requests: u64,
    /// Tokens in the period, input and output.
    total_tokens: u64,
    /// US dollars in the period.
    total_cost_usd: f64,
    /// By end user: the 1,000 who cost most, all others as `(others)`.
    by_user: BTreeMap<String, Part>,
    /// By key.
    by_key: BTreeMap<String, Part>,
    /// The same by model.
    by_model: BTreeMap<String, Part>,
}

/// What one of them used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsagePart)]
struct Part {
    /// Requests.
    requests: u64,
    /// Tokens, input and output.
    tokens: u64,
    /// US dollars.
    cost_usd: f64,
}

impl From<Sums> for Part {
    fn from(sums: Sums) -> Part {
        Part {
            requests: sums.requests,
            tokens: sums.tokens,
            cost_usd: sums.cost.to_dollars(),
        }
    }
}

/// Tells what a team used, by user, key and model
///
/// Answers every key about its own namespace; admins and the operator about one they name. Whole
/// UTC days, today included.
#[utoipa::path(
    get, path = "/v1/team/usage", tag = "team", operation_id = "get_team_usage",
    params(parameters::OfNamespace, parameters::Days),
    responses(
        (status = 200, description = "What it used.", body = Usage),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Usage>, ApiError> {
    caller.may_view_analytics()?;
    let named = query.take("namespace");
    let period = query.take("period");
    query.finish()?;
    if let Some(name) = &named {
        caller.may_read_namespace(name)?;
    }
    let now = app.now();
    let days = DayRange::parse(period.as_deref().unwrap_or("30d")).ok_or_else(|| {
        let message = "'period' must be current_month, previous_month, all, or a number of days \
                       like 7d.";
        ApiError::invalid("period", message)
    })?;
    let days = days.days(now);
    let mut tx = app.store.read().await?;
    let namespace = super::find(&app, &mut tx, &caller, named).await?.namespace;
    let reach = Reach {
        organization: None,
        namespace: Some(namespace.name.clone()),
    };
    let pieces = report::cover_days(&mut tx, days, now).await?;
    let rows = costs::by_key(&mut tx, &reach, &pieces).await?;
    let labels = key_labels(&mut tx, &rows).await?;
    let users = costs::by_user(&mut tx, &reach, &pieces).await?;
    let (mut by_key, mut by_model) = (Parts::default(), Parts::default());
    for row in &rows {
        by_key.add(labels.get(&row.key).unwrap_or(&row.key), row.sums);
        by_model.add(&row.model, row.sums);
    }
    let mut by_user = Parts::default();
    for (user, _, sums) in &users {
        by_user.add(user_label(user), *sums);
    }
    let total = rows
        .iter()
        .fold(Sums::default(), |sum, row| sum.plus(row.sums));
    Ok(Json(Usage {
        object: "team.usage",
        namespace: namespace.name,
        period_start: days.start.to_rfc3339(),
        period_end: now.min(days.end).to_rfc3339(),
        total_requests: total.requests,
        total_tokens: total.tokens,
        total_cost_usd: total.cost.to_dollars(),
        by_user: by_user.dearest(MOST_USERS),
        by_key: by_key.all(),
        by_model: by_model.all(),
    }))
}

#[derive(Default)]
struct Parts(BTreeMap<String, Sums>);

impl Parts {
    fn add(&mut self, name: &str, sums: Sums) {
        let sum = self.0.entry(name.to_owned()).or_default();
        *sum = sum.plus(sums);
    }

    fn all(self) -> BTreeMap<String, Part> {
        self.0
            .into_iter()
            .map(|(name, sums)| (name, sums.into()))
            .collect()
    }

    /// Those who cost most, and all others together.
    fn dearest(self, most: usize) -> BTreeMap<String, Part> {
        let mut sorted: Vec<(String, Sums)> = self.0.into_iter().collect();
        sorted.sort_by_key(|(name, sums)| (std::cmp::Reverse(sums.cost), name.clone()));
        let mut parts = Parts::default();
        for (number, (name, sums)) in sorted.into_iter().enumerate() {
            parts.add(if number < most { &name } else { OTHERS }, sums);
        }
        parts.all()
    }
}
