//! What arrived, for a test to look at.
//!
//! - `GET /_fake/requests`: the last 1000 requests as `[{method, path, version, headers: [[name,
//!   value], …], body, trailers}]`, oldest first; `DELETE` forgets them and all `x-fake-token`s.
//! - `GET /_fake/stats`: `{requests, connections, completed, aborted, at_once, answering}`: `aborted` counts
//!   answers that were not sent to their end, `at_once` is the most that were under way at once, and
//!   `answering` how many are now.

use axum::http::{HeaderMap, Method, Uri, Version};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many requests are kept.
pub const KEPT: usize = 1000;
/// How many bytes of bodies are kept: a load test must not fill the memory.
const KEPT_BYTES: usize = 64 << 20;

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its protocol.
    pub version: Version,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// What came after the body.
    pub trailers: HeaderMap,
}

impl Seen {
    fn render(&self) -> Value {
        json!({
            "method": self.method.as_str(),
            "path": self.uri.path_and_query().map_or("", |path| path.as_str()),
            "version": format!("{:?}", self.version),
            "headers": pairs(&self.headers),
            "body": String::from_utf8_lossy(&self.body),
            "trailers": pairs(&self.trailers),
        })
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(&str, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), text(value.as_bytes())))
        .collect()
}

/// Everything the provider remembers.
#[derive(Debug, Default)]
pub struct Record {
    seen: Mutex<Log>,
    failures: Mutex<HashMap<String, u64>>,
    requests: AtomicU64,
    connections: AtomicU64,
    completed: AtomicU64,
    aborted: AtomicU64,
    answering: AtomicU64,
    at_once: AtomicU64,
}

#[derive(Debug, Default)]
struct Log {
    requests: VecDeque<Seen>,
    bytes: usize,
}

impl Record {
    /// Counts a connection.
    pub fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    /// Keeps a request and answers its number.
    pub fn keep(&self, seen: Seen) -> u64 {
        let mut log = lock(&self.seen);
        log.bytes = log.bytes.saturating_add(seen.body.len());
        log.requests.push_back(seen);
        while log.requests.len() > KEPT || (log.bytes > KEPT_BYTES && log.requests.len() > 1) {
            let gone = log.requests.pop_front().map_or(0, |seen| seen.body.len());
            log.bytes = log.bytes.saturating_sub(gone);
        }
        self.requests.fetch_add(1, Relaxed)
    }

    /// Whether the request with this token is among the first `times`.
    pub fn fails(&self, token: &str, times: u64) -> bool {
        let mut failures = lock(&self.failures);
        let failed = failures.entry(token.to_owned()).or_default();
        *failed = failed.saturating_add(1);
        *failed <= times
    }

    /// The requests kept.
    pub fn requests(&self) -> Value {
        lock(&self.seen).requests.iter().map(Seen::render).collect()
    }

    /// Forgets requests and tokens; the counts stay.
    pub fn clear(&self) {
        *lock(&self.seen) = Log::default();
        lock(&self.failures).clear();
    }

    /// The counts.
    pub fn stats(&self) -> Value {
        json!({
            "requests": self.requests.load(Relaxed),
            "connections": self.connections.load(Relaxed),
            "completed": self.completed.load(Relaxed),
            "aborted": self.aborted.load(Relaxed),
            "at_once": self.at_once.load(Relaxed),
            "answering": self.answering.load(Relaxed),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts an answer as aborted unless it was finished.
#[derive(Debug)]
pub struct Answering {
    record: Arc<Record>,
    finished: bool,
}

impl Answering {
    /// An answer that has begun.
    pub fn begin(record: Arc<Record>) -> Self {
        let answering = record.answering.fetch_add(1, Relaxed).saturating_add(1);
        record.at_once.fetch_max(answering, Relaxed);
        Self {
            record,
            finished: false,
        }
    }

    /// The answer was sent to its end.
    pub fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let count = if self.finished {
            &self.record.completed
        } else {
            &self.record.aborted
        };
        count.fetch_add(1, Relaxed);
        self.record.answering.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(body: Bytes) -> Seen {
        Seen {
            method: Method::POST,
            uri: Uri::from_static("/v1/x?y=1"),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body,
            trailers: HeaderMap::new(),
        }
    }

    #[test]
    fn the_last_thousand_and_bounded_bytes_are_kept() {
        let record = Record::default();
        for _ in 0..KEPT + 5 {
            record.keep(seen(Bytes::from_static(b"{}")));
        }
        assert_eq!(record.requests().as_array().unwrap().len(), KEPT);
        for _ in 0..5 {
            record.keep(seen(Bytes::from(vec![b'x'; KEPT_BYTES / 2])));
        }
        assert_eq!(record.requests().as_array().unwrap().len(), 2);
        record.clear();
        assert_eq!(record.requests(), json!([]));
        assert_eq!(record.stats()["requests"], (KEPT + 10) as u64);
    }

    #[test]
    fn a_token_fails_so_many_times() {
        let record = Record::default();
        assert_eq!([(); 3].map(|()| record.fails("a", 2)), [true, true, false]);
        assert!(record.fails("b", 1));
    }
}
