//! `GET /v1/audit`: a page, or the whole as a stream.

use super::cursor::Cursor;
use super::entry::{AuditEntry, CONTRACT, MORE};
use super::export::{Export, Format, Wish};
use super::per_key::PerKey;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::period::{Edge, moment};
use crate::http::query::Parameters;
use crate::openapi::{parameters, refusals, words};
use crate::state::SharedApp;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::period::{HOUR, start_of};
use paddock_ledger::store::audit::SegmentFilter;
use paddock_ledger::store::costs::Reach;
use paddock_ledger::store::{StoreError, stored};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// How far back is told where nobody says.
const DEFAULT_DAYS: u64 = 90;

/// Which entries, and what of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Wanted {
    /// From when on: a UTC day, or a moment in RFC 3339; 90 days back where none is named.
    #[param(value_type = Option<words::Moment>, inline)]
    start_date: Option<String>,
    /// Until when: a UTC day, which belongs to it, or a moment in RFC 3339; now where none is named.
    #[param(value_type = Option<words::Moment>, inline)]
    end_date: Option<String>,
    /// Only this action, such as `model.call` or `key.create`; where it ends in a dot, all that begin
    /// with it.
    #[param(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    action: Option<String>,
    /// Oldest first where nothing is named.
    #[param(value_type = Option<words::Order>, inline)]
    order: Option<String>,
    /// JSON where nothing is named. A CSV has no pages.
    #[param(value_type = Option<words::AuditFormat>, inline)]
    format: Option<String>,
    /// The fields that are told, in this order, with commas between; all where none are named.
    #[param(
        pattern = "^([a-z_]+(,[a-z_]+)*)?$",
        example = "timestamp,action,cost_usd"
    )]
    fields: Option<String>,
    /// Whether costs are told; they are where nothing is said.
    include_cost: Option<bool>,
    /// `per_key` tells the sums of each key's calls, without `action`, `limit` and `cursor`.
    #[param(value_type = Option<words::Aggregation>, inline)]
    aggregation: Option<String>,
    /// Rows of the page; without it, the whole as a stream.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]*$")]
    cursor: Option<String>,
}

/// A page of the audit.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the shape alone is looked at: entries are written one by one"
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
/// Answers the operator about everything, admins about their organization, and every other key
/// about its own namespace. Oldest first, or newest first with `order=desc`. Without `limit` it is
/// the whole, as a stream.
#[utoipa::path(
    get, path = "/v1/audit", tag = "audit", operation_id = "list_audit",
    params(parameters::Reach, Wanted),
    responses(
        (status = 200, description = "A page, or the whole as a stream.", content((AuditList = "application/json"), (String = "text/csv"))),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Response, ApiError> {
    let (organization, namespace) =
        super::reach(&caller, query.take("namespace"), query.take("organization"))?;
    let now = app.now();
    let (from, until) = period(&mut query, now)?;
    let action = query.take("action");
    let aggregation = query.take("aggregation");
    let wish = Wish {
        scope: SegmentFilter {
            organization,
            namespace,
            kind: action.as_deref().map(Wish::kind),
            from: start_of(HOUR, from),
            until,
            descending: word(&mut query, "order", &["asc", "desc"])? == "desc",
        },
        from: stored(from.nanos()),
        until: stored(until.nanos()),
        action,
        format: match word(&mut query, "format", &["json", "csv"])? {
            "csv" => Format::Csv,
            _ => Format::Json,
        },
        fields: Vec::new(),
        limit: query.has("limit").then(|| query.take_limit()).transpose()?,
        cursor: cursor(&mut query)?,
    };
    let include_cost = word(&mut query, "include_cost", &["true", "false"])? == "true";
    let fields = fields(&mut query, wish.format, include_cost)?;
    query.finish()?;
    if wish.format == Format::Csv && wish.limit.is_some() {
        let message = "A CSV has no pages: leave 'limit' out, or ask for format=json.";
        return Err(ApiError::invalid("limit", message));
    }
    let format = wish.format;
    if let Some(aggregation) = aggregation {
        let reach = Reach {
            organization: wish.scope.organization,
            namespace: wish.scope.namespace,
        };
        let is_plain = wish.action.is_none() && wish.limit.is_none() && wish.cursor.is_none();
        if aggregation != "per_key" || !is_plain {
            let message = "'aggregation' must be per_key: the sums of each key's calls, without \
                           'action', 'limit' and 'cursor'.";
            return Err(ApiError::invalid("aggregation", message));
        }
        let mut sums = PerKey::new(app, reach, (from, until), format, include_cost);
        let first = sums.next().await?;
        let rest = stream::try_unfold(sums, |mut sums| async move {
            let piece = sums.next().await.inspect_err(broke_off)?;
            Ok::<_, StoreError>(piece.map(|piece| (piece, sums)))
        });
        let body = Body::from_stream(stream::iter(first.map(Ok)).chain(rest));
        return Ok(answer(format, body));
    }
    let mut export = Export::new(app, Wish { fields, ..wish });
    // The first piece before the answer begins: a database that is away is told as an error.
    let first = export.next().await?;
    let rest = stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await.inspect_err(broke_off)?;
        Ok::<_, StoreError>(piece.map(|piece| (piece, export)))
    });
    let body = Body::from_stream(stream::iter(first.map(Ok)).chain(rest));
    Ok(answer(format, body))
}

