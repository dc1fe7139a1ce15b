//! One entry of the audit, as it is answered.

use super::names::Names;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::units::Units;
use paddock_core::usage::ToolCalls;
use paddock_ledger::model::audit::ChangeRow;
use paddock_ledger::store::events::EventRow;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The action of a model call.
pub const CALL: &str = "model.call";
/// The action of one that was refused.
pub const REFUSED_CALL: &str = "model.refused";
/// The action of a correction of the operator's.
pub const CORRECTION: &str = "model.correction";

/// The contract's fields, in its order: the columns of a CSV by default.
pub const CONTRACT: [&str; 15] = [
    "timestamp",
    "api_key_id",
    "key_name",
    "user_email",
    "action",
    "resource_type",
    "resource_id",
    "model",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "ip_address",
    "user_agent",
    "request_id",
    "project",
];

/// Further fields, which JSON has by default too.
pub const MORE: [&str; 28] = [
    "organization",
    "sequence",
    "event_id",
    "gateway",
    "endpoint",
    "status",
    "outcome",
    "refusal_code",
    "refused_by",
    "refusals",
    "category",
    "end_user",
    "estimated",
    "cached_input_tokens",
    "reasoning_tokens",
    "audio_input_tokens",
    "image_input_tokens",
    "audio_output_tokens",
    "image_output_tokens",
    "tier",
    "upstream",
    "attempt",
    "tools",
    "units",
    "variant",
    "price_from",
    "before",
    "after",
];

/// An entry, or with `per_key` the sums of a key. It has the fields that were asked for. What does not
/// apply to an entry is `null`, but tokens, refusals and costs are 0: so they can be summed up.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct AuditEntry {
    /// When it happened.
    #[schema(format = DateTime)]
    pub(super) timestamp: Option<String>,
    /// The key it was done with; `operator` for the operator's own.
    pub(super) api_key_id: Option<String>,
    /// That key's name.
    pub(super) key_name: Option<String>,
    /// The e-mail address of the member that the key belongs to; if it belongs to none, the end user that
    /// the call names.
    pub(super) user_email: Option<String>,
    /// What was done: `model.call`, `model.refused`, `model.correction`, or a change such as `key.create`.
    pub(super) action: Option<String>,
    /// The kind of thing it was done to.
    pub(super) resource_type: Option<String>,
    /// Which one.
    pub(super) resource_id: Option<String>,
    /// The model of a call.
    pub(super) model: Option<String>,
    /// Input tokens, cached ones included.
    pub(super) input_tokens: Option<i64>,
    /// Output tokens.
    pub(super) output_tokens: Option<i64>,
    /// US dollars.
    pub(super) cost_usd: Option<f64>,
    /// Where the request came from.
    pub(super) ip_address: Option<String>,
    /// The client's user agent.
    pub(super) user_agent: Option<String>,
    /// The request.
    pub(super) request_id: Option<String>,
    /// The namespace.
    pub(super) project: Option<String>,
    /// The organization; `*` is the installation's own.
    pub(super) organization: Option<String>,
    /// The number of the segment in its chain.
    pub(super) sequence: Option<u64>,
    /// The event of a call.
    pub(super) event_id: Option<String>,
    /// The gateway that reported a call: the name of its token, if it has one, and its own.
    pub(super) gateway: Option<String>,
    /// The endpoint of a call.
    pub(super) endpoint: Option<String>,
    /// The status of a call.
    pub(super) status: Option<i64>,
    /// How a call ended.
    pub(super) outcome: Option<String>,
    /// The code a refused call was refused with, such as `budget_exceeded`.
    pub(super) refusal_code: Option<String>,
    /// The scope that refused it, such as `namespace:research`.
    pub(super) refused_by: Option<String>,
    /// How many refused calls the entry stands for; 0 if none.
    pub(super) refusals: Option<i64>,
    /// The category of a refused call.
    pub(super) category: Option<String>,
    /// The end user that a call names.
    pub(super) end_user: Option<String>,
    /// Whether the tokens of a call are an estimate.
    pub(super) estimated: Option<bool>,
    /// Input tokens read from the provider's cache.
    pub(super) cached_input_tokens: Option<i64>,
    /// Tokens of reasoning.
    pub(super) reasoning_tokens: Option<i64>,
    /// Input tokens of audio.
    pub(super) audio_input_tokens: Option<u64>,
    /// Input tokens of images and video.
    pub(super) image_input_tokens: Option<u64>,
    /// Output tokens of audio.
    pub(super) audio_output_tokens: Option<u64>,
    /// Output tokens of images.
    pub(super) image_output_tokens: Option<u64>,
    /// The tier that served a call; `null` if the standard one did.
    pub(super) tier: Option<String>,
    /// The upstream that served a call, or failed last; `null` if its model lists no deployments.
    pub(super) upstream: Option<String>,
    /// Which attempt that was, from 1 on; `null` if its model lists no deployments.
    pub(super) attempt: Option<u64>,
    /// How often a call used each of the provider's tools.
    #[schema(value_type = Option<Object>)]
    pub(super) tools: Option<ToolCalls>,
    /// How many images, seconds, characters, pages and searches a call used.
    #[schema(value_type = Option<Object>)]
    pub(super) units: Option<Units>,
    /// The quality and size of images that a call asked for.
    pub(super) variant: Option<String>,
    /// Since when the price was in force that a call was charged by; `null` if it always was.
    #[schema(format = DateTime)]
    pub(super) price_from: Option<String>,
    /// What was there before a change.
    #[schema(value_type = Option<Object>)]
    pub(super) before: Option<Value>,
    /// What was there after it; of a correction, why it was made and what it corrects.
    #[schema(value_type = Option<Object>)]
    pub(super) after: Option<Value>,
    /// With `per_key`: requests.
    #[schema(nullable = false)]
    pub(super) requests: Option<i64>,
}

