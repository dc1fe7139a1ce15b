//! The management API over HTTP.

use anyhow::{Context, bail};
use paddock_core::wire::{PROTOCOL_HEADER, Protocols};
use paddock_ledger::model::secret::Secret;
use paddock_server::clock::{Clock, SystemClock};
use paddock_server::outbound::tls;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::blocking::{self, Response};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, redirect};
use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the service may take to begin its answer, and between two parts of it.
const ANSWER: Duration = Duration::from_secs(60);
/// Longest answer that is read whole, in bytes.
const MAX_ANSWER: u64 = 256 << 20;
/// Longest error that is read, in bytes.
const MAX_ERROR: u64 = 1 << 20;
/// What needs no escape in a segment of a path or a value of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A text as a segment of a path or a value of a query.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// A field of an answer; null if it is absent.
pub fn field<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer.get(name).unwrap_or(&Value::Null)
}

/// A field that is a text; empty if it is absent.
pub fn text_of<'a>(answer: &'a Value, name: &str) -> &'a str {
    field(answer, name).as_str().unwrap_or_default()
}

/// An error the service answered.
#[derive(Debug)]
pub struct Refused {
    request: String,
    status: u16,
    code: String,
    message: String,
    violations: Vec<String>,
    request_id: String,
    advice: Option<String>,
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (request, status, code) = (&self.request, self.status, &self.code);
        write!(f, "{request} failed ({status} {code})")?;
        if self.violations.is_empty() {
            write!(f, ": {}", self.message)?;
        } else {
            f.write_str(":")?;
            for violation in &self.violations {
                write!(f, "\n  - {violation}")?;
            }
        }
        if let Some(advice) = &self.advice {
            write!(f, "\n{advice}")?;
        }
        if !self.request_id.is_empty() {
            write!(f, "\nRequest id in the service's log: {}", self.request_id)?;
        }
        Ok(())
    }
}

/// How the service answered, and when.
pub struct Probe {
    pub is_success: bool,
    /// From the request to the head of the answer.
    pub took: Duration,
    /// The answerer's clock, to the second.
    pub date: Option<OffsetDateTime>,
    pub text: String,
}

/// A connection to the service.
pub struct Client {
    http: blocking::Client,
    url: String,
    key: Secret,
    key_source: String,
}

impl Client {
    /// A client of the service at `url`, without `/v1`. It trusts the public certificate
    /// authorities, or those of the file `authorities` instead.
    pub fn new(
        url: String,
        key: Secret,
        key_source: String,
        authorities: Option<&Path>,
    ) -> anyhow::Result<Client> {
        Ok(Client {
            http: http(authorities)?,
            url,
            key,
            key_source,
        })
    }

