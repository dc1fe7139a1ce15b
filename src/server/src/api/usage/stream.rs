//! `GET /v1/usage/stream?namespace=&granularity=30s`: server-sent events.

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::openapi::{parameters, refusals, words};
use crate::state::SharedApp;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::usage_feed::{self, INTERVALS, Interval, Listener};
use paddock_ledger::store::StoreError;
use paddock_ledger::store::costs::Reach;
use paddock_ledger::store::usage_feed::BookedUsage;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use utoipa::{IntoParams, ToSchema};

/// A comment is sent so often where nothing else is.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A stream ends after so long; the client resumes it, and shows its key anew.
const LIFE: Duration = Duration::from_secs(15 * 60);
/// How far back a stream can be resumed, in intervals.
const MOST_RESUMED: u64 = 1_000;

/// How fine.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Granularity {
    /// How much time an event is about; `30s` where none is named.
    #[param(value_type = Option<words::Interval>, inline)]
    granularity: Option<String>,
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
/// Streams what is booked, one event a key, model and interval: to the operator of everything, to
/// an admin of its organization, to every other key of its own namespace. An event's id is the end
/// of its interval and its number in it; `Last-Event-ID` goes on behind it.
#[utoipa::path(
    get, path = "/v1/usage/stream", tag = "usage", operation_id = "stream_usage",
    params(
        parameters::Reach,
        Granularity,
        ("Last-Event-ID" = Option<String>, Header, description = "The last event's id: the stream goes on behind it."),
    ),
    responses(
        (status = 200, description = "Server-sent events: one a key, model and interval, each a `UsageEvent` as JSON. Comments in between say that the stream lives.", body = Row, content_type = "text/event-stream"),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    headers: HeaderMap,
    mut query: Parameters,
) -> Result<impl IntoResponse, ApiError> {
    let (namespace, organization) = (query.take("namespace"), query.take("organization"));
    let (organization, namespace) = crate::api::audit::reach(&caller, namespace, organization)?;
    let seconds = granularity(query.take("granularity").as_deref().unwrap_or("30s"))?;
    query.finish()?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last = last.and_then(EventId::read);
    let Some(listener) = app.usage_feed.listen(seconds, app.now()) else {
        return Err(ApiError::stopping());
    };
    let reach = Reach {
        organization,
        namespace,
    };
    let view = View {
        reach,
        seconds,
        last,
    };
    let events = events(app, view, listener).take_until(tokio::time::sleep(LIFE));
    Ok(Sse::new(events.boxed()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// `30s`, `5m` or `1h`, in seconds.
fn granularity(text: &str) -> Result<u64, ApiError> {
    let unit = match text.chars().last() {
        Some('s') => Some(1),
        Some('m') => Some(60),
        Some('h') => Some(3_600),
        _ => None,
    };
    let number = text.get(..text.len().saturating_sub(1));
    let number: Option<u64> = number.and_then(|number| number.parse().ok());
    let seconds = unit
        .zip(number)
        .map(|(unit, number)| number.saturating_mul(unit));
    seconds
        .filter(|seconds| INTERVALS.contains(seconds))
        .ok_or_else(|| {
            let message = "'granularity' must be 1s, 5s, 10s, 15s, 30s, 1m, 5m, 15m or 1h.";
            ApiError::invalid("granularity", message)
        })
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
    /// The next interval; `None` where the service stops, or this client was too slow.
    async fn next(&mut self) -> Result<Option<Arc<Interval>>, StoreError> {
        if self.at < self.listener.from {
            let end = self.at.plus(Duration::from_secs(self.view.seconds));
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
        assert_eq!(granularity("30s").unwrap(), 30);
        assert_eq!(granularity("5m").unwrap(), 300);
        assert_eq!(granularity("60s").unwrap(), granularity("1m").unwrap());
        for bad in ["", "s", "7s", "-1s", "1d", "30", "é"] {
            assert!(granularity(bad).is_err(), "{bad}");
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