impl AuditEntry {
    /// The fields of these names, in their order.
    pub fn fields(&self, names: &[&'static str]) -> Vec<(&'static str, Value)> {
        // Texts and numbers cannot fail to serialize.
        let all = serde_json::to_value(self).unwrap_or_default();
        let field = |name: &&'static str| (*name, all.get(*name).cloned().unwrap_or_default());
        names.iter().map(field).collect()
    }
}

/// One entry, and the number of its segment.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A model call.
    Call(u64, Box<EventRow>),
    /// A change.
    Change(Box<ChangeRow>),
}

impl Entry {
    /// When it happened, in nanoseconds since 1970.
    pub fn at(&self) -> i64 {
        match self {
            Entry::Call(_, row) => row.started_at,
            Entry::Change(row) => row.changed_at,
        }
    }

    /// What was done.
    pub fn action(&self) -> &str {
        match self {
            Entry::Call(_, row) => call_action(row),
            Entry::Change(row) => &row.action,
        }
    }

    /// The key it was done with.
    pub fn key(&self) -> &str {
        match self {
            Entry::Call(_, row) => &row.key_id,
            Entry::Change(row) => &row.actor,
        }
    }

    /// The entry as it is answered.
    pub fn view(self, names: &Names) -> AuditEntry {
        match self {
            Entry::Call(sequence, row) => call(sequence, *row, names),
            Entry::Change(row) => change(*row),
        }
    }
}

fn moment(nanos: i64) -> String {
    Timestamp::from_nanos(u64::try_from(nanos).unwrap_or(0)).to_rfc3339()
}

fn call_action(row: &EventRow) -> &'static str {
    match () {
        () if row.is_refused() => REFUSED_CALL,
        () if row.is_correction() => CORRECTION,
        () => CALL,
    }
}

