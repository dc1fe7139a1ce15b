//! `GET /v1/usage/stream?namespace=&granularity=30s`: server-sent events.

use crate::api::prelude::*;
use crate::http::body::values::value;
use crate::http::places;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::usage_feed::{self, INTERVALS, Interval, Listener};
use paddock_ledger::store::StoreError;
use paddock_ledger::store::costs::Reach;
use paddock_ledger::store::usage_feed::BookedUsage;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// How often a comment is sent if nothing else is.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a stream lasts; the client resumes it, and sends its key again.
const LIFE: Duration = Duration::from_secs(15 * 60);
/// How long a resumed stream waits for a transaction that is held up.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How far back a stream can be resumed, in intervals.
const MOST_RESUMED: u64 = 1_000;

/// Whose usage, and how fine.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamUsage {
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only this organization: the caller's own; any, for the operator.
    organization: Option<String>,
    /// The interval that an event is about; `30s` by default.
    #[param(inline)]
    granularity: Option<Granularity>,
}

/// The interval of an event, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Granularity(u64);

value!(
    Granularity,
    "1s, 5s, 10s, 15s, 30s, 1m, 5m, 15m or 1h",
    |value| Granularity::parse(value.as_str()?),
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([
            "1s", "5s", "10s", "15s", "30s", "1m", "5m", "15m", "1h"
        ]))
);

impl Default for Granularity {
    fn default() -> Granularity {
        Granularity(30)
    }
}

impl Granularity {
    fn parse(text: &str) -> Option<Granularity> {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit: u64 = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return None,
        };
        let seconds = unit.checked_mul(number.parse().ok()?)?;
        INTERVALS.contains(&seconds).then_some(Granularity(seconds))
    }
}

/// What one key used of one model in one interval.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageEvent)]
pub struct Row<'a> {
    /// The first moment of the interval.
    #[schema(format = DateTime)]
    timestamp: String,
    /// Seconds of the interval.
    interval_seconds: u64,
    /// The namespace's name.
    namespace: &'a str,
    /// The key's id.
    key_id: &'a str,
    /// The key's name.
    key_name: &'a str,
    /// The model.
    model: &'a str,
    /// Requests.
    requests: u64,
    /// Tokens, input and output.
    total_tokens: u64,
    /// US dollars.
    cost_usd: f64,
}

