//! `GET /v1/requests`: the newest calls first.

use super::view::{RequestView, only_key};
use crate::api::audit::names::Names;
use crate::api::prelude::*;
use crate::http::body::values::value;
use crate::http::period::DayOrMoment;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::ids;
use paddock_ledger::store::events::{self, Wanted};
use std::time::Duration;
use utoipa::IntoParams;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// How many calls are looked at for one page.
const LOOK: u64 = 20_000;

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRequests {
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only this organization: the caller's own; any, for the operator.
    organization: Option<String>,
    /// Only this key, by its id.
    key: Option<String>,
    /// Only this model, as it served or as it was asked for.
    model: Option<String>,
    /// Only this end user.
    user: Option<String>,
    /// Only calls that ended so.
    #[param(inline)]
    outcome: Option<OutcomeFilter>,
    /// Only calls refused with this code, such as `budget_exceeded`.
    code: Option<String>,
    /// Only this HTTP status.
    #[param(inline)]
    status: Option<QueryNumber<0, 999>>,
    /// Only this request, by its id at the gateway.
    request_id: Option<String>,
    /// Only calls that cost at least so many US dollars.
    #[param(inline)]
    min_cost_usd: Option<LeastCost>,
    /// The first UTC day or moment; the beginning of the ledger by default.
    #[param(inline)]
    start_date: Option<DayOrMoment>,
    /// The last UTC day, inclusive, or a moment; now by default.
    #[param(inline)]
    end_date: Option<DayOrMoment>,
    /// Rows of the page; 100 by default.
    #[param(inline)]
    limit: Option<PageSize>,
    /// The `next_cursor` of the page before.
    #[param(inline)]
    cursor: Option<EventId>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OutcomeFilter {
    /// The answer was complete.
    Complete,
    /// It broke off.
    Truncated,
    /// The upstream failed.
    UpstreamError,
    /// It was refused and never served.
    Refused,
}

impl OutcomeFilter {
    const fn name(self) -> &'static str {
        match self {
            OutcomeFilter::Complete => "complete",
            OutcomeFilter::Truncated => "truncated",
            OutcomeFilter::UpstreamError => "upstream_error",
            OutcomeFilter::Refused => "refused",
        }
    }
}

/// US dollars in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastCost(Money);

value!(
    LeastCost,
    "a number of dollars from 0 to 1000000",
    |value| {
        let dollars = value.as_str()?.parse::<f64>().ok()?;
        let dollars = (0.0..=1e6).contains(&dollars).then_some(dollars)?;
        Money::from_dollars(dollars).map(LeastCost)
    },
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0.0))
        .maximum(Some(1e6))
);

/// The id of a call: a UUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventId(String);

value!(
    EventId,
    "the 'next_cursor' of another page",
    |value| {
        let text = value.as_str()?;
        let is_id = text.len() == 36
            && text
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        is_id.then(|| EventId(text.to_owned()))
    },
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^([0-9a-f-]{36})?$"))
);

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestList {
    /// Always `list`.
    object: &'static str,
    /// The calls, the newest first.
    data: Vec<RequestView>,
    /// Whether there may be more: a page looks at 20,000 calls at most, so it can have fewer rows than its
    /// limit, or none, and another page still have some.
    has_more: bool,
    /// `cursor` for the next page.
    next_cursor: Option<String>,
}

/// Lists calls of models
///
/// The newest first. To the operator all, to an admin its organization's, to a key that may call models its
/// own, to any other key its namespace's.
#[utoipa::path(
    get, path = "/v1/requests", tag = "audit", operation_id = "list_requests",
    params(ListRequests),
    responses(
        (status = 200, description = "A page.", body = RequestList),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<ListRequests>,
) -> Result<Json<RequestList>, ApiError> {
    let reach = caller.reach(query.namespace, query.organization)?;
    let own = only_key(&caller).map(str::to_owned);
    if let (Some(own), Some(asked)) = (&own, &query.key)
        && own != asked
    {
        return Err(ApiError::not_found("key", asked));
    }
    // Clocks of gateways may be ahead.
    let until = query.end_date.map(DayOrMoment::end);
    let until = until.unwrap_or_else(|| app.now().plus(Duration::from_secs(86_400)));
    let from = query
        .start_date
        .map_or(Timestamp::EPOCH, DayOrMoment::start);
    let before = ids::first_event_id(until);
    let wanted = Wanted {
        organization: reach.organization,
        namespace: reach.namespace,
        key: own.or(query.key),
        model: query.model,
        user: query.user,
        outcome: query.outcome.map(|outcome| outcome.name().to_owned()),
        code: query.code,
        status: query.status.map(|status| status.0),
        request_id: query.request_id,
        least_cost: query.min_cost_usd.map(|cost| cost.0),
        first_id: ids::first_event_id(from),
        before_id: match query.cursor {
            Some(EventId(cursor)) => cursor.min(before),
            None => before,
        },
    };
    let limit = query.limit.unwrap_or_default().rows();
    let _turn = app.pages.acquire().await;
    let mut tx = app.store.read().await?;
    let found = events::search(&mut tx, &wanted, (limit, LOOK)).await?;
    let mut names = Names::default();
    let keys = found.events.iter().map(|row| row.key_id.as_str());
    names.load(&mut tx, keys).await?;
    let rows = found.events.iter();
    Ok(Json(RequestList {
        object: "list",
        data: rows.map(|row| RequestView::new(row, &names)).collect(),
        has_more: found.next.is_some(),
        next_cursor: found.next,
    }))
}
