//! What the headers of a request say, read in one pass.

use super::encoding::BodyEncoding;
use super::query;
use crate::secret;
use core::fmt;
use std::borrow::Cow;

/// The headers of a request as Envoy gives them: names in lower case, pseudo-headers included,
/// values any bytes.
#[derive(Clone, Copy)]
pub struct Headers<'a>(pub &'a [(&'a str, &'a [u8])]);

impl<'a> Headers<'a> {
    /// The first value of `name`, which is in lower case.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        let found = self.0.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| *value)
    }

    /// All values of `name`, which is in lower case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let same = self.0.iter().filter(move |(other, _)| *other == name);
        same.map(|(_, value)| *value)
    }

    /// The names, in order, repeated where a header is.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.iter().map(|(name, _)| *name)
    }
}

/// Names only: values hold secrets.
impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Where a client put its key, in the order in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// `Authorization: Bearer`.
    Bearer,
    /// `x-api-key`, as older Anthropic clients do.
    ApiKey,
    /// `x-goog-api-key`, as Gemini clients do.
    GoogleApiKey,
    /// The query parameter `key`, as Gemini's REST examples do.
    Query,
}

impl CredentialSource {
    /// What a client calls the place.
    pub const fn name(self) -> &'static str {
        match self {
            CredentialSource::Bearer => "authorization",
            CredentialSource::ApiKey => "x-api-key",
            CredentialSource::GoogleApiKey => "x-goog-api-key",
            CredentialSource::Query => "?key=",
        }
    }
}

/// The key a client sent. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential<'a> {
    /// The key's text. Never empty.
    pub secret: Cow<'a, [u8]>,
    /// Where it was.
    pub source: CredentialSource,
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({:?}, redacted)", self.source)
    }
}

/// The namespace headers of one request name different namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamespaceConflict;

impl fmt::Display for NamespaceConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("X-Namespace, X-Team and X-Project name different namespaces; send one")
    }
}

/// All that is wanted of a request's headers. Values are as the client sent them, without outer
/// blanks; an empty one counts as absent, and of a repeated one the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// `:method`.
    pub method: &'a [u8],
    /// `:path` up to the `?`.
    pub path: Cow<'a, [u8]>,
    /// `:path` after the `?`; empty where there is none.
    pub query: &'a [u8],
    /// The key, wherever it was. Clients may send credentials for others beside it, so of several the
    /// first one in the form of Paddock's keys counts, and without such a one the first.
    pub credential: Option<Credential<'a>>,
    /// `x-namespace`, `x-team` or `x-project`.
    pub namespace: Result<Option<&'a [u8]>, NamespaceConflict>,
    /// `x-priority`.
    pub priority: Option<&'a [u8]>,
    /// `x-batch-mode`.
    pub batch_mode: Option<&'a [u8]>,
    /// `x-capability`.
    pub capability: Option<&'a [u8]>,
    /// `x-reservation-id`.
    pub reservation_id: Option<&'a [u8]>,
    /// `x-user`.
    pub user: Option<&'a [u8]>,
    /// `content-type`.
    pub content_type: Option<&'a [u8]>,
    /// `content-encoding`.
    pub encoding: BodyEncoding,
    /// `content-length`.
    pub content_length: Option<u64>,
    /// `x-request-id`: Envoy's or the client's.
    pub request_id: Option<&'a [u8]>,
    /// `user-agent`.
    pub user_agent: Option<&'a [u8]>,
    /// Whether there is an `anthropic-version`, which Anthropic's clients always send.
    pub names_anthropic_version: bool,
}

