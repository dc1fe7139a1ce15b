//! `GET /v1/usage/series?metric=&group_by=&granularity=`: what groups used, step by step.

use super::groups::Grouping;
use super::selection::{Asked, GroupBy, time};
use crate::api::prelude::*;
use crate::http::period::{CostPeriod, DayOrMoment};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::period::{DAY, HOUR, start_of};
use paddock_ledger::rules::report::{self, Step};
use paddock_ledger::store::costs::Days;
use paddock_ledger::store::usage::{self, Order, Selection, Used};
use paddock_ledger::store::{StoreError, Tx};
use std::collections::HashMap;
use std::time::Duration;
use utoipa::IntoParams;

/// Most steps of a series.
const MAX_STEPS: usize = 2_000;

/// Which usage, and how it is grouped.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetSeries {
    /// `cost` (the default, in US dollars), `requests` or `tokens`.
    #[param(inline)]
    metric: Option<Metric>,
    /// `namespace` by default.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// With `group_by=tag`: only labels of this name; groups are their values.
    tag_key: Option<String>,
    /// The steps, at most 2,000: `day` by default, `hour` for up to two days.
    #[param(inline)]
    granularity: Option<Step>,
    /// `current_month`, `previous_month`, `all`, or the last days, today included: `30d` by default.
    #[param(inline)]
    period: Option<CostPeriod>,
    /// The first UTC day or moment.
    #[param(inline)]
    start_date: Option<DayOrMoment>,
    /// The last UTC day, inclusive, or a moment; now by default.
    #[param(inline)]
    end_date: Option<DayOrMoment>,
    /// The groups that are told apart, from 1 to 50; 10 by default. The rest is `others`.
    #[param(inline)]
    top: Option<QueryNumber<1, 50>>,
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only this organization: the caller's own; any, for the operator.
    organization: Option<String>,
    /// Only this key, by its id.
    key: Option<String>,
    /// Only this model.
    model: Option<String>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// US dollars.
    Cost,
    /// Requests.
    Requests,
    /// Tokens, input and output.
    Tokens,
}

impl Metric {
    #[expect(clippy::cast_precision_loss, reason = "a number of a chart")]
    fn of(self, used: &Used) -> f64 {
        match self {
            Metric::Cost => used.cost.to_dollars(),
            Metric::Requests => used.requests as f64,
            Metric::Tokens => used.tokens as f64,
        }
    }

    fn order(self) -> Order {
        match self {
            Metric::Cost => Order::Cost,
            Metric::Requests => Order::Requests,
            Metric::Tokens => Order::Tokens,
        }
    }
}

/// What groups used, step by step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageSeries)]
pub struct Series {
    /// Always `usage.series`.
    object: &'static str,
    /// What is counted.
    metric: Metric,
    /// The groups.
    group_by: GroupBy,
    /// The first moment it covers.
    #[schema(format = DateTime)]
    start: String,
    /// The first moment after it.
    #[schema(format = DateTime)]
    end: String,
    /// The first moment of each step.
    steps: Vec<String>,
    /// The groups with most in the time, the first one first.
    groups: Vec<GroupSeries>,
    /// What all other groups used, by step. Absent of tags, since a call can have several.
    #[serde(skip_serializing_if = "Option::is_none")]
    others: Option<Vec<f64>>,
    /// What all used, by step.
    total: Vec<f64>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageGroupSeries)]
struct GroupSeries {
    /// Its id: a name, or the id of a key.
    id: String,
    /// What people call it.
    name: String,
    /// The namespace of a key.
    namespace: Option<String>,
    /// All steps together.
    total: f64,
    /// By step.
    points: Vec<f64>,
}

