//! One entry of the audit, as it is answered.

use super::names::Names;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::ChangeRow;
use paddock_ledger::store::events::{EventRow, REFUSED};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What model calls are called among the actions.
pub const CALL: &str = "model.call";
/// What those are called that were refused and never served.
pub const REFUSED_CALL: &str = "model.refused";

/// The fields of the contract, in its order: those of a CSV that chooses none.
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

/// Fields beyond those: of a JSON that chooses none, they are there too.
pub const MORE: [&str; 16] = [
    "organization",
    "sequence",
    "event_id",
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
    "before",
    "after",
];

/// An entry as it is documented. A field is there where it was asked for; what an entry has not is
/// `null`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape alone is looked at: see `Entry::field`")]
pub struct AuditEntry {
    /// When it was.
    #[schema(format = DateTime)]
    timestamp: Option<String>,
    /// The key it was done with; `operator` for the operator's own.
    api_key_id: Option<String>,
    /// That key's name.
    key_name: Option<String>,
    /// The address of the member the key belongs to; of a call whose key belongs to nobody, the end
    /// user it names.
    user_email: Option<String>,
    /// What was done: `model.call`, `model.refused`, or a change such as `key.create`.
    action: Option<String>,
    /// To what kind of thing.
    resource_type: Option<String>,
    /// To which.
    resource_id: Option<String>,
    /// The model of a call.
    model: Option<String>,
    /// Input tokens, cached ones included.
    input_tokens: Option<i64>,
    /// Output tokens.
    output_tokens: Option<i64>,
    /// US dollars.
    cost_usd: Option<f64>,
    /// Where the request came from.
    ip_address: Option<String>,
    /// The client's user agent.
    user_agent: Option<String>,
    /// The request.
    request_id: Option<String>,
    /// The namespace.
    project: Option<String>,
    /// The organization; `*` is the installation's own.
    organization: Option<String>,
    /// The number of the segment in its chain.
    sequence: Option<i64>,
    /// The event of a call.
    event_id: Option<String>,
    /// The endpoint of a call.
    endpoint: Option<String>,
    /// The status of a call.
    status: Option<i64>,
    /// What became of a call.
    outcome: Option<String>,
    /// The code a refused call was refused with, such as `budget_exceeded`.
    refusal_code: Option<String>,
    /// The scope that refused it, such as `namespace:research`.
    refused_by: Option<String>,
    /// How many refused calls the entry stands for; 0 where it is none.
    refusals: Option<i64>,
    /// The category a refused call fell into.
    category: Option<String>,
    /// The end user a call names.
    end_user: Option<String>,
    /// Whether the tokens of a call are an estimate.
    estimated: Option<bool>,
    /// Input tokens read from the provider's cache.
    cached_input_tokens: Option<i64>,
    /// Tokens of reasoning.
    reasoning_tokens: Option<i64>,
    /// What a change found.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// What a change left.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
    /// With `per_key`: requests.
    #[schema(nullable = false)]
    requests: Option<i64>,
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
    /// When it was.
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

    /// One field. What an entry has not is `null`, but for tokens, refusals and cost, which are 0: so that
    /// they can be summed up.
    pub fn field(&self, name: &str, names: &Names) -> Value {
        match self {
            Entry::Call(sequence, row) => call_field(*sequence, row, name, names),
            Entry::Change(row) => change_field(row, name),
        }
    }
}

fn moment(nanos: i64) -> String {
    Timestamp::from_nanos(u64::try_from(nanos).unwrap_or(0)).to_rfc3339()
}

fn call_action(row: &EventRow) -> &'static str {
    match row.outcome == REFUSED {
        true => REFUSED_CALL,
        false => CALL,
    }
}

/// How many refused calls it stands for: of gateways that did not tell, each told one by one.
fn refusals(row: &EventRow) -> i64 {
    match row.outcome == REFUSED {
        true => row.refusals.max(1),
        false => 0,
    }
}

fn call_field(sequence: u64, row: &EventRow, name: &str, names: &Names) -> Value {
    let prompt = row
        .input_tokens
        .saturating_add(row.cached_input_tokens)
        .saturating_add(row.cache_write_5m_tokens)
        .saturating_add(row.cache_write_1h_tokens);
    match name {
        "timestamp" => json!(moment(row.started_at)),
        "api_key_id" => json!(row.key_id),
        "key_name" => json!(names.of(&row.key_id)),
        "user_email" => json!(names.email_of(&row.key_id).or(row.end_user.as_deref())),
        "end_user" => json!(row.end_user),
        "action" => json!(call_action(row)),
        "resource_type" => json!("model"),
        "resource_id" | "model" => json!(row.model),
        "input_tokens" => json!(prompt),
        "output_tokens" => json!(row.output_tokens),
        "cost_usd" => json!(Money::from_nanos(row.cost).to_dollars()),
        "ip_address" => json!(row.client_address),
        "user_agent" => json!(row.user_agent),
        "request_id" => json!(row.request_id),
        "project" => json!(row.namespace),
        "organization" => json!(row.organization),
        "sequence" => json!(sequence),
        "event_id" => json!(row.id),
        "endpoint" => json!(row.endpoint),
        "status" => json!(row.status),
        "outcome" => json!(row.outcome),
        "refusal_code" => json!(row.refusal_code),
        "refused_by" => json!(row.refused_by),
        "refusals" => json!(refusals(row)),
        "category" => json!(row.category),
        "estimated" => json!(row.estimated),
        "cached_input_tokens" => json!(row.cached_input_tokens),
        "reasoning_tokens" => json!(row.reasoning_tokens),
        _ => Value::Null,
    }
}

fn change_field(row: &ChangeRow, name: &str) -> Value {
    let parsed = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or("null");
        serde_json::from_str(text).unwrap_or_else(|_| json!(text))
    };
    match name {
        "timestamp" => json!(moment(row.changed_at)),
        "api_key_id" => json!(row.actor),
        "key_name" => json!(row.actor_name),
        "user_email" => json!(row.actor_email),
        "action" => json!(row.action),
        "resource_type" => json!(row.resource_type),
        "resource_id" => json!(row.resource_id),
        "input_tokens"
        | "output_tokens"
        | "cached_input_tokens"
        | "reasoning_tokens"
        | "refusals" => json!(0),
        "cost_usd" => json!(0.0),
        "ip_address" => json!(row.client_address),
        "user_agent" => json!(row.user_agent),
        "request_id" => json!(row.request_id),
        "project" => json!(Some(&row.namespace).filter(|name| !name.is_empty())),
        "organization" => json!(row.organization),
        "sequence" => json!(row.sequence),
        "before" => parsed(&row.before),
        "after" => parsed(&row.after),
        _ => Value::Null,
    }
}
