//! `GET /v1/usage/table?group_by=&sort=&format=json|csv|focus`: what groups used in a time, one row a group.

use super::focus;
use super::groups::{Group, Grouping, page, sort};
use super::selection::{Asked, GroupBy, time};
use crate::api::csv_text;
use crate::api::prelude::*;
use crate::http::period::{CostPeriod, DayOrMoment};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use paddock_core::money::Money;
use paddock_core::wire::CapPeriod;
use paddock_ledger::model::calendar::Calendar;
use paddock_ledger::rules::context::spent_of_namespaces;
use paddock_ledger::rules::report;
use paddock_ledger::store::costs::Days;
use paddock_ledger::store::usage::{self, Order, Selection, Used};
use paddock_ledger::store::{StoreError, Tx, namespaces};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::IntoParams;

/// Most rows of a CSV.
const CSV_ROWS: u64 = 100_000;

/// Which usage, and how it is grouped.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetTable {
    /// `namespace` by default.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// With `group_by=tag`: only labels of this name; groups are their values.
    tag_key: Option<String>,
    /// `current_month`, `previous_month`, `all`, or the last days, today included: `30d` by default.
    #[param(inline)]
    period: Option<CostPeriod>,
    /// The first UTC day or moment.
    #[param(inline)]
    start_date: Option<DayOrMoment>,
    /// The last UTC day, inclusive, or a moment; now by default.
    #[param(inline)]
    end_date: Option<DayOrMoment>,
    /// `cost` (the default), `requests` or `tokens`, most first, or `name`.
    #[param(inline)]
    sort: Option<Sort>,
    /// Rows of the page; 100 by default. A CSV has all.
    #[param(inline)]
    limit: Option<PageSize>,
    /// Rows to leave out first; none by default.
    #[param(inline)]
    offset: Option<QueryNumber<0, 1_000_000>>,
    /// `json` by default.
    #[param(inline)]
    format: Option<Format>,
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only this organization: the caller's own; any, for the operator.
    organization: Option<String>,
    /// Only this key, by its id.
    key: Option<String>,
    /// Only this model.
    model: Option<String>,
}

/// Which rows come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// What cost most.
    Cost,
    /// What has most requests.
    Requests,
    /// What has most tokens.
    Tokens,
    /// By name.
    Name,
}

/// How the table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// JSON.
    Json,
    /// Comma-separated values.
    Csv,
    /// Comma-separated values in the columns of FOCUS 1.2: what each namespace was charged for each model on
    /// each UTC day, by the tags of that time.
    Focus,
}

/// What groups used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageTable)]
pub struct Table {
    /// Always `usage.table`.
    object: &'static str,
    /// The groups.
    group_by: GroupBy,
    /// The first moment it covers.
    #[schema(format = DateTime)]
    start: String,
    /// The first moment after it.
    #[schema(format = DateTime)]
    end: String,
    /// The rows of the page.
    data: Vec<Row>,
    /// How many groups there are.
    groups: u64,
    /// Whether there are more behind this page.
    has_more: bool,
    /// All groups together, and those on other pages.
    total: UsedView,
    /// US dollars in as much time right before.
    previous_cost_usd: f64,
}

/// What a group used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageRow)]
struct Row {
    /// The group's id: a name, or the id of a key.
    id: String,
    /// What people call it.
    name: String,
    /// The namespace of a key.
    namespace: Option<String>,
    /// The organization of a namespace or a key.
    organization: Option<String>,
    #[serde(flatten)]
    used: UsedView,
    /// US dollars in as much time right before.
    previous_cost_usd: f64,
    /// Of a namespace: its own hard cap of a month in US dollars; `null` if it has none.
    monthly_quota_usd: Option<f64>,
    /// Of a namespace: US dollars spent this UTC month.
    month_spent_usd: Option<f64>,
    /// Of a namespace: US dollars by the end of the month, at this month's rate so far.
    projected_month_usd: Option<f64>,
}

