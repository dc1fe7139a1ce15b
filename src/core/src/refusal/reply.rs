//! A refusal as HTTP, in the dialect of its caller.

use super::capacity::whole_seconds;
use super::text::header_value;
use super::{Code, Refusal};
use crate::request::BodyEncoding;
use crate::wire_format::WireFormat;
use core::time::Duration;
use serde::Serialize;

/// An answer the gateway makes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Its headers, each once.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a dialect calls the error.
#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Name(&'static str),
    Status(u16),
}

/// The `error` object of every dialect; a field that is `None` is not of that dialect.
#[derive(Serialize)]
struct ErrorBody<'a> {
    code: Number,
    message: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// OpenAI's is there even where it is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<Option<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<[(); 0]>,
    /// The contract's code, where the dialect's is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(flatten)]
    budget: BudgetBody<'a>,
}

/// What a refusal for lack of money says beside.
#[derive(Clone, Copy, Serialize)]
struct BudgetBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_at: Option<&'a str>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    error: ErrorBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// Some clients look for it beside the error, some inside.
    #[serde(flatten)]
    budget: BudgetBody<'a>,
}

impl Refusal {
    /// The answer in `format`, under the id of the request.
    pub fn to_reply(&self, format: WireFormat, request_id: &str) -> Reply {
        let request_id = header_value(request_id);
        let body = self.body(format, &request_id);
        let mut headers = Vec::with_capacity(4);
        headers.push(("content-type", "application/json".to_owned()));
        if !self.code.is_passing() {
            headers.push(("x-should-retry", "false".to_owned()));
        } else {
            let wait = self.retry_after.unwrap_or(Duration::from_secs(1));
            headers.push(("retry-after", whole_seconds(wait).to_string()));
        }
        if self.code == Code::UnsupportedEncoding {
            headers.push(("accept-encoding", BodyEncoding::READABLE.to_owned()));
        }
        if format == WireFormat::Anthropic {
            headers.push(("request-id", request_id.clone()));
        }
        headers.push(("x-request-id", request_id));
        Reply {
            status: self.status,
            headers,
            body,
        }
    }

    fn body(&self, format: WireFormat, request_id: &str) -> Vec<u8> {
        let resets_at = self.resets_at.map(|at| at.to_rfc3339());
        let budget = BudgetBody {
            remaining: self.remaining.map(|money| money.to_dollars()),
            resets_at: resets_at.as_deref(),
        };
        let mut error = ErrorBody {
            code: Number::Name(self.code.name()),
            message: &self.message,
            kind: None,
            param: None,
            status: None,
            details: None,
            reason: None,
            scope: self.scope.as_deref(),
            category: self.category.as_deref(),
            budget,
        };
        let mut body_kind = None;
        let mut body_request_id = None;
        match format {
            WireFormat::OpenAi | WireFormat::OpenAiResponses => {
                error.kind = Some(self.code.open_ai(self.rate));
                error.param = Some(self.param);
            }
            WireFormat::Anthropic => {
                error.kind = Some(self.code.anthropic());
                body_kind = Some("error");
                body_request_id = Some(request_id);
            }
            WireFormat::Gemini => {
                error.code = Number::Status(self.status);
                error.status = Some(self.code.gemini());
                error.details = Some([]);
                error.reason = Some(self.code.name());
            }
        }
        let body = Body {
            kind: body_kind,
            error,
            request_id: body_request_id,
            budget,
        };
        // Strings and numbers alone: this cannot fail.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
