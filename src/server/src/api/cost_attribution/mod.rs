//! `GET /v1/cost-attribution?period=&group_by=team|key|user|tag|model&breakdown=by_model`.

mod groups;

use crate::api::prelude::*;
use crate::http::period::CostPeriod;
use groups::GroupBy;
pub(super) use groups::{OTHERS, key_labels, user_label};
use paddock_ledger::rules::report::{self, DayRange, Period};
use paddock_ledger::store::reports::Sums;
use std::collections::BTreeMap;
use utoipa::IntoParams;

/// Which costs, and how they are grouped.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetCosts {
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only this organization: the caller's own; any, for the operator.
    organization: Option<String>,
    /// `current_month` (the default), `previous_month`, `all`, or the last days, today included: `7d`.
    #[param(inline)]
    period: Option<CostPeriod>,
    /// `team` by default; `namespace` and `project` mean the same.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// Splits each group by model.
    #[param(inline)]
    breakdown: Option<Breakdown>,
}

/// What splits a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Breakdown {
    /// Models.
    ByModel,
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

/// What a group cost, in total or by model.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum GroupCost {
    /// In total.
    Total(Cost),
    /// With `breakdown=by_model`.
    ByModel(BTreeMap<String, Cost>),
}

/// By group.
pub type Attribution = BTreeMap<String, GroupCost>;

/// Sums up costs by team, key, user, tag or model
///
/// To the operator about everything, to an admin about its organization, to every other key about its own
/// namespace. Whole UTC days.
#[utoipa::path(
    get, path = "/v1/cost-attribution", tag = "usage", operation_id = "get_cost_attribution",
    params(GetCosts),
    responses(
        (status = 200, description = "By group, and by model if that was asked for.", body = BTreeMap<String, GroupCost>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<GetCosts>,
) -> Result<Json<Attribution>, ApiError> {
    let reach = caller.reach(query.namespace, query.organization)?;
    let default = CostPeriod(DayRange::Period(Period::CurrentMonth));
    let CostPeriod(days) = query.period.unwrap_or(default);
    let group_by = query.group_by.unwrap_or(GroupBy::Team);
    let by_model = query.breakdown == Some(Breakdown::ByModel);
    let now = app.now();
    let mut tx = app.store.read().await?;
    let pieces = report::cover_days(&mut tx, days.days(now), now).await?;
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
