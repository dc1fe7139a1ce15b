//! A member, as it is answered.

use crate::api::prelude::*;
use paddock_core::policy::Role;
use paddock_ledger::model::Member;

/// A member in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// The user who is the member.
    user_id: String,
    /// The address that mail to them is sent to.
    email: String,
    /// The widest role their keys may have.
    role: Role,
    /// The namespace's name.
    namespace: String,
    /// The organization of the namespace.
    organization: String,
    /// When they became a member.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl MemberView {
    /// A member, as it is answered.
    pub fn new(member: &Member) -> MemberView {
        MemberView {
            id: member.id.clone(),
            object: "member",
            user_id: member.user_id.clone(),
            email: member.email.clone(),
            role: member.role,
            namespace: member.namespace.clone(),
            organization: member.organization.clone(),
            created_at: member.created_at.to_rfc3339(),
            updated_at: member.updated_at.to_rfc3339(),
        }
    }
}
