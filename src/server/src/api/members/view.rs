//! A member, as it is answered.

use crate::openapi::words;
use paddock_core::policy::Role;
use paddock_ledger::model::Member;
use serde::Serialize;
use utoipa::ToSchema;

/// A member in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// Who it is.
    user_id: String,
    /// Where mail reaches them.
    email: String,
    /// The most their keys may be.
    #[schema(value_type = words::Role)]
    role: Role,
    /// The namespace's name.
    namespace: String,
    /// The organization of the namespace.
    organization: String,
    /// When they became a member.
    #[schema(format = DateTime)]
    created_at: String,
    /// When that was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> MemberView {
        MemberView {
            id: member.id,
            object: "member",
            user_id: member.user_id,
            email: member.email,
            role: member.role,
            namespace: member.namespace,
            organization: member.organization,
            created_at: member.created_at.to_rfc3339(),
            updated_at: member.updated_at.to_rfc3339(),
        }
    }
}
