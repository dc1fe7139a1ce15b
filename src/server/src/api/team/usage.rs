//! `GET /v1/team/usage?period=7d|30d|90d|all`: totals, and by user, key and model.

use crate::api::cost_attribution::{OTHERS, key_labels, user_label};
use crate::api::prelude::*;
use crate::api::report::{Part, Totals, parts, total};
use crate::http::period::CostPeriod;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::report::{self, DayRange, Period};
use paddock_ledger::store::costs::{self, KeyModelSums, Reach};
use paddock_ledger::store::reports::Sums;
use std::collections::BTreeMap;
use utoipa::IntoParams;

/// Most users that a report names: those who cost most.
const MOST_USERS: usize = 1_000;

/// Which team, and which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetTeamUsage {
    /// The namespace; the caller's own by default. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// `current_month`, `previous_month`, `all`, or the last days, today included: `30d` (the default).
    #[param(inline)]
    period: Option<CostPeriod>,
}

/// What a team used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamUsage)]
pub struct Usage {
    /// What this is.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    #[serde(flatten)]
    totals: Totals,
    /// By end user: the 1,000 who cost most, all others as `(others)`.
    by_user: BTreeMap<String, Part>,
    /// By key.
    by_key: BTreeMap<String, Part>,
    /// The same by model.
    by_model: BTreeMap<String, Part>,
}

/// Shows the usage of a team by user, key and model
///
/// To every key, that of its own namespace; to admins and the operator, that of the one they name. Whole
/// UTC days, today included.
#[utoipa::path(
    get, path = "/v1/team/usage", tag = "team", operation_id = "get_team_usage",
    params(GetTeamUsage),
    responses(
        (status = 200, description = "What it used.", body = Usage),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<GetTeamUsage>,
) -> Result<Json<Usage>, ApiError> {
    caller.may_view_analytics()?;
    let name = query.namespace.map_or_else(|| caller.namespace(), Ok)?;
    caller.may_read_namespace(&name)?;
    let now = app.now();
    let default = CostPeriod(DayRange::Period(Period::Days(30)));
    let CostPeriod(days) = query.period.unwrap_or(default);
    let days = days.days(now);
    let mut tx = app.store.read().await?;
    let context: NamespaceContext = find(&app, &mut tx, &caller, &name).await?;
    let reach = Reach {
        organization: None,
        namespace: Some(name.clone()),
    };
    let pieces = report::cover_days(&mut tx, days, now).await?;
    let rows = costs::by_key(&mut tx, &reach, &pieces).await?;
    let labels = key_labels(&mut tx, &rows).await?;
    let users = costs::by_user(&mut tx, &reach, &pieces).await?;
    let key = |row: &KeyModelSums| labels.get(&row.key).unwrap_or(&row.key).clone();
    let users = users.into_iter();
    let users = users.map(|(user, _, sums)| (user_label(&user).to_owned(), sums));
    Ok(Json(Usage {
        object: "team.usage",
        namespace: context.namespace.name,
        totals: Totals::new(
            days.start,
            now.min(days.end),
            total(rows.iter().map(|row| row.sums)),
        ),
        by_user: parts(most_expensive(grouped(users))),
        by_key: parts(grouped(rows.iter().map(|row| (key(row), row.sums)))),
        by_model: parts(grouped(
            rows.iter().map(|row| (row.model.clone(), row.sums)),
        )),
    }))
}

/// The sums of each name.
fn grouped(rows: impl Iterator<Item = (String, Sums)>) -> BTreeMap<String, Sums> {
    let mut groups: BTreeMap<String, Sums> = BTreeMap::new();
    for (name, sums) in rows {
        let sum = groups.entry(name).or_default();
        *sum = sum.plus(sums);
    }
    groups
}

/// Those who cost most, and all others together.
fn most_expensive(groups: BTreeMap<String, Sums>) -> BTreeMap<String, Sums> {
    let mut sorted: Vec<(String, Sums)> = groups.into_iter().collect();
    sorted.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.cost));
    let others = sorted.split_off(sorted.len().min(MOST_USERS));
    let others = others
        .into_iter()
        .map(|(_, sums)| (OTHERS.to_owned(), sums));
    grouped(sorted.into_iter().chain(others))
}
