//! What browsers are told, where the operator lists the origins of pages: which page may read an answer,
//! and before that, whether it may ask. <https://fetch.spec.whatwg.org/#http-cors-protocol>

use super::effect::{Effect, Step, Verdict};
use crate::config::Config;
use crate::refusal::Reply;
use crate::request::Headers;
use crate::secret::has_key;

/// How long a browser may remember what it was told, in seconds. Chromium remembers no longer.
const REMEMBERED: &str = "7200";
/// The longest list of headers that a page may ask to send, in bytes.
const MOST_HEADERS: usize = 4_096;
const METHODS: &str = "GET, HEAD, POST, DELETE";

/// The origin of the page that asks, where the operator lists it.
pub(crate) fn listed_origin(headers: &Headers<'_>, config: &Config) -> Option<String> {
    if config.cors_origins.is_empty() {
        return None;
    }
    let origin = str::from_utf8(headers.get("origin")?).ok()?;
    let is_it = |listed: &String| listed == "*" || listed == origin;
    let fits = origin.len() <= 512 && origin.bytes().all(|byte| byte.is_ascii_graphic());
    (fits && config.cors_origins.iter().any(is_it)).then(|| origin.to_owned())
}

/// The answer to a browser that asks whether a page may send a request. It brings no key, and is told
/// nothing that a key is needed for.
pub(crate) fn preflight(headers: &Headers<'_>) -> Option<Reply> {
    let is_preflight = headers.get(":method") == Some(b"OPTIONS")
        && headers.get("access-control-request-method").is_some();
    let names = headers
        .get("access-control-request-headers")
        .unwrap_or_default();
    let is_list = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_., ".contains(byte);
    let is_told = names.len() <= MOST_HEADERS && names.iter().all(is_list) && !has_key(names);
    if !is_preflight || !is_told {
        return None;
    }
    let names = String::from_utf8_lossy(names).into_owned();
    Some(Reply {
        status: 204,
        headers: vec![
            ("access-control-allow-methods", METHODS.to_owned()),
            ("access-control-allow-headers", names),
            ("access-control-max-age", REMEMBERED.to_owned()),
        ],
        body: Vec::new(),
    })
}

/// Lets the page read the answer: Paddock's own, or the provider's whose headers pass.
pub(crate) fn allow(origin: &str, is_answer: bool, step: &mut Step) {
    let told = [
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", "*"),
        ("vary", "origin"),
    ];
    let told = told.map(|(name, value)| (name, value.to_owned()));
    match &mut step.verdict {
        Verdict::Reply(reply) => reply.headers.extend(told),
        _ if is_answer => {
            let effects = told.map(|(name, value)| Effect::SetResponseHeader(name, value));
            step.effects.extend(effects);
        }
        _ => {}
    }
}