fn broke_off(error: &StoreError) {
    tracing::error!(%error, "an export of the audit broke off");
}

fn answer(format: Format, body: Body) -> Response {
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

/// From `start_date` to `end_date`: 90 days up to its end where no start is named.
fn period(query: &mut Parameters, now: Timestamp) -> Result<(Timestamp, Timestamp), ApiError> {
    let until = moment(query, "end_date", Edge::End)?;
    let from = moment(query, "start_date", Edge::Start)?;
    let back = Duration::from_secs(DEFAULT_DAYS.saturating_mul(86_400));
    let from = from.unwrap_or_else(|| {
        let nanos = u64::try_from(back.as_nanos()).unwrap_or(0);
        Timestamp::from_nanos(until.unwrap_or(now).nanos().saturating_sub(nanos))
    });
    // What is recorded while this is read, and by clocks ahead of this one, belongs to it.
    let until = until.unwrap_or_else(|| now.plus(Duration::from_secs(HOUR)));
    if from >= until {
        let message = "'end_date' must be after 'start_date'.";
        return Err(ApiError::invalid("end_date", message));
    }
    Ok((from, until))
}

/// One of a few words, the first of them where none was sent.
fn word(
    query: &mut Parameters,
    name: &str,
    words: &[&'static str],
) -> Result<&'static str, ApiError> {
    let sent = query.take(name);
    let found = match &sent {
        None => words.first(),
        Some(sent) => words.iter().find(|word| *word == sent),
    };
    found
        .copied()
        .ok_or_else(|| ApiError::invalid(name, format!("'{name}' must be {}.", words.join(" or "))))
}

fn cursor(query: &mut Parameters) -> Result<Option<Cursor>, ApiError> {
    let Some(text) = query.take("cursor") else {
        return Ok(None);
    };
    let message = "'cursor' must be a 'next_cursor' that was answered.";
    let cursor = Cursor::read(&text).ok_or_else(|| ApiError::invalid("cursor", message))?;
    Ok(Some(cursor))
}

/// Those chosen, in their order; otherwise those of the contract, and in JSON all others too.
fn fields(
    query: &mut Parameters,
    format: Format,
    include_cost: bool,
) -> Result<Vec<&'static str>, ApiError> {
    let known: Vec<&'static str> = CONTRACT.into_iter().chain(MORE).collect();
    let mut fields = match query.take("fields") {
        None if format == Format::Csv => CONTRACT.to_vec(),
        None => known,
        Some(chosen) => {
            let mut fields = Vec::new();
            for name in chosen
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
            {
                let Some(field) = known.iter().find(|field| **field == name) else {
                    let message = format!(
                        "'fields' names '{name}', which is none of {}.",
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
