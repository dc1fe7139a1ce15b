//! `GET /v1/cost-attribution?period=&group_by=team|key|user|tag|model&breakdown=by_model`.

mod groups;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::openapi::{parameters, refusals, words};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use groups::GroupBy;
pub(super) use groups::{OTHERS, key_labels, user_label};
use paddock_ledger::rules::report::{self, DayRange};
use paddock_ledger::store::costs::Reach;
use paddock_ledger::store::reports::Sums;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What is put together.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Grouping {
    /// By what; `team` where nothing is named. `namespace` and `project` mean the same.
    #[param(value_type = Option<words::GroupBy>, inline)]
    group_by: Option<String>,
    /// Whether each group is told by model.
    #[param(value_type = Option<words::Breakdown>, inline)]
    breakdown: Option<String>,
}

/// What a group cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cost {
    /// US dollars.
    total: f64,
    /// Requests in the period.
    request_count: u64,
    /// Tokens, input and output.
    tokens: u64,
}

impl From<Sums> for Cost {
    fn from(sums: Sums) -> Cost {
        Cost {
            total: sums.cost.to_dollars(),
            request_count: sums.requests,
            tokens: sums.tokens,
        }
    }
}

/// What a group cost, in all or by model.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum GroupCost {
    /// In all.
    Total(Cost),
    /// With `breakdown=by_model`.
    ByModel(BTreeMap<String, Cost>),
}

/// By group.
pub type Attribution = BTreeMap<String, GroupCost>;

/// Puts costs together by team, key, user, tag or model
///
/// Answers the operator about everything, an admin about its organization, and every other key
/// about its own namespace; whole UTC days.
#[utoipa::path(
    get, path = "/v1/cost-attribution", tag = "usage", operation_id = "get_cost_attribution",
    params(parameters::Reach, parameters::Days, Grouping),
    responses(
        (status = 200, description = "By group, and by model where that is asked for.", body = BTreeMap<String, GroupCost>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Attribution>, ApiError> {
    let (namespace, organization) = (query.take("namespace"), query.take("organization"));
    let (organization, namespace) = super::audit::reach(&caller, namespace, organization)?;
    let period = query.take("period");
    let days = DayRange::parse(period.as_deref().unwrap_or("current_month"), app.now());
    let days = days.ok_or_else(|| {
        let message = "'period' must be current_month, previous_month, all, or a number of days \
                       like 7d.";
        ApiError::invalid("period", message)
    })?;
    let group_by = query.take("group_by").unwrap_or_else(|| "team".to_owned());
    let group_by = GroupBy::parse(&group_by).ok_or_else(|| {
        let message = "'group_by' must be team, key, user, tag or model.";
        ApiError::invalid("group_by", message)
    })?;
    let breakdown = query.take("breakdown");
    query.finish()?;
    let by_model = match breakdown.as_deref() {
        None => false,
        Some("by_model") => true,
        Some(_) => {
            let message = "'breakdown' must be by_model, or left out.";
            return Err(ApiError::invalid("breakdown", message));
        }
    };
    let reach = Reach {
        organization,
        namespace,
    };
    let mut tx = app.store.read().await?;
    let pieces = report::cover_days(&mut tx, days, app.now()).await?;
    let groups = groups::sums(&mut tx, group_by, &reach, &pieces).await?;
    let cost = |models: BTreeMap<String, Sums>| {
        if by_model {
            let costs = models.into_iter();
            GroupCost::ByModel(costs.map(|(model, sums)| (model, sums.into())).collect())
        } else {
            let sums = models.into_values();
            GroupCost::Total(sums.fold(Sums::default(), Sums::plus).into())
        }
    };
    let groups = groups.into_iter();
    Ok(Json(
        groups
            .map(|(group, models)| (group, cost(models)))
            .collect(),
    ))
}