/// Streams usage as it is booked
///
/// One event for each key, model and interval: to the operator about everything, to an admin about its
/// organization, to every other key about its own namespace. An event's id is the end of its interval and
/// its number in it. To resume behind an event, send its id as `Last-Event-ID`.
#[utoipa::path(
    get, path = "/v1/usage/stream", tag = "usage", operation_id = "stream_usage",
    params(
        StreamUsage,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event: the stream resumes behind it."),
    ),
    responses(
        (status = 200, description = "Server-sent events: one for each key, model and interval, each a `UsageEvent` as JSON. Comments in between show that the stream is alive.", body = Row, content_type = "text/event-stream"),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<StreamUsage>,
) -> Result<impl IntoResponse, ApiError> {
    let reach = caller.reach(query.namespace, query.organization)?;
    let open = places::stream(&app, &caller)?;
    let Granularity(seconds) = query.granularity.unwrap_or_default();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last = last.and_then(EventId::read);
    let Some(listener) = app.usage_feed.listen(seconds, app.now()) else {
        return Err(ApiError::stopping());
    };
    let view = View {
        reach,
        seconds,
        last,
    };
    let events = events(app, view, listener).take_until(tokio::time::sleep(LIFE));
    let events = events.inspect(move |_| {
        // It keeps its place as long as it lasts.
        let _ = &open;
    });
    Ok(Sse::new(events.boxed()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// `END-NUMBER`: the end of an interval in seconds since 1970, and the event's number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EventId {
    end: u64,
    number: usize,
}

impl EventId {
    fn read(text: &str) -> Option<EventId> {
        let (end, number) = text.split_once('-')?;
        let (end, number) = (end.parse().ok()?, number.parse().ok()?);
        Some(EventId { end, number })
    }
}

/// What a client asked for.
#[derive(Clone, Debug)]
struct View {
    reach: Reach,
    seconds: u64,
    last: Option<EventId>,
}

impl View {
    fn is_seen(&self, booked: &BookedUsage) -> bool {
        let matches =
            |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        matches(&self.reach.organization, &booked.organization)
            && matches(&self.reach.namespace, &booked.namespace)
    }

    /// The events of an interval, without those a resuming client has.
    fn events(&self, interval: &Interval) -> VecDeque<Event> {
        let end = interval.end.secs();
        let had = match self.last {
            Some(last) if last.end > end => return VecDeque::new(),
            Some(last) if last.end == end => last.number,
            _ => 0,
        };
        let seen = interval.booked.iter().filter(|booked| self.is_seen(booked));
        let event = |(index, booked): (usize, &BookedUsage)| {
            let number = index.saturating_add(1);
            let row = Row {
                timestamp: interval.start.to_rfc3339(),
                interval_seconds: self.seconds,
                namespace: &booked.namespace,
                key_id: &booked.key,
                key_name: &booked.key_name,
                model: &booked.model,
                requests: booked.sums.requests,
                total_tokens: booked.sums.tokens,
                cost_usd: booked.sums.cost.to_dollars(),
            };
            // Names and numbers cannot fail to serialize.
            let data = serde_json::to_string(&row).unwrap_or_default();
            (number > had).then(|| Event::default().id(format!("{end}-{number}")).data(data))
        };
        seen.enumerate().filter_map(event).collect()
    }

    /// The start of the first interval a resuming client has not had whole.
    fn resume_at(&self, from: Timestamp) -> Timestamp {
        let Some(last) = self.last else {
            return from;
        };
        let start = last.end.saturating_sub(self.seconds);
        let start = start.saturating_sub(start.checked_rem(self.seconds).unwrap_or(0));
        let furthest = self.seconds.saturating_mul(MOST_RESUMED);
        let start = start.max(from.secs().saturating_sub(furthest));
        Timestamp::from_secs(start).min(from)
    }
}

struct Streaming {
    app: SharedApp,
    view: View,
    listener: Listener,
    at: Timestamp,
    ready: VecDeque<Event>,
}

/// First what a resuming client missed, then what comes.
fn events(
    app: SharedApp,
    view: View,
    listener: Listener,
) -> impl Stream<Item = Result<Event, StoreError>> {
    let streaming = Streaming {
        app,
        at: view.resume_at(listener.from),
        ready: VecDeque::from([Event::default().comment("usage")]),
        view,
        listener,
    };
    stream::try_unfold(streaming, |mut streaming| async move {
        loop {
            if let Some(event) = streaming.ready.pop_front() {
                return Ok(Some((event, streaming)));
            }
            let Some(interval) = streaming.next().await? else {
                return Ok(None);
            };
            streaming.ready = streaming.view.events(&interval);
        }
    })
}

impl Streaming {
    /// The next interval; `None` if the service stops, or this client was too slow.
    async fn next(&mut self) -> Result<Option<Arc<Interval>>, StoreError> {
        if self.at < self.listener.from {
            let end = self.at.plus(Duration::from_secs(self.view.seconds));
            while !usage_feed::is_over(&self.app.store, self.at, end, self.app.now()).await? {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            let organization = self.view.reach.organization.as_deref();
            let interval = usage_feed::read(&self.app.store, organization, self.at, end).await?;
            self.at = end;
            return Ok(Some(Arc::new(interval)));
        }
        match self.listener.intervals.recv().await {
            Ok(interval) => Ok(Some(interval)),
            Err(RecvError::Closed | RecvError::Lagged(_)) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn granularities_and_ids_are_read() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("60s", 60), ("1m", 60)] {
            assert_eq!(
                Granularity::parse(text),
                Some(Granularity(seconds)),
                "{text}"
            );
        }
        for bad in ["", "s", "7s", "-1s", "1d", "30", "é"] {
            assert_eq!(Granularity::parse(bad), None, "{bad}");
        }
        assert_eq!(EventId::read("90-2"), Some(EventId { end: 90, number: 2 }));
        assert_eq!(EventId::read("90"), None);
    }

    #[test]
    fn a_stream_resumes_with_the_interval_it_had_not_whole_and_not_too_far_back() {
        let view = |end: Option<u64>| View {
            reach: Reach::default(),
            seconds: 30,
            last: end.map(|end| EventId { end, number: 1 }),
        };
        let from = Timestamp::from_secs(900_000);
        assert_eq!(view(None).resume_at(from), from);
        assert_eq!(view(Some(899_970)).resume_at(from).secs(), 899_940);
        assert_eq!(view(Some(899_951)).resume_at(from).secs(), 899_910);
        assert_eq!(view(Some(u64::MAX)).resume_at(from), from);
        assert_eq!(view(Some(30)).resume_at(from).secs(), 870_000);
    }
}
