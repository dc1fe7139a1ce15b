//! What is sent about members.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::openapi::words::{Role, Text};
use utoipa::ToSchema;

/// A member to make.
#[derive(ToSchema)]
#[schema(example = json!({
    "user_id": "alice", "email": "alice@example.com", "role": "developer", "namespace": "search",
}))]
pub struct CreateMember {
    /// Who it is; unique in the namespace.
    #[schema(value_type = Text)]
    user_id: String,
    /// Where mail reaches them; unique in the namespace.
    #[schema(format = Email, max_length = 256)]
    email: String,
    /// The most their keys may be; `developer` where none is named.
    #[schema(value_type = Option<Role>)]
    role: Option<String>,
    /// The namespace they belong to.
    #[schema(value_type = Text)]
    namespace: String,
}

/// What changes of a member: what is sent.
#[derive(ToSchema)]
#[schema(example = json!({ "role": "viewer" }))]
pub struct ChangeMember {
    /// Who it is: this cannot be changed.
    #[schema(value_type = Option<Text>)]
    user_id: Option<String>,
    /// The namespace they belong to: this cannot be changed.
    #[schema(value_type = Option<Text>)]
    namespace: Option<String>,
    /// Where mail reaches them; unique in the namespace.
    #[schema(format = Email, max_length = 256)]
    email: Option<String>,
    /// The most their keys may be: those that are more become this.
    #[schema(value_type = Option<Role>)]
    role: Option<String>,
}

/// Which member changes, and what of them.
#[derive(ToSchema)]
#[schema(example = json!({ "user_id": "alice", "namespace": "search", "role": "viewer" }))]
pub struct ChangeNamedMember {
    /// Who it is.
    #[schema(value_type = Text)]
    user_id: String,
    /// The namespace they belong to, where they belong to several.
    #[schema(value_type = Option<Text>)]
    namespace: Option<String>,
    /// Where mail reaches them; unique in the namespace.
    #[schema(format = Email, max_length = 256)]
    email: Option<String>,
    /// The most their keys may be: those that are more become this.
    #[schema(value_type = Option<Role>)]
    role: Option<String>,
}
