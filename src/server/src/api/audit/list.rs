//! `GET /v1/audit`: a page, or the whole as a stream.

use super::cursor::Cursor;
use super::entry::{AuditEntry, CONTRACT, MORE};
use super::export::{Export, Format, Wanted};
use super::per_key::PerKey;
use crate::api::prelude::*;
use crate::http::period::DayOrMoment;
use crate::http::places;
use crate::seats::Place;
use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::period::{HOUR, start_of};
use paddock_ledger::store::audit::SegmentFilter;
use paddock_ledger::store::{StoreError, stored};
use std::time::Duration;
use utoipa::IntoParams;

/// How far back the audit is listed by default.
const DEFAULT_PERIOD: Duration = Duration::from_secs(90 * 86_400);

/// Which entries, and what of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListAudit {
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only this organization: the caller's own; any, for the operator.
    organization: Option<String>,
    /// The first UTC day or moment; 90 days before the end by default.
    #[param(inline)]
    start_date: Option<DayOrMoment>,
    /// The last UTC day, inclusive, or a moment; now by default.
    #[param(inline)]
    end_date: Option<DayOrMoment>,
    /// Only this action, such as `model.call` or `key.create`; if it ends with a dot, all that begin with
    /// it.
    action: Option<String>,
    /// `asc` (oldest first) by default.
    #[param(inline)]
    order: Option<Order>,
    /// `json` by default. A CSV has no pages.
    #[param(inline)]
    format: Option<Format>,
    /// The fields, in this order, separated by commas; all by default.
    #[param(
        pattern = "^([a-z_]+(,[a-z_]+)*)?$",
        example = "timestamp,action,cost_usd"
    )]
    fields: Option<String>,
    /// Whether costs are included; true by default.
    include_cost: Option<bool>,
    /// `per_key` sums up the calls of each key, without `action`, `limit` and `cursor`.
    #[param(inline)]
    aggregation: Option<Aggregation>,
    /// Rows of the page; without it, the answer is the whole, as a stream.
    #[param(inline)]
    limit: Option<PageSize>,
    /// The `next_cursor` of the page before.
    #[param(inline)]
    cursor: Option<Cursor>,
}

/// Which entries come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// The oldest.
    Asc,
    /// The newest.
    Desc,
}

/// What is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Aggregation {
    /// The calls of each key.
    PerKey,
}

/// A page of the audit.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the answer, which is written entry by entry"
)]
pub struct AuditList {
    /// What this is.
    object: String,
    /// With `per_key`.
    #[schema(required = false, nullable = false)]
    aggregation: Option<String>,
    /// The entries.
    data: Vec<AuditEntry>,
    /// Whether there is another page.
    has_more: bool,
    /// `cursor` for the next page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// Lists model calls and changes
///
/// To the operator everything, to admins what is their organization's, to every other key what is its own
/// namespace's. Oldest first, or newest first with `order=desc`. Without `limit`, the answer is the whole,
/// as a stream.
#[utoipa::path(
    get, path = "/v1/audit", tag = "audit", operation_id = "list_audit",
    params(ListAudit),
    responses(
        (status = 200, description = "A page, or the whole as a stream.", content((AuditList = "application/json"), (String = "text/csv"))),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<ListAudit>,
) -> Result<Response, ApiError> {
    let reach = caller.reach(query.namespace, query.organization)?;
    let open = places::stream(&app, &caller)?;
    let (from, until) = period(query.start_date, query.end_date, app.now())?;
    let format = query.format.unwrap_or(Format::Json);
    let include_cost = query.include_cost.unwrap_or(true);
    let fields = fields(query.fields.as_deref(), format, include_cost)?;
    if format == Format::Csv && query.limit.is_some() {
        let message = "A CSV has no pages: leave 'limit' out, or ask for format=json.";
        return Err(ApiError::invalid("limit", message));
    }
    if let Some(Aggregation::PerKey) = query.aggregation {
        if query.action.is_some() || query.limit.is_some() || query.cursor.is_some() {
            let message = "'aggregation' sums up all calls of each key: leave 'action', 'limit' and \
                           'cursor' out.";
            return Err(ApiError::invalid("aggregation", message));
        }
        let mut sums = PerKey::new(app, reach, (from, until), format, include_cost);
        let first = sums.next().await?;
        let rest = stream::try_unfold(sums, |mut sums| async move {
            let piece = sums.next().await.inspect_err(broke_off)?;
            Ok::<_, StoreError>(piece.map(|piece| (piece, sums)))
        });
        return Ok(answer(
            open,
            format,
            stream::iter(first.map(Ok)).chain(rest),
        ));
    }
    let wanted = Wanted {
        scope: SegmentFilter {
            organization: reach.organization,
            namespace: reach.namespace,
            kind: query.action.as_deref().map(Wanted::kind),
            from: start_of(HOUR, from),
            until,
            descending: query.order == Some(Order::Desc),
        },
        from: stored(from.nanos()),
        until: stored(until.nanos()),
        action: query.action,
        format,
        fields,
        limit: query.limit.map(PageSize::rows),
        cursor: query.cursor,
    };
    let mut export = Export::new(app, wanted);
    // The first piece before the answer begins: a database that does not answer is an error then.
    let first = export.next().await?;
    let rest = stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await.inspect_err(broke_off)?;
        Ok::<_, StoreError>(piece.map(|piece| (piece, export)))
    });
    Ok(answer(
        open,
        format,
        stream::iter(first.map(Ok)).chain(rest),
    ))
}

