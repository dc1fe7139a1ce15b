//! The management API over HTTP.

use anyhow::{Context, bail};
use paddock_ledger::model::secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Body, http};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the service may take to begin its answer.
const ANSWER: Duration = Duration::from_secs(60);
/// Longest error that is read.
const MAX_ERROR: u64 = 1 << 20;
/// Longest answer that is read whole.
const MAX_ANSWER: u64 = 256 << 20;
/// What needs no escape in a path's segment or a query's value.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A text as a path's segment, or as a query's value.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// What the service refused, and why.
#[derive(Debug)]
pub struct Refused {
    request: String,
    status: u16,
    /// The error's code, as in the contract.
    pub code: String,
    message: String,
    violations: Vec<String>,
    request_id: String,
    advice: Option<String>,
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} was refused ({} {})",
            self.request, self.status, self.code
        )?;
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
            write!(
                f,
                "\nThe service's logs know this request as {}.",
                self.request_id
            )?;
        }
        Ok(())
    }
}

/// A connection to the service.
pub struct Client {
    agent: Agent,
    url: String,
    key: Secret,
    key_source: String,
}

impl Client {
    /// A client of the service at `url`, without `/v1`.
    ///
    /// # Errors
    /// Where the authorities cannot be read.
    pub fn new(
        url: String,
        key: Secret,
        key_source: String,
        authorities: Option<&Path>,
    ) -> anyhow::Result<Client> {
        let roots = match authorities {
            None => RootCerts::WebPki,
            Some(path) => RootCerts::from(certificates(path)?),
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .max_redirects(0)
            .user_agent(concat!("paddock/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Ok(Client {
            agent: config.into(),
            url,
            key,
            key_source,
        })
    }

    /// Reads.
    ///
    /// # Errors
    /// Where the service cannot be reached, or refuses.
    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        read(self.call("GET", path, None)?)
    }

    /// Reads what may not be there.
    ///
    /// # Errors
    /// Where the service cannot be reached, or refuses with anything but `not_found`.
    pub fn find(&self, path: &str) -> anyhow::Result<Option<Value>> {
        match self.get(path) {
            Err(error) if code(&error) == Some("not_found") => Ok(None),
            result => result.map(Some),
        }
    }

    /// Every item of a list, page by page.
    ///
    /// # Errors
    /// Where the service cannot be reached, or refuses.
    pub fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("{path}{separator}limit=1000&after={after}"))?;
            if let Some(data) = page.get("data").and_then(Value::as_array) {
                items.extend(data.iter().cloned());
            }
            let last = page.get("last_id").and_then(Value::as_str);
            match (page.get("has_more").and_then(Value::as_bool), last) {
                (Some(true), Some(last)) => after = escape(last),
                _ => return Ok(items),
            }
        }
    }

    /// Changes something.
    ///
    /// # Errors
    /// Where the service cannot be reached, or refuses.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        read(self.call(method, path, Some(body.to_string()))?)
    }

    /// As [`Client::send`], with a body that is JSON already.
    ///
    /// # Errors
    /// Where the service cannot be reached, or refuses.
    pub fn post_text(&self, path: &str, body: String) -> anyhow::Result<Value> {
        read(self.call("POST", path, Some(body))?)
    }

    /// An answer to be read as it comes; of a stream of events, what comes after `last_id`.
    ///
    /// # Errors
    /// Where the service cannot be reached, or refuses.
    pub fn stream(&self, path: &str, last_id: Option<&str>) -> anyhow::Result<impl Read + use<>> {
        let body = self.call_after("GET", path, None, last_id)?.into_body();
        Ok(body.into_with_config().limit(u64::MAX).reader())
    }

    fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> anyhow::Result<http::Response<Body>> {
        self.call_after(method, path, body, None)
    }

    fn call_after(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        last_id: Option<&str>,
    ) -> anyhow::Result<http::Response<Body>> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.key.expose()));
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let answer = match body {
            None => request.body(()).map(|request| self.agent.run(request)),
            Some(body) => request
                .header("content-type", "application/json")
                .body(body)
                .map(|request| self.agent.run(request)),
        };
        let answer = answer
            .with_context(|| format!("'{}' is no URL of a service", self.url))?
            .with_context(|| {
                format!(
                    "cannot reach the service at {}. Does it run? --url or PADDOCK_URL says where \
                     it is",
                    self.url
                )
            })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        bail!(self.refusal(
            format!("{method} {}", path.split('?').next().unwrap_or(path)),
            answer
        ))
    }

    fn refusal(&self, request: String, mut answer: http::Response<Body>) -> Refused {
        let status = answer.status().as_u16();
        let request_id = answer.headers().get("x-request-id");
        let request_id = request_id
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default();
        let request_id = request_id.to_owned();
        let text = answer
            .body_mut()
            .with_config()
            .limit(MAX_ERROR)
            .read_to_string();
        let body: Value = serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default();
        let error = body.get("error");
        let field = |name: &str| {
            let text = error.and_then(|error| error.get(name)?.as_str());
            text.map(str::to_owned)
        };
        let violations = error.and_then(|error| error.get("violations")?.as_array());
        let violations = violations.into_iter().flatten().filter_map(Value::as_str);
        let advice = match status {
            401 => Some(format!("The key is the one of {}.", self.key_source)),
            502..=504 => Some("Try again in a moment.".to_owned()),
            _ => None,
        };
        let silent = || "the answer does not say why. Is this the service's URL?".to_owned();
        Refused {
            request,
            status,
            code: field("code").unwrap_or_else(|| "unknown".to_owned()),
            message: field("message").unwrap_or_else(silent),
            violations: violations.map(str::to_owned).collect(),
            request_id,
            advice,
        }
    }
}

/// Whether the same request may succeed in a moment: the service is away, or stops.
pub fn may_pass(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<Refused>() {
        Some(refused) => refused.status >= 500,
        None => error.downcast_ref::<ureq::Error>().is_some(),
    }
}

/// The code the service refused with, where it did.
pub fn code(error: &anyhow::Error) -> Option<&str> {
    let refused = error.downcast_ref::<Refused>();
    refused.map(|refused| refused.code.as_str())
}

fn read(mut answer: http::Response<Body>) -> anyhow::Result<Value> {
    let text = answer
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER)
        .read_to_string();
    let text = text.context("the service's answer broke off")?;
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text)
        .context("the service's answer is not JSON. Is this the service's URL?")
}

fn certificates(path: &Path) -> anyhow::Result<Vec<Certificate<'static>>> {
    let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut found = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        let item = item.with_context(|| format!("{} is not PEM", path.display()))?;
        if let PemItem::Certificate(certificate) = item {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        bail!("{} holds no certificate", path.display());
    }
    Ok(found)
}
