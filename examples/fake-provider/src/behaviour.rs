//! What a request's headers ask the provider to do.
//!
//! | header | what it does |
//! |---|---|
//! | `x-fake-status: 500` | answer this error, in the shape of the endpoint's format |
//! | `x-fake-retry-after: 2` | `retry-after` of an error |
//! | `x-fake-fail-times: N`, `x-fake-token: T` | fail (503, or `x-fake-status`) the first N requests that carry T, then succeed |
//! | `x-fake-latency-ms: N` | wait before the response headers |
//! | `x-fake-completion-tokens: N` | exactly this long a completion, whatever `max_tokens` says |
//! | `x-fake-exact-prompt-tokens: N` | report this many tokens as the whole prompt |
//! | `x-fake-cached-tokens: N` | report this many of the prompt as cached |
//! | `x-fake-cache-write-5m-tokens: N`, `x-fake-cache-write-1h-tokens: N` | Anthropic: report this many of the prompt as written to the cache |
//! | `x-fake-reasoning-tokens: N` | report this many of the completion as reasoning |
//! | `x-fake-service-tier: flex` | OpenAI's formats: the tier the answer says it was served in |
//! | `x-fake-no-usage` | leave the usage out, also where it was asked for |
//! | `x-fake-zero-usage` | report a usage of zeros |
//! | `x-fake-usage-on-finish` | stream of OpenAI's: the usage on the finish chunk, asked for or not |
//! | `x-fake-chunk-ms: N` | wait before every event, or before every piece with `x-fake-split` |
//! | `x-fake-split: N` | write the body in pieces of N bytes, each flushed |
//! | `x-fake-stall-after: N` | fall silent after N events (or pieces), until the client leaves |
//! | `x-fake-reset-after: N` | break the connection after N events (or pieces); 0 breaks it before any answer |
//! | `x-fake-only-host: NAME` | do what the others say only where the request is for this host |
//! | `x-fake-trailers` | end with the trailer `x-fake-trailer: end` (HTTP/1.1 needs `te: trailers`) |
//!
//! A header without a number counts as set unless it says `false` or `0`.

use axum::http::HeaderMap;
use std::time::Duration;

/// What one request asked for, over the defaults of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)]
pub struct Behaviour {
    /// The status to fail with.
    pub status: Option<u16>,
    /// The seconds an error says to wait.
    pub retry_after: Option<u64>,
    /// How many requests with [`Behaviour::token`] fail before one succeeds.
    pub fail_times: Option<u64>,
    /// What tells one series of attempts from another.
    pub token: Option<String>,
    /// The wait before the response headers.
    pub latency: Option<Duration>,
    /// The exact length of the completion.
    pub completion_tokens: Option<u64>,
    /// The prompt tokens to report.
    pub prompt_tokens: Option<u64>,
    /// The cached part of the prompt to report.
    pub cached_tokens: u64,
    /// The part of the prompt to report as written to the cache for five minutes.
    pub cache_write_5m_tokens: u64,
    /// The part of the prompt to report as written to the cache for an hour.
    pub cache_write_1h_tokens: u64,
    /// The reasoning part of the completion to report.
    pub reasoning_tokens: u64,
    /// The tier to say the answer was served in.
    pub service_tier: Option<String>,
    /// Report no usage at all.
    pub no_usage: bool,
    /// Report zeros.
    pub zero_usage: bool,
    /// Put a stream's usage on its finish chunk.
    pub usage_on_finish: bool,
    /// The wait before each piece of a body.
    pub pace: Option<Duration>,
    /// The size of the pieces a body is written in.
    pub split: Option<usize>,
    /// Send nothing more after this many pieces.
    pub stall_after: Option<u64>,
    /// Break the connection after this many pieces.
    pub reset_after: Option<u64>,
    /// End with trailers.
    pub trailers: bool,
}

impl Behaviour {
    /// Reads the `x-fake-*` headers; the message of an error says which one is not a number.
    pub fn read(headers: &HeaderMap) -> Result<Self, String> {
        let elsewhere = HeaderMap::new();
        let host = text(headers, "host").unwrap_or_default();
        let headers = match text(headers, "x-fake-only-host") {
            Some(only) if only != host => &elsewhere,
            _ => headers,
        };
        let number = |name: &str| number(headers, name);
        let millis = |name: &str| number(name).map(|n| n.map(Duration::from_millis));
        let status = number("x-fake-status")?.map(u16::try_from).transpose();
        let status = status
            .ok()
            .filter(|s| s.is_none_or(|s| (200..600).contains(&s)));
        Ok(Self {
            status: status.ok_or("x-fake-status is not a status from 200 to 599")?,
            retry_after: number("x-fake-retry-after")?,
            fail_times: number("x-fake-fail-times")?,
            token: text(headers, "x-fake-token").map(str::to_owned),
            latency: millis("x-fake-latency-ms")?,
            completion_tokens: number("x-fake-completion-tokens")?,
            prompt_tokens: number("x-fake-exact-prompt-tokens")?,
            cached_tokens: number("x-fake-cached-tokens")?.unwrap_or(0),
            cache_write_5m_tokens: number("x-fake-cache-write-5m-tokens")?.unwrap_or(0),
            cache_write_1h_tokens: number("x-fake-cache-write-1h-tokens")?.unwrap_or(0),
            reasoning_tokens: number("x-fake-reasoning-tokens")?.unwrap_or(0),
            service_tier: text(headers, "x-fake-service-tier").map(str::to_owned),
            no_usage: flag(headers, "x-fake-no-usage"),
            zero_usage: flag(headers, "x-fake-zero-usage"),
            usage_on_finish: flag(headers, "x-fake-usage-on-finish"),
            pace: millis("x-fake-chunk-ms")?,
            split: number("x-fake-split")?
                .and_then(|n| usize::try_from(n).ok())
                .filter(|n| *n > 0),
            stall_after: number("x-fake-stall-after")?,
            reset_after: number("x-fake-reset-after")?,
            trailers: flag(headers, "x-fake-trailers"),
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, String> {
    text(headers, name)
        .map(|value| {
            value
                .parse()
                .map_err(|_| format!("{name} is not a number: '{value}'"))
        })
        .transpose()
}

fn flag(headers: &HeaderMap, name: &str) -> bool {
    headers.contains_key(name) && !matches!(text(headers, name), Some("false" | "0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect()
    }

    #[test]
    fn nothing_asked_is_the_default() {
        assert_eq!(Behaviour::read(&headers(&[])), Ok(Behaviour::default()));
    }

    #[test]
    fn numbers_and_flags_are_read() {
        let read = Behaviour::read(&headers(&[
            ("x-fake-status", "429"),
            ("x-fake-chunk-ms", "5"),
            ("x-fake-no-usage", "true"),
            ("x-fake-trailers", "0"),
        ]))
        .unwrap();
        assert_eq!(read.status, Some(429));
        assert_eq!(read.pace, Some(Duration::from_millis(5)));
        assert!(read.no_usage);
        assert!(!read.trailers);
    }

    #[test]
    fn a_word_for_a_number_is_an_error() {
        let error = Behaviour::read(&headers(&[("x-fake-split", "many")])).unwrap_err();
        assert_eq!(error, "x-fake-split is not a number: 'many'");
        assert!(Behaviour::read(&headers(&[("x-fake-status", "99")])).is_err());
    }
}