fn broke_off(error: &StoreError) {
    tracing::error!(%error, "an export of the audit broke off");
}

fn answer(
    open: Place,
    format: Format,
    pieces: impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static,
) -> Response {
    let pieces = pieces.inspect_ok(move |_| {
        // It keeps its place as long as it lasts.
        let _ = &open;
    });
    let body = axum::body::Body::from_stream(pieces);
    match format {
        Format::Json => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Format::Csv => {
            let headers = [
                (
                    header::CONTENT_TYPE,
                    "text/csv; charset=utf-8; header=present",
                ),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"audit.csv\"",
                ),
            ];
            (headers, body).into_response()
        }
    }
}

/// From `start_date` to `end_date`, by default the 90 days up to its end.
fn period(
    start: Option<DayOrMoment>,
    end: Option<DayOrMoment>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), ApiError> {
    let until = end.map(DayOrMoment::end);
    let from = start.map(DayOrMoment::start).unwrap_or_else(|| {
        let back = u64::try_from(DEFAULT_PERIOD.as_nanos()).unwrap_or(0);
        Timestamp::from_nanos(until.unwrap_or(now).nanos().saturating_sub(back))
    });
    // What is recorded while this is read, and by clocks ahead of this one, belongs to it.
    let until = until.unwrap_or_else(|| now.plus(Duration::from_secs(HOUR)));
    if from >= until {
        let message = "'end_date' must be after 'start_date'.";
        return Err(ApiError::invalid("end_date", message));
    }
    Ok((from, until))
}

/// The chosen fields, in their order; by default the contract's, and in JSON all others too.
fn fields(
    chosen: Option<&str>,
    format: Format,
    include_cost: bool,
) -> Result<Vec<&'static str>, ApiError> {
    let known: Vec<&'static str> = CONTRACT.into_iter().chain(MORE).collect();
    let mut fields = match chosen {
        None if format == Format::Csv => CONTRACT.to_vec(),
        None => known,
        Some(chosen) => {
            let mut fields = Vec::new();
            let names = chosen.split(',').map(str::trim);
            for name in names.filter(|name| !name.is_empty()) {
                let Some(field) = known.iter().find(|field| **field == name) else {
                    let message = format!(
                        "'fields' has no field '{name}'. There are {}.",
                        known.join(", ")
                    );
                    return Err(ApiError::invalid("fields", message));
                };
                fields.push(*field);
            }
            fields
        }
    };
    fields.retain(|field| include_cost || *field != "cost_usd");
    Ok(fields)
}