impl<'a> RequestHead<'a> {
    /// Reads all of `headers` once.
    pub fn read(headers: &Headers<'a>) -> RequestHead<'a> {
        let mut head = RequestHead {
            method: b"",
            path: Cow::Borrowed(b""),
            query: b"",
            credential: None,
            namespace: Ok(None),
            priority: None,
            batch_mode: None,
            capability: None,
            reservation_id: None,
            user: None,
            content_type: None,
            encoding: BodyEncoding::Plain,
            content_length: None,
            request_id: None,
            user_agent: None,
            names_anthropic_version: false,
        };
        let (mut bearer, mut api_key, mut google_key) = (None, None, None);
        for (name, value) in headers.0 {
            let name = *name;
            let value = value.trim_ascii();
            match name {
                ":method" => head.method = value,
                ":path" => head.set_path(value),
                "content-type" => first(&mut head.content_type, value),
                "content-encoding" => head.add_encoding(value),
                "content-length" => head.content_length = parse_length(value),
                "x-request-id" => first(&mut head.request_id, value),
                "user-agent" => first(&mut head.user_agent, value),
                "anthropic-version" => head.names_anthropic_version = true,
                "authorization" => credential(&mut bearer, value, strip_bearer),
                "x-api-key" => credential(&mut api_key, value, Some),
                "x-goog-api-key" => credential(&mut google_key, value, Some),
                "x-namespace" | "x-team" | "x-project" => head.name_namespace(value),
                "x-priority" => first(&mut head.priority, value),
                "x-batch-mode" => first(&mut head.batch_mode, value),
                "x-capability" => first(&mut head.capability, value),
                "x-reservation-id" => first(&mut head.reservation_id, value),
                "x-user" => first(&mut head.user, value),
                _ => {}
            }
        }
        let in_header = [
            (bearer, CredentialSource::Bearer),
            (api_key, CredentialSource::ApiKey),
            (google_key, CredentialSource::GoogleApiKey),
        ];
        let found = in_header
            .into_iter()
            .filter_map(|(secret, source)| Some((Cow::Borrowed(secret?), source)));
        let in_query = || Some((query::find_key(head.query)?, CredentialSource::Query));
        head.credential = found
            .clone()
            .find(|(secret, _)| is_ours(secret))
            .or_else(|| in_query().filter(|(secret, _)| is_ours(secret)))
            .or_else(|| found.clone().next())
            .or_else(in_query)
            .map(|(secret, source)| Credential { secret, source });
        head
    }

    /// The `:path` for the upstream: without the `key` parameter and those that `forwards` says no
    /// to, by their name and value; otherwise byte for byte. `None` where nothing was to be left out.
    pub fn path_for_upstream(&self, forwards: impl Fn(&[u8], &[u8]) -> bool) -> Option<String> {
        query::for_upstream(&self.path, self.query, forwards)
    }

    /// The `:path` as it came.
    pub fn path_and_query(&self) -> String {
        query::joined(&self.path, self.query)
    }

    fn set_path(&mut self, value: &'a [u8]) {
        let question = memchr::memchr(b'?', value).unwrap_or(value.len());
        let (path, query) = value.split_at_checked(question).unwrap_or((value, b""));
        self.path = Cow::Borrowed(path);
        self.query = query.get(1..).unwrap_or_default();
    }

    fn add_encoding(&mut self, value: &[u8]) {
        self.encoding = match (self.encoding, BodyEncoding::of(value)) {
            (BodyEncoding::Plain, one) | (one, BodyEncoding::Plain) => one,
            _ => BodyEncoding::Unreadable,
        };
    }

    fn name_namespace(&mut self, value: &'a [u8]) {
        match self.namespace {
            _ if value.is_empty() => {}
            Ok(None) => self.namespace = Ok(Some(value)),
            Ok(Some(other)) if other != value => self.namespace = Err(NamespaceConflict),
            _ => {}
        }
    }
}

fn first<'a>(slot: &mut Option<&'a [u8]>, value: &'a [u8]) {
    if slot.is_none() && !value.is_empty() {
        *slot = Some(value);
    }
}

/// Takes a credential of a header. Envoy joins the values of a header that came twice by commas.
fn credential<'a>(
    slot: &mut Option<&'a [u8]>,
    value: &'a [u8],
    strip: impl Fn(&'a [u8]) -> Option<&'a [u8]>,
) {
    if slot.is_some_and(is_ours) {
        return;
    }
    let ours = match memchr::memchr(b',', value) {
        Some(_) => {
            let parts = value.split(|byte| *byte == b',');
            let mut secrets = parts.filter_map(|part| strip(part.trim_ascii()));
            secrets.find(|secret| is_ours(secret))
        }
        None => strip(value).filter(|secret| is_ours(secret)),
    };
    match ours {
        Some(ours) => *slot = Some(ours),
        None => first(slot, strip(value).unwrap_or_default()),
    }
}

/// Whether a credential has the form of Paddock's keys; it need not be one.
fn is_ours(credential: &[u8]) -> bool {
    credential.starts_with(secret::PREFIX.as_bytes())
}

fn strip_bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer") && rest.first() == Some(&b' ');
    is_bearer.then(|| rest.trim_ascii())
}

fn parse_length(value: &[u8]) -> Option<u64> {
    // `parse` alone would take a sign.
    let digits = value.iter().all(u8::is_ascii_digit);
    digits.then(|| str::from_utf8(value).ok()?.parse().ok())?
}

/// A list of texts of their own, as a list of headers.
#[cfg(test)]
pub(crate) fn borrowed(list: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    let pairs = list.iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect()
}