/// Sums.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageSums)]
struct UsedView {
    /// Requests.
    requests: u64,
    /// Prompt tokens that came from no cache; 0 of users and tags, whose kinds of tokens are not known.
    input_tokens: u64,
    /// Prompt tokens read from a cache.
    cached_input_tokens: u64,
    /// Prompt tokens written to a cache.
    cache_write_tokens: u64,
    /// Tokens of answers.
    output_tokens: u64,
    /// Those of them that were reasoning.
    reasoning_tokens: u64,
    /// Tokens of prompts and answers.
    tokens: u64,
    /// US dollars.
    cost_usd: f64,
}

impl From<Used> for UsedView {
    fn from(used: Used) -> UsedView {
        UsedView {
            requests: used.requests,
            input_tokens: used.input_tokens,
            cached_input_tokens: used.cached_input_tokens,
            cache_write_tokens: used.cache_write_tokens,
            output_tokens: used.output_tokens,
            reasoning_tokens: used.reasoning_tokens,
            tokens: used.tokens,
            cost_usd: used.cost.to_dollars(),
        }
    }
}

/// Shows what groups used in a time
///
/// To the operator about everything, to an admin about its organization, to every other key about its own
/// namespace. Namespaces that used nothing are there too. As CSV, all rows.
#[utoipa::path(
    get, path = "/v1/usage/table", tag = "usage", operation_id = "get_usage_table",
    params(GetTable),
    responses(
        (status = 200, description = "One row a group.", content((Table = "application/json"), (String = "text/csv"))),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<GetTable>,
) -> Result<Response, ApiError> {
    let now = app.now();
    let asked = Asked {
        group_by: query.group_by.unwrap_or(GroupBy::Namespace),
        tag_key: query.tag_key,
        selection: Selection {
            reach: caller.reach(query.namespace, query.organization)?,
            key: query.key,
            model: query.model,
        },
        time: time(query.period, query.start_date, query.end_date, now)?,
    };
    asked.check()?;
    if query.format == Some(Format::Focus) {
        let has_groups = query.group_by.is_some() || query.sort.is_some();
        if has_groups || query.limit.is_some() || query.offset.is_some() {
            let message = "FOCUS has rows and an order of its own: leave 'group_by', 'sort', 'limit' and \
                           'offset' out.";
            return Err(ApiError::invalid("format", message));
        }
        let mut tx = app.store.read().await?;
        return focus::export(&mut tx, &asked).await;
    }
    let is_csv = query.format == Some(Format::Csv);
    if is_csv && (query.limit.is_some() || query.offset.is_some()) {
        let message = "A CSV has no pages: leave 'limit' and 'offset' out.";
        return Err(ApiError::invalid("limit", message));
    }
    let limit = match is_csv {
        true => CSV_ROWS,
        false => query.limit.unwrap_or_default().rows(),
    };
    let offset = query.offset.map_or(0, |offset| offset.0);
    let order = match query.sort.unwrap_or(Sort::Cost) {
        Sort::Cost => Order::Cost,
        Sort::Requests => Order::Requests,
        Sort::Tokens => Order::Tokens,
        Sort::Name => Order::Name,
    };
    let mut tx = app.store.read().await?;
    let intervals = report::cover_days(&mut tx, asked.time, now).await?;
    let grouping = Grouping::load(&mut tx, &asked, &intervals).await?;
    let (groups, all, quotas) = match asked.group_by {
        GroupBy::Namespace => {
            let page = (order, CSV_ROWS, 0);
            let (found, _) = grouping.groups(&mut tx, &asked, &intervals, page).await?;
            with_idle(&mut tx, &asked, found, (order, limit, offset)).await?
        }
        _ => {
            let page = (order, limit, offset);
            let (found, all) = grouping.groups(&mut tx, &asked, &intervals, page).await?;
            (found, all, BTreeMap::new())
        }
    };
    let total = usage::total(&mut tx, &asked.selection, &intervals).await?;
    let before = before(asked.time);
    let pieces = report::cover_days(&mut tx, before, now).await?;
    let total_before = usage::total(&mut tx, &asked.selection, &pieces).await?;
    let ids: Vec<String> = groups.iter().map(|group| group.id.clone()).collect();
    // As many values as one statement can have.
    let asked_before: &[String] = if ids.len() > 10_000 { &[] } else { &ids };
    let earlier = grouping
        .used(&mut tx, &asked, asked_before, &pieces)
        .await?;
    let months = match asked.group_by {
        GroupBy::Namespace => {
            let names: Vec<&str> = ids.iter().map(String::as_str).collect();
            spent_of_namespaces(&mut tx, &names, now).await?
        }
        _ => BTreeMap::new(),
    };
    let window = Calendar::default().window(CapPeriod::Monthly, now);
    let row = |group: Group| {
        let spent = months.get(&group.id).copied();
        let earlier = earlier.get(&group.id).copied().unwrap_or_default();
        Row {
            monthly_quota_usd: quotas.get(&group.id).copied().map(Money::to_dollars),
            month_spent_usd: spent.map(Money::to_dollars),
            projected_month_usd: spent.map(|spent| report::projected(spent, &window, now)),
            id: group.id,
            name: group.name,
            namespace: group.namespace,
            organization: group.organization,
            used: group.used.into(),
            previous_cost_usd: earlier.cost.to_dollars(),
        }
    };
    let data: Vec<Row> = groups.into_iter().map(row).collect();
    if is_csv {
        return Ok(csv(&data));
    }
    let shown = offset.saturating_add(u64::try_from(data.len()).unwrap_or(0));
    let table = Table {
        object: "usage.table",
        group_by: asked.group_by,
        start: asked.time.start.to_rfc3339(),
        end: asked.time.end.to_rfc3339(),
        has_more: shown < all,
        data,
        groups: all,
        total: total.into(),
        previous_cost_usd: total_before.cost.to_dollars(),
    };
    Ok(Json(table).into_response())
}

