//! From a request and what it asks for to an answer.

use crate::behaviour::Behaviour;
use crate::compose::Composing;
use crate::endpoint::{Endpoint, Format};
use crate::pour::{TRAILER, pour};
use crate::record::{Answering, Seen};
use crate::request::Request;
use crate::server::Provider;
use crate::shapes::{error, openai};
use crate::text;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, TRAILER as TRAILER_NAMES};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use serde_json::Value;

const MODELS: [&str; 11] = [
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4o",
    "o1-preview",
    "o1-pro",
    "claude-sonnet-4.5",
    "gemini-2.5-flash",
    "gemini-embedding-001",
    "deepseek-v3.2",
    "text-embedding-3-small",
    "text-embedding-3-large",
];

/// A body to be sent, in the parts that its steering counts.
#[derive(Debug)]
pub struct Composed {
    /// Its `content-type`.
    pub kind: &'static str,
    /// Its events, or the whole of it.
    pub parts: Vec<Bytes>,
}

impl Composed {
    /// One JSON value.
    pub fn json(body: String) -> Self {
        Self {
            kind: "application/json",
            parts: vec![body.into()],
        }
    }
}

/// One request being answered.
struct Asked<'a> {
    provider: &'a Provider,
    behaviour: Behaviour,
    format: Format,
    number: u64,
    answering: Answering,
}

/// Answers a request whose body has arrived.
pub async fn answer(provider: &Provider, seen: Seen, answering: Answering) -> Response<Body> {
    let read = Behaviour::read(&seen.headers);
    let (method, uri, body) = (seen.method.clone(), seen.uri.clone(), seen.body.clone());
    let path = uri.path();
    let number = provider.record.keep(seen);
    let (behaviour, wrong) = match read {
        Ok(behaviour) => (behaviour, None),
        Err(message) => (Behaviour::default(), Some(message)),
    };
    if let Some(wait) = behaviour.latency.or(provider.latency()) {
        tokio::time::sleep(wait).await;
    }
    let asked = Asked {
        provider,
        behaviour,
        format: Format::of(path),
        number,
        answering,
    };
    if let Some(message) = wrong {
        return asked.refuse(StatusCode::BAD_REQUEST, &message);
    }
    if let Some(status) = asked.failure() {
        return asked.fail(status);
    }
    let endpoint = match Endpoint::of(&method, path) {
        Some(Endpoint::Models) => return asked.json(StatusCode::OK, &openai::models(&MODELS)),
        Some(endpoint) => endpoint,
        None => {
            let message = format!("Invalid URL ({method} {path})");
            return asked.refuse(StatusCode::NOT_FOUND, &message);
        }
    };
    let request = match Request::read(&body) {
        Ok(request) => request,
        Err(error) => {
            let message = format!("We could not parse the JSON body of your request: {error}");
            return asked.refuse(StatusCode::BAD_REQUEST, &message);
        }
    };
    let model = match (&endpoint, &request.model) {
        (Endpoint::Gemini { model, .. }, _) | (_, Some(model)) => model.clone(),
        _ => {
            let message = "you must provide a model parameter";
            return asked.refuse(StatusCode::BAD_REQUEST, message);
        }
    };
    let composed = Composing {
        provider,
        behaviour: &asked.behaviour,
        number,
        request: &request,
        model: &model,
        as_events: uri.query().is_some_and(|query| query.contains("alt=sse")),
    };
    let composed = composed.compose(&endpoint);
    asked.send(StatusCode::OK, composed)
}

impl Asked<'_> {
    /// The status to fail with, if this request is to fail.
    fn failure(&self) -> Option<u16> {
        match (self.behaviour.fail_times, &self.behaviour.token) {
            (Some(times), token) => {
                let token = token.as_deref().unwrap_or_default();
                let fails = self.provider.record.fails(token, times);
                fails.then_some(self.behaviour.status.unwrap_or(503))
            }
            (None, _) => self.behaviour.status,
        }
    }

    fn fail(self, status: u16) -> Response<Body> {
        let retry_after = self.behaviour.retry_after;
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = error::error(self.format, status);
        let mut response = self.json(code, &body);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }

    fn refuse(self, status: StatusCode, message: &str) -> Response<Body> {
        let body = error::invalid(self.format, status.as_u16(), message);
        self.json(status, &body)
    }

    fn json(self, status: StatusCode, body: &Value) -> Response<Body> {
        self.send(status, Composed::json(body.to_string()))
    }

    fn send(mut self, status: StatusCode, body: Composed) -> Response<Body> {
        let streams = body.kind.starts_with("text/event-stream") || body.parts.len() > 1;
        if streams {
            self.behaviour.pace = self.behaviour.pace.or(self.provider.pace());
        }
        let trailers = self.behaviour.trailers;
        let id = text::id("req_", self.provider.options.seed, self.number);
        let mut response = Response::new(pour(body.parts, &self.behaviour, self.answering));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(body.kind));
        // As OpenAI's, so that a gateway which passes them on by mistake is seen.
        for (name, value) in [
            ("openai-organization", "fake"),
            ("openai-processing-ms", "1"),
            ("openai-version", "2020-10-01"),
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-remaining-requests", "9999"),
            ("x-ratelimit-reset-requests", "6ms"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            if self.format == Format::Anthropic {
                headers.insert(HeaderName::from_static("request-id"), id.clone());
            }
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        if body.kind.starts_with("text/event-stream") {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        if trailers {
            headers.insert(TRAILER_NAMES, HeaderValue::from(TRAILER));
        }
        response
    }
}
