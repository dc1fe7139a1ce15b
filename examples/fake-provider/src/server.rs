//! Listening, and handing each request to its answer.

use crate::answer::answer;
use crate::endpoint::Format;
use crate::record::{Answering, Record, Seen};
use crate::shapes::error;
use crate::text;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use http_body_util::{BodyExt, Limited};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// More than any gateway lets through.
const LARGEST_BODY: usize = 64 << 20;

/// What holds for requests that do not say otherwise.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Draws the length and words of answers; 0 makes every answer `--completion-tokens` long.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Milliseconds before the response headers.
    #[arg(long, default_value_t = 0)]
    pub latency_ms: u64,
    /// Milliseconds before each event of a stream.
    #[arg(long, default_value_t = 0)]
    pub chunk_ms: u64,
    /// The length of a completion; with a seed, the mean length.
    #[arg(long, default_value_t = 16)]
    pub completion_tokens: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            latency_ms: 0,
            chunk_ms: 0,
            completion_tokens: 16,
        }
    }
}

/// A running provider: its options and what it has seen.
pub struct Provider {
    /// The defaults.
    pub options: Options,
    /// What arrived.
    pub record: Arc<Record>,
}

impl Provider {
    /// The default wait before an answer.
    pub fn latency(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.options.latency_ms)).filter(|wait| !wait.is_zero())
    }

    /// The default wait before an event.
    pub fn pace(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.options.chunk_ms)).filter(|wait| !wait.is_zero())
    }

    /// The length of an answer to a prompt of this size.
    pub fn completion_tokens(&self, prompt: u64) -> u64 {
        let Options {
            seed,
            completion_tokens,
            ..
        } = self.options;
        let range = completion_tokens.saturating_mul(2).saturating_sub(1).max(1);
        match seed {
            0 => completion_tokens,
            seed => text::draw(seed, prompt)
                .checked_rem(range)
                .unwrap_or(0)
                .saturating_add(1),
        }
    }

    /// Seconds since 1970, for `created`.
    #[expect(clippy::disallowed_methods, reason = "the provider's only clock")]
    pub fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}

/// Answers on `listener`, over HTTP/1.1 and h2c, until the process ends or this is dropped.
pub async fn serve(listener: TcpListener, options: Options) -> anyhow::Result<()> {
    let record = Arc::new(Record::default());
    let provider = Arc::new(Provider {
        options,
        record: Arc::clone(&record),
    });
    let listener = listener.tap_io(move |connection| {
        record.connected();
        // A paced stream must not wait for the client's acknowledgements.
        let _ = connection.set_nodelay(true);
    });
    let router = Router::new()
        .route("/_fake/requests", get(requests).delete(clear))
        .route("/_fake/stats", get(stats))
        .fallback(receive)
        .with_state(provider);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn requests(State(provider): State<Arc<Provider>>) -> impl IntoResponse {
    Json(provider.record.requests())
}

async fn clear(State(provider): State<Arc<Provider>>) -> StatusCode {
    provider.record.clear();
    StatusCode::NO_CONTENT
}

async fn stats(State(provider): State<Arc<Provider>>) -> impl IntoResponse {
    Json(provider.record.stats())
}

async fn receive(State(provider): State<Arc<Provider>>, request: Request) -> Response<Body> {
    let answering = Answering::begin(Arc::clone(&provider.record));
    let (parts, body) = request.into_parts();
    let received = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(received) => received,
        Err(error) => {
            let message = format!("The body could not be read: {error}");
            let error = error::invalid(Format::of(parts.uri.path()), 400, &message);
            return (StatusCode::BAD_REQUEST, Json(error)).into_response();
        }
    };
    let trailers = received.trailers().cloned().unwrap_or_default();
    let seen = Seen {
        method: parts.method,
        uri: parts.uri,
        version: parts.version,
        headers: parts.headers,
        body: received.to_bytes(),
        trailers,
    };
    answer(&provider, seen, answering).await
}