/// As much time right before.
fn before(time: Days) -> Days {
    let length = time.end.since(time.start);
    Days {
        start: time.start.minus(length),
        end: time.start,
    }
}

/// The namespaces that used something and those that did not, a page of all; and their monthly quotas.
async fn with_idle(
    tx: &mut Tx,
    asked: &Asked,
    found: Vec<Group>,
    (order, limit, offset): (Order, u64, u64),
) -> Result<(Vec<Group>, u64, BTreeMap<String, Money>), StoreError> {
    let reach = &asked.selection.reach;
    let organization = reach.organization.as_deref();
    let all = match &reach.namespace {
        Some(name) => namespaces::find(tx, name).await?.into_iter().collect(),
        None => namespaces::list(tx, organization, "", CSV_ROWS).await?,
    };
    let mut groups: BTreeMap<String, Group> = found
        .into_iter()
        .map(|group| (group.id.clone(), group))
        .collect();
    let mut quotas = BTreeMap::new();
    let is_narrowed = asked.selection.key.is_some() || asked.selection.model.is_some();
    for namespace in all {
        if let Some(quota) = namespace.limits.monthly_quota {
            quotas.insert(namespace.name.clone(), quota);
        }
        let is_ours = organization.is_none_or(|name| namespace.organization == name);
        if !is_narrowed && is_ours {
            let name = namespace.name.clone();
            groups.entry(name.clone()).or_insert_with(|| Group {
                id: name.clone(),
                name,
                namespace: None,
                organization: Some(namespace.organization),
                used: Used::default(),
            });
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    sort(&mut groups, order);
    let all = u64::try_from(groups.len()).unwrap_or(u64::MAX);
    Ok((page(groups, limit, offset), all, quotas))
}

/// The columns of a CSV.
const COLUMNS: [&str; 16] = [
    "id",
    "name",
    "namespace",
    "organization",
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "tokens",
    "cost_usd",
    "previous_cost_usd",
    "monthly_quota_usd",
    "month_spent_usd",
    "projected_month_usd",
];

fn csv(rows: &[Row]) -> Response {
    let head = COLUMNS.map(str::to_owned).to_vec();
    let rows = rows.iter().map(|row| {
        let row = serde_json::to_value(row).unwrap_or_default();
        let cell = |name: &str| csv_text::cell(row.get(name).unwrap_or(&Value::Null));
        COLUMNS.iter().map(|name| cell(name)).collect()
    });
    let text = csv_text::rows(std::iter::once(head).chain(rows)).unwrap_or_default();
    let kind = "text/csv; charset=utf-8; header=present";
    let name = "attachment; filename=\"usage.csv\"";
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, name),
    ];
    (headers, text).into_response()
}
