//! From a request and what it asks for to an answer.

use crate::behaviour::Behaviour;
use crate::pour::{TRAILER, pour};
use crate::record::{Answering, Seen};
use crate::request::Request;
use crate::server::Provider;
use crate::shapes::{self, Completion, Kind, Usage};
use crate::text;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, TRAILER as TRAILER_NAMES};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use bytes::Bytes;
use serde_json::Value;

const MODELS: [&str; 10] = [
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4o",
    "o1-preview",
    "o1-pro",
    "claude-sonnet-4.5",
    "gemini-2.5-flash",
    "deepseek-v3.2",
    "text-embedding-3-small",
    "text-embedding-3-large",
];
const DIMENSIONS: usize = 1536;
const MOST_DIMENSIONS: usize = 4096;
const MOST_CHOICES: u64 = 128;
/// More is not a test of anything but memory.
const MOST_TOKENS: u64 = 1_000_000;

/// One request being answered.
pub struct Asked<'a> {
    provider: &'a Provider,
    behaviour: Behaviour,
    number: u64,
    answering: Answering,
}

/// Answers a request whose body has arrived.
pub async fn answer(provider: &Provider, seen: Seen, answering: Answering) -> Response<Body> {
    let read = Behaviour::read(&seen.headers);
    let (method, path, body) = (
        seen.method.clone(),
        seen.uri.path().to_owned(),
        seen.body.clone(),
    );
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
        number,
        answering,
    };
    if let Some(message) = wrong {
        return asked.json(StatusCode::BAD_REQUEST, &shapes::invalid(&message));
    }
    if let Some(status) = asked.failure() {
        return asked.fail(status);
    }
    if method == Method::GET && path == "/v1/models" {
        return asked.json(StatusCode::OK, &shapes::models(&MODELS));
    }
    let kind = match (method, path.as_str()) {
        (Method::POST, "/v1/chat/completions") => Some(Kind::Chat),
        (Method::POST, "/v1/completions") => Some(Kind::Text),
        (Method::POST, "/v1/embeddings") => None,
        (method, path) => {
            let message = format!("Invalid URL ({method} {path})");
            return asked.json(StatusCode::NOT_FOUND, &shapes::invalid(&message));
        }
    };
    let request = match serde_json::from_slice::<Request>(&body) {
        Ok(request) => request,
        Err(error) => {
            let message = format!("We could not parse the JSON body of your request: {error}");
            return asked.json(StatusCode::BAD_REQUEST, &shapes::invalid(&message));
        }
    };
    let Some(model) = request.model.clone() else {
        let message = shapes::invalid("you must provide a model parameter");
        return asked.json(StatusCode::BAD_REQUEST, &message);
    };
    match kind {
        Some(kind) => asked.complete(kind, &request, &model),
        None => asked.embed(&request, &model),
    }
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
        let mut response = self.json(code, &shapes::error(status));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }

    fn complete(self, kind: Kind, request: &Request, model: &str) -> Response<Body> {
        let prompt = request.prompt_tokens();
        let choices = request.n.unwrap_or(1).clamp(1, MOST_CHOICES);
        let drawn = self.provider.completion_tokens(prompt);
        let (tokens, finish) = match (self.behaviour.completion_tokens, request.limit()) {
            (Some(exact), _) => (exact, "stop"),
            (None, Some(limit)) if limit < drawn => (limit, "length"),
            (None, _) => (drawn, "stop"),
        };
        let tokens = tokens.min(MOST_TOKENS);
        let usage = Usage {
            prompt: self.behaviour.prompt_tokens.unwrap_or(prompt),
            completion: tokens.saturating_mul(choices),
            cached: self.behaviour.cached_tokens,
            reasoning: self.behaviour.reasoning_tokens,
        };
        let usage = if self.behaviour.zero_usage {
            Usage::default()
        } else {
            usage
        };
        let prefix = if kind == Kind::Chat {
            "chatcmpl-"
        } else {
            "cmpl-"
        };
        let completion = Completion {
            kind,
            id: text::id(prefix, self.provider.options.seed, self.number),
            created: self.provider.now(),
            model: Value::from(model).to_string(),
            seed: self.provider.options.seed,
            tokens,
            choices,
            finish,
            usage: Some(usage).filter(|_| !self.behaviour.no_usage),
        };
        if request.stream != Some(true) {
            return self.send(
                StatusCode::OK,
                "application/json",
                vec![completion.whole().into()],
            );
        }
        let events = completion.events(request.wants_usage(), self.behaviour.usage_on_finish);
        let parts = events.into_iter().map(Bytes::from).collect();
        let pace = self.behaviour.pace.or(self.provider.pace());
        let asked = Self {
            behaviour: Behaviour {
                pace,
                ..self.behaviour
            },
            ..self
        };
        asked.send(StatusCode::OK, "text/event-stream; charset=utf-8", parts)
    }

    fn embed(self, request: &Request, model: &str) -> Response<Body> {
        let tokens = self
            .behaviour
            .prompt_tokens
            .unwrap_or_else(|| request.prompt_tokens());
        let tokens = if self.behaviour.zero_usage { 0 } else { tokens };
        let tokens = Some(tokens).filter(|_| !self.behaviour.no_usage);
        let seed = self.provider.options.seed;
        let seeds = request
            .inputs()
            .into_iter()
            .map(|input| text::draw(seed, input.to_string()));
        let answer = shapes::embeddings(
            model,
            &seeds.collect::<Vec<_>>(),
            request
                .dimensions
                .unwrap_or(DIMENSIONS)
                .clamp(1, MOST_DIMENSIONS),
            request.encoding_format.as_deref() == Some("base64"),
            tokens,
        );
        self.json(StatusCode::OK, &answer)
    }

    fn json(self, status: StatusCode, body: &Value) -> Response<Body> {
        self.send(status, "application/json", vec![body.to_string().into()])
    }

    fn send(self, status: StatusCode, kind: &'static str, parts: Vec<Bytes>) -> Response<Body> {
        let trailers = self.behaviour.trailers;
        let id = text::id("req_", self.provider.options.seed, self.number);
        let mut response = Response::new(pour(parts, &self.behaviour, self.answering));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
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
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        if kind.starts_with("text/event-stream") {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        if trailers {
            headers.insert(TRAILER_NAMES, HeaderValue::from(TRAILER));
        }
        response
    }
}
