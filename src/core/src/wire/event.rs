//! What one model call used.

use crate::ids::EventId;
use crate::money::Money;
use crate::timestamp::Timestamp;
use crate::usage::TokenUsage;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The whole answer passed.
    Complete,
    /// The client left or the upstream broke off before the answer's end.
    Truncated,
    /// The upstream answered with an error, or not at all: it costs nothing.
    UpstreamError,
    /// The gateway refused it for its content: it was never served, and costs nothing.
    Refused,
}

/// One model call, from its admission to its end, or one refused for its content. The ledger counts each `id` once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageEvent<'a> {
    /// Made by the filter.
    pub id: EventId,
    /// The caller's key.
    #[serde(borrow)]
    pub key_id: Cow<'a, str>,
    /// The namespace it was served in.
    #[serde(borrow)]
    pub namespace: Cow<'a, str>,
    /// The organization of the namespace.
    #[serde(borrow)]
    pub organization: Cow<'a, str>,
    /// The end user the request named.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Cow<'a, str>>,
    /// Whether that user was limited together with others, because the gateway had no room for one
    /// more.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub user_shared: bool,
    /// The model that served it, which is the one it is priced by.
    #[serde(borrow)]
    pub model: Cow<'a, str>,
    /// The model as the caller wrote it.
    #[serde(borrow)]
    pub requested_model: Cow<'a, str>,
    /// The endpoint's path, without its query: `/v1/chat/completions`.
    #[serde(borrow)]
    pub endpoint: Cow<'a, str>,
    /// Whether the answer was a stream.
    pub stream: bool,
    /// The upstream's HTTP status; 0 where it never answered.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// The category of content it was refused for; never the content.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Cow<'a, str>>,
    /// Whether the tokens are the gateway's estimate rather than the provider's count.
    pub estimated: bool,
    /// Whether it is priced as batch.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub batch: bool,
    /// When it was admitted: its cost belongs to the budget period of this moment.
    pub started_at: Timestamp,
    /// Milliseconds from admission to end.
    pub duration_ms: u64,
    /// What it used.
    pub tokens: TokenUsage,
    /// What that costs.
    pub cost: Money,
    /// Ids of the budget leases that were debited for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<i64>,
    /// The gateway's request id, as the client and the access log see it.
    #[serde(borrow, default)]
    pub request_id: Cow<'a, str>,
    /// The client's address.
    #[serde(borrow, default)]
    pub client_address: Cow<'a, str>,
    /// The client's `User-Agent`.
    #[serde(borrow, default)]
    pub user_agent: Cow<'a, str>,
}