    /// Where the service is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Reads an object.
    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        read(self.call(Method::GET, path, None, None)?)
    }

    /// Reads an object that may not exist.
    pub fn find(&self, path: &str) -> anyhow::Result<Option<Value>> {
        match self.get(path) {
            Err(error) if code(&error) == Some("not_found") => Ok(None),
            result => result.map(Some),
        }
    }

    /// Reads every item of a list, page by page.
    pub fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let mut page = self.get(&format!("{path}{separator}limit=1000&after={after}"))?;
            if let Some(data) = page.get_mut("data").and_then(Value::as_array_mut) {
                items.append(data);
            }
            match (field(&page, "has_more"), field(&page, "last_id").as_str()) {
                (Value::Bool(true), Some(last)) => after = escape(last),
                _ => return Ok(items),
            }
        }
    }

    /// Reads the key with an id, or the key `NAMESPACE/NAME`.
    pub fn key(&self, which: &str) -> anyhow::Result<Value> {
        let Some((namespace, name)) = which.split_once('/') else {
            return self.get(&format!("/v1/keys/{}", escape(which)));
        };
        let keys = self.list(&format!("/v1/keys?namespace={}", escape(namespace)))?;
        let found = keys.into_iter().find(|key| text_of(key, "name") == name);
        found.with_context(|| {
            format!(
                "there is no key '{name}' in namespace '{namespace}'. List its keys with `paddock \
                 get keys --namespace {namespace}`"
            )
        })
    }

    /// Reads a text, which needs no key of every service; also of an answer that is no success.
    pub fn probe(&self, path: &str) -> anyhow::Result<Probe> {
        let began = SystemClock.now();
        let answer = self.execute(Method::GET, path, None, None)?;
        let took = SystemClock.now().since(began);
        let date = answer
            .headers()
            .get("date")
            .and_then(|date| date.to_str().ok());
        Ok(Probe {
            is_success: answer.status().is_success(),
            took,
            date: date.and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok()),
            text: text(answer, MAX_ANSWER).context("the service's answer is incomplete")?,
        })
    }

    /// Sends a body and reads the answer.
    pub fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        read(self.call(method, path, Some(body.to_string()), None)?)
    }

    /// Posts a body that is already JSON and reads the answer.
    pub fn post_text(&self, path: &str, body: String) -> anyhow::Result<Value> {
        read(self.call(Method::POST, path, Some(body), None)?)
    }

    /// An answer to read as it comes; of a stream of events, those after `last_id`.
    pub fn stream(&self, path: &str, last_id: Option<&str>) -> anyhow::Result<impl Read + use<>> {
        self.call(Method::GET, path, None, last_id)
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        last_id: Option<&str>,
    ) -> anyhow::Result<Response> {
        let answer = self.execute(method.clone(), path, body, last_id)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let path = path.split('?').next().unwrap_or(path);
        bail!(self.refusal(format!("{method} {path}"), answer))
    }

    fn execute(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        last_id: Option<&str>,
    ) -> anyhow::Result<Response> {
        let url = format!("{}{path}", self.url);
        let mut request = self.http.request(method, url);
        request = request.bearer_auth(self.key.expose());
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let request = request
            .build()
            .with_context(|| format!("'{}' is not the URL of a service", self.url))?;
        let answer = self
            .http
            .execute(request)
            .map_err(reqwest::Error::without_url);
        answer.with_context(|| {
            format!(
                "cannot reach the service at {}. Is it running? Set its address with --url or \
                 PADDOCK_URL",
                self.url
            )
        })
    }

    fn refusal(&self, request: String, answer: Response) -> Refused {
        let status = answer.status().as_u16();
        let request_id = answer.headers().get("x-request-id");
        let request_id = request_id.and_then(|id| id.to_str().ok());
        let request_id = request_id.unwrap_or_default().to_owned();
        let body = text(answer, MAX_ERROR).unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let error = field(&body, "error");
        let or = |name: &str, otherwise: &str| match text_of(error, name) {
            "" => otherwise.to_owned(),
            text => text.to_owned(),
        };
        let violations = field(error, "violations").as_array();
        let violations = violations.into_iter().flatten().filter_map(Value::as_str);
        let advice = match status {
            401 => Some(format!("The key came from {}.", self.key_source)),
            502..=504 => Some("Try again in a moment.".to_owned()),
            _ => None,
        };
        let silent = "the answer gives no reason. Is this the URL of the service?";
        Refused {
            request,
            status,
            code: or("code", "unknown"),
            message: or("message", silent),
            violations: violations.map(str::to_owned).collect(),
            request_id,
            advice,
        }
    }
}

/// A client that shows no key.
pub fn plain() -> anyhow::Result<blocking::Client> {
    http(None)
}

fn http(authorities: Option<&Path>) -> anyhow::Result<blocking::Client> {
    // Only what is asked as a gateway is judged by it.
    let protocols = HeaderValue::try_from(Protocols::SPOKEN.to_string())?;
    let headers = HeaderMap::from_iter([(HeaderName::from_static(PROTOCOL_HEADER), protocols)]);
    let client = blocking::Client::builder()
        .default_headers(headers)
        .tls_backend_preconfigured(tls::client(authorities)?)
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("paddock/", env!("CARGO_PKG_VERSION")));
    Ok(client.build()?)
}

/// Whether the same request may succeed in a moment: the service is away, is stopping or has too much to do.
pub fn may_pass(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<Refused>() {
        Some(refused) => refused.status >= 500 || refused.status == 429,
        None => error
            .downcast_ref::<reqwest::Error>()
            .is_some_and(|error| !error.is_builder()),
    }
}

/// The error code of the service's answer, if there was one.
fn code(error: &anyhow::Error) -> Option<&str> {
    let refused = error.downcast_ref::<Refused>();
    refused.map(|refused| refused.code.as_str())
}

fn read(answer: Response) -> anyhow::Result<Value> {
    let text = text(answer, MAX_ANSWER).context("the service's answer is incomplete")?;
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text)
        .context("the service's answer is not JSON. Is this the URL of the service?")
}

fn text(answer: Response, limit: u64) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = answer.take(limit).read_to_string(&mut text)?;
    if u64::try_from(read)? == limit {
        bail!("it is longer than {limit} bytes");
    }
    Ok(text)
}
