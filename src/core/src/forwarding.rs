//! What of a client's headers and query reaches a provider: a list of what may.
//!
//! All tenants share the operator's account at a provider. So nothing goes there that could choose
//! who pays (`openai-organization`, `openai-project`, `x-goog-user-project`), show another credential
//! (`proxy-authorization`, `cookie`), say the request otherwise than it was read (`content-encoding`,
//! `x-http-method-override`), hide the usage (`accept-encoding`, `x-goog-fieldmask`), or name what all
//! tenants of the account share (`idempotency-key`: the provider could answer with another's answer).

use crate::wire_format::WireFormat;
use percent_encoding::percent_decode;

/// Headers that a client's request may never bring to a provider, whatever the operator lists: those
/// that hold keys, name routes, hide the usage, or have a body read otherwise than it was here.
const NEVER: [&str; 9] = [
    "accept-encoding",
    "api-key",
    "authorization",
    "content-encoding",
    "x-api-key",
    "x-goog-api-key",
    "x-goog-encode-response-if-executable",
    "x-goog-fieldmask",
    "x-goog-safety-encoding",
];
/// What the names begin with that only Paddock may say.
const OWN: &str = "x-paddock-";
/// The most names that an operator may list of each.
const MOST: usize = 64;

/// What the operator lists beside what always reaches a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarding {
    headers: Vec<String>,
    query: Vec<String>,
}

/// The operator's lists as they are written.
#[derive(Clone, Debug)]
pub(crate) struct RawForwarding {
    pub(crate) forward_headers: Vec<String>,
    pub(crate) forward_query: Vec<String>,
}

impl Forwarding {
    /// Whether a header reaches a provider. `name` is in lower case; `format` is absent where the
    /// request passes through unread.
    pub fn header(&self, format: Option<WireFormat>, name: &str) -> bool {
        let listed = |listed: &String| covers(listed, name);
        is_usual(name) || is_of(format, name) || self.headers.iter().any(listed)
    }

    /// Whether a query parameter reaches a provider: `name` and `value` as they came. `format` is
    /// absent where the request passes through unread.
    pub fn parameter(&self, format: Option<WireFormat>, name: &[u8], value: &[u8]) -> bool {
        let name: &[u8] = &std::borrow::Cow::from(percent_decode(name));
        let Some(format) = format else {
            return !is_system_parameter(name);
        };
        // To some servers a semicolon ends a parameter too.
        !value.contains(&b';')
            && (is_parameter_of(format, name, value)
                || self.query.iter().any(|listed| listed.as_bytes() == name))
    }
}

/// Headers that say what a request is and who made it, to any provider. Those that Envoy itself adds
/// are its route's to remove, which costs less: `x-forwarded-for`, `x-forwarded-proto`,
/// `x-envoy-external-address`.
fn is_usual(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "content-length"
            | "content-type"
            | "expect"
            | "te"
            | "traceparent"
            | "tracestate"
            | "transfer-encoding"
            | "user-agent"
            | "x-envoy-external-address"
            | "x-forwarded-for"
            | "x-forwarded-proto"
            | "x-request-id"
    ) || name.starts_with(':')
        // What SDKs of OpenAI and Anthropic tell of themselves, about eight of them: to remove each is
        // a call of the host.
        || name.starts_with("x-stainless-")
}

/// Headers that providers of a format read, by their documentation:
/// <https://developers.openai.com/api/reference/overview>,
/// <https://docs.claude.com/en/api/versioning>, <https://docs.claude.com/en/api/beta-headers>,
/// <https://cloud.google.com/apis/docs/system-parameters>; and what uploads and downloads need where a
/// path passes through: <https://ai.google.dev/api/files>.
fn is_of(format: Option<WireFormat>, name: &str) -> bool {
    let open_ai = || matches!(name, "openai-beta" | "x-client-request-id");
    let anthropic = || matches!(name, "anthropic-beta" | "anthropic-version");
    let gemini = || name == "x-server-timeout";
    match format {
        Some(WireFormat::OpenAi | WireFormat::OpenAiResponses) => open_ai(),
        Some(WireFormat::Anthropic) => anthropic(),
        Some(WireFormat::Gemini) => gemini(),
        None => {
            let of_files = matches!(
                name,
                "accept-ranges"
                    | "content-disposition"
                    | "content-encoding"
                    | "content-md5"
                    | "content-range"
                    | "if-match"
                    | "if-none-match"
                    | "if-range"
                    | "range"
            );
            of_files || name.starts_with("x-goog-upload-") || open_ai() || anthropic() || gemini()
        }
    }
}

/// Parameters that providers of a format read: Anthropic's SDKs ask for beta versions with `beta`,
/// Google's for the form of an answer.
fn is_parameter_of(format: WireFormat, name: &[u8], value: &[u8]) -> bool {
    match (format, name) {
        (WireFormat::Anthropic, b"beta") | (WireFormat::Gemini, b"prettyPrint") => true,
        (WireFormat::Gemini, b"alt") => {
            let value: &[u8] = &std::borrow::Cow::from(percent_decode(value));
            matches!(value, b"sse" | b"json")
        }
        _ => false,
    }
}

/// Parameters by which Google's API servers take other headers, another method, another credential or
/// another payer (<https://cloud.google.com/apis/docs/system-parameters>).
fn is_system_parameter(name: &[u8]) -> bool {
    name.starts_with(b"$")
        || matches!(
            name,
            b"access_token" | b"oauth_token" | b"quotaUser" | b"userIp" | b"userProject"
        )
}

/// Whether a listed name, or the beginning of names before a `*`, covers a header.
fn covers(listed: &str, name: &str) -> bool {
    match listed.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => listed == name,
    }
}

impl RawForwarding {
    pub(crate) fn validate(self, problems: &mut Vec<String>) -> Forwarding {
        for (field, listed) in [
            ("forward_headers", &self.forward_headers),
            ("forward_query", &self.forward_query),
        ] {
            if listed.len() > MOST {
                problems.push(format!("{field} may have {MOST} names at most"));
            }
        }
        let headers = self.forward_headers.iter();
        let headers: Vec<String> = headers.map(|name| name.to_ascii_lowercase()).collect();
        for name in &headers {
            if let Some(problem) = problem_of_header(name) {
                problems.push(format!("forward_headers: `{name}` {problem}"));
            }
        }
        for name in &self.forward_query {
            if let Some(problem) = problem_of_parameter(name) {
                problems.push(format!("forward_query: `{name}` {problem}"));
            }
        }
        Forwarding {
            headers,
            query: self.forward_query,
        }
    }
}

fn problem_of_header(listed: &str) -> Option<&'static str> {
    let start = listed.strip_suffix('*').unwrap_or(listed);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(&byte);
    if start.is_empty() || !start.bytes().all(is_name) {
        return Some("is not a header's name, nor the beginning of names before a `*`");
    }
    let own = OWN.starts_with(start) && start != listed;
    if own || start.starts_with(OWN) || NEVER.iter().any(|never| covers(listed, never)) {
        return Some("covers a header that must not reach a provider");
    }
    None
}

fn problem_of_parameter(name: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_plain) {
        return Some("is not a parameter's name: letters, digits, `-`, `_` and `.`");
    }
    let hides = matches!(name, "alt" | "callback" | "fields" | "key");
    (hides || is_system_parameter(name.as_bytes()))
        .then_some("is a parameter that must not reach a provider")
}

#[cfg(test)]
mod tests;
