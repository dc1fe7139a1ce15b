//! How policy reaches a gateway.

use crate::ids::{InstallationId, KeyDigest};
use crate::policy::{
    Catalog, KeyPolicy, NamespacePolicy, OrganizationPolicy, ReservationName, ReservationPolicy,
};
use crate::stored::StoredId;
use serde::{Deserialize, Serialize};

/// Asks for a key, a namespace, both, a reservation, or whose stored objects are, on first sight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResolveRequest {
    /// The gateway (one Envoy process).
    pub gateway: String,
    /// The key in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyDigest>,
    /// The namespace in question, beside the key's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The reservation in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationName>,
    /// Stored objects that a namespace wants to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredQuestion>,
    /// The catalog the worker has; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog_revision: Option<u64>,
}

/// What is known of them at `revision`. What was asked for and is absent does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResolveAnswer {
    /// The revision of the policy this answer was read at.
    pub revision: u64,
    /// The service's installation. Absent where the service is older.
    pub installation: Option<InstallationId>,
    /// The key, also when it is disabled or expired.
    pub key: Option<KeyPolicy>,
    /// The key's namespace, and the one asked for.
    pub namespaces: Vec<NamespacePolicy>,
    /// The organizations of those namespaces. One that is absent limits nothing.
    pub organizations: Vec<OrganizationPolicy>,
    /// The reservation, where it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationPolicy>,
    /// Whose the stored objects are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredAnswer>,
    /// The catalog, where it is newer than the worker's.
    pub catalog: Option<Catalog>,
}

/// Asks whether stored objects are a namespace's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredQuestion {
    /// The namespace that wants to use them.
    pub namespace: String,
    /// Their ids, each once.
    pub ids: Vec<StoredId>,
    /// For how many milliseconds the service waits if it does not know one of them: the event of the
    /// call that made it may be on its way.
    pub wait_ms: u64,
}

/// Of the ids in a [`StoredQuestion`]; the service knows nothing of those that are in neither list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredAnswer {
    /// Those that are the namespace's.
    pub own: Vec<StoredId>,
    /// Those that are another's.
    pub others: Vec<StoredId>,
}

/// What changed after one revision, up to and with another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyChanges {
    /// Changes up to and with this revision are in.
    pub revision: u64,
    /// The service's installation. Absent where the service is older.
    pub installation: Option<InstallationId>,
    /// Keys created or changed.
    pub keys: Vec<KeyPolicy>,
    /// Digests that are no longer valid: deleted keys, old secrets of rotated ones.
    pub removed_keys: Vec<KeyDigest>,
    /// Namespaces created or changed.
    pub namespaces: Vec<NamespacePolicy>,
    /// Names of deleted namespaces.
    pub removed_namespaces: Vec<String>,
    /// Organizations created or changed.
    pub organizations: Vec<OrganizationPolicy>,
    /// Names of deleted organizations.
    pub removed_organizations: Vec<String>,
    /// The catalog, where it changed.
    pub catalog: Option<Catalog>,
    /// The gateway was too far behind (or ahead: a restored database) to be told the difference:
    /// it must forget everything and resolve anew.
    pub reset: bool,
}
