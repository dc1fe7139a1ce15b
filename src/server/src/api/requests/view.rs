//! A call, as it is answered.

use crate::api::audit::names::Names;
use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::policy::EndpointScope;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::store::events::EventRow;
use paddock_ledger::store::loaded;

/// A call in JSON.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Request)]
pub struct RequestView {
    /// Its id in the ledger: that of its usage event.
    id: String,
    /// Always `request`.
    object: &'static str,
    /// When it was admitted or refused.
    #[schema(format = DateTime)]
    started_at: String,
    /// Milliseconds from then to its end.
    duration_ms: u64,
    /// The id of the key.
    key_id: String,
    /// The key's name; `null` if it is not known.
    key_name: Option<String>,
    /// The namespace.
    namespace: String,
    /// The organization.
    organization: String,
    /// The end user that it named.
    user: Option<String>,
    /// The model that served it.
    model: String,
    /// The model as the caller wrote it.
    requested_model: String,
    /// The endpoint's path.
    endpoint: String,
    /// Whether the answer was a stream.
    stream: bool,
    /// The upstream's HTTP status; of a refusal the gateway's; 0 if none came.
    status: u64,
    /// `complete`, `truncated`, `upstream_error` or `refused`.
    outcome: String,
    /// The code it was refused with, such as `budget_exceeded`.
    refusal_code: Option<String>,
    /// The scope that refused it, such as `namespace:research`.
    refused_by: Option<String>,
    /// How many refused calls it stands for; 0 if it was not refused.
    refusals: u64,
    /// The category of content it was refused for.
    category: Option<String>,
    /// Whether the tokens are an estimate.
    estimated: bool,
    /// Prompt tokens, cached ones included.
    input_tokens: u64,
    /// Those of them that were read from a cache.
    cached_input_tokens: u64,
    /// Tokens of the answer.
    output_tokens: u64,
    /// Those of them that were reasoning.
    reasoning_tokens: u64,
    /// US dollars.
    cost_usd: f64,
    /// The gateway that reported it.
    gateway: String,
    /// The request's id at the gateway.
    request_id: String,
}

impl RequestView {
    /// A call of the ledger.
    pub fn new(row: &EventRow, names: &Names) -> RequestView {
        let cached = loaded(row.cached_input_tokens);
        let written =
            loaded(row.cache_write_5m_tokens).saturating_add(loaded(row.cache_write_1h_tokens));
        RequestView {
            id: row.id.clone(),
            object: "request",
            started_at: Timestamp::from_nanos(loaded(row.started_at)).to_rfc3339(),
            duration_ms: loaded(row.duration_ms),
            key_id: row.key_id.clone(),
            key_name: names.of(&row.key_id).map(str::to_owned),
            namespace: row.namespace.clone(),
            organization: row.organization.clone(),
            user: row.end_user.clone(),
            model: row.model.clone(),
            requested_model: row.requested_model.clone(),
            endpoint: row.endpoint.clone(),
            stream: row.stream,
            status: loaded(row.status),
            outcome: row.outcome.clone(),
            refusal_code: row.refusal_code.clone(),
            refused_by: row.refused_by.clone(),
            refusals: loaded(row.refusals),
            category: row.category.clone(),
            estimated: row.estimated,
            input_tokens: loaded(row.input_tokens)
                .saturating_add(cached)
                .saturating_add(written),
            cached_input_tokens: cached,
            output_tokens: loaded(row.output_tokens),
            reasoning_tokens: loaded(row.reasoning_tokens),
            cost_usd: Money::from_nanos(row.cost).to_dollars(),
            gateway: row.gateway.clone(),
            request_id: row.request_id.clone(),
        }
    }
}

/// The only key whose calls a caller may see, if there is one: its own, if it may call models and is no admin.
pub fn only_key(caller: &Caller) -> Option<&str> {
    match caller {
        Caller::Holder(holder)
            if caller.may_manage().is_err() && holder.key.role.allows(EndpointScope::Chat) =>
        {
            Some(&holder.key.id)
        }
        _ => None,
    }
}
