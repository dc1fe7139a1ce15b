//! The management API as an OpenAPI 3.1 document. Each handler describes itself with
//! `#[utoipa::path]` and is routed by `routes!`, which is the only way in: a route that is in no
//! document does not compile past clippy. What all operations share is added in `complete`.
//!
//! Absent: the words and shapes of the API. They are with the types that are read and answered.

mod complete;
pub mod parameters;
pub mod refusals;
mod webhooks;

use crate::config::{Config, RateBounds};
use axum::Extension;
use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use complete::Complete;
use paddock_ledger::model::notice::{AlertNotice, QuotaNotice, RefillLimitNotice, RefillNotice};
use serde_json::Value;
use utoipa::openapi::OpenApi as Collected;
use utoipa::{Modify, OpenApi};

const ABOUT: &str = "\
What operators and admins do with Paddock: keys, namespaces, budgets, webhooks, alerts, usage and the \
audit. Model traffic is not here: it has the paths and shapes of OpenAI, Anthropic and Google.

**Callers.** The operator's admin key may do everything; a key with the role `admin` everything within \
its organization; every other key reads what is about itself and its namespace. If a request names a \
namespace in `X-Namespace`, `X-Team` or `X-Project`, the key must belong to it. `/v1/team` is about the \
namespace in these headers where query and body name none.

**Units.** Money is a number of US dollars, times are RFC 3339 in UTC, percentages are 0 to 100, and \
budget periods are UTC calendar days and months.

**Names.** Some clients say *team* or *project* where this API says *namespace*: `team_id`, `team` and \
`project` stand for `namespace` in bodies and queries. Limits have synonyms too. They are listed at each \
field (`x-synonyms`; a dot is a field of an inner object) and accepted on input; answers have the \
canonical names. Two names of one field in one request must agree. Unknown fields and query \
parameters are refused with 400.

**Owners.** Each field of a body says who sets it (`x-set-by`): the operator, an organization's admin, or \
a key. The operator may set everything.

**Refusals** have OpenAI's shape: see the schema `Error`. 401 to 404 carry `x-should-retry: false`: \
waiting does not cure them.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Paddock management API", description = ABOUT, license(name = "Apache-2.0", identifier = "Apache-2.0")),
    components(schemas(
        refusals::Error,
        QuotaNotice,
        RefillNotice,
        RefillLimitNotice,
        AlertNotice
    )),
    tags(
        (name = "keys", description = "API keys and their limits."),
        (name = "namespaces", description = "Namespaces (teams, projects): limits, settings, routing, temporary quotas."),
        (name = "reservations", description = "A namespace's money that is set aside for requests that name the reservation."),
        (name = "credits", description = "Prepaid balances, payments and automatic refills."),
        (name = "organizations", description = "Organizations, which own namespaces."),
        (name = "team", description = "The caller's own namespace: usage by user, and caps for end users."),
        (name = "usage", description = "Balances, costs, and usage as it is booked."),
        (name = "audit", description = "Every model call and every change, in one chain of hashes for each organization."),
        (name = "prices", description = "Models: what they cost and where they are served."),
        (name = "webhooks", description = "Notices that a quota runs low. Deliveries are signed as Standard Webhooks say."),
        (name = "alerts", description = "What happens at a share of the budget, or after an unusual hour."),
        (name = "members", description = "Who belongs to a namespace, and the widest role of their keys."),
        (name = "roles", description = "What the holders of keys may do, and how organizations narrow that."),
        (name = "operations", description = "Health, metrics, and this document."),
    ),
)]
struct About;

/// What the document says before any operation is in it.
pub fn about() -> Collected {
    About::openapi()
}

/// The document that was collected from the handlers, completed with the rates that may be set.
pub fn complete(mut collected: Collected, rates: RateBounds) -> Value {
    Complete { rates }.modify(&mut collected);
    // Its own types cannot fail to serialize.
    serde_json::to_value(&collected).unwrap_or_default()
}

/// The document as text.
#[derive(Clone, Debug)]
pub struct Served(pub Bytes);

impl Served {
    /// Of an installation with this configuration.
    pub fn new(collected: Collected, config: &Config) -> Served {
        let document = complete(collected, config.rates);
        Served(Bytes::from(document.to_string()))
    }
}

/// Shows this document
///
/// The parts that depend on the configuration, such as the range of rates, are this installation's.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations", operation_id = "get_openapi", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json"))
)]
pub async fn show(Extension(Served(text)): Extension<Served>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], text)
}
