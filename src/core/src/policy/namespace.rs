//! One namespace (team, project), as far as a gateway needs to know it.

use super::key::yes;
use super::{DEFAULT_ORGANIZATION, Limits, Priority, Routing, Settings, UserQuotas};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// A namespace's rights, limits and settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespacePolicy {
    /// Its name, which is its id.
    pub name: String,
    /// The organization it belongs to.
    #[serde(default = "default_organization")]
    pub organization: String,
    /// Models its keys may use; absent means every model of the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_models: Option<Vec<String>>,
    /// Limits all its keys share.
    #[serde(default)]
    pub limits: Limits,
    /// Its labels: texts, and `name:value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it spends a prepaid balance, whose amount only the lender knows.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub prepaid: bool,
    /// What each of its end users may spend.
    #[serde(default)]
    pub user_quotas: UserQuotas,
    /// How it behaves where its budget runs low, and what its content may be.
    #[serde(default)]
    pub settings: Settings,
    /// Where its requests for the model `auto` are routed; absent means they are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing: Option<Routing>,
    /// Its rates are throttled until then, whatever it has spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_until: Option<Timestamp>,
    /// Its place where namespaces compete.
    #[serde(default)]
    pub priority: Priority,
    /// Its weight among namespaces of the same priority where they share an upstream's limit: 1 to
    /// [`MAX_WEIGHT`].
    #[serde(default = "one")]
    pub weight: u64,
    /// What becomes of a model that has no price.
    #[serde(default)]
    pub unknown_price: UnknownPrice,
    /// What becomes of requests whose budget slice has expired while the service is away.
    #[serde(default)]
    pub failure_mode: FailureMode,
    /// Requests of a disabled namespace are refused.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// When it was created, which tells it from one that had its name before.
    #[serde(default)]
    pub created_at: Timestamp,
    /// The change of the whole policy that last touched this namespace.
    #[serde(default)]
    pub revision: u64,
}

/// The largest weight of a namespace.
pub const MAX_WEIGHT: u64 = 100;

const fn one() -> u64 {
    1
}

fn default_organization() -> String {
    DEFAULT_ORGANIZATION.to_owned()
}

/// What becomes of a request for what has no price: a model, a tier, a region or a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UnknownPrice {
    /// It is refused: an unknown price is not zero.
    #[default]
    Refuse,
    /// It is served at the highest known price, and the call is marked as estimated.
    Dearest,
    /// It is served and costs nothing.
    Free,
}

/// What becomes of a request whose budget cannot be asked for because the service is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FailureMode {
    /// It is refused with 503: the cap holds whatever happens.
    #[default]
    Closed,
    /// It is served and booked; the cap may be passed while the service is away.
    Open,
}

impl FailureMode {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            FailureMode::Closed => "closed",
            FailureMode::Open => "open",
        }
    }
}