/// Shows what groups used, step by step
///
/// To the operator about everything, to an admin about its organization, to every other key about its own
/// namespace.
#[utoipa::path(
    get, path = "/v1/usage/series", tag = "usage", operation_id = "get_usage_series",
    params(GetSeries),
    responses(
        (status = 200, description = "By step and group.", body = Series),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<GetSeries>,
) -> Result<Json<Series>, ApiError> {
    let now = app.now();
    let time = time(query.period, query.start_date, query.end_date, now)?;
    let metric = query.metric.unwrap_or(Metric::Cost);
    let asked = Asked {
        group_by: query.group_by.unwrap_or(GroupBy::Namespace),
        tag_key: query.tag_key,
        selection: Selection {
            reach: caller.reach(query.namespace, query.organization)?,
            key: query.key,
            model: query.model,
        },
        time,
    };
    asked.check()?;
    let is_short = time.end.secs().saturating_sub(time.start.secs()) <= DAY.saturating_mul(2);
    let default = if is_short { Step::Hour } else { Step::Day };
    let step = query.granularity.unwrap_or(default);
    let length = if step == Step::Hour { HOUR } else { DAY };
    let top = query.top.map_or(10, |top| top.0);
    let mut tx = app.store.read().await?;
    let time = Days {
        start: start_of(length, since(&mut tx, time.start, now).await?),
        end: start_of(length, time.end.minus(Duration::from_nanos(1)))
            .plus(Duration::from_secs(length)),
    };
    let too_fine = || {
        let message = "'granularity' is too fine for this time: choose a coarser one.";
        ApiError::invalid("granularity", message)
    };
    let starts = step.starts(time, MAX_STEPS).ok_or_else(too_fine)?;
    let intervals = report::cover_days(&mut tx, time, now).await?;
    let grouping = Grouping::load(&mut tx, &asked, &intervals).await?;
    let page = (metric.order(), top, 0);
    let (groups, _) = grouping.groups(&mut tx, &asked, &intervals, page).await?;
    let ids: Vec<String> = groups.iter().map(|group| group.id.clone()).collect();
    let interval = (length, time.start.secs(), time.end.secs());
    let all = usage::by_step(&mut tx, None, &asked.selection, interval).await?;
    let parts = grouping.steps(&mut tx, &asked, &ids, interval).await?;
    let places: HashMap<Timestamp, usize> = starts
        .iter()
        .enumerate()
        .map(|(place, at)| (*at, place))
        .collect();
    let zeros = || vec![Used::default(); starts.len()];
    let add = |points: &mut Vec<Used>, at: Timestamp, used: Used| {
        let place = places.get(&step.start_of(at));
        if let Some(point) = place.and_then(|place| points.get_mut(*place)) {
            *point = point.plus(used);
        }
    };
    let mut total = zeros();
    for (at, _, used) in all {
        add(&mut total, at, used);
    }
    let mut by_group: HashMap<String, Vec<Used>> = HashMap::new();
    for (at, group, used) in parts {
        let points = by_group.entry(group).or_insert_with(zeros);
        add(points, at, used);
    }
    let points = |used: &[Used]| used.iter().map(|used| metric.of(used)).collect();
    let total: Vec<f64> = points(&total);
    let groups: Vec<GroupSeries> = groups
        .into_iter()
        .map(|group| GroupSeries {
            points: points(by_group.get(&group.id).unwrap_or(&zeros())),
            total: metric.of(&group.used),
            id: group.id,
            name: group.name,
            namespace: group.namespace,
        })
        .collect();
    let others = (asked.group_by != GroupBy::Tag).then(|| {
        let known = |place: usize| {
            let parts = groups.iter().filter_map(|group| group.points.get(place));
            parts.sum::<f64>()
        };
        let rest = total.iter().enumerate();
        // Differences of floating-point numbers: what is left of nothing is nothing.
        rest.map(|(place, all)| match all - known(place) {
            rest if rest > all.abs() * 1e-9 => rest,
            _ => 0.0,
        })
        .collect()
    });
    Ok(Json(Series {
        object: "usage.series",
        metric,
        group_by: asked.group_by,
        start: time.start.to_rfc3339(),
        end: time.end.to_rfc3339(),
        steps: starts.into_iter().map(Timestamp::to_rfc3339).collect(),
        groups,
        others,
        total,
    }))
}

/// The start of a time; of all time the day on which anything was first used.
async fn since(tx: &mut Tx, start: Timestamp, now: Timestamp) -> Result<Timestamp, StoreError> {
    if start != Timestamp::EPOCH {
        return Ok(start);
    }
    Ok(usage::first_day(tx).await?.unwrap_or(now))
}
