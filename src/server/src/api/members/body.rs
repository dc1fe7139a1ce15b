//! What is sent about members.

use crate::api::email::Email;
use crate::api::prelude::*;
use crate::http::body::variant;
use paddock_core::policy::Role;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Member;

/// A member: what is sent changes, the rest stays.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "user_id": "alice", "email": "alice@example.com", "role": "developer", "namespace": "search",
}))]
pub struct MemberBody {
    /// The user who is the member, which never changes. Unique in the namespace.
    pub(super) user_id: Option<Option<Text>>,
    /// The namespace they belong to, which never changes. Required if the user is a member of several.
    pub(super) namespace: Option<Option<Text>>,
    /// The address that mail to them is sent to; unique in the namespace.
    pub(super) email: Option<Option<Email>>,
    /// The widest role their keys may have; `developer` by default. Keys with a wider role get this one.
    role: Option<Option<Role>>,
}

variant! {
    /// A new member.
    CreateMember = MemberBody, requires ["user_id", "email", "namespace"], without []
}

variant! {
    /// What changes of a member: what is sent.
    UpdateMember = MemberBody, requires [], without ["user_id"]
}

variant! {
    /// Which member changes, and what of them.
    UpdateNamedMember = MemberBody, requires ["user_id"], without []
}

impl MemberBody {
    /// Changes a member.
    pub fn apply(self, member: &mut Member, now: Timestamp) {
        self.email.set(&mut member.email);
        self.role.set(&mut member.role);
        member.updated_at = now;
    }
}

/// Which member is removed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteMember {
    /// The user who is the member.
    pub(super) user_id: Option<Text>,
    /// The namespace they belong to.
    pub(super) namespace: Option<Text>,
}
