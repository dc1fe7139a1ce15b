//! What one model call used.

use crate::ids::{EventId, InstallationId};
use crate::money::Money;
use crate::stored::StoredId;
use crate::timestamp::Timestamp;
use crate::units::Units;
use crate::usage::{TokenUsage, ToolCalls};
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
    /// The gateway refused it: it was never served, and costs nothing.
    Refused,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 4] = [
        Outcome::Complete,
        Outcome::Truncated,
        Outcome::UpstreamError,
        Outcome::Refused,
    ];

    /// Its name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::Truncated => "truncated",
            Outcome::UpstreamError => "upstream_error",
            Outcome::Refused => "refused",
        }
    }

    /// The outcome of that name.
    pub fn named(name: &str) -> Option<Outcome> {
        Outcome::ALL
            .into_iter()
            .find(|outcome| outcome.name() == name)
    }
}

/// One model call, from its admission to its end, or one or several refused to an identified caller.
/// The ledger counts each `id` once.
///
/// Where [`refusals`](UsageEvent::refusals) is more than 1, the event stands for so many calls of one
/// key refused with one code. It then started with the first and lasted until the last; model and
/// scope are absent where they were not the same of all, and the rest is the first's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageEvent<'a> {
    /// The event's id, made by the filter. The ledger books each id once.
    pub id: EventId,
    /// The installation whose policy judged the call. Absent where the service or the gateway is older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<InstallationId>,
    /// The caller's key.
    #[serde(borrow)]
    pub key_id: Cow<'a, str>,
    /// The caller's namespace.
    #[serde(borrow)]
    pub namespace: Cow<'a, str>,
    /// The organization of the namespace.
    #[serde(borrow)]
    pub organization: Cow<'a, str>,
    /// The end user the request named.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Cow<'a, str>>,
    /// Whether that user shares a cap with others, because the gateway had no room for one more.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub user_shared: bool,
    /// The budgets of its organization that covered it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<String>,
    /// The model that served the call, and by whose price it is charged.
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
    /// The upstream's HTTP status; 0 if it never answered.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// The content category that the call violated; never the content.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Cow<'a, str>>,
    /// The code of the refusal; absent if the call was served.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// The scope that refused it, such as `namespace:tenant-marketing`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub refused_by: Option<Cow<'a, str>>,
    /// How many refused calls the event stands for; 0 if the call was served.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refusals: u64,
    /// Whether the tokens are the gateway's estimate rather than the provider's count.
    pub estimated: bool,
    /// Whether it was served in a tier for work that can wait.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub batch: bool,
    /// The tier that served it; absent if the standard one did.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Cow<'a, str>>,
    /// The upstream that the last attempt went to; absent if the model lists no deployments.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Cow<'a, str>>,
    /// Which attempt that was, from 1 on; 0 if the model lists no deployments.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempt: u64,
    /// The calls of the provider's tools.
    #[serde(default, skip_serializing_if = "ToolCalls::is_empty")]
    pub tools: ToolCalls,
    /// Images, seconds, characters, pages and searches: what is counted beside tokens.
    #[serde(default, skip_serializing_if = "Units::is_empty")]
    pub units: Units,
    /// The quality and size of images that the call asked for, as `hd:1024x1024`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Cow<'a, str>>,
    /// Since when the price was in force that it was charged by; zero if it always was.
    #[serde(default, skip_serializing_if = "is_epoch")]
    pub price_from: Timestamp,
    /// When the call was admitted. Its cost belongs to the budget period of this moment.
    pub started_at: Timestamp,
    /// Milliseconds from admission to end.
    pub duration_ms: u64,
    /// The tokens used.
    pub tokens: TokenUsage,
    /// The cost, in nano-dollars.
    pub cost: Money,
    /// Ids of the budget leases that paid for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<i64>,
    /// What the provider stored in this call: from now on the namespace's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stored: Vec<StoredId>,
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

/// What the provider stored in a request that passed through, which has no event of its own: from now
/// on the namespace's. It is sent among the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made<'a> {
    /// The installation of the namespace. Absent where the service or the gateway is older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<InstallationId>,
    /// The namespace that made it.
    #[serde(borrow)]
    pub made_by: Cow<'a, str>,
    /// When.
    pub made_at: Timestamp,
    /// The ids.
    pub stored: Vec<StoredId>,
}

fn is_epoch(time: &Timestamp) -> bool {
    *time == Timestamp::EPOCH
}

const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'a> UsageEvent<'a> {
    /// An event of nobody's call, that used nothing: to be filled in.
    pub fn nothing(id: EventId, started_at: Timestamp) -> UsageEvent<'a> {
        const EMPTY: Cow<'static, str> = Cow::Borrowed("");
        UsageEvent {
            id,
            installation: None,
            key_id: EMPTY,
            namespace: EMPTY,
            organization: EMPTY,
            user: None,
            user_shared: false,
            budgets: Vec::new(),
            model: EMPTY,
            requested_model: EMPTY,
            endpoint: EMPTY,
            stream: false,
            status: 0,
            outcome: Outcome::Complete,
            category: None,
            code: None,
            refused_by: None,
            refusals: 0,
            estimated: false,
            batch: false,
            tier: None,
            upstream: None,
            attempt: 0,
            tools: ToolCalls::NONE,
            units: Units::NONE,
            variant: None,
            price_from: Timestamp::EPOCH,
            started_at,
            duration_ms: 0,
            tokens: TokenUsage::default(),
            cost: Money::ZERO,
            leases: Vec::new(),
            stored: Vec::new(),
            request_id: EMPTY,
            client_address: EMPTY,
            user_agent: EMPTY,
        }
    }

    /// The same, of texts of its own.
    pub fn into_owned(self) -> UsageEvent<'static> {
        let owned = |text: Cow<'a, str>| -> Cow<'static, str> { Cow::Owned(text.into_owned()) };
        UsageEvent {
            id: self.id,
            installation: self.installation,
            key_id: owned(self.key_id),
            namespace: owned(self.namespace),
            organization: owned(self.organization),
            user: self.user.map(owned),
            user_shared: self.user_shared,
            budgets: self.budgets,
            model: owned(self.model),
            requested_model: owned(self.requested_model),
            endpoint: owned(self.endpoint),
            stream: self.stream,
            status: self.status,
            outcome: self.outcome,
            category: self.category.map(owned),
            code: self.code.map(owned),
            refused_by: self.refused_by.map(owned),
            refusals: self.refusals,
            estimated: self.estimated,
            batch: self.batch,
            tier: self.tier.map(owned),
            upstream: self.upstream.map(owned),
            attempt: self.attempt,
            tools: self.tools,
            units: self.units,
            variant: self.variant.map(owned),
            price_from: self.price_from,
            started_at: self.started_at,
            duration_ms: self.duration_ms,
            tokens: self.tokens,
            cost: self.cost,
            leases: self.leases,
            stored: self.stored,
            request_id: owned(self.request_id),
            client_address: owned(self.client_address),
            user_agent: owned(self.user_agent),
        }
    }
}
