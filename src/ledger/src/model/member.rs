//! Members of namespaces.

use paddock_core::policy::Role;
use paddock_core::timestamp::Timestamp;

/// A user who belongs to a namespace.
#[derive(Clone, Debug)]
pub struct Member {
    /// `mem_…`.
    pub id: String,
    /// The user, as the caller named them; unique in the namespace.
    pub user_id: String,
    /// Their e-mail address; unique in the namespace.
    pub email: String,
    /// The most their keys may be.
    pub role: Role,
    /// The namespace.
    pub namespace: String,
    /// The organization of that namespace; empty if the namespace was deleted.
    pub organization: String,
    /// When they became a member.
    pub created_at: Timestamp,
    /// When that was last changed.
    pub updated_at: Timestamp,
    /// Whether they were removed.
    pub is_removed: bool,
}
