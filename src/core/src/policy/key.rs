//! One key, as far as a gateway needs to know it.

use super::{ContentMode, EndpointScope, Limits, Role};
use crate::ids::KeyDigest;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// A key's identity, rights and limits. Never its secret: the digest alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPolicy {
    /// The id people and reports use, `key_…`.
    pub id: String,
    /// SHA-256 of the secret.
    pub digest: KeyDigest,
    /// The name its maker gave it.
    pub name: String,
    /// The namespace it is bound to; absent means it serves any, and each request must name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What its holder is.
    #[serde(default)]
    pub role: Role,
    /// Endpoints it is narrowed to; absent means all its role allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<EndpointScope>>,
    /// Models it may use; absent means the namespace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_models: Option<Vec<String>>,
    /// Its own limits, beside its namespace's.
    #[serde(default)]
    pub limits: Limits,
    /// Its labels: texts, and `name:value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// How strictly the content of its prompts is judged; absent means as its namespace says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_policy_mode: Option<ContentMode>,
    /// A disabled key is known, so its holder is told so.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// First moment at which it is no longer accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The change of the whole policy that last touched this key.
    #[serde(default)]
    pub revision: u64,
}

pub(super) const fn yes() -> bool {
    true
}