/// How many refused calls it stands for: a gateway that does not say sends each one by one.
fn refusals(row: &EventRow) -> i64 {
    match row.is_refused() {
        true => row.refusals.max(1),
        false => 0,
    }
}

fn call(sequence: u64, row: EventRow, names: &Names) -> AuditEntry {
    let details = row.details();
    let prompt = row
        .input_tokens
        .saturating_add(row.cached_input_tokens)
        .saturating_add(row.cache_write_5m_tokens)
        .saturating_add(row.cache_write_1h_tokens);
    let email = names.email_of(&row.key_id).or(row.end_user.as_deref());
    AuditEntry {
        timestamp: Some(moment(row.started_at)),
        key_name: names.of(&row.key_id).map(str::to_owned),
        user_email: email.map(str::to_owned),
        action: Some(call_action(&row).to_owned()),
        refusals: Some(refusals(&row)),
        api_key_id: Some(row.key_id),
        end_user: row.end_user,
        resource_type: Some("model".to_owned()),
        resource_id: Some(row.model.clone()),
        model: Some(row.model),
        input_tokens: Some(prompt),
        output_tokens: Some(row.output_tokens),
        cost_usd: Some(Money::from_nanos(row.cost).to_dollars()),
        ip_address: Some(row.client_address),
        user_agent: Some(row.user_agent),
        request_id: Some(row.request_id),
        project: Some(row.namespace),
        organization: Some(row.organization),
        sequence: Some(sequence),
        event_id: Some(row.id),
        gateway: Some(row.gateway),
        endpoint: Some(row.endpoint),
        status: Some(row.status),
        outcome: Some(row.outcome),
        refusal_code: row.refusal_code,
        refused_by: row.refused_by,
        category: row.category,
        estimated: Some(row.estimated),
        cached_input_tokens: Some(row.cached_input_tokens),
        reasoning_tokens: Some(row.reasoning_tokens),
        audio_input_tokens: Some(details.audio_input_tokens),
        image_input_tokens: Some(details.image_input_tokens),
        audio_output_tokens: Some(details.audio_output_tokens),
        image_output_tokens: Some(details.image_output_tokens),
        tier: details.tier,
        upstream: details.upstream,
        attempt: Some(details.attempt).filter(|attempt| *attempt > 0),
        tools: Some(details.tools).filter(|tools| !tools.is_empty()),
        units: Some(details.units).filter(|units| !units.is_empty()),
        variant: details.variant,
        price_from: details.price_from.map(Timestamp::to_rfc3339),
        after: details.correction.map(|correction| {
            json!({
                "reference": correction.reference,
                "event_id": correction.corrects,
                "applies_at": correction.applies_at.to_rfc3339(),
                "reason": correction.reason,
                "author": correction.author,
            })
        }),
        ..AuditEntry::default()
    }
}

fn change(row: ChangeRow) -> AuditEntry {
    let parsed = |text: Option<String>| {
        text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)))
    };
    AuditEntry {
        timestamp: Some(moment(row.changed_at)),
        api_key_id: Some(row.actor),
        key_name: Some(row.actor_name),
        user_email: row.actor_email,
        action: Some(row.action),
        resource_type: Some(row.resource_type),
        resource_id: Some(row.resource_id),
        input_tokens: Some(0),
        output_tokens: Some(0),
        cached_input_tokens: Some(0),
        reasoning_tokens: Some(0),
        audio_input_tokens: Some(0),
        image_input_tokens: Some(0),
        audio_output_tokens: Some(0),
        image_output_tokens: Some(0),
        refusals: Some(0),
        cost_usd: Some(0.0),
        ip_address: Some(row.client_address),
        user_agent: Some(row.user_agent),
        request_id: Some(row.request_id),
        project: Some(row.namespace).filter(|name| !name.is_empty()),
        organization: Some(row.organization),
        sequence: Some(row.sequence),
        before: parsed(row.before),
        after: parsed(row.after),
        ..AuditEntry::default()
    }
}
