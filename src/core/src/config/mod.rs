//! The plugin's configuration: JSON text in Envoy's `configuration` field.

mod end_users;
mod failure_modes;
mod held_bodies;
pub mod identity;
mod inline_catalog;
mod inline_policy;
mod inline_price;
mod inline_settings;
mod parse;
mod plugin;

pub use end_users::{ClaudeCodeUser, EndUsers};
pub use failure_modes::{Check, FailureModes};
pub use identity::Identities;
pub use inline_policy::InlinePolicy;
pub use plugin::Plugin;

use crate::bodies::BodyLimits;
use crate::content::ContentPolicy;
use crate::fair_share::UpstreamLimit;
use crate::forwarding::Forwarding;
use serde::Deserialize;
use std::rc::Rc;

/// Everything an operator can set, after validation.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The accounting service; absent for a standalone gateway.
    pub accounting: Option<Accounting>,
    /// The policy of a standalone gateway.
    pub policy: Option<InlinePolicy>,
    /// Who is believed to be who, and whose word comes first.
    pub identity: Identities,
    /// Who the end user of a request is.
    pub end_users: EndUsers,
    /// Longest request body, in bytes: 1 KiB to 128 MiB.
    pub max_request_bytes: usize,
    /// What of requests' bodies may be held at once.
    pub held_bodies: BodyLimits,
    /// The longest a request may live, in seconds: 1 to 86,400. Must not be below Envoy's own
    /// route timeout, or holds are let go of while their requests still run.
    pub max_request_seconds: u64,
    /// How old the policy may be, in seconds, before requests are served by their failure mode: 2 to
    /// 86,400.
    pub policy_max_age_seconds: u64,
    /// What becomes of requests while the service is away.
    pub failure_modes: FailureModes,
    /// Whether limits are enforced; if not, they are told.
    pub enforce_limits: bool,
    /// What of a client's headers and query reaches a provider.
    pub forwarding: Forwarding,
    /// The origins of web pages that may ask; `*` is any.
    pub cors_origins: Vec<String>,
    /// Where requests are held until they are decided.
    pub hold: HoldAt,
    /// Paths that are let pass unmetered.
    pub pass_through: Vec<PassThrough>,
    /// What becomes of ids of stored objects that nobody has seen made.
    pub foreign_ids: ForeignIds,
    /// Keys, namespaces and organizations each worker remembers at most, of each: 16 to
    /// 10,000,000.
    pub max_cached_tenants: usize,
    /// End users with a cap that this Envoy keeps apart at most, as long as it lives: 1 to 1,000,000.
    /// Those who come after share one cap in each namespace.
    pub max_limited_users: u64,
    /// Reservations this Envoy spends from at once at most: 1 to 4,096. Requests that name others are
    /// paid for by the ordinary budgets.
    pub max_reservations: usize,
    /// The upstreams whose own limit all namespaces share.
    pub upstreams: Vec<Rc<UpstreamLimit>>,
    /// What prompts may say.
    pub content_policy: Rc<ContentPolicy>,
    /// When usage events leave the memory of a worker's VM.
    pub durable_events: DurableEvents,
    /// What Envoy's access log is told of each request.
    pub access_log: Vec<LogField>,
    /// Which answers say what is left of the limits of rates.
    pub rate_headers: RateHeaders,
    /// Which answers say what their call cost.
    pub tell_cost: TellCost,
}

impl Config {
    /// Whether Envoy's access log is told this.
    pub(crate) fn logs(&self, field: LogField) -> bool {
        self.access_log.contains(&field)
    }

    /// The limit of the upstream of that name, where it has one.
    pub fn upstream(&self, name: &str) -> Option<&Rc<UpstreamLimit>> {
        self.upstreams.iter().find(|limit| limit.name == name)
    }
}

/// When usage events leave the memory of a worker's VM for Envoy's shared queue, which outlives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurableEvents {
    /// All together at the next tick, a tenth of a second later at most: a crash of the VM loses them.
    #[default]
    Tick,
    /// Each at once, which every request pays for.
    Each,
}

/// Something that Envoy's access log is told as `%FILTER_STATE(wasm.paddock_NAME:PLAIN)%`. Every
/// request pays for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogField {
    /// The whole usage event, which `paddock reconcile` reads.
    Event,
    /// The namespace.
    Namespace,
    /// The key's id.
    Key,
    /// The model that served.
    Model,
    /// The cost in US dollars.
    CostUsd,
    /// The code of a refusal.
    Refusal,
}

/// Which answers say what is left of the limits of rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateHeaders {
    /// Every governed answer, with the highest rate there is where nothing is limited.
    #[default]
    Always,
    /// Those of callers that are limited, of what is.
    Limited,
    /// None.
    Off,
}

/// Which answers say what their call cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TellCost {
    /// None.
    #[default]
    Off,
    /// Those that are no streams, in a header. They are held until they are whole.
    Header,
    /// Streams as well, in a comment behind their last event.
    HeaderAndComment,
}

/// Where requests are held until they are decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldAt {
    /// At the headers, so that the route follows the decision. Envoy's plugin configuration must
    /// say `allow_on_headers_stop_iteration: true`.
    Headers,
    /// At the body, where that cannot be said (Istio's WasmPlugin, Envoy Gateway): the route is
    /// fixed by the headers alone and must lead to this upstream.
    Body {
        /// The upstream the route leads to, as the catalog calls it.
        upstream: String,
    },
}

/// What becomes of a request that names a stored object which no call through a gateway of this
/// accounting service has made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignIds {
    /// It is refused: the object may be anybody's who has the same provider account.
    #[default]
    Refuse,
    /// It passes, and so do lists of all stored objects. What is known to be another namespace's is
    /// refused all the same.
    Allow,
}

/// A path that is neither a model endpoint nor refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassThrough {
    /// The path, and all below it: `/v1/files` covers `/v1/files/abc` and not `/v1/filesystem`.
    pub path: String,
    /// The Envoy cluster that serves it.
    pub upstream: String,
}

impl PassThrough {
    /// Whether the rule covers a path (without its query).
    pub fn covers(&self, path: &[u8]) -> bool {
        let below = path.strip_prefix(self.path.as_bytes());
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }
}

/// How the accounting service is reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounting {
    /// The Envoy cluster that leads there.
    pub cluster: String,
    /// How long a request waits for it, in milliseconds: 1 to 60,000.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
}

const fn default_timeout_ms() -> u64 {
    2_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_let_pass_covers_what_is_below_it_and_nothing_else() {
        let text = br#"{"accounting":{"cluster":"c"},"pass_through":[{"path":"/v1/files","upstream":"u"}]}"#;
        let rule = &Config::parse(text).unwrap().pass_through[0];
        assert!(rule.covers(b"/v1/files") && rule.covers(b"/v1/files/abc"));
        assert!(!rule.covers(b"/v1/filesystem") && !rule.covers(b"/v1"));
    }
}
